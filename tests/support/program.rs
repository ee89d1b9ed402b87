//! Runs the real program without a terminal: what it prints and how it exits.

use std::io;
use std::process::{Command, Output, Stdio};

use crate::spawn_lock;

/// What the program printed, and its exit status.
pub(crate) struct ProgramOutput {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) status: Option<i32>,
}

/// Returns the program with these arguments, ready to start.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command.args(args).stdin(Stdio::null());
    // The user's configuration must not affect the test.
    command.env("XDG_CONFIG_HOME", "/dev/null/config");
    command
}

/// Runs the program with these arguments, while no other thread of this test program starts a
/// process.
pub(crate) fn portolan(args: &[&str]) -> ProgramOutput {
    let _guard = spawn_lock::acquire();
    said(command(args).output())
}

/// Converts the output of a finished process.
pub(crate) fn said(output: io::Result<Output>) -> ProgramOutput {
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect("the program");
    ProgramOutput {
        out: String::from_utf8(stdout).expect("UTF-8"),
        err: String::from_utf8(stderr).expect("UTF-8"),
        status: status.code(),
    }
}
