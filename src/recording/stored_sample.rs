//! The stored form of a sample: separate types, so that the file format does not change with the
//! types of `net`.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bounded_vec::BoundedVec;
use super::format::{InvalidData, MAX_PER_ITEM};
use super::string_table::sanitize_stored;
use crate::net::port::{Port, PortRange};
use crate::net::process::{Pid, Uid};
use crate::net::snapshot::{
    Directory, Gap, Observer, OwnerCoverage, SampleCost, Snapshot, SourceKind,
};
use crate::net::socket::Socket;

/// A snapshot without its sockets and directory. Times are in nanoseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredSample {
    taken_at: (i64, i32),
    elapsed: u64,
    source: u8,
    owner_coverage: (u32, u32),
    observer: (Option<u32>, u32),
    ephemeral: (u16, u16),
    gaps: BoundedVec<StoredGap, MAX_PER_ITEM>,
    cost: (u64, Option<u64>),
    interval: u64,
}

/// Something that could not be observed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum StoredGap {
    Sockets(String),
    Owners(String),
    Sampler(String),
    Closes(String),
}

/// Converts to nanoseconds, saturating at `u64::MAX` (584 years).
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl StoredSample {
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        let at = snapshot.taken_at;
        Self {
            taken_at: (at.as_second(), at.subsec_nanosecond()),
            elapsed: nanoseconds(snapshot.elapsed),
            source: match snapshot.source {
                SourceKind::SockDiag => 0,
                SourceKind::Procfs => 1,
                SourceKind::Netstat2 => 2,
            },
            owner_coverage: (
                snapshot.owner_coverage.readable,
                snapshot.owner_coverage.hidden,
            ),
            observer: (
                snapshot.observer.uid.map(|uid| uid.0),
                snapshot.observer.pid.0,
            ),
            ephemeral: (snapshot.ephemeral.first.0, snapshot.ephemeral.last.0),
            gaps: BoundedVec(snapshot.gaps.iter().map(StoredGap::from_gap).collect()),
            cost: (
                nanoseconds(snapshot.cost.wall),
                snapshot.cost.cpu_total.map(nanoseconds),
            ),
            interval: nanoseconds(snapshot.interval),
        }
    }

    /// Builds the snapshot from this and its sockets and directory.
    pub(crate) fn into_snapshot(
        self,
        sockets: Vec<Socket>,
        directory: Arc<Directory>,
    ) -> Result<Snapshot, InvalidData> {
        let (seconds, nanos) = self.taken_at;
        let (first, last) = self.ephemeral;
        Ok(Snapshot {
            taken_at: jiff::Timestamp::new(seconds, nanos).map_err(|_| InvalidData)?,
            elapsed: Duration::from_nanos(self.elapsed),
            source: match self.source {
                0 => SourceKind::SockDiag,
                1 => SourceKind::Procfs,
                2 => SourceKind::Netstat2,
                _ => return Err(InvalidData),
            },
            sockets,
            // Close events are in a block of their own.
            destroyed: Vec::new(),
            directory,
            owner_coverage: OwnerCoverage {
                readable: self.owner_coverage.0,
                hidden: self.owner_coverage.1,
                unscanned: 0,
            },
            observer: Observer {
                uid: self.observer.0.map(Uid),
                pid: Pid(self.observer.1),
            },
            ephemeral: PortRange {
                first: Port(first),
                last: Port(last),
            },
            gaps: self.gaps.0.into_iter().map(StoredGap::into_gap).collect(),
            cost: SampleCost {
                wall: Duration::from_nanos(self.cost.0),
                cpu_total: self.cost.1.map(Duration::from_nanos),
            },
            interval: Duration::from_nanos(self.interval),
        })
    }
}

impl StoredGap {
    pub(crate) fn from_gap(gap: &Gap) -> Self {
        match gap {
            Gap::Sockets(why) => Self::Sockets(why.clone()),
            Gap::Owners(why) => Self::Owners(why.clone()),
            Gap::Sampler(why) => Self::Sampler(why.clone()),
            Gap::Closes(why) => Self::Closes(why.clone()),
        }
    }

    pub(crate) fn into_gap(self) -> Gap {
        let sanitize_stored = |why: String| sanitize_stored(&why).to_string();
        match self {
            Self::Sockets(why) => Gap::Sockets(sanitize_stored(why)),
            Self::Owners(why) => Gap::Owners(sanitize_stored(why)),
            Self::Sampler(why) => Gap::Sampler(sanitize_stored(why)),
            Self::Closes(why) => Gap::Closes(sanitize_stored(why)),
        }
    }
}
