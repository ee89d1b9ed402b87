//! Determines what a set of connections has in common and what distinguishes them.
//!
//! [`TupleDiff`] says which of the four numbers of the 4-tuple are the same for all, and how many
//! sockets are in which state. Iterates over all rows, so it is computed outside the thread that
//! draws, and only while it is shown.

use std::ops::Range;

use hashbrown::HashSet;

use super::group::GroupPath;
use super::result::QueryResult;
use crate::history::{Side, Slot, TrackedSocket};
use crate::net::endpoint::Endpoint;
use crate::net::port::Protocol;
use crate::net::socket::TcpState;

/// Which rows to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TupleDiffScope {
    /// Every row of the result.
    All,
    /// The rows of one group.
    Group(GroupPath),
}

/// One of the four numbers that identify a connection (RFC 9293 §3.4.1); the protocol is the fifth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TupleField {
    LocalAddress,
    LocalPort,
    RemoteAddress,
    RemotePort,
}

impl TupleField {
    /// All fields in display order.
    pub const ALL: [Self; 4] = [
        Self::LocalAddress,
        Self::LocalPort,
        Self::RemoteAddress,
        Self::RemotePort,
    ];

    /// Returns the name used in sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LocalAddress => "local address",
            Self::LocalPort => "local port",
            Self::RemoteAddress => "remote address",
            Self::RemotePort => "remote port",
        }
    }
}

/// Number of sockets in a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndCounts {
    /// Sockets that listen or were accepted.
    pub server: u32,
    /// Sockets that connected.
    pub client: u32,
}

/// Which of two peers is shown if both are among the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShownEnd {
    #[default]
    Server,
    Client,
}

/// What the compared connections have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TupleDiff {
    /// Number of open sockets without a remote endpoint: they have no 4-tuple.
    pub unconnected: usize,
    /// Number of connections. If both peers are among the rows, one of them represents both.
    pub connections: usize,
    /// Number of connections with both peers among the rows.
    pub local_connections: usize,
    /// Which peer represents both: the one whose port more of them share; the server if equal.
    pub shown_end: ShownEnd,
    /// Number of distinct values of each field, in the order of [`TupleField::ALL`].
    pub distinct: [usize; 4],
    /// Number of distinct 4-tuples.
    pub distinct_tuples: usize,
    /// The first connections, in the order of the result.
    pub first_rows: Vec<Slot>,
    /// The states that occur, with counts.
    pub states: Vec<(TcpState, EndCounts)>,
    /// All states the open sockets were seen in.
    pub states_seen: Vec<TcpState>,
}

/// Maximum number of rows kept to be shown: more than any terminal has lines.
const MAX_ROWS: usize = 200;

impl TupleDiff {
    /// Compares the rows in `scope`.
    pub fn compute(result: &QueryResult, scope: TupleDiffScope) -> Self {
        let range = match scope {
            TupleDiffScope::All => 0..result.rows.len(),
            TupleDiffScope::Group(path) => {
                result.group(path).map_or(0..0, |group| group.rows.clone())
            }
        };
        let mut diff = Self {
            shown_end: choose_shown_end(result, &range),
            ..Self::default()
        };
        let mut values = DistinctValues::default();
        let mut counted = HashSet::new();
        for slot in result.rows.get(range.clone()).unwrap_or_default() {
            let Some(row) = result.row(*slot) else {
                continue;
            };
            // A socket held by several processes is in several groups.
            if row.is_closed() || !counted.insert(*slot) {
                continue;
            }
            diff.count_state(row);
            if let Some(twin) = result.dual_stack_twin(*slot) {
                diff.count_state(twin);
                diff.unconnected += 1;
            }
            let Some(remote) = row.socket.remote else {
                diff.unconnected += 1;
                continue;
            };
            if is_represented_by_peer(row, result, &range, diff.shown_end) {
                diff.local_connections += 1;
                continue;
            }
            diff.connections += 1;
            values.add(row.socket.protocol(), row.socket.local, remote);
            if diff.first_rows.len() < MAX_ROWS {
                diff.first_rows.push(*slot);
            }
        }
        diff.distinct = values.fields.each_ref().map(HashSet::len);
        diff.distinct_tuples = values.tuples.len();
        diff
    }

    /// Returns the number of distinct values of a field.
    pub const fn distinct_count(&self, field: TupleField) -> usize {
        self.distinct[field as usize]
    }

    /// Returns whether a field differs among the connections.
    pub const fn differs(&self, field: TupleField) -> bool {
        self.distinct_count(field) > 1
    }

    /// Returns the number of sockets in a state.
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

/// Chooses the side with fewer distinct ports: the shared port is what makes its connections worth
/// distinguishing.
fn choose_shown_end(result: &QueryResult, range: &Range<usize>) -> ShownEnd {
    let (mut client, mut server) = (HashSet::new(), HashSet::new());
    for slot in result.rows.get(range.clone()).unwrap_or_default() {
        let row = result.row(*slot).filter(|row| !row.is_closed());
        let pair = row.and_then(|row| Some((row, listed_peer(row, result, range)?)));
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

/// Returns the peer, if it is among the rows.
fn listed_peer<'a>(
    row: &TrackedSocket,
    result: &'a QueryResult,
    range: &Range<usize>,
) -> Option<&'a TrackedSocket> {
    let peer = result
        .moment
        .peer_of(row)
        .filter(|peer| !peer.is_closed())?;
    result.position(peer.slot, range).is_some().then_some(peer)
}

/// Returns whether the row is left out because its peer represents the connection. If both are outgoing,
/// the one with the lower slot represents both.
fn is_represented_by_peer(
    row: &TrackedSocket,
    result: &QueryResult,
    range: &Range<usize>,
    shown_end: ShownEnd,
) -> bool {
    let Some(peer) = listed_peer(row, result, range) else {
        return false;
    };
    match (row.side == Side::Outgoing, peer.side == Side::Outgoing) {
        (true, true) => peer.slot < row.slot,
        (true, false) => shown_end == ShownEnd::Server,
        (false, true) => shown_end == ShownEnd::Client,
        (false, false) => false,
    }
}

/// The values seen so far.
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
