//! Drives everything: arguments, terminal, threads, the loop.
//!
//! ```text
//! sampler ── snapshots ──▶ model ── answers ──▶ main ── screens ──▶ terminal
//!                            ▲                   ▲ │
//!                            └──── questions ────┼─┘
//! input, signals, hang-up watch, filters, lab ── messages ┘
//! ```
//!
//! *main* owns the terminal and draws; it never waits for a sample and never does work in
//! proportion to the number of sockets. *model* owns the history and answers. *sampler* owns the
//! source; where a recording is replayed, *player* stands in its place. *input* blocks on the
//! terminal, *signals* on the signals, *watch* on the hang-up; *filters* reads and writes the files
//! of earlier filters and of a learner's progress; *recorder*, while one records, writes what the
//! sampler sends to the model; *lab* leads the processes of the lesson that is open.
//!
//! What is decided here is decided without a thread, a terminal or a clock, by [`App`] and
//! [`Memory`]; they are public so that the tests can play a recording through them.

mod cli;
mod config;
mod excerpt;
mod exit;
mod explain;
mod feed;
mod free;
mod input;
#[cfg(target_os = "linux")]
pub mod lab;
mod learn;
mod log;
mod looking;
mod memory;
mod model;
mod panics;
mod player;
mod print;
mod progress;
mod record;
mod recorder;
mod replay;
mod run;
mod shelf;
#[cfg(unix)]
mod signals;
mod state_file;
mod terminal;
mod tutor;
mod update;
mod wait;
mod watch;

use std::process::ExitCode;

use cli::Task;

pub use cli::{Cli, Fault};
pub use config::Config;
pub use exit::Exit;
pub use input::Input;
pub use memory::{Engine, Retention};
pub use model::{EngineRequest, EngineResponse, ExplainResult, MomentSelector};
pub use shelf::StateFile;
pub use tutor::{LabEvent, LabRequest};
pub use update::{App, Effect, NamedFilter, PlaybackCommand, RecordingRequest, Redaction};

/// Runs the program.
pub fn main() -> ExitCode {
    let exit = match cli::parse(std::env::args_os()) {
        Ok(task) => run_task(task),
        Err(exit) => exit,
    };
    exit.into()
}

fn run_task(task: Task) -> Exit {
    // What is wrong with it is said whatever is asked for.
    let configured = Config::load(task.common().config_path());
    let outcome = configured.and_then(|config| match task {
        Task::Dashboard(selection, scene, common) => {
            feed::run_live(&selection, &scene, &common, config)
        }
        Task::List(list) => print::run(&list, &config),
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

/// Is a process of a lab, until the lab ends.
#[cfg(target_os = "linux")]
fn run_lab_process(name: &str) -> Exit {
    lab::process::run(name)
}

#[cfg(not(target_os = "linux"))]
fn play_part(_: &str) -> Exit {
    Exit::UsageError
}
