//! A process, and the file descriptors through which it holds sockets.
//!
//! Defines [`Process`], [`Holder`] and [`Holders`]. A process is identified by pid *and* start
//! time, because pids are reused.

use std::fmt;
use std::sync::Arc;

/// A process id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pid(pub u32);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A numeric user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(pub u32);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A file descriptor number in some process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fd(pub u32);

/// When a process started, in a unit that only has to distinguish two processes with the same pid
/// (Linux: clock ticks since boot, field 22 of /proc/PID/stat; elsewhere: seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StartTime(pub u64);

/// The identity of a process; stays unique when the pid is reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// The process id.
    pub pid: Pid,
    /// The start time, which distinguishes this process from others with the same pid.
    pub start: StartTime,
}

/// A description of a process that holds sockets. All texts are sanitized
/// ([`crate::text::sanitize()`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The process's identity.
    pub key: ProcessKey,
    /// The short name (Linux: comm, at most 15 bytes; the program may change it).
    pub name: Arc<str>,
    /// The path of the executable; `None` where it may not be read.
    pub executable: Option<Arc<str>>,
    /// The command line, arguments joined by spaces; `None` where it may not be read or is empty.
    pub command: Option<Arc<str>>,
    /// The effective user id; `None` where it is unknown or not a number (Windows).
    pub uid: Option<Uid>,
    /// The parent's process id.
    pub parent: Option<Pid>,
}

/// One file descriptor of one process that refers to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Holder {
    /// The process that has the descriptor.
    pub process: ProcessKey,
    /// The descriptor; `None` where the source does not report it.
    pub fd: Option<Fd>,
}

/// Returns the processes among the holders, each once. Expects holders ordered by pid, so that two
/// descriptors of one process are adjacent.
pub fn distinct_processes(holders: &[Holder]) -> impl Iterator<Item = ProcessKey> + '_ {
    holders
        .chunk_by(|a, b| a.process == b.process)
        .filter_map(|c| Some(c.first()?.process))
}

/// The result of searching the processes for a socket: what was found, not what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Holders {
    /// No search was made: the row has no inode to search for, the source cannot tell, or the
    /// search is not complete yet.
    #[default]
    NotSearched,
    /// The descriptors that refer to the socket, ordered by pid then fd, never empty. Shared
    /// between samples.
    Found(Arc<[Holder]>),
    /// No readable process holds it, and some processes are unreadable: one of those may.
    Hidden,
    /// Every process that might hold it was read, and none does.
    NoHolder,
}

impl Holders {
    /// Returns the holders, if any were found.
    pub fn found(&self) -> Option<&Arc<[Holder]>> {
        match self {
            Self::Found(holders) => Some(holders),
            _ => None,
        }
    }
}
