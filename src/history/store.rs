//! The rows, by slot and by identity.
//!
//! In: sockets of a sample. Out: rows that keep their slot for as long as they are shown. A row
//! that did not change is not touched: it stays shared with the moments that hold it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use crate::history::ends::is_remains;
use crate::history::index::Index;
use crate::history::ownership::Ownership;
use crate::history::rows::Rows;
use crate::history::side::{Evidence, Side};
use crate::history::stall::Stall;
use crate::history::tracked::{Flow, Mark, Rates, Since, Slot, Tracked};
use crate::process::ProcessKey;
use crate::snapshot::SourceKind;
use crate::socket::{Socket, SocketKey, TcpState};

/// Two readings of one timer differ by scheduling noise; beyond this it was set anew.
const TIMER_TOLERANCE: Duration = Duration::from_millis(500);

/// The most rows of sockets that no sample had, beside those of the newest sample: enough to see
/// what went on, few enough not to make every answer slow.
const MOST_PASSED: usize = 5_000;

/// A socket of the present sample, and when it was met.
pub(super) struct Met {
    pub(super) socket: Socket,
    pub(super) source: SourceKind,
    pub(super) now: Duration,
    pub(super) first_look: bool,
    /// Whether no process at all could be looked into.
    pub(super) blind: bool,
    /// Since the sample before.
    pub(super) interval: Option<Duration>,
}

impl Met {
    fn ownership(&self, before: Option<&Ownership>) -> Ownership {
        match Ownership::conclude(&self.socket, self.source, before) {
            Ownership::NotYet if self.blind => Ownership::Untold,
            told => told,
        }
    }
}

/// What meeting a socket came to.
pub(super) enum Meeting {
    New(Slot),
    /// The same socket has other endpoints now, or began or ceased to wait for others: a UDP socket
    /// that was connected or disconnected, a TCP socket that dials again. What it was comes along,
    /// for the indexes that knew it.
    Moved(Slot, Arc<Tracked>),
    StateChanged(Slot),
    Same,
}

/// The sample in which a slot was last met; 0 is never.
type Sample = u64;

/// The rows.
#[derive(Debug, Default)]
pub(super) struct Store {
    rows: Rows,
    met: Vec<Sample>,
    free: Vec<Slot>,
    index: Index,
    closed: VecDeque<(Duration, Slot)>,
    /// Rows of sockets that no sample had, the oldest first.
    passed: VecDeque<(Duration, Slot)>,
    sample: Sample,
    tally: Tally,
}

/// How many open rows are whose, kept up to date row by row.
#[derive(Debug, Default)]
struct Tally {
    hidden: usize,
    holders: HashMap<ProcessKey, usize>,
}

impl Tally {
    fn add(&mut self, ownership: &Ownership) {
        match ownership {
            Ownership::Known(holders) => {
                holders
                    .processes()
                    .for_each(|p| *self.holders.entry(p).or_default() += 1);
            }
            Ownership::Hidden => self.hidden += 1,
            _ => {}
        }
    }

    fn remove(&mut self, ownership: &Ownership) {
        match ownership {
            Ownership::Known(holders) => holders.processes().for_each(|process| {
                if let Some(count) = self.holders.get_mut(&process) {
                    *count -= 1;
                    if *count == 0 {
                        self.holders.remove(&process);
                    }
                }
            }),
            Ownership::Hidden => self.hidden -= 1,
            _ => {}
        }
    }
}

impl Store {
    pub(super) const fn rows(&self) -> &Rows {
        &self.rows
    }

    pub(super) fn row(&self, slot: Slot) -> Option<&Arc<Tracked>> {
        self.rows.get(slot)
    }

    /// How many rows are open.
    pub(super) fn open(&self) -> usize {
        self.index.len()
    }

    /// How many open rows have a hidden owner.
    pub(super) const fn hidden(&self) -> usize {
        self.tally.hidden
    }

    /// How many processes hold open rows.
    pub(super) fn processes(&self) -> usize {
        self.tally.holders.len()
    }

    /// Changes a row; a moment that holds the old one keeps it.
    pub(super) fn edit(&mut self, slot: Slot, change: impl FnOnce(&mut Tracked)) {
        if let Some(row) = self.rows.row_mut(slot) {
            change(row);
        }
    }

    pub(super) fn begin_sample(&mut self) {
        self.sample += 1;
    }

