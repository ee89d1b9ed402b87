//! Which processes have which sockets.
//!
//! In: the sockets of a sample. Out: their holders and the processes' descriptions, by one of two
//! ways: [`ProcfsOwners`] (Linux) finds descriptors by inode, [`SysinfoOwners`] (every system) adds
//! names to the pids that the source itself told.

#[cfg(target_os = "linux")]
mod census;
#[cfg(target_os = "linux")]
mod ledger;
#[cfg(target_os = "linux")]
mod muster;
#[cfg(target_os = "linux")]
mod procdir;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod procfs;
#[cfg(target_os = "linux")]
mod search;
#[cfg(target_os = "linux")]
mod standing;
#[cfg(target_os = "linux")]
mod verdict;

mod portable;
mod roster;

pub use portable::SysinfoOwners;
#[cfg(target_os = "linux")]
pub use procfs::ProcfsOwners;

use super::{OwnerMode, Owners};
