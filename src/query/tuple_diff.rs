//! What many sockets have in common, and what tells them apart.
//!
//! In: the rows of an answer, or of one of its groups. Out: [`TupleDiff`]: which of the four numbers of
//! a connection's name are the same for all, and how many ends are in which state. This walks over
//! all rows, so it is made behind the thread that draws, and only while somebody looks at it.

use std::ops::Range;

use hashbrown::HashSet;

use super::group::GroupPath;
use super::result::QueryResult;
use crate::history::{Side, Slot, TrackedSocket};
use crate::net::endpoint::Endpoint;
use crate::net::port::Protocol;
use crate::net::socket::TcpState;

/// What is surveyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TupleDiffScope {
    /// Every row of the answer.
    All,
    /// The rows of one group.
    Group(GroupPath),
}

/// One of the four numbers that name a connection (RFC 9293 §3.4.1); the protocol is the fifth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TupleField {
    /// The address of this end.
    LocalAddress,
    /// The port of this end.
    LocalPort,
    /// The address of the other end.
    RemoteAddress,
    /// The port of the other end.
    RemotePort,
}

impl TupleField {
    /// All, in the order they are written.
    pub const ALL: [Self; 4] = [
        Self::LocalAddress,
        Self::LocalPort,
        Self::RemoteAddress,
        Self::RemotePort,
    ];

    /// In a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LocalAddress => "local address",
            Self::LocalPort => "local port",
            Self::RemoteAddress => "remote address",
            Self::RemotePort => "remote port",
        }
    }
}

/// How many ends are in a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndCounts {
    /// Of those that listen or were accepted: the server's.
    pub server: u32,
    /// Of those that dialled: the client's.
    pub client: u32,
}

/// Whose end is shown where both are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShownEnd {
    /// The server's.
    #[default]
    Server,
    /// The client's.
    Client,
}

/// The survey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TupleDiff {
    /// Open sockets without a remote half: they have no name with four numbers.
    pub unconnected: usize,
    /// Connections. Where both ends are among the rows, one of them stands for both.
    pub connections: usize,
    /// Connections both of whose ends are among the rows.
    pub local_connections: usize,
    /// Whose end stands for both: the one whose port more of them share, the server's in doubt.
    pub shown_end: ShownEnd,
    /// How many different values there are, in the order of [`TupleField::ALL`].
    pub distinct: [usize; 4],
    /// How many different names.
    pub distinct_tuples: usize,
    /// The first of the connections, in the order of the answer.
    pub first_rows: Vec<Slot>,
    /// The states that occur.
    pub states: Vec<(TcpState, EndCounts)>,
    /// The states that the open sockets were seen in.
    pub states_seen: Vec<TcpState>,
}

/// Rows kept to be shown: more than the highest terminal has lines.
const MAX_ROWS: usize = 200;

impl TupleDiff {
    /// Surveys the rows.
    pub fn compute(answer: &QueryResult, scope: TupleDiffScope) -> Self {
        let range = match scope {
            TupleDiffScope::All => 0..answer.rows.len(),
            TupleDiffScope::Group(path) => {
                answer.group(path).map_or(0..0, |group| group.rows.clone())
            }
        };
        let mut survey = Self {
            shown_end: choose_shown_end(answer, &range),
            ..Self::default()
        };
        let mut values = DistinctValues::default();
        let mut counted = HashSet::new();
        for slot in answer.rows.get(range.clone()).unwrap_or_default() {
            let Some(row) = answer.row(*slot) else {
                continue;
            };
            // A socket that several processes hold stands in several groups.
            if row.is_closed() || !counted.insert(*slot) {
                continue;
            }
            survey.count_state(row);
            if let Some(twin) = answer.dual_stack_twin(*slot) {
                survey.count_state(twin);
                survey.unconnected += 1;
            }
            let Some(remote) = row.socket.remote else {
                survey.unconnected += 1;
                continue;
            };
            if is_represented_by_peer(row, answer, &range, survey.shown_end) {
                survey.local_connections += 1;
                continue;
            }
            survey.connections += 1;
            values.add(row.socket.protocol(), row.socket.local, remote);
            if survey.first_rows.len() < MAX_ROWS {
                survey.first_rows.push(*slot);
            }
        }
        survey.distinct = values.fields.each_ref().map(HashSet::len);
        survey.distinct_tuples = values.tuples.len();
        survey
    }

