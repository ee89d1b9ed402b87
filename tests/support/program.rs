//! The real program without a terminal: what it prints, what it says, and how it ends.

use std::process::{Command, Output, Stdio};

/// What the program says and how it ends.
pub(crate) struct Said {
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

/// Runs it to its end.
pub(crate) fn run(command: &mut Command) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program");
    Said {
        out: String::from_utf8(stdout).expect("UTF-8"),
        err: String::from_utf8(stderr).expect("UTF-8"),
        status: status.code(),
    }
}

/// Runs it with these arguments.
pub(crate) fn portolan(args: &[&str]) -> Said {
    run(&mut command(args))
}
