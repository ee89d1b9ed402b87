//! Stores the rows by slot and by identity.
//!
//! A row keeps its slot for as long as it is shown. An unchanged row is not written to: it stays
//! shared with the moments that hold it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::close_events::is_time_wait_row;
use super::ownership::Ownership;
use super::rows::SocketRows;
use super::side::{Evidence, Side};
use super::slot::Slot;
use super::socket_index::SocketIndex;
use super::stall::Stall;
use super::tracked_socket::{ObservedSince, Rates, Throughput, TrackedSocket, Transition};
use crate::net::process::ProcessKey;
use crate::net::snapshot::SourceKind;
use crate::net::socket::{Socket, SocketKey, TcpState};

/// Two readings of one timer differ by scheduling jitter; a larger difference means it was set
/// again.
const TIMER_JITTER: Duration = Duration::from_millis(500);

/// Maximum number of rows of sockets in no sample, besides those of the newest sample: enough to
/// show what happened, few enough not to slow down every query.
const MAX_UNSAMPLED_ROWS: usize = 5_000;

/// A socket of the current sample, with the context of the sample.
pub(crate) struct Observation {
    pub(crate) socket: Socket,
    pub(crate) source: SourceKind,
    pub(crate) now: Duration,
    pub(crate) is_first_sample: bool,
    /// Whether no process could be inspected at all.
    pub(crate) owners_unavailable: bool,
    /// Time since the previous sample.
    pub(crate) interval: Option<Duration>,
}

impl Observation {
    fn ownership(&self, before: Option<&Ownership>) -> Ownership {
        match Ownership::infer(&self.socket, self.source, before) {
            Ownership::Pending if self.owners_unavailable => Ownership::Unsupported,
            other => other,
        }
    }
}

/// The result of matching a socket with its row.
pub(crate) enum Observed {
    New(Slot),
    /// The socket has other endpoints now, or started or stopped listening: a UDP socket that was
    /// connected or disconnected, a TCP socket that connects again. Holds the previous row, to be
    /// removed from the indexes.
    EndpointsChanged(Slot, Arc<TrackedSocket>),
    StateChanged(Slot),
    Unchanged,
}

/// The sample in which a slot was last observed; 0 means never.
type SampleNumber = u64;

/// The rows and their indexes.
#[derive(Debug, Default)]
pub(crate) struct RowStore {
    rows: SocketRows,
    last_observed: Vec<SampleNumber>,
    free: Vec<Slot>,
    index: SocketIndex,
    closed: VecDeque<(Duration, Slot)>,
    /// Rows of sockets in no sample, oldest first.
    unsampled: VecDeque<(Duration, Slot)>,
    sample: SampleNumber,
    owner_counts: OwnerCounts,
}

/// How many open rows each process holds, updated row by row.
#[derive(Debug, Default)]
struct OwnerCounts {
    hidden_rows: usize,
    rows_by_process: HashMap<ProcessKey, usize>,
}

impl OwnerCounts {
    fn add(&mut self, ownership: &Ownership) {
        match ownership {
            Ownership::Known(holders) => {
                holders
                    .processes()
                    .for_each(|p| *self.rows_by_process.entry(p).or_default() += 1);
            }
            Ownership::Hidden => self.hidden_rows += 1,
            _ => {}
        }
    }

    fn remove(&mut self, ownership: &Ownership) {
        match ownership {
            Ownership::Known(holders) => holders.processes().for_each(|process| {
                if let Some(count) = self.rows_by_process.get_mut(&process) {
                    *count -= 1;
                    if *count == 0 {
                        self.rows_by_process.remove(&process);
                    }
                }
            }),
            Ownership::Hidden => self.hidden_rows -= 1,
            _ => {}
        }
    }
}

impl RowStore {
    pub(crate) const fn rows(&self) -> &SocketRows {
        &self.rows
    }

    pub(crate) fn row(&self, slot: Slot) -> Option<&Arc<TrackedSocket>> {
        self.rows.get(slot)
    }

    /// Returns the number of open rows.
    pub(crate) fn open_rows(&self) -> usize {
        self.index.len()
    }

    /// Returns the number of open rows with a hidden owner.
    pub(crate) const fn hidden_rows(&self) -> usize {
        self.owner_counts.hidden_rows
    }

    /// Returns the number of processes that hold open rows.
    pub(crate) fn process_count(&self) -> usize {
        self.owner_counts.rows_by_process.len()
    }

    /// Changes a row; moments that share it keep the old one.
    pub(crate) fn edit(&mut self, slot: Slot, change: impl FnOnce(&mut TrackedSocket)) {
        if let Some(row) = self.rows.row_mut(slot) {
            change(row);
        }
    }

    pub(crate) fn begin_sample(&mut self) {
        self.sample += 1;
    }

