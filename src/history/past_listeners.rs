//! Records which processes listened on a port before.
//!
//! Keeps the process information of closed listeners, which is dropped everywhere else by then.

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::tracked_socket::{ObservedSince, TrackedSocket, Transition};
use crate::net::port::{Port, Protocol};
use crate::net::process::{Process, ProcessKey};
use crate::net::snapshot::Directory;

/// Maximum number of past listeners per port.
const MAX_PER_PORT: usize = 8;

/// Maximum number of ports; the port whose last listener closed first is dropped first.
const MAX_PORTS: usize = 1024;

/// A process that listened on a port and no longer does.
#[derive(Clone, Debug, PartialEq)]
pub struct PastListener {
    /// The process, if one was seen holding the socket; the first of several.
    pub process: Option<ProcessKey>,
    /// Name, command and user of the process, where known.
    pub process_info: Option<Arc<Process>>,
    /// How many other processes held the same socket.
    pub other_processes: usize,
    /// When the listener was first seen.
    pub since: ObservedSince,
    /// The first sample that did not contain it.
    pub until: Duration,
}

/// The past listeners of each port, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastListeners {
    ports: HashMap<(Protocol, Port), Vec<PastListener>>,
}

impl PastListeners {
    /// Returns the past listeners of a port, oldest first.
    pub fn for_port(&self, protocol: Protocol, port: Port) -> &[PastListener] {
        self.ports.get(&(protocol, port)).map_or(&[], Vec::as_slice)
    }

    /// Records a closed listener.
    pub(crate) fn record_closed(&mut self, row: &TrackedSocket, now: &Directory) {
        let Some(Transition::Closed(until)) = row.transition else {
            return;
        };
        let key = (row.socket.protocol(), row.socket.local.port);
        // A DNS lookup binds an ephemeral UDP port for a moment; that is not worth recording.
        if key.0 == Protocol::Udp && row.ownership.last_holders().is_none() {
            return;
        }
        let holders = row.ownership.last_holders();
        let process = holders.and_then(|holders| holders.processes().next());
        let past_listener = PastListener {
            process,
            process_info: process.and_then(|key| now.processes.get(&key).cloned()),
            other_processes: holders.map_or(0, |holders| holders.processes().count() - 1),
            since: row.first_seen,
            until,
        };
        if self.ports.len() >= MAX_PORTS && !self.ports.contains_key(&key) {
            self.drop_oldest();
        }
        let all = self.ports.entry(key).or_default();
        // Several sockets of one process, for two addresses or with SO_REUSEPORT, are one entry.
        match all.last_mut() {
            Some(last) if last.process == past_listener.process && process.is_some() => {
                last.until = until;
            }
            _ => all.push(past_listener),
        }
        if all.len() > MAX_PER_PORT {
            all.remove(0);
        }
    }

    fn drop_oldest(&mut self) {
        let until = |all: &Vec<PastListener>| all.last().map(|last| last.until);
        let first = self.ports.iter().min_by_key(|(_, all)| until(all));
        if let Some(key) = first.map(|(key, _)| *key) {
            self.ports.remove(&key);
        }
    }
}
