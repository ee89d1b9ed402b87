//! The nouns: ports, endpoints, sockets, processes, and the snapshot of them that one sample makes.

pub mod bind_target;
pub mod destroyed;
pub mod endpoint;
pub mod port;
pub mod process;
pub mod services;
pub mod snapshot;
pub mod socket;
