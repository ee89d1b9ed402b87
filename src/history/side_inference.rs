//! Infers the side of rows, once all listeners of a sample are known.
//!
//! Sets side, evidence and peer of new rows and of rows whose side was only guessed, and keeps the
//! socket count of each port.

use std::cmp::Ordering;

use super::listeners::{ListenerIndex, ListenerPresence};
use super::side::{Evidence, Side};
use super::slot::Slot;
use super::state::History;
use super::tracked_socket::TrackedSocket;
use crate::net::port::PortRange;
use crate::net::socket::{Socket, TcpState, Transport};

/// Infers the side from the socket, its counters and the listeners, without the peer's row.
pub(crate) fn infer_side(socket: &Socket, listeners: &ListenerIndex) -> Option<(Side, Evidence)> {
    if socket.is_listening() {
        return Some((Side::Listening, Evidence::State));
    }
    match socket.transport {
        Transport::Tcp(TcpState::SynSent) => return Some((Side::Outgoing, Evidence::State)),
        Transport::Tcp(TcpState::SynReceived) => return Some((Side::Serving, Evidence::State)),
        _ => {}
    }
    let from_counters = side_from_counters(socket);
    // What the socket did is stronger than which listener has its port: a peer-to-peer program
    // connects from the port it listens on.
    if from_counters == Some(Side::Outgoing) {
        return Some((Side::Outgoing, Evidence::Counters));
    }
    match listeners.presence(socket.protocol(), socket.local) {
        Some(ListenerPresence::Current) => return Some((Side::Serving, Evidence::Listener)),
        Some(ListenerPresence::Past) => return Some((Side::Serving, Evidence::PastListener)),
        None => {}
    }
    from_counters.map(|side| (side, Evidence::Counters))
}

/// Guesses the side when nothing proves it: by the ephemeral range, then by the port that more
/// connections share, then by the lower number.
pub(crate) fn guess_side(
    socket: &Socket,
    ephemeral: PortRange,
    more_shared: Ordering,
) -> (Side, Evidence) {
    let (local, remote) = (socket.local.port, socket.remote_port());
    let side = match (
        ephemeral.contains(local),
        ephemeral.contains(remote),
        more_shared,
    ) {
        (true, false, _) => Side::Outgoing,
        (false, true, _) => Side::Serving,
        (_, _, Ordering::Greater) => Side::Serving,
        (_, _, Ordering::Less) => Side::Outgoing,
        _ if local < remote => Side::Serving,
        _ => Side::Outgoing,
    };
    (side, Evidence::PortRange)
}

/// Infers from its own counters whether the socket connected: `bytes_acked` includes the SYN of the
/// side that sent one first, `bytes_sent` never does. Exact only while nothing is in flight and no
/// FIN was sent, which would be counted too.
fn side_from_counters(socket: &Socket) -> Option<Side> {
    let no_fin_sent = matches!(
        socket.transport,
        Transport::Tcp(TcpState::Established | TcpState::CloseWait)
    );
    let nothing_in_flight = socket.queues.is_some_and(|q| q.send == 0);
    if !no_fin_sent || !nothing_in_flight {
        return None;
    }
    let tcp = socket.tcp?;
    let (delivered, sent) = (tcp.delivered?, tcp.sent?);
    match delivered
        .acknowledged
        .checked_sub(sent.bytes.checked_sub(sent.retransmitted)?)?
    {
        0 => Some(Side::Serving),
        1 => Some(Side::Outgoing),
        _ => None,
    }
}

