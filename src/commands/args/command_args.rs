//! The arguments of each subcommand.

use clap::Args;

use super::shared_args::{CommonArgs, DisplayArgs, SelectionArgs};
use super::values;
use super::values::{EventFormat, OutputFormat, PerspectiveArg, SortArg, Timeout};
use crate::output::OutputColumn;
use crate::query::Grouping;

/// `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
/// How a list is laid out.
#[derive(Debug, Default, Args)]
pub(crate) struct OutputArgs {
    /// How to print: table for eyes, the others for programs [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    format: Option<OutputFormat>,
    /// Group the sockets by this [table: port; plain, json, ndjson, csv: none]
    #[arg(short, long, value_name = "WHAT", value_parser = values::parse_grouping)]
    pub(crate) group: Option<Grouping>,
    /// Order by port, process, sockets, host, queues or any column; -state turns round
    #[arg(short, long, value_name = "WHAT", allow_hyphen_values = true, value_parser = values::parse_sort)]
    pub(crate) sort: Option<SortArg>,
    /// Which columns, in which order: local,remote,process (see: portolan help columns)
    #[arg(short, long, value_name = "LIST", value_delimiter = ',', value_parser = values::parse_column)]
    pub(crate) columns: Vec<&'static OutputColumn>,
    /// No line with the names of the columns
    #[arg(long)]
    pub(crate) no_header: bool,
    /// Ask the name servers for the names of remote addresses
    #[arg(short, long)]
    pub(crate) resolve: bool,
}
impl OutputArgs {
    /// How to print.
    pub(crate) fn format_or_default(&self) -> OutputFormat {
        self.format.unwrap_or_default()
    }

    /// Whether a format was asked for.
    pub(crate) const fn has_explicit_format(&self) -> bool {
        self.format.is_some()
    }
}
/// `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: EventFormat,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
/// `wait`.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Wait until nothing matches any more
    #[arg(long)]
    pub(crate) gone: bool,
    /// How long at most: 30s, 5m, 1h, or never
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = values::parse_timeout)]
    pub(crate) timeout: Timeout,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
/// `free`.
#[derive(Debug, Args)]
pub(crate) struct FreeArgs {
    /// A port, perhaps with address and protocol: 8080, 53/udp, 127.0.0.1:80, [::1]:80/tcp
    ///
    /// It is really tried: a socket is bound there and closed at once. It never listens, so nobody
    /// can connect to it. Exit status: 0 it could be bound, 1 it could not, 2 PORT is wrong.
    #[arg(value_name = "PORT")]
    pub(crate) port: String,
    /// Say nothing: the exit status is the answer
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
/// `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A port (8080, 53/udp), an endpoint (127.0.0.1:80, [::1]:80), a process (pid:812), or
    /// "sockets": the difference between a socket and a port, with what is on this machine now
    #[arg(value_name = "WHAT")]
    pub(crate) subject: String,
    /// From where to look at a port or an endpoint
    #[arg(short, long, value_enum, default_value_t, value_name = "LOOK")]
    pub(crate) look: PerspectiveArg,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
/// `learn`.
#[derive(Debug, Args)]
pub(crate) struct LearnArgs {
    /// This lesson: 1 to 14
    #[arg(value_name = "LESSON")]
    pub(crate) lesson: Option<u8>,
    /// List the lessons, each with its idea
    #[arg(long, conflicts_with = "check")]
    pub(crate) list: bool,
    /// Play without a screen and compare every row; exit status 1 where one is not as described
    ///
    /// Opens sockets on loopback only, in processes that are called lab-server and lab-client, and
    /// needs no privilege. One lesson by itself is told in full: every call, every row.
    #[arg(long)]
    pub(crate) check: bool,
    /// Forget which lessons are done
    #[arg(long, conflicts_with_all = ["check", "list", "lesson"])]
    pub(crate) reset: bool,
    #[command(flatten)]
    pub(crate) display: DisplayArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
