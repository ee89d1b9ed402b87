//! Runs the calls of a lesson on real sockets.
//!
//! Server and client are separate processes that receive [commands](protocol) over pipes. Labs use
//! only loopback addresses, need no privilege, and let the kernel choose the ports. States are held
//! by technique, not by timing: a socket that drops all packets, a full buffer, a full accept
//! queue. When a lab ends, or the process that controls it is killed, its processes end and reset
//! their connections.

mod capabilities;
mod child_processes;
pub(crate) mod error;
pub mod executed_call;
pub mod executor;
pub(crate) mod process_main;
mod processes;
mod protocol;
mod raw_sockopt;
mod sampler;
mod settle;
mod syscalls;

pub use crate::lessons::lab::capabilities::Capabilities;
pub use crate::lessons::lab::sampler::{LabSample, LabSampler};
pub use crate::lessons::lab::settle::SettledRows;
