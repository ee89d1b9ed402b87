//! How one process stands to us: open, hidden or without descriptors.
//!
//! In: what /proc answered. Out: a state kept from sample to sample, with the open directory that
//! proves the process to be the same.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::procdir::{self, Denied, Opened};
use crate::process::{ProcessKey, Uid};

/// One sample's look at the processes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    /// The open /proc.
    pub(super) root: BorrowedFd<'a>,
    /// Since the collector started.
    pub(super) now: Duration,
    /// The number of the sample, from 1.
    pub(super) sample: u32,
    /// When to leave processes that were never looked into for the next sample.
    pub(super) until: Option<Instant>,
}

/// How thoroughly a process is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// A descriptor known to lead to a socket that still exists is not read again. Four times
    /// cheaper, and blind to a descriptor that was closed and used again while another process
    /// keeps the socket.
    Quick,
    /// Every descriptor is read.
    Full,
}

impl Depth {
    /// What a descriptor costs, in descriptors that are only listed.
    pub(super) const fn cost(self) -> usize {
        match self {
            Self::Quick => 1,
            Self::Full => 4,
        }
    }
}

/// A process whose descriptors can be read.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) key: ProcessKey,
    /// Its `/proc/PID/fd`; `None` when keeping it open would be one descriptor too many.
    pub(super) dir: Option<OwnedFd>,
    /// How many were open when the last walk began.
    pub(super) count: u64,
    /// The sample of the last quick or full, and of the last full walk.
    pub(super) looked: u32,
    pub(super) walked: u32,
}

#[derive(Debug)]
pub(super) enum Standing {
    Open(Open),
    Hidden {
        users: [Option<Uid>; 2],
        retry: Duration,
    },
    /// It has no descriptors: a kernel thread, or ended and not waited for.
    Bare {
        retry: Duration,
    },
}

/// The descriptor directory of a process: kept, or opened for this once.
pub(super) enum Dir<'a> {
    Kept(BorrowedFd<'a>),
    Once(OwnedFd),
}

impl AsFd for Dir<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Kept(dir) => *dir,
            Self::Once(dir) => dir.as_fd(),
        }
    }
}

impl Open {
    /// Its descriptor directory, surely its own: one opened anew must have the same start.
    pub(super) fn dir(&self, root: BorrowedFd<'_>, text: &mut Vec<u8>) -> Result<Dir<'_>, Denied> {
        if let Some(dir) = &self.dir {
            return Ok(Dir::Kept(dir.as_fd()));
        }
        match procdir::open(root, self.key.pid, text)? {
            Opened::Open(key, dir) if key == self.key => Ok(Dir::Once(dir)),
            Opened::Open(..) | Opened::Bare => Err(Denied::Gone),
            Opened::Hidden(_) => Err(Denied::Forbidden),
        }
    }
}
