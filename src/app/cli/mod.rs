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
    FormatChoice, LookChoice, SortChoice, StreamChoice, Timeout, duration, interval,
};
pub(super) use options::{Common, Scene, Selection};
pub(super) use tapes::{At, Record, Replay, Speed};

use crate::app::exit::Exit;
use crate::query::Grouping;
use crate::query::filter;
use crate::report::{Column, help};

/// The time between two samples where none is asked for.
pub(super) const USUAL_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest interval: below it one would mostly watch the watching.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);
/// The longest.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

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
    selection: Selection,
    #[command(flatten)]
    scene: Scene,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the sockets once, grouped by port
    List(List),
    /// Print a line for every socket that opens, changes or closes
    Watch(Watch),
    /// Wait until a socket matches; exit status 1 when time is up
    Wait(Wait),
    /// Tell whether a port could be bound, and who is in the way; exit status 1 when it is taken
    Free(Free),
    /// Explain a port, an endpoint or a process in plain words; exit status 1 if it is not there
    Explain(Explain),
    /// Learn how sockets, ports and connections go together, in fourteen lessons on real sockets
    Learn(Learn),
    /// Keep what is seen in a file, until interrupted
    Record(Record),
    /// See again what was recorded
    Replay(Replay),
    /// Print what makes a shell complete our commands and options
    Completions(Completions),
    /// Print the manual page, of portolan or of one of its commands
    Man(Man),
    /// Print help: of a command, or about filter, columns or json
    Help(Help),
    /// Be one of the processes of a lesson
    #[command(hide = true)]
    LabProcess(LabProcess),
}

/// `list`.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) layout: Layout,
    #[command(flatten)]
    pub(super) common: Common,
}

/// How a list is laid out.
#[derive(Debug, Default, Args)]
pub(super) struct Layout {
    /// How to print: table for eyes, the others for programs [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    format: Option<FormatChoice>,
    /// Group the sockets by this [table: port; plain, json, ndjson, csv: none]
    #[arg(short, long, value_name = "WHAT", value_parser = choices::grouping)]
    pub(super) group: Option<Grouping>,
    /// Order by port, process, sockets, host, pid, state, local, remote or queues; -state turns round
    #[arg(short, long, value_name = "WHAT", allow_hyphen_values = true, value_parser = choices::sort)]
    pub(super) sort: Option<SortChoice>,
    /// Which columns, in which order: local,remote,process (see: portolan help columns)
    #[arg(short, long, value_name = "LIST", value_delimiter = ',', value_parser = choices::column)]
    pub(super) columns: Vec<&'static Column>,
    /// No line with the names of the columns
    #[arg(long)]
    pub(super) no_header: bool,
    /// Ask the name servers for the names of remote addresses
    #[arg(short, long)]
    pub(super) resolve: bool,
}

impl Layout {
    /// How to print.
    pub(super) fn format(&self) -> FormatChoice {
        self.format.unwrap_or_default()
    }

    /// Whether a format was asked for.
    pub(super) const fn asks_for_format(&self) -> bool {
        self.format.is_some()
    }
}

/// `watch`.
#[derive(Debug, Args)]
pub(super) struct Watch {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// How to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: StreamChoice,
    #[command(flatten)]
    pub(super) common: Common,
}

/// `wait`.
#[derive(Debug, Args)]
pub(super) struct Wait {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// Wait until nothing matches any more
    #[arg(long)]
    pub(super) gone: bool,
    /// How long at most: 30s, 5m, 1h, or never
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = choices::timeout)]
    pub(super) timeout: Timeout,
    #[command(flatten)]
    pub(super) common: Common,
}

/// `free`.
#[derive(Debug, Args)]
pub(super) struct Free {
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
    pub(super) common: Common,
}

/// `explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A port (8080, 53/udp), an endpoint (127.0.0.1:80, [::1]:80), a process (pid:812), or
    /// "sockets": the difference between a socket and a port, with what is on this machine now
    #[arg(value_name = "WHAT")]
    pub(super) subject: String,
    /// From where to look at a port or an endpoint
    #[arg(short, long, value_enum, default_value_t, value_name = "LOOK")]
    pub(super) look: LookChoice,
    #[command(flatten)]
    pub(super) common: Common,
}

