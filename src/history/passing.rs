//! Sockets that no sample had: their end was announced, and that is all that was heard of them.
//!
//! In: the ends that belong to no row. Out: closed rows of their own, with a side, an owner where
//! one can be concluded, and their other end. They are in no index of open rows, not even for a
//! moment: their endpoints may be somebody else's by now.

use std::time::Duration;

use hashbrown::HashMap;

use crate::destroyed::Destroyed;
use crate::history::History;
use crate::history::ends::{Left, settle, surplus};
use crate::history::listeners::Standing;
use crate::history::ownership::{Held, Ownership};
use crate::history::peers::Pair;
use crate::history::side::{self, Evidence, Side};
use crate::history::tracked::Slot;
use crate::port::PortRange;
use crate::socket::Socket;

impl History {
    /// Makes a closed row of each. To be called when the rows of the sample are judged.
    pub(super) fn pass(&mut self, ends: &[Destroyed], now: Duration, ephemeral: PortRange) {
        // What went before the second look may have been there before the first.
        if self.samples == 0 || ends.is_empty() {
            return;
        }
        self.totals.opened += ends.len() as u64;
        self.totals.closed += ends.len() as u64;
        let make = |end: &Destroyed| self.store.pass(end.key(), end.socket(), now);
        let slots: Vec<Slot> = ends.iter().map(make).collect();
        self.link_passing(&slots);
        let mut open = Vec::new();
        for (&slot, end) in slots.iter().zip(ends) {
            match self.proved(&end.socket()) {
                Some(verdict) => self.settle_passing(slot, end, verdict),
                None => open.push((slot, end)),
            }
        }
        for (slot, end) in open {
            let verdict = self.by_mirror(slot).or_else(|| {
                let socket = &self.store.row(slot)?.socket;
                let more_shared = self.peers.more_shared(socket);
                Some(side::guess(socket, ephemeral, more_shared))
            });
            if let Some(verdict) = verdict {
                self.settle_passing(slot, end, verdict);
            }
        }
        self.name_listeners(&slots);
        self.ended.extend(slots);
    }

    /// Finds the other ends, among themselves and among the open rows.
    fn link_passing(&mut self, slots: &[Slot]) {
        let mut pairs = HashMap::with_capacity(slots.len());
        for &slot in slots {
            if let Some(row) = self.store.row(slot) {
                self.peers.learn_address(&row.socket);
                pairs.extend(Pair::of(&row.socket).map(|pair| (pair, slot)));
            }
        }
        for &slot in slots {
            let Some(pair) = self.store.row(slot).and_then(|row| Pair::of(&row.socket)) else {
                continue;
            };
            let mirrored = pair.mirrored();
            let passing = pairs.get(&mirrored).copied();
            let mirror = passing.or_else(|| self.peers.row(&mirrored));
            let alone = |slot: &Slot| self.store.row(*slot).is_some_and(|row| row.peer.is_none());
            if let Some(mirror) = mirror.filter(|m| *m != slot && alone(m) && alone(&slot)) {
                self.store.edit(slot, |row| row.peer = Some(mirror));
                self.store.edit(mirror, |row| row.peer = Some(slot));
            }
        }
    }

    /// As [`side::decide`], from the final figures.
    fn proved(&self, socket: &Socket) -> Option<(Side, Evidence)> {
        if socket.is_listening() {
            return Some((Side::Listening, Evidence::State));
        }
        let surplus = socket.tcp.as_ref().and_then(surplus);
        // A SYN and a FIN: only who dialled has sent both.
        if surplus == Some(2) {
            return Some((Side::Outgoing, Evidence::Counters));
        }
        match self.listeners.standing(socket.protocol(), socket.local) {
            Some(Standing::Now) => return Some((Side::Serving, Evidence::Listener)),
            Some(Standing::Past) => return Some((Side::Serving, Evidence::PastListener)),
            None => {}
        }
        // Nobody received anything before his SYN was acknowledged.
        let received = socket.tcp?.delivered?.received;
        (surplus == Some(0) && received > 0).then_some((Side::Serving, Evidence::Counters))
    }

    fn settle_passing(&mut self, slot: Slot, end: &Destroyed, verdict: (Side, Evidence)) {
        let (side, evidence) = verdict;
        self.store.edit(slot, |row| {
            row.side = side;
            row.evidence = evidence;
            row.socket.tcp = settle(end, Left::Nothing(side));
        });
    }

    /// Says of those that were accepted whose listener it was, where all that may have been it are
    /// of the same processes.
    fn name_listeners(&mut self, slots: &[Slot]) {
        let mut known: HashMap<Slot, Option<Held>> = HashMap::new();
        for &slot in slots {
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            if row.evidence != Evidence::Listener {
                continue;
            }
            let held = |slot: Slot| {
                let row = self.store.row(slot)?;
                row.ownership.holders()?.without_descriptors()
            };
            let mut listeners = self
                .listeners
                .serving(row.socket.protocol(), row.socket.local)
                .map(|slot| known.entry(slot).or_insert_with(|| held(slot)).clone());
            let Some(Some(first)) = listeners.next() else {
                continue;
            };
            if listeners.all(|other| other.as_ref() == Some(&first)) {
                self.store
                    .edit(slot, |row| row.ownership = Ownership::OfListener(first));
            }
        }
    }
}
