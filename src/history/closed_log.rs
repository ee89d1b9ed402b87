//! Keeps closed sockets long after their rows are gone.
//!
//! Copies rows that ended into slots of their own, with the names they need, and returns them as a
//! [`Moment`], so that every query on the present also works on the past. Limited by bytes and by
//! age; what was dropped is counted.
//!
//! A connection has one entry. It ends when its socket closes: if TCP keeps the endpoints in a
//! TIME-WAIT row, the entry is made when that row appears, and the end of the row adds nothing.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use super::moment::Moment;
use super::ownership::HolderSet;
use super::rows::SocketRows;
use super::slot::Slot;
use super::tracked_socket::{TrackedSocket, Transition};
use crate::net::endpoint::Endpoint;
use crate::net::process::{Holder, ProcessKey, Uid};
use crate::net::snapshot::Directory;
use crate::net::socket::{CgroupId, SocketKey, TcpState};

/// How much history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionLimits {
    /// Maximum age.
    pub max_age: Duration,
    /// Maximum size in bytes, approximately.
    pub max_bytes: usize,
}

/// How many closed sockets are kept, and how many were dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClosedLogStats {
    /// Number of sockets kept.
    pub sockets: usize,
    /// Their size in bytes, approximately.
    pub bytes: usize,
    /// Dropped because of the size limit.
    pub dropped_for_size: u64,
    /// Dropped because of their age.
    pub dropped_for_age: u64,
}

/// Bytes per entry besides its own vectors: the row, two reference counts, and its list entries.
const ROW_OVERHEAD: usize = size_of::<TrackedSocket>() + 2 * size_of::<usize>() + 48;

/// The closed sockets within the retention limits.
#[derive(Debug)]
pub(crate) struct ClosedLog {
    limits: RetentionLimits,
    rows: SocketRows,
    free: Vec<Slot>,
    /// End time and slot of each entry, oldest first.
    oldest_first: VecDeque<(Duration, Slot)>,
    /// The entry of each row that still has its slot in the store.
    entries: HashMap<Slot, ClosedLogEntry>,
    /// The names that the entries need.
    names: Arc<Directory>,
    stats: ClosedLogStats,
    /// Entries dropped since unused names were last removed.
    dropped_since_sweep: usize,
}

/// Records that a row was logged, even if its entry was dropped since.
#[derive(Clone, Copy, Debug)]
struct ClosedLogEntry {
    log_slot: Slot,
    key: SocketKey,
    /// How many states it had been seen in.
    state_count: usize,
}

impl ClosedLog {
    pub(crate) fn new(bounds: RetentionLimits) -> Self {
        Self {
            limits: bounds,
            rows: SocketRows::default(),
            free: Vec::new(),
            oldest_first: VecDeque::new(),
            entries: HashMap::new(),
            names: Arc::default(),
            stats: ClosedLogStats::default(),
            dropped_since_sweep: 0,
        }
    }

    pub(crate) const fn stats(&self) -> ClosedLogStats {
        self.stats
    }

    /// Adds a row that ended, or updates it with what became known since.
    pub(crate) fn record(&mut self, row: &TrackedSocket, now: Duration, names: &Directory) {
        if let Some(entry) = self.entries.get(&row.slot)
            && entry.key == row.key
            // Without cookies, endpoints that are in use again start a new entry.
            && entry.state_count >= row.states.len()
        {
            let slot = entry.log_slot;
            let logged = self.rows.get(slot);
            // The entry may have been dropped and its slot reused.
            let logged = logged.filter(|logged| logged.key == row.key);
            if logged.is_some_and(|s| row.socket.tcp.is_some() && s.socket.tcp != row.socket.tcp) {
                self.edit(slot, |logged| logged.socket.tcp = row.socket.tcp);
            }
            return;
        }
        // Logged before, and dropped since.
        let is_time_wait = row.states.last() == Some(&TcpState::TimeWait);
        if row.closed_at().is_some_and(|at| is_time_wait || at < now) {
            return;
        }
        self.copy_names(row, names);
        let slot = self.free.pop().unwrap_or_else(|| self.rows.push());
        let at = row.closed_at().unwrap_or(row.state_since.time());
        // The peer's entry may have been dropped and its slot reused.
        let peer = row.peer.and_then(|peer| self.entries.get(&peer));
        let peer = peer.map(|entry| entry.log_slot);
        let peer = peer.filter(|peer| {
            let other = self.rows.get(*peer);
            other.is_some_and(|other| {
                let endpoints = |local: Endpoint, remote: Option<Endpoint>| {
                    Some([local, remote?].map(|endpoint| (endpoint.canonical_ip(), endpoint.port)))
                };
                let mut mirrored = endpoints(other.socket.local, other.socket.remote);
                mirrored.iter_mut().for_each(|pair| pair.reverse());
                let ours = endpoints(row.socket.local, row.socket.remote);
                other.peer.is_none() && ours.is_some() && ours == mirrored
            })
        });
        let mut logged = row.clone();
        logged.states.shrink_to_fit();
        (logged.slot, logged.peer, logged.transition) = (slot, peer, Some(Transition::Closed(at)));
        if let Some(peer) = peer {
            self.edit(peer, |other| other.peer = Some(slot));
        }
        self.stats.bytes += approx_bytes(&logged);
        self.stats.sockets += 1;
        if let Some(place) = self.rows.entry_mut(slot) {
            *place = Some(Arc::new(logged));
        }
        self.oldest_first.push_back((at, slot));
        let entry = ClosedLogEntry {
            log_slot: slot,
            key: row.key,
            state_count: row.states.len(),
        };
        self.entries.insert(row.slot, entry);
    }

