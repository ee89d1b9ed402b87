//! Linux sources: `sock_diag` netlink dumps, `/proc/net` tables, and owners found through `/proc/PID/fd`.

pub mod owners;
pub mod proc_net;
pub mod sock_diag;
