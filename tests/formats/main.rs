//! What programs read: JSON held against its documentation, plain text, CSV, and the streams.
#![cfg(target_os = "linux")]

#[path = "../support/fixtures.rs"]
mod fixtures;
#[path = "../support/holder_process.rs"]
mod holder_process;
#[path = "../support/network_namespace.rs"]
mod network_namespace;
#[path = "../support/program.rs"]
mod program;
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

/// What it prints, which must come without complaint.
fn printed_output(args: &[&str]) -> String {
    let said = portolan(args);
    assert_eq!(said.status, Some(0), "{args:?}: {}", said.err);
    said.out
}
