//! Tests of the machine-readable output: JSON against its documentation, plain text, CSV, streams,
//! and recordings.
#![cfg(target_os = "linux")]

#[path = "../support/fixtures.rs"]
mod fixtures;
#[path = "../support/holder_process.rs"]
mod holder_process;
#[path = "../support/network_namespace.rs"]
mod network_namespace;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/skip.rs"]
mod skip;
#[path = "../support/spawn_lock.rs"]
mod spawn_lock;
#[path = "../support/mod.rs"]
mod support;

mod explain;
mod json_schema;
mod large;
mod lines;
mod recordings;
mod schema;
mod streams;

use program::{command, portolan};

/// Runs the program, which must succeed, and returns its stdout.
fn printed_output(args: &[&str]) -> String {
    let output = portolan(args);
    assert_eq!(output.status, Some(0), "{args:?}: {}", output.err);
    output.out
}
