//! Sockets that no sample had: their end was announced, and that is all that was heard of them.
//!
//! In: the ends that belong to no row. Out: closed rows of their own, with a side, an owner where
//! one can be concluded, and their other end. They are in no index of open rows, not even for a
//! moment: their endpoints may be somebody else's by now.

use std::time::Duration;

use hashbrown::HashMap;

use super::close_events::{CloseState, acked_beyond_sent, final_tcp_info};
use super::listeners::ListenerPresence;
use super::ownership::{HolderSet, Ownership};
use super::peers::ConnectionTuple;
use super::side::{Evidence, Side};
use super::side_inference;
use super::slot::Slot;
use super::state::History;
use crate::net::destroyed::Destroyed;
use crate::net::port::PortRange;
use crate::net::socket::Socket;

impl History {
    /// Makes a closed row of each. To be called when the rows of the sample are judged.
    pub(crate) fn add_unsampled(
        &mut self,
        ends: &[Destroyed],
        now: Duration,
        ephemeral: PortRange,
    ) {
        // What went before the second look may have been there before the first.
        if self.samples == 0 || ends.is_empty() {
            return;
        }
        self.totals.opened += ends.len() as u64;
        self.totals.closed += ends.len() as u64;
        let make = |end: &Destroyed| self.store.insert_unsampled(end.key(), end.to_socket(), now);
        let slots: Vec<Slot> = ends.iter().map(make).collect();
        self.link_unsampled_peers(&slots);
        let mut open = Vec::new();
        for (&slot, end) in slots.iter().zip(ends) {
            match self.infer_from_final_counters(&end.to_socket()) {
                Some(inferred) => self.set_unsampled_side(slot, end, inferred),
                None => open.push((slot, end)),
            }
        }
        for (slot, end) in open {
            let inferred = self.infer_from_peer(slot).or_else(|| {
                let socket = &self.store.row(slot)?.socket;
                let more_shared = self.peers.compare_port_sharing(socket);
                Some(side_inference::guess_side(socket, ephemeral, more_shared))
            });
            if let Some(inferred) = inferred {
                self.set_unsampled_side(slot, end, inferred);
            }
        }
        self.set_listener_owners(&slots);
        self.newly_ended.extend(slots);
    }

    /// Finds the other ends, among themselves and among the open rows.
    fn link_unsampled_peers(&mut self, slots: &[Slot]) {
        let mut pairs = HashMap::with_capacity(slots.len());
        for &slot in slots {
            if let Some(row) = self.store.row(slot) {
                self.peers.add_local_address(&row.socket);
                pairs.extend(ConnectionTuple::from_socket(&row.socket).map(|pair| (pair, slot)));
            }
        }
        for &slot in slots {
            let Some(pair) = self
                .store
                .row(slot)
                .and_then(|row| ConnectionTuple::from_socket(&row.socket))
            else {
                continue;
            };
            let mirrored = pair.reversed();
            let passing = pairs.get(&mirrored).copied();
            let peer_slot = passing.or_else(|| self.peers.get(&mirrored));
            let has_no_peer =
                |slot: &Slot| self.store.row(*slot).is_some_and(|row| row.peer.is_none());
            if let Some(peer_slot) =
                peer_slot.filter(|m| *m != slot && has_no_peer(m) && has_no_peer(&slot))
            {
                self.store.edit(slot, |row| row.peer = Some(peer_slot));
                self.store.edit(peer_slot, |row| row.peer = Some(slot));
            }
        }
    }

    /// As [`side::decide`], from the final figures.
    fn infer_from_final_counters(&self, socket: &Socket) -> Option<(Side, Evidence)> {
        if socket.is_listening() {
            return Some((Side::Listening, Evidence::State));
        }
        let surplus = socket.tcp.as_ref().and_then(acked_beyond_sent);
        // A SYN and a FIN: only who dialled has sent both.
        if surplus == Some(2) {
            return Some((Side::Outgoing, Evidence::Counters));
        }
        match self.listeners.presence(socket.protocol(), socket.local) {
            Some(ListenerPresence::Current) => return Some((Side::Serving, Evidence::Listener)),
            Some(ListenerPresence::Past) => return Some((Side::Serving, Evidence::PastListener)),
            None => {}
        }
        // Nobody received anything before his SYN was acknowledged.
        let received = socket.tcp?.delivered?.received;
        (surplus == Some(0) && received > 0).then_some((Side::Serving, Evidence::Counters))
    }

    fn set_unsampled_side(&mut self, slot: Slot, end: &Destroyed, inferred: (Side, Evidence)) {
        let (side, evidence) = inferred;
        self.store.edit(slot, |row| {
            row.side = side;
            row.evidence = evidence;
            row.socket.tcp = final_tcp_info(end, CloseState::NoRow(side));
        });
    }

    /// Says of those that were accepted whose listener it was, where all that may have been it are
    /// of the same processes.
    fn set_listener_owners(&mut self, slots: &[Slot]) {
        let mut known: HashMap<Slot, Option<HolderSet>> = HashMap::new();
        for &slot in slots {
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            if row.evidence != Evidence::Listener {
                continue;
            }
            let listener_holders = |slot: Slot| {
                let row = self.store.row(slot)?;
                row.ownership.holders()?.without_fds()
            };
            let mut listeners = self
                .listeners
                .matching_rows(row.socket.protocol(), row.socket.local)
                .map(|slot| {
                    known
                        .entry(slot)
                        .or_insert_with(|| listener_holders(slot))
                        .clone()
                });
            let Some(Some(first)) = listeners.next() else {
                continue;
            };
            if listeners.all(|other| other.as_ref() == Some(&first)) {
                self.store
                    .edit(slot, |row| row.ownership = Ownership::FromListener(first));
            }
        }
    }
}
