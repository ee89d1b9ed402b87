//! Everything known right after one sample; never changed afterwards.
//!
//! Queries read moments. A moment can be kept (for pause) while the history continues: moments
//! share unchanged rows.

use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use super::past_listeners::PastListeners;
use super::rows::SocketRows;
use super::series::Series;
use super::slot::Slot;
use super::tracked_socket::TrackedSocket;
use crate::net::port::{PortKey, PortRange};
use crate::net::snapshot::{Directory, Gap, Observer, OwnerCoverage, SourceKind};

/// Counts since the program started; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sockets opened; those of the first sample are not counted.
    pub opened: u64,
    /// Sockets closed.
    pub closed: u64,
    pub changed: u64,
}

impl Totals {
    /// Returns the difference to `earlier`.
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            opened: self.opened.saturating_sub(earlier.opened),
            closed: self.closed.saturating_sub(earlier.closed),
            changed: self.changed.saturating_sub(earlier.changed),
        }
    }
}

/// What sampling costs this program.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SelfCost {
    /// How long the newest sample took.
    pub sample: Duration,
    /// This program's CPU time since the previous sample, as a share of one core; `None` in the
    /// first sample.
    pub cpu: Option<f64>,
}

/// Everything known at one moment.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Number of samples before this one.
    pub number: u64,
    /// Wall-clock time of the sample.
    pub taken_at: jiff::Timestamp,
    /// Time of the sample on the collector's clock.
    pub elapsed: Duration,
    /// Which source the sockets were read from.
    pub source: SourceKind,
    pub rows: SocketRows,
    /// Number of open rows.
    pub open_rows: usize,
    /// Number of ports they share.
    pub port_count: usize,
    /// Number of processes that hold them.
    pub process_count: usize,
    /// Names of processes, users, cgroups, interfaces and hosts.
    pub directory: Arc<Directory>,
    /// How many processes could be inspected.
    pub sight: OwnerCoverage,
    /// Number of open rows with a hidden owner.
    pub hidden_rows: usize,
    /// The user and process that took the sample.
    pub observer: Observer,
    /// The ephemeral port range, from which the kernel assigns local ports.
    pub ephemeral: PortRange,
    /// What could not be observed.
    pub gaps: Vec<Gap>,
    /// Counts since the program started.
    pub totals: Totals,
    /// Socket counts per port over the last minute.
    pub series: Arc<HashMap<PortKey, Series>>,
    /// Which processes listened on which port before.
    pub past_listeners: Arc<PastListeners>,
    /// What sampling costs this program.
    pub self_cost: SelfCost,
    /// The time until the next sample.
    pub interval: Duration,
}

impl Moment {
    /// Copies the moment with other rows.
    pub(crate) fn with_rows(&self, rows: SocketRows) -> Self {
        Self {
            rows,
            directory: Arc::clone(&self.directory),
            gaps: self.gaps.clone(),
            series: Arc::clone(&self.series),
            past_listeners: Arc::clone(&self.past_listeners),
            ..*self
        }
    }

    /// Copies the moment without the rows of closed sockets, which are kept for
    /// [`TRANSITION_TTL`](super::tracked_socket::TRANSITION_TTL).
    pub fn without_closed(&self) -> Self {
        let mut rows = self.rows.clone();
        for row in self.rows().filter(|row| row.is_closed()) {
            if let Some(place) = rows.entry_mut(row.slot) {
                *place = None;
            }
        }
        self.with_rows(rows)
    }

    /// Returns the row at a slot.
    pub fn row(&self, slot: Slot) -> Option<&Arc<TrackedSocket>> {
        self.rows.get(slot)
    }

    /// Iterates over all rows, including closed ones.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<TrackedSocket>> {
        self.rows.iter()
    }

    /// Returns whether a guessed side depends on sockets that a sample of certain ports may not contain: it
    /// came from counting the connections that share the row's ports, or it would be proved if an
    /// address were known to be this machine's own. Then only a full sample gives the same guess.
    pub fn needs_full_sample_for_sides(&self) -> bool {
        let open = || self.rows().filter(|row| !row.is_closed());
        let listened: HashSet<_> = open()
            .filter(|row| row.socket.is_listening())
            .map(|row| (row.socket.protocol(), row.socket.local.port))
            .collect();
        open().filter(|row| row.evidence.is_guess()).any(|row| {
            let (local, remote) = (row.socket.local.port, row.socket.remote_port());
            let by_range = self.ephemeral.contains(local) != self.ephemeral.contains(remote);
            !by_range || listened.contains(&(row.socket.protocol(), remote))
        })
    }

    /// Returns the row of the peer, if that is a socket of this machine.
    pub fn peer_of(&self, row: &TrackedSocket) -> Option<&Arc<TrackedSocket>> {
        self.row(row.peer?)
    }
}
