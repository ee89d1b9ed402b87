//! The command line → what is wanted.

mod choices;
mod options;
mod pages;
mod tapes;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};

pub use choices::Fault;
pub(super) use choices::{
    EventFormat, OutputFormat, PerspectiveArg, SortArg, Timeout, parse_duration, parse_interval,
};
pub(super) use options::{CommonArgs, DisplayArgs, SelectionArgs};
pub(super) use tapes::{PlaybackSpeed, RecordArgs, ReplayArgs, ReplayTime};

use crate::app::exit::Exit;
use crate::query::Grouping;
use crate::query::filter;
use crate::report::{OutputColumn, help};

/// The time between two samples where none is asked for.
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest interval: below it one would mostly watch the watching.
pub(super) const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// The longest.
pub(super) const MAX_INTERVAL: Duration = Duration::from_secs(3600);

/// What is wanted.
#[derive(Debug, Parser)]
#[command(
    name = "portolan",
    version,
    about = "A live chart of this machine's ports, and of every socket that shares them",
    long_about = "A live chart of this machine's ports, and of every socket that shares them.\n\n\
        Without a command it opens the dashboard; where the output is no terminal it prints the list once.",
    after_help = "Examples:\n  portolan              the dashboard\n  portolan 8080         the dashboard, only port 8080\n  \
        portolan list nginx   what nginx has, once\n  portolan -l -t        what listens on TCP\n  \
        portolan help filter  the words filters are made of\n\n\
        Exit status: 0 done, 1 the answer is no, 2 the request was wrong, 3 the system refused.",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    infer_long_args = false
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the sockets once, grouped by port
    List(ListArgs),
    /// Print a line for every socket that opens, changes or closes
    Watch(WatchArgs),
    /// Wait until a socket matches; exit status 1 when time is up
    Wait(WaitArgs),
    /// Tell whether a port could be bound, and who is in the way; exit status 1 when it is taken
    Free(FreeArgs),
    /// Explain a port, an endpoint or a process in plain words; exit status 1 if it is not there
    Explain(ExplainArgs),
    /// Learn how sockets, ports and connections go together, in fourteen lessons on real sockets
    Learn(LearnArgs),
    /// Keep what is seen in a file, until interrupted
    Record(RecordArgs),
    /// See again what was recorded
    Replay(ReplayArgs),
    /// Print what makes a shell complete our commands and options
    Completions(CompletionsArgs),
    /// Print the manual page, of portolan or of one of its commands
    Man(ManArgs),
    /// Print help: of a command, or about filter, columns or json
    Help(HelpArgs),
    /// Be one of the processes of a lesson
    #[command(hide = true)]
    LabProcess(LabProcessArgs),
}

/// `list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// How a list is laid out.
#[derive(Debug, Default, Args)]
pub(super) struct OutputArgs {
    /// How to print: table for eyes, the others for programs [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    format: Option<OutputFormat>,
    /// Group the sockets by this [table: port; plain, json, ndjson, csv: none]
    #[arg(short, long, value_name = "WHAT", value_parser = choices::parse_grouping)]
    pub(super) group: Option<Grouping>,
    /// Order by port, process, sockets, host, pid, state, local, remote or queues; -state turns round
    #[arg(short, long, value_name = "WHAT", allow_hyphen_values = true, value_parser = choices::parse_sort)]
    pub(super) sort: Option<SortArg>,
    /// Which columns, in which order: local,remote,process (see: portolan help columns)
    #[arg(short, long, value_name = "LIST", value_delimiter = ',', value_parser = choices::parse_column)]
    pub(super) columns: Vec<&'static OutputColumn>,
    /// No line with the names of the columns
    #[arg(long)]
    pub(super) no_header: bool,
    /// Ask the name servers for the names of remote addresses
    #[arg(short, long)]
    pub(super) resolve: bool,
}

impl OutputArgs {
    /// How to print.
    pub(super) fn format_or_default(&self) -> OutputFormat {
        self.format.unwrap_or_default()
    }

