//! Reads sockets by `NETLINK_SOCK_DIAG` dumps (sock_diag(7)) and subscribes to socket destruction.
//!
//! `request` and `bytecode` encode the question, `wire` and `tcp_info` decode the answer, `netlink_socket`
//! sends and receives, `destroy_monitor` listens to the multicast groups, `source` puts them together.

mod bytecode;
mod bytes;
mod destroy_event;
mod destroy_monitor;
mod netlink_socket;
mod request;
pub mod source;
mod tcp_info;
mod wire;
