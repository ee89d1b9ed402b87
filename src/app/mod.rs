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
pub use memory::{Keeping, Memory};
pub use model::{About, Explained, Published, Question};
pub use shelf::Unkept;
pub use tutor::{News, Order as LabOrder};
pub use update::{App, Effect, NamedFilter, Pace, Take, What};

/// Runs the program.
pub fn main() -> ExitCode {
    let exit = match cli::parse(std::env::args_os()) {
        Ok(task) => start(task),
        Err(exit) => exit,
    };
    exit.into()
}

fn start(task: Task) -> Exit {
    // What is wrong with it is said whatever is asked for.
    let configured = Config::load(task.common().config());
    let outcome = configured.and_then(|config| match task {
        Task::Dashboard(selection, scene, common) => {
            feed::dashboard(&selection, &scene, &common, config)
        }
        Task::List(list) => print::list(&list, &config),
        Task::Watch(watch) => watch::watch(&watch, &config),
        Task::Wait(wait) => wait::wait(&wait),
        Task::Free(free) => free::free(&free),
        Task::Explain(explain) => explain::explain(&explain, &config),
        Task::Learn(learn) => learn::learn(&learn, config),
        Task::Record(record) => record::record(&record, &config),
        Task::Replay(replay) => replay::replay(&replay, config),
    });
    outcome.unwrap_or_else(|failure| exit::report(&failure))
}

/// Is a process of a lab, until the lab ends.
#[cfg(target_os = "linux")]
fn play_part(name: &str) -> Exit {
    lab::process::play(name)
}

#[cfg(not(target_os = "linux"))]
fn play_part(_: &str) -> Exit {
    Exit::Wrong
}
