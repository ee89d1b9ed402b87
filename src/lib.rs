//! Portolan: a live chart of this machine's ports.

pub mod collect;

pub mod endpoint;
pub mod port;
pub mod process;
pub mod services;
pub mod snapshot;
pub mod socket;
pub mod text;
