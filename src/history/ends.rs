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

use crate::destroyed::Destroyed;
use crate::history::History;
use crate::history::side::Side;
use crate::history::tracked::{Slot, Tracked};
use crate::port::Protocol;
use crate::socket::{Socket, SocketKey, TcpInfo, TcpState, Transport};

/// The most rows that closed unannounced and are remembered. A program may keep the descriptor of
/// a connection that was reset for as long as it likes, and the end is announced after that.
const MOST_AWAITED: usize = 1 << 14;

/// What the announcements of the sample at hand are the ends of.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// `None` once it has found its row.
    ends: Vec<Option<Destroyed>>,
    by_key: HashMap<SocketKey, usize>,
    by_tuple: HashMap<SocketKey, usize>,
}

impl Ends {
    fn new(ends: Vec<Destroyed>, now: Duration) -> Self {
        let mut by_key = HashMap::with_capacity(ends.len());
        let mut by_tuple = HashMap::with_capacity(ends.len());
        for (place, end) in ends.iter().enumerate() {
            by_key.insert(end.key(), place);
            // Endpoints are used again: the row in the table is of the last to have them when the
            // look began. Who had them later may have left his after the table was read.
            let is_in_time = end.at < now;
            if end.protocol == Protocol::Tcp {
                match by_tuple.entry(end.tuple()) {
                    Entry::Occupied(_) if !is_in_time => {}
                    entry => {
                        entry.insert(place);
                    }
                }
            }
        }
        Self {
            ends: ends.into_iter().map(Some).collect(),
            by_key,
            by_tuple,
        }
    }

    /// Gives a TIME-WAIT row, which has no figures of its own, those of the socket it was.
    pub(super) fn complete(&mut self, socket: &mut Socket) {
        if self.ends.is_empty() || !is_remains(socket) {
            return;
        }
        let places = [
            self.by_key.get(&socket.key()),
            self.by_tuple.get(&tuple(socket)),
        ];
        let end = places.into_iter().flatten().find_map(|&place| {
            let place = self.ends.get_mut(place)?;
            place.take()
        });
        socket.tcp = end.and_then(|end| settle(&end, Left::TimeWait));
    }

    fn left(self) -> impl Iterator<Item = Destroyed> {
        self.ends.into_iter().flatten()
    }
}

/// What is remembered of ends from sample to sample.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Heard after the last look had begun.
    undecided: Vec<Destroyed>,
    /// Rows that closed and whose end was not announced, with their slots, which may have been
    /// given to others since. `order` has the oldest first, each with its endpoints, and some that
    /// are no longer awaited.
    awaited: HashMap<SocketKey, Slot>,
    order: VecDeque<(SocketKey, SocketKey)>,
    /// The names of those by their endpoints: the kernel may have given the row another cookie than
    /// the socket (see [`reunion`](super::reunion)).
    by_tuple: HashMap<SocketKey, SocketKey>,
}

impl Waiting {
    /// All that is to be joined in this sample.
    pub(super) fn ends(&mut self, heard: Vec<Destroyed>, now: Duration) -> Ends {
        let mut ends = std::mem::take(&mut self.undecided);
        ends.extend(heard);
        if ends.is_empty() {
            return Ends::default();
        }
        Ends::new(ends, now)
    }

    fn expect(&mut self, row: &Tracked) {
        if self.order.len() >= MOST_AWAITED
            && let Some((oldest, ends)) = self.order.pop_front()
        {
            self.awaited.remove(&oldest);
            // Others may have been given the endpoints since.
            if self.by_tuple.get(&ends) == Some(&oldest) {
                self.by_tuple.remove(&ends);
            }
        }
        let ends = tuple(&row.socket);
        if self.awaited.insert(row.key, row.slot).is_none() {
            self.order.push_back((row.key, ends));
        }
        self.by_tuple.insert(ends, row.key);
    }

    /// Whose end it is, by name or else by endpoints; he is not awaited any more.
    fn remove(&mut self, end: &Destroyed) -> Option<(SocketKey, Slot)> {
        let by_tuple = self.by_tuple.get(&end.tuple());
        let key = [Some(end.key()), by_tuple.copied()]
            .into_iter()
            .flatten()
            .find(|key| self.awaited.contains_key(key))?;
        let slot = self.awaited.remove(&key)?;
        self.by_tuple.remove(&end.tuple());
        Some((key, slot))
    }
}

