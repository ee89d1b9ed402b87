//! The real program in a pseudo-terminal: what its keys do, and that it restores the terminal on
//! every way out.
#![cfg(target_os = "linux")]

mod changes;
mod exit;
mod explain;
mod filtering;
mod hangup;
mod keys;
mod lessons;
mod plain;
mod recordings;
mod sizes;
mod suspend;
mod time_travel;

#[path = "../support/loopback.rs"]
mod loopback;
#[path = "../support/pty.rs"]
mod pty;
#[path = "../support/skip.rs"]
mod skip;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

/// Whether a command is installed.
fn has_command(command: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| Path::new(&directory).join(command).exists())
    })
}
