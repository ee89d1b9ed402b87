//! How one process stands to us: open, hidden or without descriptors.
//!
//! In: what /proc answered. Out: a state kept from sample to sample, with the open directory that
//! proves the process to be the same.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::proc_pid;
use super::proc_pid::{OpenedProcess, ProcAccessError};
use crate::net::process::{ProcessKey, Uid};

/// One sample's look at the processes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanContext<'a> {
    /// The open /proc.
    pub(crate) proc_root: BorrowedFd<'a>,
    /// Since the collector started.
    pub(crate) now: Duration,
    /// The number of the sample, from 1.
    pub(crate) sample: u32,
    /// When to leave processes that were never looked into for the next sample.
    pub(crate) deadline: Option<Instant>,
}

/// How thoroughly a process is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScanDepth {
    /// A descriptor known to lead to a socket that still exists is not read again. Four times
    /// cheaper, and blind to a descriptor that was closed and used again while another process
    /// keeps the socket.
    Quick,
    /// Every descriptor is read.
    Full,
}

impl ScanDepth {
    /// What a descriptor costs, in descriptors that are only listed.
    pub(crate) const fn cost(self) -> usize {
        match self {
            Self::Quick => 1,
            Self::Full => 4,
        }
    }
}

/// A process whose descriptors can be read.
#[derive(Debug)]
pub(crate) struct ReadableProcess {
    pub(crate) key: ProcessKey,
    /// Its `/proc/PID/fd`; `None` when keeping it open would be one descriptor too many.
    pub(crate) dir: Option<OwnedFd>,
    /// How many were open when the last walk began.
    pub(crate) count: u64,
    /// The sample of the last quick or full, and of the last full walk.
    pub(crate) last_scan: u32,
    pub(crate) last_full_scan: u32,
}

#[derive(Debug)]
pub(crate) enum ProcessAccess {
    Readable(ReadableProcess),
    Hidden {
        users: [Option<Uid>; 2],
        retry_at: Duration,
    },
    /// It has no descriptors: a kernel thread, or ended and not waited for.
    NoDescriptors {
        retry_at: Duration,
    },
}

/// The descriptor directory of a process: kept, or opened for this once.
pub(crate) enum FdDir<'a> {
    Cached(BorrowedFd<'a>),
    Reopened(OwnedFd),
}

impl AsFd for FdDir<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Cached(dir) => *dir,
            Self::Reopened(dir) => dir.as_fd(),
        }
    }
}

impl ReadableProcess {
    /// Its descriptor directory, surely its own: one opened anew must have the same start.
    pub(crate) fn fd_dir(
        &self,
        root: BorrowedFd<'_>,
        text: &mut Vec<u8>,
    ) -> Result<FdDir<'_>, ProcAccessError> {
        if let Some(dir) = &self.dir {
            return Ok(FdDir::Cached(dir.as_fd()));
        }
        match proc_pid::open_fd_dir(root, self.key.pid, text)? {
            OpenedProcess::Readable(key, dir) if key == self.key => Ok(FdDir::Reopened(dir)),
            OpenedProcess::Readable(..) | OpenedProcess::NoDescriptors => {
                Err(ProcAccessError::Exited)
            }
            OpenedProcess::Hidden(_) => Err(ProcAccessError::PermissionDenied),
        }
    }
}
