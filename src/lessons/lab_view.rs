//! Counts the lab's rows and fills in the placeholders of lesson texts.
//!
//! In: the [`LabNames`], the lab's rows of a moment, the result of the last call. Out: a number for
//! each [`LabMetric`], and texts whose `{…}` are replaced by what the rows show.

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

/// A number that can be computed from the lab's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabMetric {
    /// The number of rows.
    Rows,
    /// Rows with this local port.
    RowsWithLocalPort(LabName),
    /// Distinct local ports of the sockets of this process.
    LocalPortsOfProcess(LabRole),
    /// Sockets of this process.
    SocketsOfProcess(LabRole),
    /// Rows in this state.
    RowsInState(TcpState),
    /// Distinct connections: the two rows of one connection count once.
    Connections,
    /// Connections with this port at either end, at any address.
    ConnectionsWithPort(LabName),
    /// Processes with a listener on this port.
    ListenerProcesses(LabName),
    /// Rows without a known owning process.
    RowsWithoutProcess,
    /// Connections in the accept queues of all listeners on this port.
    AcceptQueue(LabName),
    /// Recv-Q of the row with this local and remote port; 0 if there is no such row.
    RecvQueue(LabName, LabName),
    /// Send-Q of the row with this local and remote port; 0 if there is no such row.
    SendQueue(LabName, LabName),
}

/// The state of a lab at one moment.
pub struct LabView<'a> {
    pub lab_names: &'a LabNames,
    pub rows: Vec<&'a Arc<TrackedSocket>>,
    /// The result of the last call.
    pub last_result: Option<ActualResult>,
}

impl<'a> LabView<'a> {
    /// Selects the lab's rows of a moment.
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

    /// Computes a metric.
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
                let listeners = rows()
                    .filter(|row| self.has_local_port(row, name) && row.socket.is_listening());
                let processes: BTreeSet<_> = listeners
                    .filter_map(|row| row.ownership.holders())
                    .flat_map(|holders| distinct_processes(holders))
                    .collect();
                processes.len()
            }
            LabMetric::RowsWithoutProcess => rows()
                .filter(|row| row.ownership.holders().is_none())
                .count(),
            LabMetric::AcceptQueue(name) => {
                let listeners = rows().filter(|row| self.has_local_port(row, name));
                let queues = listeners.filter_map(|row| row.socket.accept_queue);
                return queues.map(|queue| queue.waiting).sum();
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
        let holders = row.ownership.holders();
        holders.is_some_and(|holders| holders.processes().any(|process| Some(process.pid) == pid))
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

    /// Returns the row with these ports; without a remote port, the first row without a peer.
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

    /// Replaces the placeholders of a text:
    ///
    /// * `{P}`: the number of the port P,
    /// * `{P>C1}`: the row with local port P and remote port C1, as text,
    /// * `{P>}`: the row with local port P and no peer, as text,
    /// * `{outcome}`: the result of the last call that is not cleanup,
    /// * `{rows}`: the number of rows.
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

/// A part of a lesson text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSegment<'a> {
    Literal(&'a str),
    /// The text between braces.
    Placeholder(&'a str),
}

/// Splits a text at its placeholders.
pub fn text_segments(text: &str) -> Vec<TextSegment<'_>> {
    let mut segments = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('{') {
        let Some((placeholder, after)) = after.split_once('}') else {
            break;
        };
        segments.extend([
            TextSegment::Literal(plain),
            TextSegment::Placeholder(placeholder),
        ]);
        rest = after;
    }
    segments.push(TextSegment::Literal(rest));
    segments
}
