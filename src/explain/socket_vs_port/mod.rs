//! Explains the difference between a socket and a port with the numbers of this machine.

pub(crate) mod comparison;
mod machine_stats;
