//! Reads sockets by `NETLINK_SOCK_DIAG` dumps (sock_diag(7)) and subscribes to socket destruction.
//!
//! `request` and `bytecode` encode the request, `wire` and `tcp_info` decode the reply,
//! `netlink_socket` sends and receives, `destroy_monitor` reads the multicast groups, `source`
//! combines them. `decode` lets tests decode arbitrary bytes.

mod bytecode;
mod bytes;
#[doc(hidden)]
pub mod decode;
mod destroy_event;
mod destroy_monitor;
mod netlink_socket;
mod request;
pub mod source;
mod tcp_info;
mod wire;
