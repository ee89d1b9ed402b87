//! What programs read: JSON held against its documentation, plain text, CSV, and the streams.
#![cfg(target_os = "linux")]

#[path = "../support/child.rs"]
mod child;
#[path = "../support/network.rs"]
mod network;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/zoo.rs"]
mod zoo;

mod lines;
mod schema;
mod streams;
mod validated;

use std::process::{Command, Output, Stdio};

/// What the program says and how it ends.
struct Said {
    out: String,
    err: String,
    status: Option<i32>,
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command.args(args).stdin(Stdio::null());
    command
}

fn portolan(args: &[&str]) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = command(args).output().expect("the program");
    Said {
        out: String::from_utf8(stdout).expect("UTF-8"),
        err: String::from_utf8(stderr).expect("UTF-8"),
        status: status.code(),
    }
}

/// What it prints, which must come without complaint.
fn printed(args: &[&str]) -> String {
    let said = portolan(args);
    assert_eq!(said.status, Some(0), "{args:?}: {}", said.err);
    said.out
}