    /// How many different values one of the numbers has.
    pub const fn distinct_count(&self, field: TupleField) -> usize {
        self.distinct[field as usize]
    }

    /// Whether it differs among the connections.
    pub const fn differs(&self, field: TupleField) -> bool {
        self.distinct_count(field) > 1
    }

    /// How many ends are in this state.
    pub fn count_in_state(&self, state: TcpState) -> EndCounts {
        let found = self.states.iter().find(|(known, _)| *known == state);
        found.map_or_else(EndCounts::default, |(_, ends)| *ends)
    }

    fn count_state(&mut self, row: &TrackedSocket) {
        let Some(state) = row.socket.tcp_state() else {
            return;
        };
        for state_seen in &row.states {
            if !self.states_seen.contains(state_seen) {
                self.states_seen.push(*state_seen);
            }
        }
        let index = self.states.iter().position(|(known, _)| *known == state);
        let index = index.unwrap_or_else(|| {
            self.states.push((state, EndCounts::default()));
            self.states.len() - 1
        });
        if let Some((_, ends)) = self.states.get_mut(index) {
            match row.side {
                Side::Outgoing => ends.client += 1,
                Side::Listening | Side::Serving => ends.server += 1,
            }
        }
    }
}

/// The side whose ends have fewer different ports: it is what they share that makes them worth
/// telling apart.
fn choose_shown_end(answer: &QueryResult, range: &Range<usize>) -> ShownEnd {
    let (mut client, mut server) = (HashSet::new(), HashSet::new());
    for slot in answer.rows.get(range.clone()).unwrap_or_default() {
        let row = answer.row(*slot).filter(|row| !row.is_closed());
        let pair = row.and_then(|row| Some((row, listed_peer(row, answer, range)?)));
        if let Some((row, peer)) = pair
            && row.side == Side::Outgoing
            && peer.side != Side::Outgoing
        {
            client.insert((row.socket.protocol(), row.socket.local.port));
            server.insert((peer.socket.protocol(), peer.socket.local.port));
        }
    }
    match client.len() < server.len() {
        true => ShownEnd::Client,
        false => ShownEnd::Server,
    }
}

/// The other end, where it is among the rows.
fn listed_peer<'a>(
    row: &TrackedSocket,
    answer: &'a QueryResult,
    range: &Range<usize>,
) -> Option<&'a TrackedSocket> {
    let peer = answer
        .moment
        .peer_of(row)
        .filter(|peer| !peer.is_closed())?;
    answer.position(peer.slot, range).is_some().then_some(peer)
}

/// Whether the row is the end that is left out of a connection whose other end is surveyed, too; of
/// two ends that both dialled the second is left to the first.
fn is_represented_by_peer(
    row: &TrackedSocket,
    answer: &QueryResult,
    range: &Range<usize>,
    shown_end: ShownEnd,
) -> bool {
    let Some(peer) = listed_peer(row, answer, range) else {
        return false;
    };
    match (row.side == Side::Outgoing, peer.side == Side::Outgoing) {
        (true, true) => peer.slot < row.slot,
        (true, false) => shown_end == ShownEnd::Server,
        (false, true) => shown_end == ShownEnd::Client,
        (false, false) => false,
    }
}

/// The values met so far.
#[derive(Default)]
struct DistinctValues {
    fields: [HashSet<(Protocol, Option<std::net::IpAddr>, u16)>; 4],
    tuples: HashSet<(Protocol, Endpoint, Endpoint)>,
}

impl DistinctValues {
    fn add(&mut self, protocol: Protocol, local: Endpoint, remote: Endpoint) {
        let (local, remote) = (local.canonical(), remote.canonical());
        let found = [
            (protocol, Some(local.address), 0),
            (protocol, None, local.port.number()),
            (protocol, Some(remote.address), 0),
            (protocol, None, remote.port.number()),
        ];
        for (part, value) in self.fields.iter_mut().zip(found) {
            part.insert(value);
        }
        self.tuples.insert((protocol, local, remote));
    }
}
