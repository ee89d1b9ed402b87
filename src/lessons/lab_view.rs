//! What there is to see after a step: the lab's rows, counted and named.
//!
//! In: the [`LabNames`], a moment's rows, what came of the last call. Out: numbers ([`Measure`]) and
//! texts whose `{…}` are filled in from the rows, so that every word about a row is the row's.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::action::ActualResult;
use super::call::LabRole;
use super::lab_endpoint::LabName;
use super::lab_names::LabNames;
use super::row_text::{lab_row_text, queue_lengths};
use crate::history::{Moment, TrackedSocket};
use crate::net::endpoint::Endpoint;
use crate::net::port::Port;
use crate::net::process::distinct_processes;
use crate::net::socket::TcpState;

/// Something of the lab's rows that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabMetric {
    /// All rows.
    Rows,
    /// Rows with this local port: sockets at this end.
    RowsWithLocalPort(LabName),
    /// Different local port numbers among the sockets that this process has.
    LocalPortsOfProcess(LabRole),
    /// Sockets that this process has.
    SocketsOfProcess(LabRole),
    /// Rows in this state.
    RowsInState(TcpState),
    /// Connections: pairs of ends, whichever end a row shows.
    Connections,
    /// Connections one end of which has this port at 127.0.0.1 or any other address.
    ConnectionsWithPort(LabName),
    /// Processes that have a listener at this port.
    ListenerProcesses(LabName),
    /// Rows whose socket no process has.
    RowsWithoutProcess,
    /// Connections waiting at all listeners of this port.
    AcceptQueue(LabName),
    /// Recv-Q of the row with this local port and this remote port.
    RecvQueue(LabName, LabName),
    /// Send-Q of it.
    SendQueue(LabName, LabName),
}

/// What there is to see.
pub struct LabView<'a> {
    /// The names.
    pub lab_names: &'a LabNames,
    /// The lab's rows.
    pub rows: Vec<&'a Arc<TrackedSocket>>,
    /// What came of the last call.
    pub last_result: Option<ActualResult>,
}

impl<'a> LabView<'a> {
    /// Of a moment.
    pub fn new(
        lab_names: &'a LabNames,
        moment: &'a Moment,
        last_result: Option<ActualResult>,
    ) -> Self {
        Self {
            lab_names,
            rows: lab_names.lab_rows(moment),
            last_result,
        }
    }

    /// Counts.
    pub fn count(&self, metric: LabMetric) -> u32 {
        let rows = || self.rows.iter().copied();
        let number = match metric {
            LabMetric::Rows => self.rows.len(),
            LabMetric::RowsWithLocalPort(name) => {
                rows().filter(|row| self.has_local_port(row, name)).count()
            }
            LabMetric::LocalPortsOfProcess(role) => {
                let ports: BTreeSet<Port> = rows()
                    .filter(|row| self.is_held_by(row, role))
                    .map(|row| row.socket.local.port)
                    .collect();
                ports.len()
            }
            LabMetric::SocketsOfProcess(role) => {
                rows().filter(|row| self.is_held_by(row, role)).count()
            }
            LabMetric::RowsInState(state) => rows()
                .filter(|row| row.socket.tcp_state() == Some(state))
                .count(),
            LabMetric::Connections => self.count_connections(|_| true),
            LabMetric::ConnectionsWithPort(name) => {
                let port = self.lab_names.port(name.0);
                self.count_connections(|end| Some(end.port) == port)
            }
            LabMetric::ListenerProcesses(name) => {
                let held = rows()
                    .filter(|row| self.has_local_port(row, name) && row.socket.is_listening());
                let processes: BTreeSet<_> = held
                    .filter_map(|row| row.ownership.holders())
                    .flat_map(|held| distinct_processes(held))
                    .collect();
                processes.len()
            }
            LabMetric::RowsWithoutProcess => rows()
                .filter(|row| row.ownership.holders().is_none())
                .count(),
            LabMetric::AcceptQueue(name) => {
                let backlogs = rows().filter(|row| self.has_local_port(row, name));
                let waiting = backlogs.filter_map(|row| row.socket.accept_queue);
                return waiting.map(|backlog| backlog.waiting).sum();
            }
            LabMetric::RecvQueue(local, remote) => return self.queue_lengths(local, remote).0,
            LabMetric::SendQueue(local, remote) => return self.queue_lengths(local, remote).1,
        };
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    fn has_local_port(&self, row: &TrackedSocket, name: LabName) -> bool {
        Some(row.socket.local.port) == self.lab_names.port(name.0)
    }

    fn is_held_by(&self, row: &TrackedSocket, role: LabRole) -> bool {
        let pid = self.lab_names.pid(role);
        let held = row.ownership.holders();
        held.is_some_and(|held| held.processes().any(|process| Some(process.pid) == pid))
    }

    fn count_connections(&self, has: impl Fn(Endpoint) -> bool) -> usize {
        let pairs = self.rows.iter().filter_map(|row| {
            let (one, other) = (row.socket.local.canonical(), row.socket.remote?.canonical());
            (has(one) || has(other)).then(|| (one.min(other), one.max(other)))
        });
        pairs.collect::<BTreeSet<_>>().len()
    }

    fn queue_lengths(&self, local: LabName, remote: LabName) -> (u32, u32) {
        let row = self.row_between(local.0, Some(remote.0));
        let (received, sent) = row.map_or((None, None), |row| queue_lengths(&row.socket));
        (received.unwrap_or(0), sent.unwrap_or(0))
    }

    /// The row with these ports; without a remote one, the listener.
    fn row_between(&self, local: &str, remote: Option<&str>) -> Option<&'a Arc<TrackedSocket>> {
        let local = self.lab_names.port(local)?;
        let remote = match remote {
            Some(name) => Some(self.lab_names.port(name)?),
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
    pub fn fill_placeholders(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for segment in text_segments(text) {
            match segment {
                TextSegment::Literal(plain) => out.push_str(plain),
                TextSegment::Placeholder("outcome") => match self.last_result {
                    Some(actual) => out.push_str(&actual.to_string()),
                    None => out.push_str("nothing yet"),
                },
                TextSegment::Placeholder("rows") => out.push_str(&self.rows.len().to_string()),
                TextSegment::Placeholder(placeholder) => match placeholder.split_once('>') {
                    Some((local, remote)) => {
                        let remote = Some(remote).filter(|name| !name.is_empty());
                        match self.row_between(local, remote) {
                            Some(row) => out.push_str(&lab_row_text(row, self.lab_names)),
                            None => out.push_str("no row"),
                        }
                    }
                    None => match self.lab_names.port(placeholder) {
                        Some(port) => out.push_str(&port.to_string()),
                        None => out.push_str(placeholder),
                    },
                },
            }
        }
        out
    }
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSegment<'a> {
    /// As it is.
    Literal(&'a str),
    /// What stands between braces.
    Placeholder(&'a str),
}

/// The parts of a text, in order.
pub fn text_segments(text: &str) -> Vec<TextSegment<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('{') {
        let Some((placeholder, after)) = after.split_once('}') else {
            break;
        };
        found.extend([
            TextSegment::Literal(plain),
            TextSegment::Placeholder(placeholder),
        ]);
        rest = after;
    }
    found.push(TextSegment::Literal(rest));
    found
}
