//! A snapshot: everything that one sample of the operating system gave.
//!
//! A [`Snapshot`] holds facts, the time they were taken, and the [`Gap`]s: what could not be read,
//! which is shown and never silently missing.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::destroyed::Destroyed;
use super::port::PortRange;
use super::process::{Pid, Process, ProcessKey, Uid};
use super::socket::{CgroupId, InterfaceIndex, Socket};

/// The interface that sockets are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Linux's netlink socket table (sock_diag(7)): everything this program can show.
    SockDiag,
    /// The text tables in /proc/net (proc(5)): no TCP counters, no cookies.
    Procfs,
    /// The netstat2 library: endpoints, states and pids, on every system.
    Netstat2,
}

impl SourceKind {
    /// Returns the name used by `--source` and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SockDiag => "sock_diag",
            Self::Procfs => "procfs",
            Self::Netstat2 => "netstat2",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that could not be read in this sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Part of the socket table may be missing. The text says which part and why.
    Sockets(String),
    /// Close events may be missing, and with them connections that opened and closed between two
    /// samples, and final counters. The text says how many or why.
    Closes(String),
    /// Owners may be missing for a reason other than permission. The text says why.
    Owners(String),
    /// The whole sample failed; the sampler continues. The text says why.
    Sampler(String),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sockets(why) => write!(f, "sockets may be missing: {why}"),
            Self::Closes(why) => write!(f, "closed sockets may be missing: {why}"),
            Self::Owners(why) => write!(f, "owners may be missing: {why}"),
            Self::Sampler(why) => write!(f, "a sample was lost: {why}"),
        }
    }
}

/// What a cgroup's path says about the sockets created in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    /// The path below the cgroup mount, such as `/system.slice/nginx.service`.
    pub path: Arc<str>,
    /// The innermost systemd service or scope, such as `nginx.service`.
    pub unit: Option<Arc<str>>,
    /// The container's short id with its engine, such as `docker 3f2a9c1b7d4e`.
    pub container: Option<Arc<str>>,
}

/// What the ids in the sockets refer to. Shared between samples for as long as nothing in it
/// changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// Every process that holds a socket now, or held one recently.
    pub processes: HashMap<ProcessKey, Arc<Process>>,
    /// User names (getpwuid(3)).
    pub users: HashMap<Uid, Arc<str>>,
    /// Cgroups by id (cgroups(7)).
    pub cgroups: HashMap<CgroupId, Arc<Cgroup>>,
    /// Interface names by index (netdevice(7)).
    pub interfaces: HashMap<InterfaceIndex, Arc<str>>,
    /// Host names of remote addresses, where DNS lookups were requested; empty otherwise.
    pub hosts: HashMap<IpAddr, Arc<str>>,
}

/// What one sample cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleCost {
    /// The time from the first to the last system call of the sample.
    pub wall: Duration,
    /// CPU time this whole program has used since it started; `None` where the system does not
    /// report it.
    pub cpu_total: Option<Duration>,
}

/// How many processes could be read in search of owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnerCoverage {
    /// Processes whose descriptors could be read.
    pub readable: u32,
    /// Processes whose descriptors could not be read.
    pub hidden: u32,
    /// Processes not read yet, because that would have taken too long for this sample.
    pub unscanned: u32,
}

/// Everything that one sample gave.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The wall clock when the sample began.
    pub taken_at: jiff::Timestamp,
    /// The same time on a monotonic clock, since the collector started.
    pub elapsed: Duration,
    /// The interface the sockets were read from.
    pub source: SourceKind,
    /// Every socket, in no particular order, each once.
    pub sockets: Vec<Socket>,
    /// Every socket that was reported destroyed since the previous sample, in the order the events
    /// were read. Empty where the source has no such events.
    pub destroyed: Vec<Destroyed>,
    /// The names and descriptions of the ids in the sockets.
    pub directory: Arc<Directory>,
    /// How many processes could be read.
    pub owner_coverage: OwnerCoverage,
    /// The user who runs this program, and its own pid.
    pub observer: Observer,
    /// The ports the kernel assigns to sockets that connect without binding one (ip(7)).
    pub ephemeral: PortRange,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// What the sample cost.
    pub cost: SampleCost,
    /// The time until the next sample: the requested interval, or longer where sampling is slow.
    pub interval: Duration,
}

/// Who takes the samples: what is hidden depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observer {
    /// The effective user id; `None` where the system has no such number.
    pub uid: Option<Uid>,
    /// This program's own pid.
    pub pid: Pid,
}
