//! One source, one way to find owners, the names: together they make a [`Snapshot`].
//!
//! In: the user's choice of source and a [`SampleScope`]. Out: snapshots, one a call, and the reason for the choice.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::host_info;
use super::owners::Owners;
use super::sample_scope::{CloseEvents, SampleScope};
use super::source::{Source, SourceError};
use crate::collect::names::name_lookup::NameLookup;
use crate::collect::portable::netstat2::Netstat2;
use crate::collect::portable::sysinfo::SysinfoOwners;
use crate::net::destroyed::Destroyed;
use crate::net::port::{Port, PortRange};
use crate::net::snapshot::{
    Directory, Gap, Observer, OwnerCoverage, SampleCost, Snapshot, SourceKind,
};
use crate::net::socket::Socket;

/// Everything needed to take a sample.
pub struct Collector {
    source: Box<dyn Source>,
    owners: Box<dyn Owners>,
    name_lookup: NameLookup,
    directory: Arc<Directory>,
    started: Instant,
    observer: Observer,
    ephemeral: PortRange,
    reason: SourceReason,
    scope: SampleScope,
    subscription: Subscription,
}

/// Whether the source was told to listen for the ends of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscription {
    Inactive,
    Active,
}

/// Why a source is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceReason {
    /// Nothing sees more.
    Best,
    /// The user asked for it.
    Requested,
    /// What sees more was refused; the text says what and why.
    Fallback(String),
}

impl fmt::Display for SourceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => f.write_str("it sees most"),
            Self::Requested => f.write_str("it was asked for"),
            Self::Fallback(failures) => f.write_str(failures),
        }
    }
}

impl Collector {
    /// Opens the source asked for, or, asked for none, the best that works here. `started` is the
    /// moment from which the snapshots' time is counted.
    ///
    /// # Errors
    /// When the source asked for cannot be used, or none can.
    pub fn open(choice: Option<SourceKind>, started: Instant) -> Result<Self, SourceError> {
        let (source, reason) = match choice {
            Some(kind) => (open_source(kind)?, SourceReason::Requested),
            None => open_best_source()?,
        };
        let owners = open_owners(source.kind());
        Ok(Self {
            source,
            owners,
            name_lookup: NameLookup::new(),
            directory: Arc::default(),
            started,
            observer: host_info::observer(),
            ephemeral: host_info::ephemeral_ports(),
            reason,
            scope: SampleScope::default(),
            subscription: Subscription::Inactive,
        })
    }

    /// The same, with samples that need not have more than this.
    pub fn with_scope(self, scope: SampleScope) -> Self {
        Self { scope, ..self }
    }

    /// The next samples need not have more than this.
    pub fn set_scope(&mut self, scope: SampleScope) {
        self.scope = scope;
    }

    /// What the samples have to have.
    pub const fn scope(&self) -> &SampleScope {
        &self.scope
    }

    /// Where the sockets come from.
    pub fn kind(&self) -> SourceKind {
        self.source.kind()
    }

    /// Why from there.
    pub const fn reason(&self) -> &SourceReason {
        &self.reason
    }

    /// When the snapshots' time began.
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// Takes a sample into `sockets`, whose memory is used again. `interval` is noted in it.
    ///
    /// # Errors
    /// When no socket table could be read at all.
    pub fn sample(
        &mut self,
        mut sockets: Vec<Socket>,
        interval: Duration,
    ) -> Result<Snapshot, SourceError> {
        sockets.clear();
        let started_at = Instant::now();
        let (taken_at, elapsed) = (jiff::Timestamp::now(), self.started.elapsed());
        let mut gaps = Vec::new();
        self.subscribe_once(&mut gaps);
        let ports = self.scope.ports.as_ref();
        self.source.read(ports, elapsed, &mut sockets, &mut gaps)?;
        let in_scope = self.scope.partition_in_scope(&mut sockets);
        let directory = &mut self.directory;
        let owner_coverage = if self.scope.needs_owners(in_scope) {
            let owner_mode = self.scope.owners;
            self.owners
                .find(elapsed, owner_mode, in_scope, directory, &mut gaps)
        } else {
            OwnerCoverage::default()
        };
        self.name_lookup.fill(elapsed, in_scope, directory);
        // Last, so that whoever is not in the table any more has been heard to go.
        let destroyed = self.drain_destroyed(&mut gaps);
        Ok(Snapshot {
            taken_at,
            elapsed,
            source: self.source.kind(),
            sockets,
            destroyed,
            directory: Arc::clone(&self.directory),
            owner_coverage,
            observer: self.observer,
            ephemeral: self.ephemeral,
            gaps,
            cost: SampleCost {
                wall: started_at.elapsed(),
                cpu_total: host_info::cpu_total(),
            },
            interval,
        })
    }

