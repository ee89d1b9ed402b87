//! The arguments of each subcommand.

use clap::Args;

use super::shared_args::{CommonArgs, DisplayArgs, SelectionArgs};
use super::values;
use super::values::{EventFormat, OutputFormat, PerspectiveArg, SortArg, Timeout};
use crate::output::OutputColumn;
use crate::query::Grouping;

/// The arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The options for the layout of a list.
#[derive(Debug, Default, Args)]
pub(crate) struct OutputArgs {
    /// Output format: table is for people, the others for programs [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    format: Option<OutputFormat>,
    /// Group by port, process, host or none [default: port for table, none for other formats]
    #[arg(short, long, value_name = "WHAT", value_parser = values::parse_grouping)]
    pub(crate) group: Option<Grouping>,
    /// Sort by port, process, sockets, host, queues or any column; -state reverses
    #[arg(short, long, value_name = "WHAT", allow_hyphen_values = true, value_parser = values::parse_sort)]
    pub(crate) sort: Option<SortArg>,
    /// Print these columns in this order: local,remote,process (see: portolan help columns)
    #[arg(short, long, value_name = "LIST", value_delimiter = ',', value_parser = values::parse_column)]
    pub(crate) columns: Vec<&'static OutputColumn>,
    /// Omit the line with the column names
    #[arg(long)]
    pub(crate) no_header: bool,
    /// Resolve remote addresses to host names (queries name servers)
    #[arg(short, long)]
    pub(crate) resolve: bool,
}

impl OutputArgs {
    pub(crate) fn format_or_default(&self) -> OutputFormat {
        self.format.unwrap_or_default()
    }

    /// Returns whether `--format` was given.
    pub(crate) const fn has_explicit_format(&self) -> bool {
        self.format.is_some()
    }
}

/// The arguments of `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: EventFormat,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The arguments of `wait`.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Wait until nothing matches
    #[arg(long)]
    pub(crate) gone: bool,
    /// Give up after this time: 30s, 5m, 1h, or never
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = values::parse_timeout)]
    pub(crate) timeout: Timeout,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The arguments of `free`.
#[derive(Debug, Args)]
pub(crate) struct FreeArgs {
    /// A port, optionally with address and protocol: 8080, 53/udp, 127.0.0.1:80, [::1]:80/tcp
    ///
    /// A socket is actually bound there and closed at once. It never listens, so nothing can connect
    /// to it. Exit status: 0 the port is free, 1 it is not, 2 PORT is invalid.
    #[arg(value_name = "PORT")]
    pub(crate) port: String,
    /// Print nothing; the exit status is the result
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A port (8080, 53/udp), an endpoint (127.0.0.1:80, [::1]:80), a process (pid:812), or
    /// "sockets": the difference between a socket and a port, with this machine's own sockets
    #[arg(value_name = "WHAT")]
    pub(crate) subject: String,
    /// What to show of a port or an endpoint
    #[arg(short, long, value_enum, default_value_t, value_name = "VIEW")]
    pub(crate) look: PerspectiveArg,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The arguments of `learn`.
#[derive(Debug, Args)]
pub(crate) struct LearnArgs {
    /// The number of a lesson: 1 to 14
    #[arg(value_name = "LESSON")]
    pub(crate) lesson: Option<u8>,
    /// List the lessons with their main ideas
    #[arg(long, conflicts_with = "check")]
    pub(crate) list: bool,
    /// Run lessons without the dashboard and check every row; exit status 1 if one differs
    ///
    /// Opens sockets on loopback only, in processes named lab-server and lab-client, and needs no
    /// privileges. For a single lesson, every call and every row is printed.
    #[arg(long)]
    pub(crate) check: bool,
    /// Reset your progress
    #[arg(long, conflicts_with_all = ["check", "list", "lesson"])]
    pub(crate) reset: bool,
    #[command(flatten)]
    pub(crate) display: DisplayArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
