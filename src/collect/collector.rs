//! One source, one way to find owners, the names: together they make a [`Snapshot`].
//!
//! In: the user's choice of source and a [`Demand`]. Out: snapshots, one a call, and the reason for the choice.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::collect::names::Names;
use crate::collect::netstat2::Netstat2;
use crate::collect::owners::SysinfoOwners;
use crate::collect::{Closes, Demand, Owners, Source, SourceError, system};
use crate::destroyed::Destroyed;
use crate::port::{Port, PortRange};
use crate::snapshot::{Cost, Directory, Gap, Observer, Sight, Snapshot, SourceKind};
use crate::socket::Socket;

/// Everything needed to take a sample.
pub struct Collector {
    source: Box<dyn Source>,
    owners: Box<dyn Owners>,
    names: Names,
    directory: Arc<Directory>,
    started: Instant,
    observer: Observer,
    ephemeral: PortRange,
    reason: Reason,
    demand: Demand,
    ear: Ear,
}

/// Whether the source was told to listen for the ends of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ear {
    Shut,
    Open,
}

/// Why a source is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing sees more.
    Best,
    /// The user asked for it.
    Asked,
    /// What sees more was refused; the text says what and why.
    Fallback(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => f.write_str("it sees most"),
            Self::Asked => f.write_str("it was asked for"),
            Self::Fallback(refusals) => f.write_str(refusals),
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
            Some(kind) => (open_source(kind)?, Reason::Asked),
            None => best()?,
        };
        let owners = owners_for(source.kind());
        Ok(Self {
            source,
            owners,
            names: Names::open(),
            directory: Arc::default(),
            started,
            observer: system::observer(),
            ephemeral: system::ephemeral_ports(),
            reason,
            demand: Demand::default(),
            ear: Ear::Shut,
        })
    }

    /// The same, with samples that need not have more than this.
    pub fn demanding(self, demand: Demand) -> Self {
        Self { demand, ..self }
    }

    /// The next samples need not have more than this.
    pub fn demand_from_now_on(&mut self, demand: Demand) {
        self.demand = demand;
    }

    /// What the samples have to have.
    pub const fn demand(&self) -> &Demand {
        &self.demand
    }

    /// Where the sockets come from.
    pub fn kind(&self) -> SourceKind {
        self.source.kind()
    }

    /// Why from there.
    pub const fn reason(&self) -> &Reason {
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
        let begun = Instant::now();
        let (taken_at, elapsed) = (jiff::Timestamp::now(), self.started.elapsed());
        let mut gaps = Vec::new();
        self.listen(&mut gaps);
        let ports = self.demand.ports.as_ref();
        self.source.read(ports, elapsed, &mut sockets, &mut gaps)?;
        let asked_for = self.demand.sort(&mut sockets);
        let directory = &mut self.directory;
        let sight = if self.demand.seeks_owners(asked_for) {
            let search = self.demand.owners;
            self.owners
                .find(elapsed, search, asked_for, directory, &mut gaps)
        } else {
            Sight::default()
        };
        self.names.complete(elapsed, asked_for, directory);
        // Last, so that whoever is not in the table any more has been heard to go.
        let destroyed = self.closes(&mut gaps);
        Ok(Snapshot {
            taken_at,
            elapsed,
            source: self.source.kind(),
            sockets,
            destroyed,
            directory: Arc::clone(&self.directory),
            sight,
            observer: self.observer,
            ephemeral: self.ephemeral,
            gaps,
            cost: Cost {
                wall: begun.elapsed(),
                cpu_total: system::cpu_total(),
            },
            interval,
        })
    }

    /// Opens the ear before the first look, if at all: what closes after a look that did not have it
    /// yet must have been heard.
    fn listen(&mut self, gaps: &mut Vec<Gap>) {
        if self.ear == Ear::Shut && self.demand.closes == Closes::Heard {
            self.ear = Ear::Open;
            gaps.extend(self.source.listen(self.started).err());
        }
    }

    fn closes(&mut self, gaps: &mut Vec<Gap>) -> Vec<Destroyed> {
        let mut destroyed = Vec::new();
        self.source.heard(&mut destroyed, gaps);
        let remote = |d: &Destroyed| d.remote.map_or(Port::NONE, |r| r.port);
        destroyed.retain(|d| self.demand.covers(d.local.port, remote(d)));
        destroyed
    }

    /// What a failed sample leaves behind.
    pub fn gap(error: &SourceError) -> Gap {
        Gap::Sampler(error.to_string())
    }
}

#[cfg(target_os = "linux")]
fn open_source(kind: SourceKind) -> Result<Box<dyn Source>, SourceError> {
    Ok(match kind {
        SourceKind::SockDiag => Box::new(crate::collect::sock_diag::SockDiag::open()?),
        SourceKind::Procfs => Box::new(crate::collect::procfs::Procfs::open()?),
        SourceKind::Netstat2 => Box::new(Netstat2::open()?),
    })
}

#[cfg(not(target_os = "linux"))]
fn open_source(kind: SourceKind) -> Result<Box<dyn Source>, SourceError> {
    match kind {
        SourceKind::Netstat2 => Ok(Box::new(Netstat2::open()?)),
        other => Err(SourceError::Absent { name: other.name() }),
    }
}

#[cfg(target_os = "linux")]
fn owners_for(kind: SourceKind) -> Box<dyn Owners> {
    match kind {
        SourceKind::SockDiag | SourceKind::Procfs => {
            Box::new(crate::collect::owners::ProcWalk::open())
        }
        SourceKind::Netstat2 => Box::new(SysinfoOwners::open()),
    }
}

#[cfg(not(target_os = "linux"))]
fn owners_for(_: SourceKind) -> Box<dyn Owners> {
    Box::new(SysinfoOwners::open())
}

/// The first source that works, from the one that sees most to the one that sees least.
fn best() -> Result<(Box<dyn Source>, Reason), SourceError> {
    const SEES_MOST: &[SourceKind] = if cfg!(target_os = "linux") {
        &[
            SourceKind::SockDiag,
            SourceKind::Procfs,
            SourceKind::Netstat2,
        ]
    } else {
        &[SourceKind::Netstat2]
    };
    let mut refusals: Vec<String> = Vec::new();
    let mut last = None;
    for kind in SEES_MOST {
        match open_source(*kind) {
            Ok(source) if refusals.is_empty() => return Ok((source, Reason::Best)),
            Ok(source) => return Ok((source, Reason::Fallback(refusals.join("; ")))),
            Err(error) => {
                refusals.push(error.to_string());
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or(SourceError::Absent { name: "a source" }))
}
