//! The state of a history, and what takes a row out of its indexes.

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

/// The memory of the program.
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
    /// How many samples in a row were not whole.
    pub(super) partial_samples: u32,
    /// Rows whose side is only guessed, and the listeners they were judged by.
    pub(super) guessed_sides: Vec<Slot>,
    pub(super) guessed_at_listeners_version: u64,
    /// The sockets that ended in the sample at hand, or of whose end more was heard.
    pub(super) newly_ended: Vec<Slot>,
    pub(super) closed_log: Option<ClosedLog>,
    pub(super) past_listeners: Arc<PastListeners>,
}
impl History {
    pub(super) fn unlink_removed_row(&mut self, row: &TrackedSocket) {
        self.unlink_peer(row);
        if let Some(chronicle) = &mut self.closed_log {
            chronicle.release_slot(row.slot);
        }
    }

    /// What TCP keeps of a connection tells that its socket has ended.
    pub(super) fn note_time_wait(&mut self, slot: Slot) {
        let row = self.store.row(slot);
        let state = row.and_then(|row| row.socket.tcp_state());
        if state == Some(TcpState::TimeWait) {
            self.newly_ended.push(slot);
        }
    }

    /// Takes a row out of every index but the store's own.
    pub(super) fn remove_from_indexes(&mut self, row: &TrackedSocket, now: Duration) {
        self.series.decrement(row.port_key());
        self.peers.remove(row.slot, &row.socket);
        if row.socket.is_listening() {
            self.listeners.remove(row.slot, &row.socket, now);
        }
    }
}
impl History {
    /// Parts a row that goes, or goes elsewhere, from its other end: the two point at each other or
    /// not at all.
    pub(crate) fn unlink_peer(&mut self, row: &TrackedSocket) {
        let Some(peer) = row.peer else { return };
        for (slot, other) in [(row.slot, peer), (peer, row.slot)] {
            if self.store.row(slot).is_some_and(|r| r.peer == Some(other)) {
                self.store.edit(slot, |row| row.peer = None);
            }
        }
    }
}
