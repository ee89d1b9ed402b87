//! Linux sources: sock_diag(7) dumps, `/proc/net` tables, and owners found through `/proc/PID/fd`.

pub mod owners;
pub mod proc_net;
pub mod sock_diag;