/// `learn`.
#[derive(Debug, Args)]
pub(super) struct Learn {
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
    pub(super) scene: Scene,
    #[command(flatten)]
    pub(super) common: Common,
}

/// `lab-process`: what a lesson starts, not people.
#[derive(Debug, Args)]
struct LabProcess {
    /// What it is called
    name: String,
}

/// `help`.
#[derive(Debug, Args)]
struct Help {
    /// A command, or one of: filter, columns, json
    topic: Option<String>,
}

/// `completions`.
#[derive(Debug, Args)]
struct Completions {
    /// For which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
struct Man {
    /// A command; without one the page of portolan itself
    command: Option<String>,
}

/// What is to be done.
pub(super) enum Task {
    /// Draw.
    Dashboard(Selection, Scene, Common),
    /// Print once.
    List(List),
    /// Print what happens.
    Watch(Watch),
    /// Wait.
    Wait(Wait),
    /// Tell whether a port is free.
    Free(Free),
    /// Explain.
    Explain(Explain),
    /// Teach.
    Learn(Learn),
    /// Keep what is seen.
    Record(Record),
    /// See it again.
    Replay(Replay),
}

impl Task {
    /// What every command knows.
    pub(super) const fn common(&self) -> &Common {
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
    let cli = Cli::try_parse_from(arguments).map_err(|error| complain(&error))?;
    Ok(match cli.command {
        None if draws() => Task::Dashboard(cli.selection, cli.scene, cli.common),
        None => Task::List(List {
            selection: cli.selection,
            layout: Layout::default(),
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
        Some(Command::Completions(wanted)) => {
            return Err(written(pages::completions(wanted.shell)));
        }
        Some(Command::Man(wanted)) => return Err(manual(wanted.command.as_deref())),
        Some(Command::Help(help)) => return Err(print_help(help.topic.as_deref())),
        Some(Command::LabProcess(process)) => return Err(crate::app::play_part(&process.name)),
    })
}

fn complain(error: &clap::Error) -> Exit {
    let exit = if error.use_stderr() {
        Exit::Wrong
    } else {
        Exit::Done
    };
    // Nobody is left to tell when the output is gone.
    let _ = error.print();
    exit
}

/// Whether there is a terminal to draw on, and not one that can only write lines.
pub(super) fn draws() -> bool {
    let able = !cfg!(unix)
        || std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    std::io::stdout().is_terminal() && able
}

/// Makes the text of a topic.
type Telling = fn() -> String;

/// What `help` can tell besides the commands.
const TOPICS: &[(&str, Telling)] = &[
    ("filter", || filter::GRAMMAR.to_owned()),
    ("columns", help::columns),
    ("json", || help::SCHEMA.to_owned()),
];

fn print_help(topic: Option<&str>) -> Exit {
    let mut command = Cli::command();
    let Some(name) = topic else {
        return written(command.print_long_help());
    };
    if let Some((_, text)) = TOPICS.iter().find(|(topic, _)| *topic == name) {
        return written(std::io::stdout().lock().write_all(text().as_bytes()));
    }
    command.build();
    match command.find_subcommand_mut(name) {
        Some(command) => written(command.print_long_help()),
        None => {
            let topics = TOPICS.iter().map(|(topic, _)| *topic);
            let commands = Cli::command();
            let shown = commands.get_subcommands().filter(|c| !c.is_hide_set());
            let names = shown.map(clap::Command::get_name);
            let known: Vec<&str> = topics.chain(names).collect();
            let text = format!(
                "no help about {name:?}; there is help about {}",
                known.join(", ")
            );
            complain(&Cli::command().error(clap::error::ErrorKind::InvalidValue, text))
        }
    }
}

fn manual(name: Option<&str>) -> Exit {
    match pages::manual(name) {
        Some(page) => written(std::io::stdout().lock().write_all(&page)),
        None => {
            let text = format!("there is no command {:?}", name.unwrap_or_default());
            complain(&Cli::command().error(clap::error::ErrorKind::InvalidValue, text))
        }
    }
}

/// Help that nobody reads to its end is no failure.
fn written(outcome: std::io::Result<()>) -> Exit {
    match outcome {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(_) => Exit::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
