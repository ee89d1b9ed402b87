//! What there is to see after a step: the lab's rows, counted and named.
//!
//! In: the [`Cast`], a moment's rows, what came of the last call. Out: numbers ([`Measure`]) and
//! texts whose `{…}` are filled in from the rows, so that every word about a row is the row's.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::history::{Moment, Tracked};
use crate::port::Port;
use crate::process::distinct_processes;
use crate::socket::TcpState;
use crate::teach::lessons::call::Actor;
use crate::teach::lessons::cast::Cast;
use crate::teach::lessons::deed::Happened;
use crate::teach::lessons::place::Name;
use crate::teach::lessons::say::{queues, say_row};

/// Something of the lab's rows that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// All rows.
    Rows,
    /// Rows with this local port: sockets at this end.
    RowsAt(Name),
    /// Different local port numbers among the sockets that this process has.
    PortsOf(Actor),
    /// Sockets that this process has.
    SocketsOf(Actor),
    /// Rows in this state.
    InState(TcpState),
    /// Connections: pairs of ends, whichever end a row shows.
    Connections,
    /// Connections one end of which has this port at 127.0.0.1 or any other address.
    ConnectionsWith(Name),
    /// Processes that have a listener at this port.
    OwnersOf(Name),
    /// Rows whose socket no process has.
    Ownerless,
    /// Connections waiting at all listeners of this port.
    Waiting(Name),
    /// Recv-Q of the row with this local port and this remote port.
    Received(Name, Name),
    /// Send-Q of it.
    Sent(Name, Name),
}

/// What there is to see.
pub struct Scene<'a> {
    /// The names.
    pub cast: &'a Cast,
    /// The lab's rows.
    pub rows: Vec<&'a Arc<Tracked>>,
    /// What came of the last call.
    pub last: Option<Happened>,
}

impl<'a> Scene<'a> {
    /// Of a moment.
    pub fn new(cast: &'a Cast, moment: &'a Moment, last: Option<Happened>) -> Self {
        Self {
            cast,
            rows: cast.rows(moment),
            last,
        }
    }

    /// Counts.
    pub fn count(&self, measure: Measure) -> u32 {
        let rows = || self.rows.iter().copied();
        let number = match measure {
            Measure::Rows => self.rows.len(),
            Measure::RowsAt(name) => rows().filter(|row| self.is_at(row, name)).count(),
            Measure::PortsOf(actor) => {
                let ports: BTreeSet<Port> = rows()
                    .filter(|row| self.is_held(row, actor))
                    .map(|row| row.socket.local.port)
                    .collect();
                ports.len()
            }
            Measure::SocketsOf(actor) => rows().filter(|row| self.is_held(row, actor)).count(),
            Measure::InState(state) => rows()
                .filter(|row| row.socket.tcp_state() == Some(state))
                .count(),
            Measure::Connections => self.connections(|_| true),
            Measure::ConnectionsWith(name) => {
                let port = self.cast.port(name.0);
                self.connections(|end| Some(end.port) == port)
            }
            Measure::OwnersOf(name) => {
                let held = rows().filter(|row| self.is_at(row, name) && row.socket.is_listening());
                let processes: BTreeSet<_> = held
                    .filter_map(|row| row.ownership.holders())
                    .flat_map(|held| distinct_processes(held))
                    .collect();
                processes.len()
            }
            Measure::Ownerless => rows()
                .filter(|row| row.ownership.holders().is_none())
                .count(),
            Measure::Waiting(name) => {
                let backlogs = rows().filter(|row| self.is_at(row, name));
                let waiting = backlogs.filter_map(|row| row.socket.backlog);
                return waiting.map(|backlog| backlog.waiting).sum();
            }
            Measure::Received(local, remote) => return self.queue(local, remote).0,
            Measure::Sent(local, remote) => return self.queue(local, remote).1,
        };
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    fn is_at(&self, row: &Tracked, name: Name) -> bool {
        Some(row.socket.local.port) == self.cast.port(name.0)
    }

    fn is_held(&self, row: &Tracked, actor: Actor) -> bool {
        let pid = self.cast.pid(actor);
        let held = row.ownership.holders();
        held.is_some_and(|held| held.processes().any(|process| Some(process.pid) == pid))
    }

    fn connections(&self, has: impl Fn(Endpoint) -> bool) -> usize {
        let pairs = self.rows.iter().filter_map(|row| {
            let (one, other) = (row.socket.local.canonical(), row.socket.remote?.canonical());
            (has(one) || has(other)).then(|| (one.min(other), one.max(other)))
        });
        pairs.collect::<BTreeSet<_>>().len()
    }

    fn queue(&self, local: Name, remote: Name) -> (u32, u32) {
        let row = self.row(local.0, Some(remote.0));
        let (received, sent) = row.map_or((None, None), |row| queues(&row.socket));
        (received.unwrap_or(0), sent.unwrap_or(0))
    }

    /// The row with these ports; without a remote one, the listener.
    fn row(&self, local: &str, remote: Option<&str>) -> Option<&'a Arc<Tracked>> {
        let local = self.cast.port(local)?;
        let remote = match remote {
            Some(name) => Some(self.cast.port(name)?),
            None => None,
        };
        let mut rows = self.rows.iter().copied().filter(|row| {
            row.socket.local.port == local && row.socket.remote.map(|end| end.port) == remote
        });
        rows.next()
    }

    /// The text with its `{…}` filled in:
    ///
    /// * `{P}` the number of the port P,
    /// * `{P>C1}` the row between these ports in words, `{P>}` the one of P without another end,
    /// * `{outcome}` what came of the last call,
    /// * `{rows}` how many rows there are.
    pub fn fill(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Plain(plain) => out.push_str(plain),
                Piece::Blank("outcome") => match self.last {
                    Some(happened) => out.push_str(&happened.to_string()),
                    None => out.push_str("nothing yet"),
                },
                Piece::Blank("rows") => out.push_str(&self.rows.len().to_string()),
                Piece::Blank(blank) => match blank.split_once('>') {
                    Some((local, remote)) => {
                        let remote = Some(remote).filter(|name| !name.is_empty());
                        match self.row(local, remote) {
                            Some(row) => out.push_str(&say_row(row, self.cast)),
                            None => out.push_str("no row"),
                        }
                    }
                    None => match self.cast.port(blank) {
                        Some(port) => out.push_str(&port.to_string()),
                        None => out.push_str(blank),
                    },
                },
            }
        }
        out
    }
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it is.
    Plain(&'a str),
    /// What stands between braces.
    Blank(&'a str),
}

/// The parts of a text, in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('{') {
        let Some((blank, after)) = after.split_once('}') else {
            break;
        };
        found.extend([Piece::Plain(plain), Piece::Blank(blank)]);
        rest = after;
    }
    found.push(Piece::Plain(rest));
    found
}