    /// Finds the socket's row or makes one. Twins without a cookie are numbered in the order met.
    pub(super) fn meet(&mut self, met: Met) -> Meeting {
        let mut key = met.socket.key();
        loop {
            let Some(slot) = self.index.get(&key) else {
                return Meeting::New(self.insert(key, met));
            };
            if self.met.get(slot.index()) != Some(&self.sample) {
                return self.refresh(slot, met);
            }
            match &mut key {
                // The same cookie twice in one sample is the same socket read twice.
                SocketKey::Cookie(_) => return Meeting::Same,
                SocketKey::Tuple { twin, .. } => *twin = twin.wrapping_add(1),
            }
        }
    }

    /// The open row of that name.
    pub(super) fn find(&self, key: &SocketKey) -> Option<Slot> {
        self.index.get(key)
    }

    /// Whether this sample had the row.
    pub(super) fn is_met(&self, slot: Slot) -> bool {
        self.met.get(slot.index()) == Some(&self.sample)
    }

    fn vacant(&mut self) -> Slot {
        self.free.pop().unwrap_or_else(|| {
            self.met.push(0);
            self.rows.push()
        })
    }

    fn put(&mut self, row: Tracked) {
        if let Some(place) = self.rows.place(row.slot) {
            *place = Some(Arc::new(row));
        }
    }

    /// Makes a closed row of a socket that no sample had.
    pub(super) fn pass(&mut self, key: SocketKey, socket: Socket, now: Duration) -> Slot {
        let slot = self.vacant();
        let row = Tracked {
            key,
            slot,
            path: socket.tcp_state().into_iter().collect(),
            ownership: Ownership::Vanished,
            side: Side::Outgoing,
            evidence: Evidence::PortRange,
            first_seen: Since::Unsampled(now),
            state_since: Since::Unsampled(now),
            peer: None,
            flow: Flow::default(),
            stall: Stall::default(),
            mark: Some(Mark::Closed(now)),
            socket,
        };
        self.put(row);
        self.met[slot.index()] = self.sample;
        self.passed.push_back((now, slot));
        slot
    }

    fn insert(&mut self, key: SocketKey, met: Met) -> Slot {
        let slot = self.vacant();
        let ownership = met.ownership(None);
        self.tally.add(&ownership);
        let since = if met.first_look {
            Since::BeforeFirstLook(met.now)
        } else {
            Since::Seen(met.now)
        };
        let row = Tracked {
            key,
            slot,
            path: met.socket.tcp_state().into_iter().collect(),
            ownership,
            // Judged when all listeners of the sample are known.
            side: Side::Outgoing,
            evidence: Evidence::PortRange,
            first_seen: since,
            state_since: since,
            peer: None,
            flow: Flow::default(),
            stall: Stall::new(&met.socket, met.now),
            mark: (!met.first_look).then_some(Mark::Opened(met.now)),
            socket: met.socket,
        };
        self.put(row);
        self.met[slot.index()] = self.sample;
        self.index.insert(key, slot);
        slot
    }

    fn refresh(&mut self, slot: Slot, met: Met) -> Meeting {
        let met_before = std::mem::replace(&mut self.met[slot.index()], self.sample);
        let Some(row) = self.rows.get(slot) else {
            return Meeting::Same;
        };
        // What came since an older sample than the last did not come in one interval.
        let interval = met.interval.filter(|_| met_before + 1 == self.sample);
        let mut met = met;
        if is_remains(&met.socket) && row.socket.inode.is_none() && has_ended(&row.socket) {
            // What is left behind has no figures: the final ones stay.
            met.socket.tcp = row.socket.tcp;
        }
        if row.flow == Flow::default() && same_facts(&row.socket, &met.socket) {
            return Meeting::Same;
        }
        let moved = row.socket.local != met.socket.local
            || row.socket.remote != met.socket.remote
            || row.socket.is_listening() != met.socket.is_listening();
        let before = moved.then(|| Arc::clone(row));
        let Some(row) = self.rows.row_mut(slot) else {
            return Meeting::Same;
        };
        let ownership = met.ownership(Some(&row.ownership));
        if ownership != row.ownership {
            self.tally.add(&ownership);
            self.tally.remove(&row.ownership);
            row.ownership = ownership;
        }
        let rates = Rates::between(&row.socket, &met.socket, interval);
        row.flow = Flow {
            rates: rates.unwrap_or_default(),
            unmeasured: (rates.is_none() && met.socket.counts_bytes()).then_some(met.now),
        };
        let state_changed = row.socket.transport != met.socket.transport;
        row.stall = match moved {
            true => Stall::new(&met.socket, met.now),
            false => row.stall.after(&row.socket, &met.socket, met.now),
        };
        row.socket = met.socket;
        if !state_changed && !moved {
            return Meeting::Same;
        }
        row.path
            .extend(row.socket.tcp_state().filter(|_| state_changed));
        row.state_since = Since::Seen(met.now);
        row.mark = Some(Mark::Changed(met.now));
        if moved {
            // What proved the side of the old endpoints proves nothing to the other end of the new.
            row.evidence = Evidence::PortRange;
        }
        match before {
            Some(before) => Meeting::Moved(slot, before),
            None => Meeting::StateChanged(slot),
        }
    }

