//! The announced ends of a sample, joined to the sockets they are the ends of.
//!
//! In: [`Destroyed`] sockets as they were heard, and the rows. Out: rows with their final figures,
//! and the ends of sockets that no sample had ([`passing`](crate::history::passing)).
//!
//! An end is known by its cookie. The row that TCP leaves behind, TIME-WAIT, has the same cookie
//! only if a sample had the socket while it lived; otherwise it is known by its endpoints. So an
//! end is one of four things: of a row that stays as TIME-WAIT; of a row that this sample does not
//! have any more; of a row that was closed before; or of a socket that was never sampled. Where it
//! was heard after the look had begun, the table may be older than the end: the next sample tells.

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

/// The most rows that closed unannounced and are remembered. A program may keep the descriptor of
/// a connection that was reset for as long as it likes, and the end is announced after that.
const MAX_PENDING_CLOSES: usize = 1 << 14;

/// What the announcements of the sample at hand are the ends of.
#[derive(Debug, Default)]
pub(crate) struct CloseEventSet {
    /// `None` once it has found its row.
    events: Vec<Option<Destroyed>>,
    by_key: HashMap<SocketKey, usize>,
    by_tuple: HashMap<SocketKey, usize>,
}

impl CloseEventSet {
    fn new(ends: Vec<Destroyed>, now: Duration) -> Self {
        let mut by_key = HashMap::with_capacity(ends.len());
        let mut by_tuple = HashMap::with_capacity(ends.len());
        for (place, end) in ends.iter().enumerate() {
            by_key.insert(end.key(), place);
            // Endpoints are used again: the row in the table is of the last to have them when the
            // look began. Who had them later may have left his after the table was read.
            let is_before_dump = end.at < now;
            if end.protocol == Protocol::Tcp {
                match by_tuple.entry(end.tuple_key()) {
                    Entry::Occupied(_) if !is_before_dump => {}
                    entry => {
                        entry.insert(place);
                    }
                }
            }
        }
        Self {
            events: ends.into_iter().map(Some).collect(),
            by_key,
            by_tuple,
        }
    }

    /// Gives a TIME-WAIT row, which has no figures of its own, those of the socket it was.
    pub(crate) fn fill_time_wait(&mut self, socket: &mut Socket) {
        if self.events.is_empty() || !is_time_wait_row(socket) {
            return;
        }
        let places = [
            self.by_key.get(&socket.key()),
            self.by_tuple.get(&tuple_key(socket)),
        ];
        let end = places.into_iter().flatten().find_map(|&place| {
            let place = self.events.get_mut(place)?;
            place.take()
        });
        socket.tcp = end.and_then(|end| final_tcp_info(&end, CloseState::TimeWait));
    }

    pub(super) fn into_unmatched(self) -> impl Iterator<Item = Destroyed> {
        self.events.into_iter().flatten()
    }
}

/// What is remembered of ends from sample to sample.
#[derive(Debug, Default)]
pub(crate) struct PendingCloses {
    /// Heard after the last look had begun.
    pub(super) deferred_events: Vec<Destroyed>,
    /// Rows that closed and whose end was not announced, with their slots, which may have been
    /// given to others since. `order` has the oldest first, each with its endpoints, and some that
    /// are no longer awaited.
    rows_by_key: HashMap<SocketKey, Slot>,
    oldest_first: VecDeque<(SocketKey, SocketKey)>,
    /// The names of those by their endpoints: the kernel may have given the row another cookie than
    /// the socket (see [`reunion`](super::cookie_merge)).
    keys_by_tuple: HashMap<SocketKey, SocketKey>,
}

impl PendingCloses {
    /// All that is to be joined in this sample.
    pub(crate) fn events_for_sample(
        &mut self,
        events: Vec<Destroyed>,
        now: Duration,
    ) -> CloseEventSet {
        let mut ends = std::mem::take(&mut self.deferred_events);
        ends.extend(events);
        if ends.is_empty() {
            return CloseEventSet::default();
        }
        CloseEventSet::new(ends, now)
    }