    /// Opens the ear before the first look, if at all: what closes after a look that did not have it
    /// yet must have been heard.
    fn subscribe_once(&mut self, gaps: &mut Vec<Gap>) {
        if self.subscription == Subscription::Inactive && self.scope.close_events == CloseEvents::On
        {
            self.subscription = Subscription::Active;
            gaps.extend(self.source.subscribe(self.started).err());
        }
    }

    fn drain_destroyed(&mut self, gaps: &mut Vec<Gap>) -> Vec<Destroyed> {
        let mut destroyed = Vec::new();
        self.source.drain_events(&mut destroyed, gaps);
        let remote = |d: &Destroyed| d.remote.map_or(Port::NONE, |r| r.port);
        destroyed.retain(|d| self.scope.includes(d.local.port, remote(d)));
        destroyed
    }

    /// What a failed sample leaves behind.
    pub fn gap_from_error(error: &SourceError) -> Gap {
        Gap::Sampler(error.to_string())
    }
}

#[cfg(target_os = "linux")]
fn open_source(kind: SourceKind) -> Result<Box<dyn Source>, SourceError> {
    Ok(match kind {
        SourceKind::SockDiag => {
            Box::new(crate::collect::linux::sock_diag::source::SockDiag::open()?)
        }
        SourceKind::Procfs => Box::new(crate::collect::linux::proc_net::source::ProcNet::open()?),
        SourceKind::Netstat2 => Box::new(Netstat2::open()?),
    })
}

#[cfg(not(target_os = "linux"))]
fn open_source(kind: SourceKind) -> Result<Box<dyn Source>, SourceError> {
    match kind {
        SourceKind::Netstat2 => Ok(Box::new(Netstat2::open()?)),
        other => Err(SourceError::Unsupported { name: other.name() }),
    }
}

#[cfg(target_os = "linux")]
fn open_owners(kind: SourceKind) -> Box<dyn Owners> {
    match kind {
        SourceKind::SockDiag | SourceKind::Procfs => {
            Box::new(crate::collect::linux::owners::procfs_owners::ProcfsOwners::open())
        }
        SourceKind::Netstat2 => Box::new(SysinfoOwners::new()),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_owners(_: SourceKind) -> Box<dyn Owners> {
    Box::new(SysinfoOwners::open())
}

/// The first source that works, from the one that sees most to the one that sees least.
fn open_best_source() -> Result<(Box<dyn Source>, SourceReason), SourceError> {
    const PREFERENCE: &[SourceKind] = if cfg!(target_os = "linux") {
        &[
            SourceKind::SockDiag,
            SourceKind::Procfs,
            SourceKind::Netstat2,
        ]
    } else {
        &[SourceKind::Netstat2]
    };
    let mut failures: Vec<String> = Vec::new();
    let mut last = None;
    for kind in PREFERENCE {
        match open_source(*kind) {
            Ok(source) if failures.is_empty() => return Ok((source, SourceReason::Best)),
            Ok(source) => return Ok((source, SourceReason::Fallback(failures.join("; ")))),
            Err(error) => {
                failures.push(error.to_string());
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or(SourceError::Unsupported { name: "a source" }))
}