    fn edit(&mut self, slot: Slot, change: impl FnOnce(&mut TrackedSocket)) {
        if let Some(logged) = self.rows.row_mut(slot) {
            change(logged);
        }
    }

    /// Forgets a row whose slot is freed in the store.
    pub(crate) fn release_slot(&mut self, slot: Slot) {
        self.entries.remove(&slot);
    }

    /// Drops entries beyond the limits, oldest first.
    pub(crate) fn enforce_limits(&mut self, now: Duration) {
        let limit = now.checked_sub(self.limits.max_age);
        while let Some(&(at, slot)) = self.oldest_first.front() {
            let is_old = limit.is_some_and(|limit| at < limit);
            match is_old {
                true => self.stats.dropped_for_age += 1,
                false if self.stats.bytes > self.limits.max_bytes => {
                    self.stats.dropped_for_size += 1;
                }
                false => break,
            }
            self.oldest_first.pop_front();
            self.remove(slot);
        }
        if self.dropped_since_sweep > 1024 && self.dropped_since_sweep > self.stats.sockets {
            self.drop_unused_names();
        }
    }

    fn remove(&mut self, slot: Slot) {
        let Some(row) = self.rows.entry_mut(slot).and_then(Option::take) else {
            return;
        };
        self.stats.sockets -= 1;
        self.stats.bytes = self.stats.bytes.saturating_sub(approx_bytes(&row));
        self.dropped_since_sweep += 1;
        self.free.push(slot);
        if let Some(peer) = row.peer {
            self.edit(peer, |other| other.peer = None);
        }
    }

    /// Returns the closed sockets that had ended by the given moment, as a moment.
    pub(crate) fn to_moment(&self, current: &Moment) -> Moment {
        let mut rows = self.rows.clone();
        let mut count = self.stats.sockets;
        // Entries are in the order of their ends.
        for (at, slot) in self.oldest_first.iter().rev() {
            if *at <= current.elapsed {
                break;
            }
            if let Some(place) = rows.entry_mut(*slot) {
                *place = None;
                count -= 1;
            }
        }
        let mut names = Arc::clone(&self.names);
        if names.interfaces != current.directory.interfaces
            || names.hosts != current.directory.hosts
        {
            let names = Arc::make_mut(&mut names);
            names.interfaces.clone_from(&current.directory.interfaces);
            names.hosts.clone_from(&current.directory.hosts);
        }
        Moment {
            open_rows: count,
            directory: names,
            ..current.with_rows(rows)
        }
    }

    fn copy_names(&mut self, row: &TrackedSocket, now: &Directory) {
        let known = &self.names;
        let is_known = |key: &ProcessKey| match (known.processes.get(key), now.processes.get(key)) {
            (Some(known), Some(now)) => Arc::ptr_eq(known, now),
            (_, now) => now.is_none(),
        };
        let uid = row.socket.uid.filter(|uid| !known.users.contains_key(uid));
        let cgroup = row.socket.cgroup;
        let cgroup = cgroup.filter(|id| !known.cgroups.contains_key(id));
        let unknown_processes = holder_processes(row).filter(|key| !is_known(key));
        let unknown_processes: Vec<ProcessKey> = unknown_processes.collect();
        if unknown_processes.is_empty() && uid.is_none() && cgroup.is_none() {
            return;
        }
        let process_uids = unknown_processes
            .iter()
            .filter_map(|key| now.processes.get(key)?.uid);
        let uids: Vec<Uid> = uid.into_iter().chain(process_uids).collect();
        let names = Arc::make_mut(&mut self.names);
        for key in unknown_processes {
            if let Some(process) = now.processes.get(&key) {
                names.processes.insert(key, Arc::clone(process));
            }
        }
        for uid in uids {
            if let Some(name) = now.users.get(&uid) {
                names.users.insert(uid, Arc::clone(name));
            }
        }
        if let Some((id, place)) = cgroup.and_then(|id| Some((id, now.cgroups.get(&id)?))) {
            names.cgroups.insert(id, Arc::clone(place));
        }
    }

    /// Drops process and cgroup names that no entry needs any more.
    fn drop_unused_names(&mut self) {
        self.dropped_since_sweep = 0;
        let rows = || self.rows.iter();
        let needed: HashSet<ProcessKey> = rows().flat_map(|row| holder_processes(row)).collect();
        let cgroups: HashSet<CgroupId> = rows().filter_map(|row| row.socket.cgroup).collect();
        let names = Arc::make_mut(&mut self.names);
        names.processes.retain(|key, _| needed.contains(key));
        names.cgroups.retain(|id, _| cgroups.contains(id));
    }
}

fn holder_processes(row: &TrackedSocket) -> impl Iterator<Item = ProcessKey> + '_ {
    let held = row.ownership.last_holders();
    held.into_iter().flat_map(HolderSet::processes)
}

/// Returns the approximate size of a row, in bytes.
pub(crate) fn approx_bytes(row: &TrackedSocket) -> usize {
    let holders = row.ownership.last_holders().map_or(0, |held| held.len());
    ROW_OVERHEAD + size_of_val(row.states.as_slice()) + holders * size_of::<Holder>()
}
