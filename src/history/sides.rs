//! Judges the side of rows, once all listeners of a sample are known.
//!
//! In: new rows, and rows that were only guessed. Out: their side, evidence and mirror row, and
//! the port under which they are counted.

use crate::history::History;
use crate::history::side::{self, Evidence, Side};
use crate::history::tracked::{Slot, Tracked};
use crate::port::PortRange;

impl History {
    pub(super) fn judge(&mut self, fresh: &[Slot], ephemeral: PortRange) {
        for &slot in fresh {
            self.link_peer(slot);
        }
        // First what a row proves by itself, then what its mirror proves: the mirror of a new row
        // may be new as well.
        let mut open = Vec::new();
        for &slot in fresh {
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            match side::decide(&row.socket, &self.listeners) {
                Some(verdict) => self.settle(slot, verdict),
                None => open.push(slot),
            }
        }
        for slot in open {
            let verdict = self.by_mirror(slot);
            let guess = self.store.row(slot).map(|row| {
                side::guess(&row.socket, ephemeral, self.peers.more_shared(&row.socket))
            });
            if let Some(verdict) = verdict.or(guess) {
                self.settle(slot, verdict);
            }
        }
        for &slot in fresh {
            if let Some(row) = self.store.row(slot) {
                self.series.opened(row.port_key());
                if row.evidence.is_guess() {
                    self.guessed.push(slot);
                }
            }
        }
        self.judge_guesses_again();
        // Rows come and go; the list of guesses must not only grow.
        if self.guessed.len() > 2 * self.store.open() + 64 {
            self.guessed.sort_unstable();
            self.guessed.dedup();
            let store = &self.store;
            self.guessed.retain(|slot| {
                store
                    .row(*slot)
                    .is_some_and(|row| !row.is_closed() && row.evidence.is_guess())
            });
        }
    }

    /// A guess is looked at again when a new listener has appeared.
    fn judge_guesses_again(&mut self) {
        if self.judged_by == self.listeners.version() {
            return;
        }
        self.judged_by = self.listeners.version();
        // As for new rows: first what each proves by itself, so that it does not matter which of
        // two ends comes first.
        for by in [Self::by_itself, Self::by_mirror] {
            for slot in std::mem::take(&mut self.guessed) {
                let guessed = |row: &Tracked| !row.is_closed() && row.evidence.is_guess();
                let Some(before) = self.store.row(slot).filter(|row| guessed(row)) else {
                    continue;
                };
                let before = before.port_key();
                match by(self, slot) {
                    Some(verdict) => {
                        self.settle(slot, verdict);
                        self.series.closed(before);
                        if let Some(row) = self.store.row(slot) {
                            self.series.opened(row.port_key());
                        }
                    }
                    None => self.guessed.push(slot),
                }
            }
        }
    }

    fn by_itself(&self, slot: Slot) -> Option<(Side, Evidence)> {
        side::decide(&self.store.row(slot)?.socket, &self.listeners)
    }

    fn settle(&mut self, slot: Slot, (side, evidence): (Side, Evidence)) {
        self.store.edit(slot, |row| {
            row.side = side;
            row.evidence = evidence;
        });
    }

    fn link_peer(&mut self, slot: Slot) {
        let Some(row) = self.store.row(slot) else {
            return;
        };
        if let Some(mirror) = self.peers.opened(slot, &row.socket) {
            // A row of the same endpoints that is gone may still be the mirror's other end.
            if let Some(other) = self.store.row(mirror).cloned() {
                self.part(&other);
            }
            self.store.edit(slot, |row| row.peer = Some(mirror));
            self.store.edit(mirror, |other| other.peer = Some(slot));
        }
    }

    /// Parts a row that goes, or goes elsewhere, from its other end: the two point at each other or
    /// not at all.
    pub(super) fn part(&mut self, row: &Tracked) {
        let Some(peer) = row.peer else { return };
        for (slot, other) in [(row.slot, peer), (peer, row.slot)] {
            if self.store.row(slot).is_some_and(|r| r.peer == Some(other)) {
                self.store.edit(slot, |row| row.peer = None);
            }
        }
    }

    /// The opposite of what the other end was found to be; or, where the other end has no row of
    /// its own (any more), outgoing if its endpoint is one somebody on this machine waits at.
    pub(super) fn by_mirror(&self, slot: Slot) -> Option<(Side, Evidence)> {
        let row = self.store.row(slot)?;
        if let Some(other) = row.peer.and_then(|peer| self.store.row(peer))
            && other.evidence < Evidence::Mirror
        {
            return Some((other.side.opposite(), Evidence::Mirror));
        }
        let remote = row.socket.remote?;
        let waits = self.peers.is_own(remote.plain())
            && self.listeners.waiting_at(row.socket.protocol(), remote);
        waits.then_some((Side::Outgoing, Evidence::Mirror))
    }
}