/// What the ends that found no TIME-WAIT row came to.
#[derive(Debug, Default)]
pub(super) struct Farewells {
    /// Rows that have their final figures now.
    announced: HashSet<Slot>,
    /// Sockets that no sample had.
    pub(super) unsampled: Vec<Destroyed>,
}

impl History {
    /// Gives rows that are gone their final figures. To be called when every socket of the sample
    /// has met its row, and before the rows that were not met are closed.
    pub(super) fn bid_farewell(&mut self, ends: Ends, now: Duration) -> Farewells {
        let mut farewells = Farewells::default();
        let mut unknown = Vec::new();
        for end in ends.left() {
            let row = self.store.find(&end.key());
            let row = row.or_else(|| self.store.find(&end.tuple()));
            match row {
                Some(slot) if !self.store.is_met(slot) => {
                    farewells.announced.insert(slot);
                    self.conclude(slot, &end);
                }
                // It stood in the table after this: a namesake, or the table is older.
                Some(_) if end.at < now => {}
                Some(_) => self.waiting.undecided.push(end),
                None if self.was_awaited(&end) => {}
                None => unknown.push(end),
            }
        }
        let mut namesakes = self.unannounced(&unknown, &farewells.announced);
        for end in unknown {
            match namesakes.remove(&end.tuple()) {
                Some(slot) => {
                    farewells.announced.insert(slot);
                    self.conclude(slot, &end);
                }
                None if end.at >= now => self.waiting.undecided.push(end),
                None => farewells.unsampled.push(end),
            }
        }
        farewells
    }

    /// The rows that are gone and of whose end nothing was heard under their own name, by their
    /// endpoints.
    fn unannounced(
        &self,
        ends: &[Destroyed],
        announced: &HashSet<Slot>,
    ) -> HashMap<SocketKey, Slot> {
        if ends.is_empty() {
            return HashMap::new();
        }
        self.store
            .unmet()
            .filter(|row| row.socket.tcp_state().is_some() && !announced.contains(&row.slot))
            .map(|row| (tuple(&row.socket), row.slot))
            .collect()
    }

    /// Whether it is the end of a row that is closed already; then it gets its figures, too.
    fn was_awaited(&mut self, end: &Destroyed) -> bool {
        let Some((key, slot)) = self.waiting.remove(end) else {
            return false;
        };
        let row = self.store.row(slot);
        if row.is_some_and(|row| row.is_closed() && row.key == key) {
            self.conclude(slot, end);
            self.ended.push(slot);
        }
        true
    }

    fn conclude(&mut self, slot: Slot, end: &Destroyed) {
        let Some(row) = self.store.row(slot) else {
            return;
        };
        let figures = settle(end, Left::of(row));
        // Counters only grow, unless the kernel has cleared them. What a sample had may count the FIN
        // already: the kernel reads the state before it locks the socket to read the figures
        // (`tcp_get_info`). So it is compared as it was announced, with the FIN.
        let grown = |last: &TcpInfo| {
            let before = row.socket.tcp.and_then(|tcp| tcp.delivered);
            before.is_none_or(|before| {
                last.delivered.is_some_and(|last| {
                    last.received >= before.received && last.acknowledged >= before.acknowledged
                })
            })
        };
        if end.tcp.as_ref().is_some_and(grown) {
            self.store.edit(slot, |row| row.socket.tcp = figures);
        }
    }

    /// Remembers a row that closes and of whose end nothing was heard.
    pub(super) fn await_end(&mut self, row: &Tracked, farewells: &Farewells) {
        let has_figures =
            row.socket.tcp_state() == Some(TcpState::TimeWait) && row.socket.tcp.is_some();
        let is_announced = farewells.announced.contains(&row.slot) || has_figures;
        let never_is = row.socket.protocol() == Protocol::Tcp && row.socket.remote.is_none();
        if !is_announced && !never_is {
            self.waiting.expect(row);
        }
    }
}

