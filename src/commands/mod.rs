//! Runs the program: one file for each subcommand, its arguments, the configuration and the help pages.
//!
//! [`main`] parses the command line into a task and runs it. `dashboard` assembles the dashboard.

pub(crate) mod args;
mod config;
pub(crate) mod dashboard;
mod dispatch;
mod explain;
mod free;
mod generated_pages;
mod help;
mod lab_process;
mod learn;
pub(crate) mod list;
mod parse;
mod record;
mod replay;
mod wait;
mod watch;

pub use crate::commands::dispatch::main;

pub use crate::commands::args::cli::Cli;
pub use crate::commands::config::Config;