impl History {
    pub(crate) fn infer_sides(&mut self, new_slots: &[Slot], ephemeral: PortRange) {
        for &slot in new_slots {
            self.link_peer(slot);
        }
        // First from the row itself, then from its peer: the row of the peer may be new as well.
        let mut unresolved = Vec::new();
        for &slot in new_slots {
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            match infer_side(&row.socket, &self.listeners) {
                Some(inferred) => self.set_side(slot, inferred),
                None => unresolved.push(slot),
            }
        }
        for slot in unresolved {
            let inferred = self.infer_from_peer(slot);
            let guess = self.store.row(slot).map(|row| {
                guess_side(
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
        // Rows come and go; the list of guesses must not grow without limit.
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

    /// Infers guessed sides again when a new listener has appeared.
    fn reinfer_guessed_sides(&mut self) {
        if self.guessed_at_listeners_version == self.listeners.version() {
            return;
        }
        self.guessed_at_listeners_version = self.listeners.version();
        // As for new rows: first from the row itself, so that the order of the two peers does not
        // matter.
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
        infer_side(&self.store.row(slot)?.socket, &self.listeners)
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
            // The peer may still be linked to a closed row with the same endpoints.
            if let Some(other) = self.store.row(peer_slot).cloned() {
                self.unlink_peer(&other);
            }
            self.store.edit(slot, |row| row.peer = Some(peer_slot));
            self.store.edit(peer_slot, |other| other.peer = Some(slot));
        }
    }

    /// Infers the opposite of the peer's side; or, if the peer has no row (any more), outgoing if
    /// its endpoint is one a socket of this machine listens at.
    pub(crate) fn infer_from_peer(&self, slot: Slot) -> Option<(Side, Evidence)> {
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

#[cfg(test)]
mod tests {
    use super::super::slot::Slot;
    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::Port;
    use crate::net::socket::{DeliveredBytes, Queues, SentBytes, TcpInfo};

    fn connection(acknowledged: u64) -> Socket {
        let end = |port| Endpoint::new([127, 0, 0, 1].into(), Port(port));
        let state = Transport::Tcp(TcpState::Established);
        let mut socket = Socket::new(state, end(30_005), Some(end(30_006)));
        socket.queues = Some(Queues { recv: 0, send: 0 });
        socket.tcp = Some(TcpInfo {
            rtt_us: None,
            rtt_variation_us: 0,
            min_rtt_us: None,
            congestion_window: 10,
            send_mss: 1460,
            total_retransmits: 0,
            delivered: Some(DeliveredBytes {
                acknowledged,
                received: 0,
            }),
            sent: Some(SentBytes {
                bytes: 100,
                retransmitted: 0,
            }),
            last_data: None,
            delivery_rate: None,
        });
        socket
    }

    #[test]
    fn counters_prove_no_side_while_data_is_unacknowledged() {
        // One byte of a hundred is in flight: with the SYN, a hundred are acknowledged, as many as on
        // the side that accepted.
        let with_queues = |acknowledged, queues| Socket {
            queues,
            ..connection(acknowledged)
        };
        for acknowledged in [99, 100, 101] {
            let queues = Some(Queues { recv: 0, send: 1 });
            assert_eq!(side_from_counters(&with_queues(acknowledged, queues)), None);
            assert_eq!(side_from_counters(&with_queues(acknowledged, None)), None);
        }
        // Unread input does not matter.
        let queues = Some(Queues { recv: 9, send: 0 });
        let accepted = side_from_counters(&with_queues(100, queues));
        assert_eq!(accepted, Some(Side::Serving));
    }

    #[test]
    fn counters_prove_no_side_after_a_fin() {
        for state in (1..=11).map(TcpState::from_kernel) {
            let socket = Socket {
                transport: Transport::Tcp(state),
                ..connection(101)
            };
            let no_fin_sent = matches!(state, TcpState::Established | TcpState::CloseWait);
            let side = side_from_counters(&socket);
            assert_eq!(side.is_some(), no_fin_sent, "{state:?}");
        }
    }

    #[test]
    fn counters_that_fit_neither_side_prove_nothing() {
        for acknowledged in [0, 99, 102, u64::MAX] {
            let side = side_from_counters(&connection(acknowledged));
            assert_eq!(side, None, "{acknowledged}");
        }
    }

    #[test]
    fn connection_initiated_from_a_listening_port_is_outgoing() {
        let mut listeners = ListenerIndex::default();
        let accepted = Some((Side::Serving, Evidence::Counters));
        assert_eq!(infer_side(&connection(100), &listeners), accepted);
        let listen = Transport::Tcp(TcpState::Listen);
        listeners.insert(Slot(0), &Socket::new(listen, connection(0).local, None));
        let accepted = Some((Side::Serving, Evidence::Listener));
        assert_eq!(infer_side(&connection(100), &listeners), accepted);
        let connected = Some((Side::Outgoing, Evidence::Counters));
        assert_eq!(infer_side(&connection(101), &listeners), connected);
    }
}