/// The name by which endpoints know it.
pub(super) fn tuple(socket: &Socket) -> SocketKey {
    SocketKey::Tuple {
        protocol: socket.protocol(),
        local: socket.local,
        remote: socket.remote,
        interface: socket.interface,
        twin: 0,
    }
}

/// Whether it is what TCP leaves behind when the socket is gone: endpoints and a timer.
pub(super) fn is_remains(socket: &Socket) -> bool {
    let state = matches!(
        socket.transport,
        Transport::Tcp(TcpState::TimeWait | TcpState::FinWait2)
    );
    state && socket.tcp.is_none() && socket.inode.is_none()
}

/// What is known of a socket that ended, beside its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// TCP kept the endpoints in a TIME-WAIT row.
    TimeWait,
    /// Nothing was left, and a sample had it in a state that says that the other end's FIN came.
    AfterFin,
    /// Nothing was left.
    Nothing(Side),
}

impl Left {
    fn of(row: &Tracked) -> Self {
        match row.socket.tcp_state() {
            Some(TcpState::CloseWait | TcpState::LastAck | TcpState::Closing) => Self::AfterFin,
            Some(TcpState::TimeWait) => Self::TimeWait,
            _ => Self::Nothing(row.side),
        }
    }
}

/// The final figures, without the other end's FIN, which the kernel counts among the bytes received
/// (`tcp_rcv_nxt_update`), also when it is all that is unread. A program that closes before it has
/// read all sends a reset and no FIN of its own; so, where that was acknowledged, what is unread is
/// the other's. Where nothing is unread, the program has read the end of the stream, or it closed
/// first, which leaves a TIME-WAIT row.
pub(super) fn settle(end: &Destroyed, left: Left) -> Option<TcpInfo> {
    let mut tcp = end.tcp?;
    let came = match left {
        Left::AfterFin => true,
        Left::TimeWait => end.unread > 0,
        Left::Nothing(side) => surplus(&tcp) == Some(1 + u64::from(side == Side::Outgoing)),
    };
    if let Some(delivered) = tcp.delivered.as_mut().filter(|_| came) {
        delivered.received = delivered.received.saturating_sub(1);
    }
    Some(tcp)
}

/// What was acknowledged beyond the bytes sent: the SYN of the side that dialled, and the FIN.
pub(super) fn surplus(tcp: &TcpInfo) -> Option<u64> {
    let sent = tcp.sent?;
    let once = sent.bytes.checked_sub(sent.repeated)?;
    tcp.delivered?.acknowledged.checked_sub(once)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::history::{Evidence, Flow, Ownership, Since, Stall};
    use crate::port::Port;

    fn row(n: u32) -> Tracked {
        let address = |bits: u32| Endpoint::new(std::net::Ipv4Addr::from(bits).into(), Port(1));
        let state = Transport::Tcp(TcpState::Established);
        let socket = Socket::new(state, address(0), Some(address(n)));
        Tracked {
            key: socket.key(),
            slot: Slot(n),
            socket,
            ownership: Ownership::NotYet,
            side: Side::Outgoing,
            evidence: Evidence::State,
            first_seen: Since::Seen(Duration::ZERO),
            state_since: Since::Seen(Duration::ZERO),
            path: Vec::new(),
            peer: None,
            flow: Flow::default(),
            stall: Stall::default(),
            mark: None,
        }
    }

    #[test]
    fn however_many_close_at_once_only_the_youngest_are_awaited() {
        let most = u32::try_from(MOST_AWAITED).expect("not so many");
        let mut waiting = Waiting::default();
        // So many that a look at all of them for each would take minutes.
        for n in 1..=4 * most {
            waiting.expect(&row(n));
            assert!(waiting.by_tuple.len() <= MOST_AWAITED);
        }
        assert_eq!(waiting.awaited.len(), MOST_AWAITED);
        let youngest = row(4 * most);
        let found = waiting.by_tuple.get(&tuple(&youngest.socket));
        assert_eq!(found, Some(&youngest.key));
        assert!(!waiting.by_tuple.contains_key(&tuple(&row(most).socket)));
    }
}
