//! Tests with real sockets, from the kernel to the query result, each in a network namespace of its
//! own.
//!
//! First the sources against `ss`, row by row and pid by pid; then one fixture after the other
//! through collect, history and query.
#![cfg(target_os = "linux")]

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/holder_process.rs"]
mod holder_process;
#[path = "support/network_namespace.rs"]
mod network_namespace;
#[path = "support/pipeline.rs"]
mod pipeline;
#[path = "support/skip.rs"]
mod skip;
#[path = "support/spawn_lock.rs"]
mod spawn_lock;
#[path = "support/ss.rs"]
mod ss;

#[path = "live/agreement.rs"]
mod agreement;
#[path = "live/close_events.rs"]
mod close_events;
#[path = "live/end_to_end.rs"]
mod end_to_end;
#[path = "live/fd_passing.rs"]
mod fd_passing;
#[path = "live/sample_scope.rs"]
mod sample_scope;
#[path = "live/state_changes.rs"]
mod state_changes;
