//! Matches the close events of a sample with the sockets they belong to.
//!
//! The results are rows with their final counters, and close events of sockets that were in no
//! sample ([`unsampled`](super::unsampled)).
//!
//! A close event is identified by its cookie. The TIME-WAIT row that TCP leaves behind has the same
//! cookie only if a sample contained the socket while it was open; otherwise it is matched by its
//! endpoints. So a close event belongs to one of four things: a row that stays as TIME-WAIT; a row
//! that is not in this sample any more; a row that was closed before; or a socket that was never
//! sampled. An event received after the dump had begun may be newer than the table: it is deferred
//! to the next sample.

use std::collections::VecDeque;
use std::time::Duration;

use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};

use super::side::Side;
use super::slot::Slot;
use super::tracked_socket::TrackedSocket;
use crate::net::destroyed::Destroyed;
use crate::net::port::Protocol;
use crate::net::socket::{Socket, SocketKey, TcpInfo, TcpState, Transport};

/// Maximum number of rows that closed without a close event and are remembered. A program may keep
/// the descriptor of a connection that was reset for as long as it likes; the close event comes
/// after that.
const MAX_PENDING_CLOSES: usize = 1 << 14;

/// The close events of the current sample, by identity and by endpoints.
#[derive(Debug, Default)]
pub(crate) struct CloseEventSet {
    /// `None` once matched with a row.
    events: Vec<Option<Destroyed>>,
    by_key: HashMap<SocketKey, usize>,
    by_tuple: HashMap<SocketKey, usize>,
}

impl CloseEventSet {
    fn new(closes: Vec<Destroyed>, now: Duration) -> Self {
        let mut by_key = HashMap::with_capacity(closes.len());
        let mut by_tuple = HashMap::with_capacity(closes.len());
        for (place, close) in closes.iter().enumerate() {
            by_key.insert(close.key(), place);
            // Endpoints are reused: the row in the table belongs to the last socket that had them
            // when the dump began. A later one may have left its TIME-WAIT row after the table was
            // read.
            let is_before_dump = close.at < now;
            if close.protocol == Protocol::Tcp {
                match by_tuple.entry(close.tuple_key()) {
                    Entry::Occupied(_) if !is_before_dump => {}
                    entry => {
                        entry.insert(place);
                    }
                }
            }
        }
        Self {
            events: closes.into_iter().map(Some).collect(),
            by_key,
            by_tuple,
        }
    }

    /// Sets the counters of a TIME-WAIT row, which has none, to those of the socket it was.
    pub(crate) fn fill_time_wait(&mut self, socket: &mut Socket) {
        if self.events.is_empty() || !is_time_wait_row(socket) {
            return;
        }
        let places = [
            self.by_key.get(&socket.key()),
            self.by_tuple.get(&tuple_key(socket)),
        ];
        let close = places.into_iter().flatten().find_map(|&place| {
            let place = self.events.get_mut(place)?;
            place.take()
        });
        socket.tcp = close.and_then(|close| final_tcp_info(&close, CloseState::TimeWait));
    }

    pub(super) fn into_unmatched(self) -> impl Iterator<Item = Destroyed> {
        self.events.into_iter().flatten()
    }
}

/// Close events and closed rows still to be matched in later samples.
#[derive(Debug, Default)]
pub(crate) struct PendingCloses {
    /// Events received after the last dump had begun.
    pub(super) deferred_events: Vec<Destroyed>,
    /// Rows that closed without a close event, with their slots, which may have been reused since.
    /// `oldest_first` has their keys and tuples, and some that are no longer pending.
    rows_by_key: HashMap<SocketKey, Slot>,
    oldest_first: VecDeque<(SocketKey, SocketKey)>,
    /// The keys of these rows by their tuples: the kernel may have given the row another cookie
    /// than the socket (see [`cookie_merge`](super::cookie_merge)).
    keys_by_tuple: HashMap<SocketKey, SocketKey>,
}

impl PendingCloses {
    /// Returns the events to be matched in this sample.
    pub(crate) fn events_for_sample(
        &mut self,
        events: Vec<Destroyed>,
        now: Duration,
    ) -> CloseEventSet {
        let mut all_events = std::mem::take(&mut self.deferred_events);
        all_events.extend(events);
        if all_events.is_empty() {
            return CloseEventSet::default();
        }
        CloseEventSet::new(all_events, now)
    }

    pub(super) fn insert_row(&mut self, row: &TrackedSocket) {
        if self.oldest_first.len() >= MAX_PENDING_CLOSES
            && let Some((oldest, tuple)) = self.oldest_first.pop_front()
        {
            self.rows_by_key.remove(&oldest);
            // Another socket may have used the endpoints since.
            if self.keys_by_tuple.get(&tuple) == Some(&oldest) {
                self.keys_by_tuple.remove(&tuple);
            }
        }
        let tuple = tuple_key(&row.socket);
        if self.rows_by_key.insert(row.key, row.slot).is_none() {
            self.oldest_first.push_back((row.key, tuple));
        }
        self.keys_by_tuple.insert(tuple, row.key);
    }

