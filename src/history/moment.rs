//! One moment: everything known right after one sample, never changed afterwards.
//!
//! In: [`crate::history::History`]. Out: what queries are answered from. A moment can be kept (for
//! pause) while history goes on: unchanged rows are shared between moments.

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

/// What happened since the program started, in numbers that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sockets that came, those of the first sample not counted.
    pub opened: u64,
    /// Sockets that went.
    pub closed: u64,
    /// Changes of state.
    pub changed: u64,
}

impl Totals {
    /// What happened after `earlier`.
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            opened: self.opened.saturating_sub(earlier.opened),
            closed: self.closed.saturating_sub(earlier.closed),
            changed: self.changed.saturating_sub(earlier.changed),
        }
    }
}

/// What watching costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SelfCost {
    /// How long the newest sample took.
    pub sample: Duration,
    /// This program's processor time since the sample before, as a share of one core; `None` in
    /// the first sample.
    pub cpu: Option<f64>,
}

/// Everything known at one moment.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Samples before this one.
    pub number: u64,
    /// The wall clock.
    pub taken_at: jiff::Timestamp,
    /// The collector's clock.
    pub elapsed: Duration,
    /// Who told.
    pub source: SourceKind,
    /// The rows.
    pub rows: SocketRows,
    /// How many rows are open.
    pub open_rows: usize,
    /// How many ports they share.
    pub port_count: usize,
    /// How many processes hold them.
    pub process_count: usize,
    /// What the ids stand for.
    pub directory: Arc<Directory>,
    /// How far owners could be seen.
    pub sight: OwnerCoverage,
    /// How many open rows have a hidden owner.
    pub hidden_rows: usize,
    /// Who looks.
    pub observer: Observer,
    /// What the system hands out to dialling sockets.
    pub ephemeral: PortRange,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// What happened so far.
    pub totals: Totals,
    /// Socket counts per port over the last minute.
    pub series: Arc<HashMap<PortKey, Series>>,
    /// Who listened on which port before.
    pub past_listeners: Arc<PastListeners>,
    /// What watching costs.
    pub self_cost: SelfCost,
    /// The time until the next sample.
    pub interval: Duration,
}

impl Moment {
    /// The same, with other rows.
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

    /// The same without the rows of what is gone, which stay a while to be seen to go.
    pub fn without_closed(&self) -> Self {
        let mut rows = self.rows.clone();
        for row in self.rows().filter(|row| row.is_closed()) {
            if let Some(place) = rows.entry_mut(row.slot) {
                *place = None;
            }
        }
        self.with_rows(rows)
    }

    /// The row at a slot.
    pub fn row(&self, slot: Slot) -> Option<&Arc<TrackedSocket>> {
        self.rows.get(slot)
    }

    /// Every row, closed ones included.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<TrackedSocket>> {
        self.rows.iter()
    }

    /// Whether a guessed side rests on sockets that a sample of certain ports may not have had:
    /// it came from counting who else has the row's ports, or it would be proved if an address were
    /// known for this machine's own. Then only a sample of everything tells what is to be guessed.
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

    /// The row at the other end, when that is a socket of this machine.
    pub fn peer_of(&self, row: &TrackedSocket) -> Option<&Arc<TrackedSocket>> {
        self.row(row.peer?)
    }
}
