//! Creates rows for sockets that were in no sample: only their close event was received.
//!
//! They become closed rows with a side, an owner where one can be inferred, and their peer. They
//! are never in an index of open rows: another socket may use their endpoints by now.

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
    /// Creates a closed row for each. To be called after the sides of the sample's rows were
    /// inferred.
    pub(crate) fn add_unsampled(
        &mut self,
        closes: &[Destroyed],
        now: Duration,
        ephemeral: PortRange,
    ) {
        // A socket that closed before the second sample may have been open before the first.
        if self.samples == 0 || closes.is_empty() {
            return;
        }
        self.totals.opened += closes.len() as u64;
        self.totals.closed += closes.len() as u64;
        let make = |close: &Destroyed| {
            self.store
                .insert_unsampled(close.key(), close.to_socket(), now)
        };
        let slots: Vec<Slot> = closes.iter().map(make).collect();
        self.link_unsampled_peers(&slots);
        let mut unresolved = Vec::new();
        for (&slot, close) in slots.iter().zip(closes) {
            match self.infer_from_final_counters(&close.to_socket()) {
                Some(inferred) => self.set_unsampled_side(slot, close, inferred),
                None => unresolved.push((slot, close)),
            }
        }
        for (slot, close) in unresolved {
            let inferred = self.infer_from_peer(slot).or_else(|| {
                let socket = &self.store.row(slot)?.socket;
                let more_shared = self.peers.compare_port_sharing(socket);
                Some(side_inference::guess_side(socket, ephemeral, more_shared))
            });
            if let Some(inferred) = inferred {
                self.set_unsampled_side(slot, close, inferred);
            }
        }
        self.set_listener_owners(&slots);
        self.newly_ended.extend(slots);
    }

    /// Links peers among these sockets and with the open rows.
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
            let unsampled = pairs.get(&mirrored).copied();
            let peer_slot = unsampled.or_else(|| self.peers.get(&mirrored));
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

    /// Infers the side as [`infer_side`](side_inference::infer_side) does, from the final counters.
    fn infer_from_final_counters(&self, socket: &Socket) -> Option<(Side, Evidence)> {
        if socket.is_listening() {
            return Some((Side::Listening, Evidence::State));
        }
        let surplus = socket.tcp.as_ref().and_then(acked_beyond_sent);
        // A SYN and a FIN: only the side that connected has sent both.
        if surplus == Some(2) {
            return Some((Side::Outgoing, Evidence::Counters));
        }
        match self.listeners.presence(socket.protocol(), socket.local) {
            Some(ListenerPresence::Current) => return Some((Side::Serving, Evidence::Listener)),
            Some(ListenerPresence::Past) => return Some((Side::Serving, Evidence::PastListener)),
            None => {}
        }
        // A socket receives data only after its SYN was acknowledged.
        let received = socket.tcp?.delivered?.received;
        (surplus == Some(0) && received > 0).then_some((Side::Serving, Evidence::Counters))
    }

    fn set_unsampled_side(&mut self, slot: Slot, close: &Destroyed, inferred: (Side, Evidence)) {
        let (side, evidence) = inferred;
        self.store.edit(slot, |row| {
            row.side = side;
            row.evidence = evidence;
            row.socket.tcp = final_tcp_info(close, CloseState::NoRow(side));
        });
    }

    /// Sets the owners of accepted sockets to those of their listener, if all listeners they may
    /// have been accepted from belong to the same processes.
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