    /// Finds the socket's row or creates one. Sockets with equal tuples and no cookie are numbered
    /// in table order.
    pub(crate) fn observe(&mut self, observation: Observation) -> Observed {
        let mut key = observation.socket.key();
        loop {
            let Some(slot) = self.index.get(&key) else {
                return Observed::New(self.insert(key, observation));
            };
            if self.last_observed.get(slot.index()) != Some(&self.sample) {
                return self.update(slot, observation);
            }
            match &mut key {
                // The same cookie twice in one sample is the same socket read twice.
                SocketKey::Cookie(_) => return Observed::Unchanged,
                SocketKey::Tuple {
                    reuseport_id: id, ..
                } => *id = id.wrapping_add(1),
            }
        }
    }

    /// Returns the slot of the open row with this key.
    pub(crate) fn slot_of(&self, key: &SocketKey) -> Option<Slot> {
        self.index.get(key)
    }

    /// Returns whether the row is in the current sample.
    pub(crate) fn is_in_sample(&self, slot: Slot) -> bool {
        self.last_observed.get(slot.index()) == Some(&self.sample)
    }

    fn alloc_slot(&mut self) -> Slot {
        self.free.pop().unwrap_or_else(|| {
            self.last_observed.push(0);
            self.rows.push()
        })
    }

    fn set_row(&mut self, row: TrackedSocket) {
        if let Some(place) = self.rows.entry_mut(row.slot) {
            *place = Some(Arc::new(row));
        }
    }

    /// Creates a closed row for a socket in no sample.
    pub(crate) fn insert_unsampled(
        &mut self,
        key: SocketKey,
        socket: Socket,
        now: Duration,
    ) -> Slot {
        let slot = self.alloc_slot();
        let row = TrackedSocket {
            key,
            slot,
            states: socket.tcp_state().into_iter().collect(),
            ownership: Ownership::NotFound,
            side: Side::Outgoing,
            evidence: Evidence::PortRange,
            first_seen: ObservedSince::Unsampled(now),
            state_since: ObservedSince::Unsampled(now),
            peer: None,
            throughput: Throughput::default(),
            stall: Stall::default(),
            transition: Some(Transition::Closed(now)),
            socket,
        };
        self.set_row(row);
        self.last_observed[slot.index()] = self.sample;
        self.unsampled.push_back((now, slot));
        slot
    }

    fn insert(&mut self, key: SocketKey, observation: Observation) -> Slot {
        let slot = self.alloc_slot();
        let ownership = observation.ownership(None);
        self.owner_counts.add(&ownership);
        let since = if observation.is_first_sample {
            ObservedSince::BeforeFirstSample(observation.now)
        } else {
            ObservedSince::Sampled(observation.now)
        };
        let row = TrackedSocket {
            key,
            slot,
            states: observation.socket.tcp_state().into_iter().collect(),
            ownership,
            // Inferred once all listeners of the sample are known.
            side: Side::Outgoing,
            evidence: Evidence::PortRange,
            first_seen: since,
            state_since: since,
            peer: None,
            throughput: Throughput::default(),
            stall: Stall::new(&observation.socket, observation.now),
            transition: (!observation.is_first_sample)
                .then_some(Transition::Opened(observation.now)),
            socket: observation.socket,
        };
        self.set_row(row);
        self.last_observed[slot.index()] = self.sample;
        self.index.insert(key, slot);
        slot
    }

    fn update(&mut self, slot: Slot, observation: Observation) -> Observed {
        let observed_before = std::mem::replace(&mut self.last_observed[slot.index()], self.sample);
        let Some(row) = self.rows.get(slot) else {
            return Observed::Unchanged;
        };
        // Growth since a sample before the previous one did not happen within one interval.
        let interval = observation
            .interval
            .filter(|_| observed_before + 1 == self.sample);
        let mut observation = observation;
        if is_time_wait_row(&observation.socket)
            && row.socket.inode.is_none()
            && has_time_wait_state(&row.socket)
        {
            // A TIME-WAIT row has no counters: keep the final ones.
            observation.socket.tcp = row.socket.tcp;
        }
        if row.throughput == Throughput::default() && same_facts(&row.socket, &observation.socket) {
            return Observed::Unchanged;
        }
        let endpoints_changed = row.socket.local != observation.socket.local
            || row.socket.remote != observation.socket.remote
            || row.socket.is_listening() != observation.socket.is_listening();
        let before = endpoints_changed.then(|| Arc::clone(row));
        let Some(row) = self.rows.row_mut(slot) else {
            return Observed::Unchanged;
        };
        let ownership = observation.ownership(Some(&row.ownership));
        if ownership != row.ownership {
            self.owner_counts.add(&ownership);
            self.owner_counts.remove(&row.ownership);
            row.ownership = ownership;
        }
        let rates = Rates::between(&row.socket, &observation.socket, interval);
        row.throughput = Throughput {
            rates: rates.unwrap_or_default(),
            unmeasured_at: (rates.is_none() && observation.socket.has_byte_counters())
                .then_some(observation.now),
        };
        let state_changed = row.socket.transport != observation.socket.transport;
        row.stall = match endpoints_changed {
            true => Stall::new(&observation.socket, observation.now),
            false => row
                .stall
                .updated(&row.socket, &observation.socket, observation.now),
        };
        row.socket = observation.socket;
        if !state_changed && !endpoints_changed {
            return Observed::Unchanged;
        }
        row.states
            .extend(row.socket.tcp_state().filter(|_| state_changed));
        row.state_since = ObservedSince::Sampled(observation.now);
        row.transition = Some(Transition::Changed(observation.now));
        if endpoints_changed {
            // Evidence for the old endpoints says nothing about the peer of the new ones.
            row.evidence = Evidence::PortRange;
        }
        match before {
            Some(before) => Observed::EndpointsChanged(slot, before),
            None => Observed::StateChanged(slot),
        }
    }