    /// Removes and returns the pending row of a close event, found by key or else by tuple.
    pub(super) fn take_row(&mut self, close: &Destroyed) -> Option<(SocketKey, Slot)> {
        let by_tuple = self.keys_by_tuple.get(&close.tuple_key());
        let key = [Some(close.key()), by_tuple.copied()]
            .into_iter()
            .flatten()
            .find(|key| self.rows_by_key.contains_key(key))?;
        let slot = self.rows_by_key.remove(&key)?;
        self.keys_by_tuple.remove(&close.tuple_key());
        Some((key, slot))
    }
}

/// What became of the close events without a TIME-WAIT row.
#[derive(Debug, Default)]
pub(crate) struct CloseMatches {
    /// Rows that have their final counters now.
    pub(super) matched_rows: HashSet<Slot>,
    /// Sockets in no sample.
    pub(crate) unsampled: Vec<Destroyed>,
}

/// Returns the key of a socket by its endpoints, without the cookie.
pub(crate) fn tuple_key(socket: &Socket) -> SocketKey {
    SocketKey::Tuple {
        protocol: socket.protocol(),
        local: socket.local,
        remote: socket.remote,
        interface: socket.interface,
        reuseport_id: 0,
    }
}

/// Returns whether it is the row TCP leaves behind when the socket is closed: endpoints and a timer.
pub(crate) fn is_time_wait_row(socket: &Socket) -> bool {
    let state = matches!(
        socket.transport,
        Transport::Tcp(TcpState::TimeWait | TcpState::FinWait2)
    );
    state && socket.tcp.is_none() && socket.inode.is_none()
}

/// What is known about a closed socket besides its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseState {
    /// TCP kept the endpoints in a TIME-WAIT row.
    TimeWait,
    /// No row was left, and a sample had it in a state that implies a received FIN.
    AfterFin,
    /// No row was left.
    NoRow(Side),
}

impl CloseState {
    pub(super) fn from_row(row: &TrackedSocket) -> Self {
        match row.socket.tcp_state() {
            Some(TcpState::CloseWait | TcpState::LastAck | TcpState::Closing) => Self::AfterFin,
            Some(TcpState::TimeWait) => Self::TimeWait,
            _ => Self::NoRow(row.side),
        }
    }
}

/// Returns the final counters without the peer's FIN, which the kernel counts as a received byte
/// (`tcp_rcv_nxt_update`), even if it is all that is unread. A program that closes before it has
/// read everything sends a reset instead of a FIN; so, where a FIN was acknowledged, what is unread
/// is the peer's FIN. Where nothing is unread, the program has read the end of the stream, or it
/// closed first, which leaves a TIME-WAIT row.
pub(crate) fn final_tcp_info(close: &Destroyed, close_state: CloseState) -> Option<TcpInfo> {
    let mut tcp = close.tcp?;
    let counts_fin = match close_state {
        CloseState::AfterFin => true,
        CloseState::TimeWait => close.unread > 0,
        CloseState::NoRow(side) => {
            acked_beyond_sent(&tcp) == Some(1 + u64::from(side == Side::Outgoing))
        }
    };
    if let Some(delivered) = tcp.delivered.as_mut().filter(|_| counts_fin) {
        delivered.received = delivered.received.saturating_sub(1);
    }
    Some(tcp)
}

/// Returns what was acknowledged beyond the bytes sent: the SYN of the side that connected, and the
/// FIN.
pub(crate) fn acked_beyond_sent(tcp: &TcpInfo) -> Option<u64> {
    let sent = tcp.sent?;
    let once = sent.bytes.checked_sub(sent.retransmitted)?;
    tcp.delivered?.acknowledged.checked_sub(once)
}

#[cfg(test)]
mod tests {
    use super::super::ownership::Ownership;
    use super::super::side::Evidence;
    use super::super::stall::Stall;
    use super::super::tracked_socket::{ObservedSince, Throughput};
    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::Port;

    fn row(n: u32) -> TrackedSocket {
        let address = |bits: u32| Endpoint::new(std::net::Ipv4Addr::from(bits).into(), Port(1));
        let state = Transport::Tcp(TcpState::Established);
        let socket = Socket::new(state, address(0), Some(address(n)));
        TrackedSocket {
            key: socket.key(),
            slot: Slot(n),
            socket,
            ownership: Ownership::Pending,
            side: Side::Outgoing,
            evidence: Evidence::State,
            first_seen: ObservedSince::Sampled(Duration::ZERO),
            state_since: ObservedSince::Sampled(Duration::ZERO),
            states: Vec::new(),
            peer: None,
            throughput: Throughput::default(),
            stall: Stall::default(),
            transition: None,
        }
    }

    #[test]
    fn pending_closes_are_bounded_and_keep_the_newest() {
        let most = u32::try_from(MAX_PENDING_CLOSES).expect("not so many");
        let mut pending = PendingCloses::default();
        // So many that scanning all of them for each one would take minutes.
        for n in 1..=4 * most {
            pending.insert_row(&row(n));
            assert!(pending.keys_by_tuple.len() <= MAX_PENDING_CLOSES);
        }
        assert_eq!(pending.rows_by_key.len(), MAX_PENDING_CLOSES);
        let youngest = row(4 * most);
        let found = pending.keys_by_tuple.get(&tuple_key(&youngest.socket));
        assert_eq!(found, Some(&youngest.key));
        assert!(
            !pending
                .keys_by_tuple
                .contains_key(&tuple_key(&row(most).socket))
        );
    }
}
