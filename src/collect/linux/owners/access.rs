//! Records whether a process's descriptors can be read: readable, hidden or none.
//!
//! The state is kept from sample to sample, with the open directory that proves the process to be
//! the same.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::proc_pid;
use super::proc_pid::{OpenedProcess, ProcAccessError};
use crate::net::process::{ProcessKey, Uid};

/// The context of one sample's scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanContext<'a> {
    /// The open /proc directory.
    pub(crate) proc_root: BorrowedFd<'a>,
    /// The time since the collector started.
    pub(crate) now: Duration,
    /// The number of the sample, from 1.
    pub(crate) sample: u32,
    /// After this time, processes never scanned before are left for the next sample.
    pub(crate) deadline: Option<Instant>,
}

/// How thoroughly a process is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScanDepth {
    /// The link of a descriptor known to refer to a socket that still exists is not read again.
    /// Four times cheaper, but misses a descriptor that was closed and reused while another process
    /// keeps the socket.
    Quick,
    /// The link of every descriptor is read.
    Full,
}

impl ScanDepth {
    /// Returns the cost of one descriptor, in units of a descriptor that is only listed.
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
    /// Its `/proc/PID/fd`; `None` when the limit of open directories is reached.
    pub(crate) dir: Option<OwnedFd>,
    /// The number of open descriptors when the last scan began.
    pub(crate) count: u64,
    /// The samples of the last scan of any depth, and of the last full scan.
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
    /// It has no descriptors: a kernel thread or a zombie.
    NoDescriptors {
        retry_at: Duration,
    },
}

/// The descriptor directory of a process: cached, or opened for one use.
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
    /// Returns its descriptor directory. One that is reopened must belong to a process with the
    /// same start time.
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

#[cfg(test)]
mod tests {
    use rustix::fs::{Mode, OFlags};

    use super::*;
    use crate::net::process::{Pid, StartTime};

    fn open_proc() -> OwnedFd {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open("/proc", flags, Mode::empty()).unwrap()
    }

    /// Returns the process of this test, without a cached directory.
    fn own_process(root: BorrowedFd<'_>) -> ReadableProcess {
        let pid = Pid(std::process::id());
        let opened = proc_pid::open_fd_dir(root, pid, &mut Vec::new());
        let Ok(OpenedProcess::Readable(key, _)) = opened else {
            panic!("{opened:?}");
        };
        ReadableProcess {
            key,
            dir: None,
            count: 0,
            last_scan: 0,
            last_full_scan: 0,
        }
    }

    #[test]
    fn reopened_directory_belongs_to_the_same_process() {
        let root = open_proc();
        let process = own_process(root.as_fd());
        let dir = process.fd_dir(root.as_fd(), &mut Vec::new()).map(drop);
        assert_eq!(dir, Ok(()));
    }

    #[test]
    fn reused_pid_is_not_taken_for_the_old_process() {
        let root = open_proc();
        let mut process = own_process(root.as_fd());
        // As if the pid belonged to an earlier process that has exited.
        process.key.start = StartTime(process.key.start.0 - 1);
        let dir = process.fd_dir(root.as_fd(), &mut Vec::new()).map(drop);
        assert_eq!(dir, Err(ProcAccessError::Exited));
    }
}