    /// Iterates over the open rows not in the current sample so far.
    pub(crate) fn missing_rows(&self) -> impl Iterator<Item = &Arc<TrackedSocket>> {
        let is_missing =
            |row: &&Arc<TrackedSocket>| !self.is_in_sample(row.slot) && !row.is_closed();
        self.rows.iter().filter(is_missing)
    }

    /// Merges two rows: the old one continues with the key and the facts of the new one.
    pub(crate) fn merge(
        &mut self,
        old: Slot,
        new: Slot,
        observation: impl FnOnce(Socket) -> Observation,
    ) {
        let Some(new_row) = self.rows.entry_mut(new).and_then(Option::take) else {
            return;
        };
        self.owner_counts.remove(&new_row.ownership);
        self.free.push(new);
        if let Some(row) = self.rows.row_mut(old) {
            self.index.remove(&row.key);
            row.key = new_row.key;
        }
        self.index.insert(new_row.key, old);
        self.update(old, observation(new_row.socket.clone()));
    }

    /// Closes every open row that is not in the current sample, and returns their slots.
    pub(crate) fn close_missing(&mut self, now: Duration) -> Vec<Slot> {
        let missing: Vec<Slot> = self.missing_rows().map(|row| row.slot).collect();
        for &slot in &missing {
            let Some(row) = self.rows.row_mut(slot) else {
                continue;
            };
            row.transition = Some(Transition::Closed(now));
            row.throughput = Throughput::default();
            self.owner_counts.remove(&row.ownership);
            self.index.remove(&row.key);
            self.closed.push_back((now, slot));
        }
        missing
    }

    /// Removes one row that closed at `limit` or before.
    pub(crate) fn remove_expired_closed(&mut self, limit: Duration) -> Option<Arc<TrackedSocket>> {
        let (at, slot) = *self.closed.front()?;
        if at > limit {
            return None;
        }
        self.closed.pop_front();
        self.free.push(slot);
        self.rows.entry_mut(slot)?.take()
    }

    /// Removes one row of a socket in no sample, if it was shown long enough or there are too many.
    /// Called before the rows of the new sample are added, so every row was shown in at least one
    /// moment.
    pub(crate) fn remove_expired_unsampled(
        &mut self,
        limit: Duration,
    ) -> Option<Arc<TrackedSocket>> {
        let (at, slot) = *self.unsampled.front()?;
        if at > limit && self.unsampled.len() <= MAX_UNSAMPLED_ROWS {
            return None;
        }
        self.unsampled.pop_front();
        self.free.push(slot);
        self.rows.entry_mut(slot)?.take()
    }
}

/// Returns whether the socket is closed and only its endpoints are kept.
const fn has_time_wait_state(socket: &Socket) -> bool {
    let state = socket.tcp_state();
    matches!(state, Some(TcpState::TimeWait | TcpState::FinWait2))
}

/// Returns whether two samples of one socket are equal, apart from jitter of its timer and its idle time.
fn same_facts(before: &Socket, now: &Socket) -> bool {
    let same_timer = match (&before.timer, &now.timer) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            a.kind == b.kind
                && a.retransmits == b.retransmits
                && a.due.abs_diff(b.due) <= TIMER_JITTER
        }
        _ => false,
    };
    let same_tcp = match (&before.tcp, &now.tcp) {
        (Some(a), Some(b)) => a.same_facts(b),
        (a, b) => a == b,
    };
    same_timer
        && before.transport == now.transport
        && before.local == now.local
        && before.remote == now.remote
        && before.queues == now.queues
        && before.accept_queue == now.accept_queue
        && same_tcp
        && before.drops == now.drops
        && before.inode == now.inode
        && before.holders == now.holders
        && before.uid == now.uid
        && before.interface == now.interface
        && before.v6only == now.v6only
        && before.cgroup == now.cgroup
        && before.congestion == now.congestion
}
