//! Who listened on a port before.
//!
//! In: listeners that closed. Out: for each port the last of them, with the name of the process,
//! which is gone from everywhere else by then. Bounded in number.

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::tracked_socket::{ObservedSince, TrackedSocket, Transition};
use crate::net::port::{Port, Protocol};
use crate::net::process::{Process, ProcessKey};
use crate::net::snapshot::Directory;

/// The most that are remembered of one port.
const MAX_PER_PORT: usize = 8;

/// The most ports that are remembered; the one that was left first goes first.
const MAX_PORTS: usize = 1024;

/// One that listened on a port and does not any more.
#[derive(Clone, Debug, PartialEq)]
pub struct PastListener {
    /// The process, where one was seen with it; the first of several.
    pub process: Option<ProcessKey>,
    /// What was known of it.
    pub process_info: Option<Arc<Process>>,
    /// How many others had the same socket.
    pub other_processes: usize,
    /// Since when it was seen to listen.
    pub since: ObservedSince,
    /// The sample that did not have it any more.
    pub until: Duration,
}

/// The last ones of each port, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastListeners {
    ports: HashMap<(Protocol, Port), Vec<PastListener>>,
}

impl PastListeners {
    /// Those of a port, the oldest first.
    pub fn for_port(&self, protocol: Protocol, port: Port) -> &[PastListener] {
        self.ports.get(&(protocol, port)).map_or(&[], Vec::as_slice)
    }

    /// A listener closed.
    pub(crate) fn record_closed(&mut self, row: &TrackedSocket, now: &Directory) {
        let Some(Transition::Closed(until)) = row.transition else {
            return;
        };
        let key = (row.socket.protocol(), row.socket.local.port);
        // A lookup binds a port of its own for a moment; nobody asks who had that.
        if key.0 == Protocol::Udp && row.ownership.last_holders().is_none() {
            return;
        }
        let held = row.ownership.last_holders();
        let process = held.and_then(|held| held.processes().next());
        let past_listener = PastListener {
            process,
            process_info: process.and_then(|key| now.processes.get(&key).cloned()),
            other_processes: held.map_or(0, |held| held.processes().count() - 1),
            since: row.first_seen,
            until,
        };
        if self.ports.len() >= MAX_PORTS && !self.ports.contains_key(&key) {
            self.drop_oldest();
        }
        let all = self.ports.entry(key).or_default();
        // Several sockets of one process, for two addresses or as shards, are one tenancy.
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
