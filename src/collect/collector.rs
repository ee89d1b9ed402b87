//! Combines a source, an owner search and name lookups into one [`Snapshot`].
//!
//! Takes the requested source and a [`SampleScope`]; returns one snapshot per call, and the reason
//! why its source is in use.

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

/// Takes samples of one source.
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

/// Whether the source has been subscribed to close events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscription {
    Inactive,
    Active,
}

/// The reason why a source is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceReason {
    /// No source requested; this one has the most detail.
    Best,
    /// The user requested this source.
    Requested,
    /// No source requested; the sources with more detail were refused. The text says which and why.
    Fallback(String),
}

impl fmt::Display for SourceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => f.write_str("most detailed available"),
            Self::Requested => f.write_str("requested"),
            Self::Fallback(failures) => f.write_str(failures),
        }
    }
}

impl Collector {
    /// Opens the requested source, or, without a request, the most detailed one that works here.
    /// The times in the snapshots are counted from `started`.
    ///
    /// # Errors
    /// When the requested source cannot be used, or none can.
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

    /// Sets the scope of the samples.
    pub fn with_scope(self, scope: SampleScope) -> Self {
        Self { scope, ..self }
    }

    /// Sets the scope of the following samples.
    pub fn set_scope(&mut self, scope: SampleScope) {
        self.scope = scope;
    }

    /// Returns the scope of the samples.
    pub const fn scope(&self) -> &SampleScope {
        &self.scope
    }

    /// Returns the source the sockets are read from.
    pub fn kind(&self) -> SourceKind {
        self.source.kind()
    }

    /// Returns the reason why this source is in use.
    pub const fn reason(&self) -> &SourceReason {
        &self.reason
    }

    /// Returns the time from which the snapshots' times are counted.
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// Takes a sample into `sockets`, whose allocation is reused. `interval` is recorded in it.
    ///
    /// # Errors
    /// When no socket table could be read.
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
        // Last, so that the close events of all sockets missing from the table have been read.
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

    /// Subscribes to close events before the first dump: a socket missing from a later dump must
    /// have had its close event read.
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

    /// Returns the gap that stands for a failed sample.
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
    Box::new(SysinfoOwners::new())
}

/// Opens the first source that works, from the most to the least detailed.
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