    /// Every open row that the sample did not have so far.
    pub(super) fn unmet(&self) -> impl Iterator<Item = &Arc<Tracked>> {
        let is_unmet = |row: &&Arc<Tracked>| !self.is_met(row.slot) && !row.is_closed();
        self.rows.iter().filter(is_unmet)
    }

    /// Makes one row of two: the old one goes on under the name and with the facts of the new one.
    pub(super) fn unite(&mut self, old: Slot, new: Slot, met: impl FnOnce(Socket) -> Met) {
        let Some(newcomer) = self.rows.place(new).and_then(Option::take) else {
            return;
        };
        self.tally.remove(&newcomer.ownership);
        self.free.push(new);
        if let Some(row) = self.rows.row_mut(old) {
            self.index.remove(&row.key);
            row.key = newcomer.key;
        }
        self.index.insert(newcomer.key, old);
        self.refresh(old, met(newcomer.socket.clone()));
    }

    /// Closes every open row that the sample did not have, and tells which.
    pub(super) fn close_unmet(&mut self, now: Duration) -> Vec<Slot> {
        let gone: Vec<Slot> = self.unmet().map(|row| row.slot).collect();
        for &slot in &gone {
            let Some(row) = self.rows.row_mut(slot) else {
                continue;
            };
            row.mark = Some(Mark::Closed(now));
            row.flow = Flow::default();
            self.tally.remove(&row.ownership);
            self.index.remove(&row.key);
            self.closed.push_back((now, slot));
        }
        gone
    }

    /// Takes out one row that was closed at `limit` or before.
    pub(super) fn reap_one(&mut self, limit: Duration) -> Option<Arc<Tracked>> {
        let (at, slot) = *self.closed.front()?;
        if at > limit {
            return None;
        }
        self.closed.pop_front();
        self.free.push(slot);
        self.rows.place(slot)?.take()
    }

    /// Takes out one row of a socket that no sample had, when it was shown long enough or there
    /// are too many of them. What was shown in no moment yet is not there yet when this is called.
    pub(super) fn reap_passed(&mut self, limit: Duration) -> Option<Arc<Tracked>> {
        let (at, slot) = *self.passed.front()?;
        if at > limit && self.passed.len() <= MOST_PASSED {
            return None;
        }
        self.passed.pop_front();
        self.free.push(slot);
        self.rows.place(slot)?.take()
    }
}

/// Whether the socket is gone and only its endpoints are kept.
const fn has_ended(socket: &Socket) -> bool {
    let state = socket.tcp_state();
    matches!(state, Some(TcpState::TimeWait | TcpState::FinWait2))
}

/// Whether two readings of one socket say the same, the noise in its timer aside.
fn same_facts(before: &Socket, now: &Socket) -> bool {
    let same_timer = match (&before.timer, &now.timer) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            a.kind == b.kind
                && a.retransmits == b.retransmits
                && a.due.abs_diff(b.due) <= TIMER_TOLERANCE
        }
        _ => false,
    };
    same_timer
        && before.transport == now.transport
        && before.local == now.local
        && before.remote == now.remote
        && before.queues == now.queues
        && before.backlog == now.backlog
        && before.tcp == now.tcp
        && before.inode == now.inode
        && before.holders == now.holders
        && before.uid == now.uid
        && before.interface == now.interface
        && before.v6only == now.v6only
        && before.cgroup == now.cgroup
        && before.congestion == now.congestion
}
