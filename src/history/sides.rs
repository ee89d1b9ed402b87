//! Judges the side of rows, once all listeners of a sample are known.
//!
//! In: new rows, and rows that were only guessed. Out: their side, evidence and mirror row, and
//! the port under which they are counted.

use crate::history::History;
use crate::history::side::{self, Evidence, Side};
use crate::history::tracked::{Slot, TrackedSocket};
use crate::port::PortRange;

impl History {
    pub(super) fn infer_sides(&mut self, new_slots: &[Slot], ephemeral: PortRange) {
        for &slot in new_slots {
            self.link_peer(slot);
        }
        // First what a row proves by itself, then what its mirror proves: the mirror of a new row
        // may be new as well.
        let mut unresolved = Vec::new();
        for &slot in new_slots {
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            match side::infer_side(&row.socket, &self.listeners) {
                Some(inferred) => self.set_side(slot, inferred),
                None => unresolved.push(slot),
            }
        }
        for slot in unresolved {
            let inferred = self.infer_from_peer(slot);
            let guess = self.store.row(slot).map(|row| {
                side::guess_side(
                    &row.socket,
                    ephemeral,
                    self.peers.compare_port_sharing(&row.socket),
                )
            });
            if let Some(inferred) = inferred.or(guess) {
                self.set_side(slot, inferred);
            }
        }
        for &slot in new_slots {
            if let Some(row) = self.store.row(slot) {
                self.series.increment(row.port_key());
                if row.evidence.is_guess() {
                    self.guessed_sides.push(slot);
                }
            }
        }
        self.reinfer_guessed_sides();
        // Rows come and go; the list of guesses must not only grow.
        if self.guessed_sides.len() > 2 * self.store.open_rows() + 64 {
            self.guessed_sides.sort_unstable();
            self.guessed_sides.dedup();
            let store = &self.store;
            self.guessed_sides.retain(|slot| {
                store
                    .row(*slot)
                    .is_some_and(|row| !row.is_closed() && row.evidence.is_guess())
            });
        }
    }

    /// A guess is looked at again when a new listener has appeared.
    fn reinfer_guessed_sides(&mut self) {
        if self.guessed_at_listeners_version == self.listeners.version() {
            return;
        }
        self.guessed_at_listeners_version = self.listeners.version();
        // As for new rows: first what each proves by itself, so that it does not matter which of
        // two ends comes first.
        for by in [Self::infer_from_socket, Self::infer_from_peer] {
            for slot in std::mem::take(&mut self.guessed_sides) {
                let guessed = |row: &TrackedSocket| !row.is_closed() && row.evidence.is_guess();
                let Some(before) = self.store.row(slot).filter(|row| guessed(row)) else {
                    continue;
                };
                let before = before.port_key();
                match by(self, slot) {
                    Some(inferred) => {
                        self.set_side(slot, inferred);
                        self.series.decrement(before);
                        if let Some(row) = self.store.row(slot) {
                            self.series.increment(row.port_key());
                        }
                    }
                    None => self.guessed_sides.push(slot),
                }
            }
        }
    }

    fn infer_from_socket(&self, slot: Slot) -> Option<(Side, Evidence)> {
        side::infer_side(&self.store.row(slot)?.socket, &self.listeners)
    }

    fn set_side(&mut self, slot: Slot, (side, evidence): (Side, Evidence)) {
        self.store.edit(slot, |row| {
            row.side = side;
            row.evidence = evidence;
        });
    }

    fn link_peer(&mut self, slot: Slot) {
        let Some(row) = self.store.row(slot) else {
            return;
        };
        if let Some(peer_slot) = self.peers.insert(slot, &row.socket) {
            // A row of the same endpoints that is gone may still be the mirror's other end.
            if let Some(other) = self.store.row(peer_slot).cloned() {
                self.unlink_peer(&other);
            }
            self.store.edit(slot, |row| row.peer = Some(peer_slot));
            self.store.edit(peer_slot, |other| other.peer = Some(slot));
        }
    }

    /// Parts a row that goes, or goes elsewhere, from its other end: the two point at each other or
    /// not at all.
    pub(super) fn unlink_peer(&mut self, row: &TrackedSocket) {
        let Some(peer) = row.peer else { return };
        for (slot, other) in [(row.slot, peer), (peer, row.slot)] {
            if self.store.row(slot).is_some_and(|r| r.peer == Some(other)) {
                self.store.edit(slot, |row| row.peer = None);
            }
        }
    }

    /// The opposite of what the other end was found to be; or, where the other end has no row of
    /// its own (any more), outgoing if its endpoint is one somebody on this machine waits at.
    pub(super) fn infer_from_peer(&self, slot: Slot) -> Option<(Side, Evidence)> {
        let row = self.store.row(slot)?;
        if let Some(other) = row.peer.and_then(|peer| self.store.row(peer))
            && other.evidence < Evidence::Peer
        {
            return Some((other.side.opposite(), Evidence::Peer));
        }
        let remote = row.socket.remote?;
        let is_listening = self.peers.is_local_address(remote.canonical_ip())
            && self
                .listeners
                .is_listening_at(row.socket.protocol(), remote);
        is_listening.then_some((Side::Outgoing, Evidence::Peer))
    }
}
