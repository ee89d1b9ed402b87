//! Finds which processes hold which sockets by reading `/proc/PID/fd`.
//!
//! Takes the sockets of a sample and writes their holders, with a description of each process. A
//! socket is matched to a process by its inode; what could not be read is counted, never guessed.

mod access;
mod fd_index;
mod parallel_scan;
mod proc_parse;
mod proc_pid;
mod process_info;
mod process_table;
pub(crate) mod procfs_owners;
mod unowned_search;
mod unresolved;

pub use crate::collect::linux::owners::procfs_owners::ProcfsOwners;
