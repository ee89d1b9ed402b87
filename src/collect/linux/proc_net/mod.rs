//! Reads sockets from the tables in `/proc/net` (proc(5)): slower and less detailed than
//! `sock_diag`, but readable everywhere.

mod line;
pub mod source;
