//! The facts of a sample as they are written: types of their own, so that the file stays what it is
//! when the nouns change.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::few::Few;
use super::texts::safe;
use super::{MOST_OF_ONE, Nonsense};
use crate::port::{Port, PortRange};
use crate::process::{Pid, Uid};
use crate::snapshot::{Cost, Directory, Gap, Observer, Sight, Snapshot, SourceKind};
use crate::socket::Socket;

/// What a snapshot has besides sockets and directory. Times are nanoseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SampleFacts {
    taken_at: (i64, i32),
    elapsed: u64,
    source: u8,
    sight: (u32, u32),
    observer: (Option<u32>, u32),
    ephemeral: (u16, u16),
    gaps: Few<GapFacts, MOST_OF_ONE>,
    cost: (u64, Option<u64>),
    interval: u64,
}

/// Something that could not be seen.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum GapFacts {
    Sockets(String),
    Owners(String),
    Sampler(String),
    Closes(String),
}

/// As much as fits: 584 years.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl SampleFacts {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let at = snapshot.taken_at;
        Self {
            taken_at: (at.as_second(), at.subsec_nanosecond()),
            elapsed: nanoseconds(snapshot.elapsed),
            source: match snapshot.source {
                SourceKind::SockDiag => 0,
                SourceKind::Procfs => 1,
                SourceKind::Netstat2 => 2,
            },
            sight: (snapshot.sight.readable, snapshot.sight.hidden),
            observer: (
                snapshot.observer.uid.map(|uid| uid.0),
                snapshot.observer.pid.0,
            ),
            ephemeral: (snapshot.ephemeral.first.0, snapshot.ephemeral.last.0),
            gaps: Few(snapshot.gaps.iter().map(GapFacts::of).collect()),
            cost: (
                nanoseconds(snapshot.cost.wall),
                snapshot.cost.cpu_total.map(nanoseconds),
            ),
            interval: nanoseconds(snapshot.interval),
        }
    }

    /// The snapshot, with the sockets and the directory that belong to it.
    pub(super) fn snapshot(
        self,
        sockets: Vec<Socket>,
        directory: Arc<Directory>,
    ) -> Result<Snapshot, Nonsense> {
        let (seconds, nanos) = self.taken_at;
        let (first, last) = self.ephemeral;
        Ok(Snapshot {
            taken_at: jiff::Timestamp::new(seconds, nanos).map_err(|_| Nonsense)?,
            elapsed: Duration::from_nanos(self.elapsed),
            source: match self.source {
                0 => SourceKind::SockDiag,
                1 => SourceKind::Procfs,
                2 => SourceKind::Netstat2,
                _ => return Err(Nonsense),
            },
            sockets,
            // They stand in a block of their own.
            destroyed: Vec::new(),
            directory,
            sight: Sight {
                readable: self.sight.0,
                hidden: self.sight.1,
                unvisited: 0,
            },
            observer: Observer {
                uid: self.observer.0.map(Uid),
                pid: Pid(self.observer.1),
            },
            ephemeral: PortRange {
                first: Port(first),
                last: Port(last),
            },
            gaps: self.gaps.0.into_iter().map(GapFacts::gap).collect(),
            cost: Cost {
                wall: Duration::from_nanos(self.cost.0),
                cpu_total: self.cost.1.map(Duration::from_nanos),
            },
            interval: Duration::from_nanos(self.interval),
        })
    }
}

impl GapFacts {
    pub(super) fn of(gap: &Gap) -> Self {
        match gap {
            Gap::Sockets(why) => Self::Sockets(why.clone()),
            Gap::Owners(why) => Self::Owners(why.clone()),
            Gap::Sampler(why) => Self::Sampler(why.clone()),
            Gap::Closes(why) => Self::Closes(why.clone()),
        }
    }

    pub(super) fn gap(self) -> Gap {
        let safe = |why: String| safe(&why).to_string();
        match self {
            Self::Sockets(why) => Gap::Sockets(safe(why)),
            Self::Owners(why) => Gap::Owners(safe(why)),
            Self::Sampler(why) => Gap::Sampler(safe(why)),
            Self::Closes(why) => Gap::Closes(safe(why)),
        }
    }
}
