//! Sources for every system: sockets by the netstat2 crate, processes by the sysinfo crate.

pub mod netstat2;
pub(crate) mod sysinfo;
