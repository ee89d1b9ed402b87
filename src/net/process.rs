//! A process, and how it has a socket.
//!
//! In: what /proc or sysinfo told. Out: [`Process`], [`Holder`], [`Holders`]. A process is a pid
//! *and* its start: a pid alone is used again.

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

/// When a process started, in a unit that only has to tell two users of one pid apart
/// (Linux: clock ticks since boot, field 22 of /proc/PID/stat; elsewhere: seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StartTime(pub u64);

/// One process, also after its pid was used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// The pid.
    pub pid: Pid,
    /// Which user of that pid.
    pub start: StartTime,
}

/// What is known of a process that has sockets. Every text is made safe to show ([`crate::text::sanitize`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Pid and start.
    pub key: ProcessKey,
    /// The short name (Linux: comm, at most 15 bytes, the program may change it).
    pub name: Arc<str>,
    /// The executable's path; `None` where it may not be read.
    pub executable: Option<Arc<str>>,
    /// The command line, arguments joined by spaces; `None` where it may not be read or is empty.
    pub command: Option<Arc<str>>,
    /// Whose it is.
    pub uid: Option<Uid>,
    /// Who started it.
    pub parent: Option<Pid>,
}

/// One descriptor of one process that leads to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Holder {
    /// The process.
    pub process: ProcessKey,
    /// Its descriptor; `None` where the source does not tell.
    pub fd: Option<Fd>,
}

/// The processes that hold a socket, each once. Holders are ordered by pid, so that two descriptors
/// of one process stand side by side.
pub fn distinct_processes(holders: &[Holder]) -> impl Iterator<Item = ProcessKey> + '_ {
    holders
        .chunk_by(|a, b| a.process == b.process)
        .filter_map(|c| Some(c.first()?.process))
}

/// The outcome of looking through the processes for a socket. A ground fact: what was found, not
/// what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Holders {
    /// Nobody looked: the row has no inode to look for, the source cannot tell, or not yet.
    #[default]
    NotSearched,
    /// These have it, ordered by pid then descriptor, never empty. Shared between samples.
    Found(Arc<[Holder]>),
    /// No process that could be looked into has it, and some could not: one of those may.
    Hidden,
    /// Every process that might have it was looked into, and none has.
    NoHolder,
}

impl Holders {
    /// The holders found.
    pub fn found(&self) -> Option<&Arc<[Holder]>> {
        match self {
            Self::Found(holders) => Some(holders),
            _ => None,
        }
    }
}