    pub(super) fn insert_row(&mut self, row: &TrackedSocket) {
        if self.oldest_first.len() >= MAX_PENDING_CLOSES
            && let Some((oldest, ends)) = self.oldest_first.pop_front()
        {
            self.rows_by_key.remove(&oldest);
            // Others may have been given the endpoints since.
            if self.keys_by_tuple.get(&ends) == Some(&oldest) {
                self.keys_by_tuple.remove(&ends);
            }
        }
        let ends = tuple_key(&row.socket);
        if self.rows_by_key.insert(row.key, row.slot).is_none() {
            self.oldest_first.push_back((row.key, ends));
        }
        self.keys_by_tuple.insert(ends, row.key);
    }

    /// Whose end it is, by name or else by endpoints; he is not awaited any more.
    pub(super) fn take_row(&mut self, end: &Destroyed) -> Option<(SocketKey, Slot)> {
        let by_tuple = self.keys_by_tuple.get(&end.tuple_key());
        let key = [Some(end.key()), by_tuple.copied()]
            .into_iter()
            .flatten()
            .find(|key| self.rows_by_key.contains_key(key))?;
        let slot = self.rows_by_key.remove(&key)?;
        self.keys_by_tuple.remove(&end.tuple_key());
        Some((key, slot))
    }
}

/// What the ends that found no TIME-WAIT row came to.
#[derive(Debug, Default)]
pub(crate) struct CloseMatches {
    /// Rows that have their final figures now.
    pub(super) matched_rows: HashSet<Slot>,
    /// Sockets that no sample had.
    pub(crate) unsampled: Vec<Destroyed>,
}

/// The name by which endpoints know it.
pub(crate) fn tuple_key(socket: &Socket) -> SocketKey {
    SocketKey::Tuple {
        protocol: socket.protocol(),
        local: socket.local,
        remote: socket.remote,
        interface: socket.interface,
        reuseport_id: 0,
    }
}

/// Whether it is what TCP leaves behind when the socket is gone: endpoints and a timer.
pub(crate) fn is_time_wait_row(socket: &Socket) -> bool {
    let state = matches!(
        socket.transport,
        Transport::Tcp(TcpState::TimeWait | TcpState::FinWait2)
    );
    state && socket.tcp.is_none() && socket.inode.is_none()
}

/// What is known of a socket that ended, beside its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseState {
    /// TCP kept the endpoints in a TIME-WAIT row.
    TimeWait,
    /// Nothing was left, and a sample had it in a state that says that the other end's FIN came.
    AfterFin,
    /// Nothing was left.
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

/// The final figures, without the other end's FIN, which the kernel counts among the bytes received
/// (`tcp_rcv_nxt_update`), also when it is all that is unread. A program that closes before it has
/// read all sends a reset and no FIN of its own; so, where that was acknowledged, what is unread is
/// the other's. Where nothing is unread, the program has read the end of the stream, or it closed
/// first, which leaves a TIME-WAIT row.
pub(crate) fn final_tcp_info(end: &Destroyed, close_state: CloseState) -> Option<TcpInfo> {
    let mut tcp = end.tcp?;
    let counts_fin = match close_state {
        CloseState::AfterFin => true,
        CloseState::TimeWait => end.unread > 0,
        CloseState::NoRow(side) => {
            acked_beyond_sent(&tcp) == Some(1 + u64::from(side == Side::Outgoing))
        }
    };
    if let Some(delivered) = tcp.delivered.as_mut().filter(|_| counts_fin) {
        delivered.received = delivered.received.saturating_sub(1);
    }
    Some(tcp)
}

/// What was acknowledged beyond the bytes sent: the SYN of the side that dialled, and the FIN.
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
        let mut waiting = PendingCloses::default();
        // So many that a look at all of them for each would take minutes.
        for n in 1..=4 * most {
            waiting.insert_row(&row(n));
            assert!(waiting.keys_by_tuple.len() <= MAX_PENDING_CLOSES);
        }
        assert_eq!(waiting.rows_by_key.len(), MAX_PENDING_CLOSES);
        let youngest = row(4 * most);
        let found = waiting.keys_by_tuple.get(&tuple_key(&youngest.socket));
        assert_eq!(found, Some(&youngest.key));
        assert!(
            !waiting
                .keys_by_tuple
                .contains_key(&tuple_key(&row(most).socket))
        );
    }
}
