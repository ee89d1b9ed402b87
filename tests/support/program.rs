//! The real program without a terminal: what it prints, what it says, and how it ends.

use std::io;
use std::process::{Command, Output, Stdio};

use crate::spawn_lock;

/// What the program says and how it ends.
pub(crate) struct ProgramOutput {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) status: Option<i32>,
}

/// The program with these arguments, ready to start.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command.args(args).stdin(Stdio::null());
    // What the user configured is no part of the test.
    command.env("XDG_CONFIG_HOME", "/dev/null/config");
    command
}

/// Runs it with these arguments, while nobody else of this test program starts anything.
pub(crate) fn portolan(args: &[&str]) -> ProgramOutput {
    let _guard = spawn_lock::acquire();
    said(command(args).output())
}

/// What came of it.
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
