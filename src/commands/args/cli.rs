//! The top-level command line: the options of the dashboard, and the subcommands.

use clap::{Args, Parser, Subcommand};

use super::command_args::{ExplainArgs, FreeArgs, LearnArgs, ListArgs, WaitArgs, WatchArgs};
use super::recording_args::{RecordArgs, ReplayArgs};
use super::shared_args::{CommonArgs, DisplayArgs, SelectionArgs};

/// The parsed command line.
#[derive(Debug, Parser)]
#[command(
    name = "portolan",
    version,
    about = "A live chart of this machine's ports, and of every socket that shares them",
    long_about = "A live chart of this machine's ports, and of every socket that shares them.\n\n\
        Without a command it opens the dashboard, or prints the list if the output is not a terminal.",
    after_help = "Examples:\n  portolan              the dashboard\n  portolan 8080         the dashboard, only port 8080\n  \
        portolan list nginx   nginx's sockets, printed once\n  portolan -l -t        what listens on TCP\n  \
        portolan help filter  the filter language\n\n\
        Exit status: 0 success, 1 negative result, 2 usage error, 3 system error.",
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
    /// Wait until a socket matches; exit status 1 on timeout
    Wait(WaitArgs),
    /// Check whether a port is free, and if not, what holds it; exit status 1 if it is taken
    Free(FreeArgs),
    /// Explain a port, an endpoint or a process in plain words; exit status 1 if it does not exist
    Explain(ExplainArgs),
    /// Learn how sockets, ports and connections work, in fourteen lessons on real sockets
    Learn(LearnArgs),
    /// Record samples to a file until interrupted
    Record(RecordArgs),
    /// Replay a recording
    Replay(ReplayArgs),
    /// Print a shell-completion script
    Completions(CompletionsArgs),
    /// Print the man page of portolan or of a command
    Man(ManArgs),
    /// Print help on a command, or on a topic: filter, columns or json
    Help(HelpArgs),
    /// Run as one of the processes of a lesson
    #[command(hide = true)]
    LabProcess(LabProcessArgs),
}

/// The arguments of `lab-process`, which lessons start.
#[derive(Debug, Args)]
pub(crate) struct LabProcessArgs {
    /// The name of the process
    pub(crate) name: String,
}

/// The arguments of `help`.
#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    /// A command, or one of: filter, columns, json
    pub(crate) topic: Option<String>,
}

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// The arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A command [default: portolan itself]
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
