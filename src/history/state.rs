//! The state of a history, and removal of rows from its indexes.

use std::sync::Arc;
use std::time::Duration;

use super::close_events::PendingCloses;
use super::closed_log::ClosedLog;
use super::listeners::ListenerIndex;
use super::moment::Totals;
use super::past_listeners::PastListeners;
use super::peers::PeerIndex;
use super::row_store::RowStore;
use super::series::PortSeries;
use super::slot::Slot;
use super::tracked_socket::TrackedSocket;
use crate::net::snapshot::SampleCost;
use crate::net::socket::TcpState;

/// Tracks sockets across samples: all rows, their indexes, counts and closed sockets.
#[derive(Debug, Default)]
pub struct History {
    pub(super) store: RowStore,
    pub(super) listeners: ListenerIndex,
    pub(super) peers: PeerIndex,
    pub(super) series: PortSeries,
    pub(super) pending_closes: PendingCloses,
    pub(super) totals: Totals,
    pub(super) samples: u64,
    pub(super) previous_sample: Option<(Duration, SampleCost)>,
    /// Number of consecutive partial samples.
    pub(super) partial_samples: u32,
    /// Rows whose side is only guessed, and the version of the listeners they were guessed with.
    pub(super) guessed_sides: Vec<Slot>,
    pub(super) guessed_at_listeners_version: u64,
    /// Sockets that ended in the current sample, or of whose end more became known.
    pub(super) newly_ended: Vec<Slot>,
    pub(super) closed_log: Option<ClosedLog>,
    pub(super) past_listeners: Arc<PastListeners>,
}

impl History {
    pub(super) fn unlink_removed_row(&mut self, row: &TrackedSocket) {
        self.unlink_peer(row);
        if let Some(closed_log) = &mut self.closed_log {
            closed_log.release_slot(row.slot);
        }
    }

    /// Marks the row as newly ended if it is in TIME-WAIT: its socket has been closed.
    pub(super) fn note_time_wait(&mut self, slot: Slot) {
        let row = self.store.row(slot);
        let state = row.and_then(|row| row.socket.tcp_state());
        if state == Some(TcpState::TimeWait) {
            self.newly_ended.push(slot);
        }
    }

    /// Removes a row from every index except the store's own.
    pub(super) fn remove_from_indexes(&mut self, row: &TrackedSocket, now: Duration) {
        self.series.decrement(row.port_key());
        self.peers.remove(row.slot, &row.socket);
        if row.socket.is_listening() {
            self.listeners.remove(row.slot, &row.socket, now);
        }
    }
}

impl History {
    /// Unlinks a row from its peer. Two rows always link to each other or not at all.
    pub(crate) fn unlink_peer(&mut self, row: &TrackedSocket) {
        let Some(peer) = row.peer else { return };
        for (slot, other) in [(row.slot, peer), (peer, row.slot)] {
            if self.store.row(slot).is_some_and(|r| r.peer == Some(other)) {
                self.store.edit(slot, |row| row.peer = None);
            }
        }
    }
}
