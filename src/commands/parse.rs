//! Parses the command line into a task.

use std::ffi::OsString;

use clap::Parser;

use super::generated_pages;
use super::help::{exit_for_write, print_clap_error, print_help, print_man_page};
use crate::commands::args::cli::{Cli, Command};
use crate::commands::args::command_args::{
    ExplainArgs, FreeArgs, LearnArgs, ListArgs, OutputArgs, WaitArgs, WatchArgs,
};
use crate::commands::args::recording_args::{RecordArgs, ReplayArgs};
use crate::commands::args::shared_args::{CommonArgs, DisplayArgs, SelectionArgs};
use crate::runtime::console::can_draw_dashboard;
use crate::runtime::exit::Exit;

pub(crate) enum Task {
    Dashboard(SelectionArgs, DisplayArgs, CommonArgs),
    List(ListArgs),
    Watch(WatchArgs),
    Wait(WaitArgs),
    Free(FreeArgs),
    Explain(ExplainArgs),
    Learn(LearnArgs),
    Record(RecordArgs),
    Replay(ReplayArgs),
}

impl Task {
    /// Returns the options that every command has.
    pub(crate) const fn common(&self) -> &CommonArgs {
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

/// Parses the command line. Prints usage errors to stderr, help and version to stdout, and runs commands
/// that need no configuration (`help`, `man`, `completions`).
///
/// # Errors
/// Returns the exit status when nothing is left to run.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, Exit> {
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
            return Err(exit_for_write(generated_pages::print_completions(
                args.shell,
            )));
        }
        Some(Command::Man(args)) => return Err(print_man_page(args.command.as_deref())),
        Some(Command::Help(help)) => return Err(print_help(help.topic.as_deref())),
        Some(Command::LabProcess(process)) => {
            return Err(super::lab_process::run_lab_process(&process.name));
        }
    })
}
