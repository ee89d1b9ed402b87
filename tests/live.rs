//! Real sockets, from the kernel to the answer, each test in a network of its own.
//!
//! First the sources against `ss`, row by row and pid by pid; then one exhibit after the other
//! through the whole way: collect, history, query.
#![cfg(target_os = "linux")]

#[path = "support/child.rs"]
mod child;
#[path = "support/network.rs"]
mod network;
#[path = "support/ss.rs"]
mod ss;
#[path = "support/turn.rs"]
mod turn;
#[path = "support/watch.rs"]
mod watch;
#[path = "support/zoo.rs"]
mod zoo;

#[path = "live/agreement.rs"]
mod agreement;
#[path = "live/demand.rs"]
mod demand;
#[path = "live/ends.rs"]
mod ends;
#[path = "live/exhibits.rs"]
mod exhibits;
#[path = "live/handing.rs"]
mod handing;
#[path = "live/time.rs"]
mod time;
