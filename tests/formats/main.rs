//! What programs read: JSON held against its documentation, plain text, CSV, and the streams.
#![cfg(target_os = "linux")]

#[path = "../support/child.rs"]
mod child;
#[path = "../support/network.rs"]
mod network;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/turn.rs"]
mod turn;
#[path = "../support/zoo.rs"]
mod zoo;

mod explain;
mod large;
mod lines;
mod recordings;
mod schema;
mod streams;
mod validated;

use program::{command, portolan};

/// What it prints, which must come without complaint.
fn printed(args: &[&str]) -> String {
    let said = portolan(args);
    assert_eq!(said.status, Some(0), "{args:?}: {}", said.err);
    said.out
}
