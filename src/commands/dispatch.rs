//! Runs the task of the command line.

use std::process::ExitCode;

use super::config::Config;
use super::parse::Task;
use super::{dashboard, explain, free, learn, list, parse, record, replay, wait, watch};
use crate::runtime::exit;
use crate::runtime::exit::Exit;

/// Parses the command line, runs the task, and returns the exit status.
pub fn main() -> ExitCode {
    let exit = match parse::parse(std::env::args_os()) {
        Ok(task) => run_task(task),
        Err(exit) => exit,
    };
    exit.into()
}

fn run_task(task: Task) -> Exit {
    // Errors of the configuration are reported for every task.
    let configured = Config::load(task.common().config_path());
    let outcome = configured.and_then(|config| match task {
        Task::Dashboard(selection, display, common) => {
            dashboard::run_live(&selection, &display, &common, config)
        }
        Task::List(list) => list::run(&list, &config),
        Task::Watch(watch) => watch::run(&watch, &config),
        Task::Wait(wait) => wait::run(&wait),
        Task::Free(free) => free::run(&free),
        Task::Explain(explain) => explain::run(&explain, &config),
        Task::Learn(learn) => learn::run(&learn, config),
        Task::Record(record) => record::run(&record, &config),
        Task::Replay(replay) => replay::run(&replay, config),
    });
    outcome.unwrap_or_else(|failure| exit::report_failure(&failure))
}
