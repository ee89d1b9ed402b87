//! The command line as a whole: options of the dashboard, and the subcommands.

use clap::{Args, Parser, Subcommand};

use super::command_args::{ExplainArgs, FreeArgs, LearnArgs, ListArgs, WaitArgs, WatchArgs};
use super::recording_args::{RecordArgs, ReplayArgs};
use super::shared_args::{CommonArgs, DisplayArgs, SelectionArgs};

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
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) display: DisplayArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
/// `lab-process`: what a lesson starts, not people.
#[derive(Debug, Args)]
pub(crate) struct LabProcessArgs {
    /// What it is called
    pub(crate) name: String,
}
/// `help`.
#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    /// A command, or one of: filter, columns, json
    pub(crate) topic: Option<String>,
}
/// `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
/// `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A command; without one the page of portolan itself
    pub(crate) command: Option<String>,
}
#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_definition_is_valid() {
        Cli::command().debug_assert();
    }
}
