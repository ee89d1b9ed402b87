//! What many sockets have in common, and what tells them apart.
//!
//! In: the rows of an answer, or of one of its groups. Out: [`Survey`]: which of the four numbers of
//! a connection's name are the same for all, and how many ends are in which state. This walks over
//! all rows, so it is made behind the thread that draws, and only while somebody looks at it.

use std::ops::Range;

use hashbrown::HashSet;

use crate::endpoint::Endpoint;
use crate::history::{Side, Slot, Tracked};
use crate::port::Protocol;
use crate::query::answer::Answer;
use crate::query::group::GroupPath;
use crate::socket::TcpState;

/// What is surveyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every row of the answer.
    Everything,
    /// The rows of one group.
    Group(GroupPath),
}

/// One of the four numbers that name a connection (RFC 9293 §3.4.1); the protocol is the fifth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quarter {
    /// The address of this end.
    LocalAddress,
    /// The port of this end.
    LocalPort,
    /// The address of the other end.
    RemoteAddress,
    /// The port of the other end.
    RemotePort,
}

impl Quarter {
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
pub struct Ends {
    /// Of those that listen or were accepted: the server's.
    pub server: u32,
    /// Of those that dialled: the client's.
    pub client: u32,
}

/// Whose end is shown where both are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// The server's.
    #[default]
    Server,
    /// The client's.
    Client,
}

/// The survey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Open sockets without a remote half: they have no name with four numbers.
    pub waiting: usize,
    /// Connections. Where both ends are among the rows, one of them stands for both.
    pub connections: usize,
    /// Connections both of whose ends are among the rows.
    pub mirrored: usize,
    /// Whose end stands for both: the one whose port more of them share, the server's in doubt.
    pub shown: Shown,
    /// How many different values there are, in the order of [`Quarter::ALL`].
    pub distinct: [usize; 4],
    /// How many different names.
    pub names: usize,
    /// The first of the connections, in the order of the answer.
    pub first: Vec<Slot>,
    /// The states that occur.
    pub states: Vec<(TcpState, Ends)>,
    /// The states that the open sockets were seen in.
    pub passed: Vec<TcpState>,
}

/// Rows kept to be shown: more than the highest terminal has lines.
const MOST: usize = 200;

impl Survey {
    /// Surveys the rows.
    pub fn of(answer: &Answer, scope: Scope) -> Self {
        let range = match scope {
            Scope::Everything => 0..answer.rows.len(),
            Scope::Group(path) => answer.group(path).map_or(0..0, |group| group.rows.clone()),
        };
        let mut survey = Self {
            shown: shared_side(answer, &range),
            ..Self::default()
        };
        let mut values = Values::default();
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
            if let Some(twin) = answer.twin(*slot) {
                survey.count_state(twin);
                survey.waiting += 1;
            }
            let Some(remote) = row.socket.remote else {
                survey.waiting += 1;
                continue;
            };
            if is_told_by_its_other_end(row, answer, &range, survey.shown) {
                survey.mirrored += 1;
                continue;
            }
            survey.connections += 1;
            values.add(row.socket.protocol(), row.socket.local, remote);
            if survey.first.len() < MOST {
                survey.first.push(*slot);
            }
        }
        survey.distinct = values.parts.each_ref().map(HashSet::len);
        survey.names = values.names.len();
        survey
    }

    /// How many different values one of the numbers has.
    pub const fn distinct(&self, quarter: Quarter) -> usize {
        self.distinct[quarter as usize]
    }

    /// Whether it differs among the connections.
    pub const fn differs(&self, quarter: Quarter) -> bool {
        self.distinct(quarter) > 1
    }

    /// How many ends are in this state.
    pub fn ends_in(&self, state: TcpState) -> Ends {
        let found = self.states.iter().find(|(known, _)| *known == state);
        found.map_or_else(Ends::default, |(_, ends)| *ends)
    }

    fn count_state(&mut self, row: &Tracked) {
        let Some(state) = row.socket.tcp_state() else {
            return;
        };
        for passed in &row.path {
            if !self.passed.contains(passed) {
                self.passed.push(*passed);
            }
        }
        let index = self.states.iter().position(|(known, _)| *known == state);
        let index = index.unwrap_or_else(|| {
            self.states.push((state, Ends::default()));
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
fn shared_side(answer: &Answer, range: &Range<usize>) -> Shown {
    let (mut client, mut server) = (HashSet::new(), HashSet::new());
    for slot in answer.rows.get(range.clone()).unwrap_or_default() {
        let row = answer.row(*slot).filter(|row| !row.is_closed());
        let pair = row.and_then(|row| Some((row, other_end(row, answer, range)?)));
        if let Some((row, peer)) = pair
            && row.side == Side::Outgoing
            && peer.side != Side::Outgoing
        {
            client.insert((row.socket.protocol(), row.socket.local.port));
            server.insert((peer.socket.protocol(), peer.socket.local.port));
        }
    }
    match client.len() < server.len() {
        true => Shown::Client,
        false => Shown::Server,
    }
}

/// The other end, where it is among the rows.
fn other_end<'a>(row: &Tracked, answer: &'a Answer, range: &Range<usize>) -> Option<&'a Tracked> {
    let peer = answer
        .moment
        .peer_of(row)
        .filter(|peer| !peer.is_closed())?;
    answer.position(peer.slot, range).is_some().then_some(peer)
}

/// Whether the row is the end that is left out of a connection whose other end is surveyed, too; of
/// two ends that both dialled the second is left to the first.
fn is_told_by_its_other_end(
    row: &Tracked,
    answer: &Answer,
    range: &Range<usize>,
    shown: Shown,
) -> bool {
    let Some(peer) = other_end(row, answer, range) else {
        return false;
    };
    match (row.side == Side::Outgoing, peer.side == Side::Outgoing) {
        (true, true) => peer.slot < row.slot,
        (true, false) => shown == Shown::Server,
        (false, true) => shown == Shown::Client,
        (false, false) => false,
    }
}

/// The values met so far.
#[derive(Default)]
struct Values {
    parts: [HashSet<(Protocol, Option<std::net::IpAddr>, u16)>; 4],
    names: HashSet<(Protocol, Endpoint, Endpoint)>,
}

impl Values {
    fn add(&mut self, protocol: Protocol, local: Endpoint, remote: Endpoint) {
        let (local, remote) = (local.canonical(), remote.canonical());
        let found = [
            (protocol, Some(local.address), 0),
            (protocol, None, local.port.number()),
            (protocol, Some(remote.address), 0),
            (protocol, None, remote.port.number()),
        ];
        for (part, value) in self.parts.iter_mut().zip(found) {
            part.insert(value);
        }
        self.names.insert((protocol, local, remote));
    }
}
