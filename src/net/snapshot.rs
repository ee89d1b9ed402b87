//! A snapshot: all that one look at the operating system gave.
//!
//! In: a collector's findings. Out: [`Snapshot`], ground facts with the time they were taken and
//! the [`Gap`]s: what could not be seen, which is shown and never silently missing.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::destroyed::Destroyed;
use super::port::PortRange;
use super::process::{Pid, Process, ProcessKey, Uid};
use super::socket::{CgroupId, InterfaceIndex, Socket};

/// Where sockets are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Linux's netlink socket table: everything there is to know.
    SockDiag,
    /// The text of /proc/net: no TCP figures, no cookies.
    Procfs,
    /// The netstat2 library: endpoints, states and pids, on every system.
    Netstat2,
}

impl SourceKind {
    /// The name used by `--source` and in the header.
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

/// Something that could not be seen in this sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Part of the socket table may be missing. The text says which part and why.
    Sockets(String),
    /// Closes may have gone unheard: connections that opened and closed between two samples are
    /// missing then, and final counters. The text says how many or why.
    Closes(String),
    /// Owners may be missing for a reason other than permission. The text says why.
    Owners(String),
    /// The sampler failed as a whole and was started again.
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

/// What a cgroup's path says about the sockets opened in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    /// The path below the cgroup mount, such as `/system.slice/nginx.service`.
    pub path: Arc<str>,
    /// The innermost systemd service or scope, such as `nginx.service`.
    pub unit: Option<Arc<str>>,
    /// The container's short id with its engine, such as `docker 3f2a9c1b7d4e`.
    pub container: Option<Arc<str>>,
}

/// Who and what the ids in the sockets stand for. Built once and shared between samples for as
/// long as nothing in it changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// Every process that holds a socket now, or held one that is still shown.
    pub processes: HashMap<ProcessKey, Arc<Process>>,
    /// User names.
    pub users: HashMap<Uid, Arc<str>>,
    /// Cgroups.
    pub cgroups: HashMap<CgroupId, Arc<Cgroup>>,
    /// Interface names.
    pub interfaces: HashMap<InterfaceIndex, Arc<str>>,
    /// Names of remote addresses, where name servers were asked for them; empty otherwise.
    pub hosts: HashMap<IpAddr, Arc<str>>,
}

/// What one sample cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleCost {
    /// From the first to the last system call of the sample.
    pub wall: Duration,
    /// Processor time this whole program has used since it started; `None` where the system does
    /// not tell.
    pub cpu_total: Option<Duration>,
}

/// How much of the processes could be looked into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnerCoverage {
    /// Processes whose descriptors could be read.
    pub readable: u32,
    /// Processes whose descriptors could not be read.
    pub hidden: u32,
    /// Processes that nobody has looked into yet, because that would have taken too long for this
    /// sample.
    pub unscanned: u32,
}

/// All that one look gave.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The wall clock when the sample began.
    pub taken_at: jiff::Timestamp,
    /// The same moment on a clock that never jumps, since the collector started.
    pub elapsed: Duration,
    /// Who told.
    pub source: SourceKind,
    /// Every socket, in no particular order, each once.
    pub sockets: Vec<Socket>,
    /// Every socket whose end was announced since the sample before, in the order it was heard.
    /// Empty where the source hears of none.
    pub destroyed: Vec<Destroyed>,
    /// What the ids stand for.
    pub directory: Arc<Directory>,
    /// How far the owners could be seen.
    pub owner_coverage: OwnerCoverage,
    /// The user who runs this program, and its own pid.
    pub observer: Observer,
    /// The ports the system hands out to dialling sockets that ask for none.
    pub ephemeral: PortRange,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// What it cost.
    pub cost: SampleCost,
    /// The time until the next sample: the wish, or more where sampling is slow.
    pub interval: Duration,
}

/// Who is looking: what is hidden depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observer {
    /// The effective user; `None` where the system has no such number.
    pub uid: Option<Uid>,
    /// This program's own pid.
    pub pid: Pid,
}