    /// Whether a format was asked for.
    pub(super) const fn has_explicit_format(&self) -> bool {
        self.format.is_some()
    }
}

/// `watch`.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: EventFormat,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// `wait`.
#[derive(Debug, Args)]
pub(super) struct WaitArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// Wait until nothing matches any more
    #[arg(long)]
    pub(super) gone: bool,
    /// How long at most: 30s, 5m, 1h, or never
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = choices::parse_timeout)]
    pub(super) timeout: Timeout,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// `free`.
#[derive(Debug, Args)]
pub(super) struct FreeArgs {
    /// A port, perhaps with address and protocol: 8080, 53/udp, 127.0.0.1:80, [::1]:80/tcp
    ///
    /// It is really tried: a socket is bound there and closed at once. It never listens, so nobody
    /// can connect to it. Exit status: 0 it could be bound, 1 it could not, 2 PORT is wrong.
    #[arg(value_name = "PORT")]
    pub(super) port: String,
    /// Say nothing: the exit status is the answer
    #[arg(short, long)]
    pub(super) quiet: bool,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A port (8080, 53/udp), an endpoint (127.0.0.1:80, [::1]:80), a process (pid:812), or
    /// "sockets": the difference between a socket and a port, with what is on this machine now
    #[arg(value_name = "WHAT")]
    pub(super) subject: String,
    /// From where to look at a port or an endpoint
    #[arg(short, long, value_enum, default_value_t, value_name = "LOOK")]
    pub(super) look: PerspectiveArg,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// `learn`.
#[derive(Debug, Args)]
pub(super) struct LearnArgs {
    /// This lesson: 1 to 14
    #[arg(value_name = "LESSON")]
    pub(super) lesson: Option<u8>,
    /// List the lessons, each with its idea
    #[arg(long, conflicts_with = "check")]
    pub(super) list: bool,
    /// Play without a screen and compare every row; exit status 1 where one is not as described
    ///
    /// Opens sockets on loopback only, in processes that are called lab-server and lab-client, and
    /// needs no privilege. One lesson by itself is told in full: every call, every row.
    #[arg(long)]
    pub(super) check: bool,
    /// Forget which lessons are done
    #[arg(long, conflicts_with_all = ["check", "list", "lesson"])]
    pub(super) reset: bool,
    #[command(flatten)]
    pub(super) display: DisplayArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// `lab-process`: what a lesson starts, not people.
#[derive(Debug, Args)]
struct LabProcessArgs {
    /// What it is called
    name: String,
}

/// `help`.
#[derive(Debug, Args)]
struct HelpArgs {
    /// A command, or one of: filter, columns, json
    topic: Option<String>,
}

/// `completions`.
#[derive(Debug, Args)]
struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
struct ManArgs {
    /// A command; without one the page of portolan itself
    command: Option<String>,
}

/// What is to be done.
pub(super) enum Task {
    /// Draw.
    Dashboard(SelectionArgs, DisplayArgs, CommonArgs),
    /// Print once.
    List(ListArgs),
    /// Print what happens.
    Watch(WatchArgs),
    /// Wait.
    Wait(WaitArgs),
    /// Tell whether a port is free.
    Free(FreeArgs),
    /// Explain.
    Explain(ExplainArgs),
    /// Teach.
    Learn(LearnArgs),
    /// Keep what is seen.
    Record(RecordArgs),
    /// See it again.
    Replay(ReplayArgs),
}

impl Task {
    /// What every command knows.
    pub(super) const fn common(&self) -> &CommonArgs {
        match self {
            Self::Dashboard(_, _, common) => common,
            Self::List(list) => &list.common,
            Self::Watch(watch) => &watch.common,
            Self::Wait(wait) => &wait.common,
            Self::Free(free) => &free.common,
            Self::Explain(explain) => &explain.common,
            Self::Learn(learn) => &learn.common,
            Self::Record(record) => &record.common,
            Self::Replay(replay) => &replay.common,
        }
    }
}

/// Reads the command line. Wrong input is said on stderr, help and version on stdout.
///
/// # Errors
/// How to end, where there is nothing more to do.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, Exit> {
    let cli = Cli::try_parse_from(arguments).map_err(|error| print_clap_error(&error))?;
    Ok(match cli.command {
        None if can_draw_dashboard() => Task::Dashboard(cli.selection, cli.display, cli.common),
        None => Task::List(ListArgs {
            selection: cli.selection,
            output: OutputArgs::default(),
            common: cli.common,
        }),
        Some(Command::List(list)) => Task::List(list),
        Some(Command::Watch(watch)) => Task::Watch(watch),
        Some(Command::Wait(wait)) => Task::Wait(wait),
        Some(Command::Free(free)) => Task::Free(free),
        Some(Command::Explain(explain)) => Task::Explain(explain),
        Some(Command::Learn(learn)) => Task::Learn(learn),
        Some(Command::Record(record)) => Task::Record(record),
        Some(Command::Replay(replay)) => Task::Replay(replay),
        Some(Command::Completions(args)) => {
            return Err(exit_for_write(pages::print_completions(args.shell)));
        }
        Some(Command::Man(args)) => return Err(print_man_page(args.command.as_deref())),
        Some(Command::Help(help)) => return Err(print_help(help.topic.as_deref())),
        Some(Command::LabProcess(process)) => {
            return Err(crate::app::run_lab_process(&process.name));
        }
    })
}

fn print_clap_error(error: &clap::Error) -> Exit {
    let exit = if error.use_stderr() {
        Exit::UsageError
    } else {
        Exit::Success
    };
    // Nobody is left to tell when the output is gone.
    let _ = error.print();
    exit
}

/// Whether there is a terminal to draw on, and not one that can only write lines.
pub(super) fn can_draw_dashboard() -> bool {
    let able = !cfg!(unix)
        || std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    std::io::stdout().is_terminal() && able
}

/// Makes the text of a topic.
type HelpText = fn() -> String;

/// What `help` can tell besides the commands.
const HELP_TOPICS: &[(&str, HelpText)] = &[
    ("filter", || filter::GRAMMAR.to_owned()),
    ("columns", help::columns_help),
    ("json", || help::JSON_SCHEMA.to_owned()),
];

fn print_help(topic: Option<&str>) -> Exit {
    let mut command = Cli::command();
    let Some(name) = topic else {
        return exit_for_write(command.print_long_help());
    };
    if let Some((_, text)) = HELP_TOPICS.iter().find(|(topic, _)| *topic == name) {
        return exit_for_write(std::io::stdout().lock().write_all(text().as_bytes()));
    }
    command.build();
    match command.find_subcommand_mut(name) {
        Some(command) => exit_for_write(command.print_long_help()),
        None => {
            let topics = HELP_TOPICS.iter().map(|(topic, _)| *topic);
            let commands = Cli::command();
            let shown = commands.get_subcommands().filter(|c| !c.is_hide_set());
            let names = shown.map(clap::Command::get_name);
            let known: Vec<&str> = topics.chain(names).collect();
            let text = format!(
                "no help about {name:?}; there is help about {}",
                known.join(", ")
            );
            print_clap_error(&Cli::command().error(clap::error::ErrorKind::InvalidValue, text))
        }
    }
}

fn print_man_page(name: Option<&str>) -> Exit {
    match pages::render_man_page(name) {
        Some(page) => exit_for_write(std::io::stdout().lock().write_all(&page)),
        None => {
            let text = format!("there is no command {:?}", name.unwrap_or_default());
            print_clap_error(&Cli::command().error(clap::error::ErrorKind::InvalidValue, text))
        }
    }
}

/// Help that nobody reads to its end is no failure.
fn exit_for_write(outcome: std::io::Result<()>) -> Exit {
    match outcome {
        Ok(()) => Exit::Success,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Success,
        Err(_) => Exit::SystemError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_definition_is_valid() {
        Cli::command().debug_assert();
    }
}
