//! The sockets that ended, kept long after their rows are gone.
//!
//! In: rows that ended in a sample. Out: the same rows once more, in places of their own, with the
//! names they need: as a [`Moment`], so that whatever can be asked of the present can be asked of
//! the past. Bounded by bytes and by time; what was dropped is counted.
//!
//! A connection has one story. It ends when its socket does: where TCP keeps the endpoints in a
//! TIME-WAIT row, the story is told when that row appears, and the end of the row adds nothing.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use crate::endpoint::Endpoint;
use crate::history::moment::Moment;
use crate::history::ownership::Held;
use crate::history::rows::Rows;
use crate::history::tracked::{Mark, Slot, Tracked};
use crate::process::{Holder, ProcessKey, Uid};
use crate::snapshot::Directory;
use crate::socket::{CgroupId, SocketKey, TcpState};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// For how long.
    pub time: Duration,
    /// In how many bytes, more or less.
    pub bytes: usize,
}

/// How much of the closed sockets is kept, and how much is not any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Kept.
    pub sockets: usize,
    /// In so many bytes, more or less.
    pub bytes: usize,
    /// Dropped because there was no room.
    pub for_room: u64,
    /// Dropped because they were too old.
    pub for_age: u64,
}

/// What each one takes besides its own vectors: itself, two counters, and its places in the lists.
const OVERHEAD: usize = size_of::<Tracked>() + 2 * size_of::<usize>() + 48;

/// The closed sockets.
#[derive(Debug)]
pub(super) struct Chronicle {
    bounds: Bounds,
    rows: Rows,
    free: Vec<Slot>,
    /// The oldest first.
    order: VecDeque<(Duration, Slot)>,
    /// Where the story of a row is that still has its slot in the store.
    told: HashMap<Slot, Told>,
    /// The names that the rows need.
    names: Arc<Directory>,
    kept: Kept,
    /// How many were dropped since the names were last swept.
    dropped: usize,
}

/// That a row was told of, also when its story was dropped since.
#[derive(Clone, Copy, Debug)]
struct Told {
    story: Slot,
    key: SocketKey,
    /// How many states it had been seen in.
    states: usize,
}

impl Chronicle {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            rows: Rows::default(),
            free: Vec::new(),
            order: VecDeque::new(),
            told: HashMap::new(),
            names: Arc::default(),
            kept: Kept::default(),
            dropped: 0,
        }
    }

    pub(super) const fn kept(&self) -> Kept {
        self.kept
    }

    /// Takes up a row that ended, or one of which more became known since.
    pub(super) fn tell(&mut self, row: &Tracked, now: Duration, names: &Directory) {
        if let Some(told) = self.told.get(&row.slot)
            && told.key == row.key
            // Endpoints that came alive again, where there are no cookies, begin a new story.
            && told.states >= row.path.len()
        {
            let slot = told.story;
            let story = self.rows.get(slot);
            // It may have been dropped since, and another have its place.
            let story = story.filter(|story| story.key == row.key);
            if story.is_some_and(|s| row.socket.tcp.is_some() && s.socket.tcp != row.socket.tcp) {
                self.edit(slot, |story| story.socket.tcp = row.socket.tcp);
            }
            return;
        }
        // It was told before, and dropped since.
        let is_remains = row.path.last() == Some(&TcpState::TimeWait);
        if row.ended().is_some_and(|at| is_remains || at < now) {
            return;
        }
        self.learn_names(row, names);
        let slot = self.free.pop().unwrap_or_else(|| self.rows.push());
        let at = row.ended().unwrap_or(row.state_since.at());
        // A peer's story may have been dropped, and another have its place.
        let peer = row.peer.and_then(|peer| self.told.get(&peer));
        let peer = peer.map(|told| told.story);
        let peer = peer.filter(|peer| {
            let other = self.rows.get(*peer);
            other.is_some_and(|other| {
                let ends = |local: Endpoint, remote: Option<Endpoint>| {
                    Some([local, remote?].map(|end| (end.plain(), end.port)))
                };
                let mut mirrored = ends(other.socket.local, other.socket.remote);
                mirrored.iter_mut().for_each(|ends| ends.reverse());
                let ours = ends(row.socket.local, row.socket.remote);
                other.peer.is_none() && ours.is_some() && ours == mirrored
            })
        });
        let mut story = row.clone();
        story.path.shrink_to_fit();
        (story.slot, story.peer, story.mark) = (slot, peer, Some(Mark::Closed(at)));
        if let Some(peer) = peer {
            self.edit(peer, |other| other.peer = Some(slot));
        }
        self.kept.bytes += weight(&story);
        self.kept.sockets += 1;
        if let Some(place) = self.rows.place(slot) {
            *place = Some(Arc::new(story));
        }
        self.order.push_back((at, slot));
        let told = Told {
            story: slot,
            key: row.key,
            states: row.path.len(),
        };
        self.told.insert(row.slot, told);
    }

    fn edit(&mut self, slot: Slot, change: impl FnOnce(&mut Tracked)) {
        if let Some(story) = self.rows.row_mut(slot) {
            change(story);
        }
    }

    /// The slot of a row is free for others.
    pub(super) fn part(&mut self, slot: Slot) {
        self.told.remove(&slot);
    }

    /// Drops what is too old or too much.
    pub(super) fn tick(&mut self, now: Duration) {
        let limit = now.checked_sub(self.bounds.time);
        while let Some(&(at, slot)) = self.order.front() {
            let is_old = limit.is_some_and(|limit| at < limit);
            match is_old {
                true => self.kept.for_age += 1,
                false if self.kept.bytes > self.bounds.bytes => self.kept.for_room += 1,
                false => break,
            }
            self.order.pop_front();
            self.forget(slot);
        }
        if self.dropped > 1024 && self.dropped > self.kept.sockets {
            self.sweep_names();
        }
    }

    fn forget(&mut self, slot: Slot) {
        let Some(row) = self.rows.place(slot).and_then(Option::take) else {
            return;
        };
        self.kept.sockets -= 1;
        self.kept.bytes = self.kept.bytes.saturating_sub(weight(&row));
        self.dropped += 1;
        self.free.push(slot);
        if let Some(peer) = row.peer {
            self.edit(peer, |other| other.peer = None);
        }
    }

    /// The closed sockets as a moment, as far as they had ended in the given one.
    pub(super) fn moment(&self, of: &Moment) -> Moment {
        let mut rows = self.rows.clone();
        let mut count = self.kept.sockets;
        // Their order is that of their ends.
        for (at, slot) in self.order.iter().rev() {
            if *at <= of.elapsed {
                break;
            }
            if let Some(place) = rows.place(*slot) {
                *place = None;
                count -= 1;
            }
        }
        let mut names = Arc::clone(&self.names);
        if names.interfaces != of.directory.interfaces || names.hosts != of.directory.hosts {
            let names = Arc::make_mut(&mut names);
            names.interfaces.clone_from(&of.directory.interfaces);
            names.hosts.clone_from(&of.directory.hosts);
        }
        Moment {
            open: count,
            directory: names,
            ..of.with_rows(rows)
        }
    }

    fn learn_names(&mut self, row: &Tracked, now: &Directory) {
        let known = &self.names;
        let is_known = |key: &ProcessKey| match (known.processes.get(key), now.processes.get(key)) {
            (Some(known), Some(now)) => Arc::ptr_eq(known, now),
            (_, now) => now.is_none(),
        };
        let uid = row.socket.uid.filter(|uid| !known.users.contains_key(uid));
        let cgroup = row.socket.cgroup;
        let cgroup = cgroup.filter(|id| !known.cgroups.contains_key(id));
        let strangers = processes(row).filter(|key| !is_known(key));
        let strangers: Vec<ProcessKey> = strangers.collect();
        if strangers.is_empty() && uid.is_none() && cgroup.is_none() {
            return;
        }
        let of_processes = strangers
            .iter()
            .filter_map(|key| now.processes.get(key)?.uid);
        let uids: Vec<Uid> = uid.into_iter().chain(of_processes).collect();
        let names = Arc::make_mut(&mut self.names);
        for key in strangers {
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

    /// Forgets the names that no row needs any more.
    fn sweep_names(&mut self) {
        self.dropped = 0;
        let rows = || self.rows.iter();
        let needed: HashSet<ProcessKey> = rows().flat_map(|row| processes(row)).collect();
        let cgroups: HashSet<CgroupId> = rows().filter_map(|row| row.socket.cgroup).collect();
        let names = Arc::make_mut(&mut self.names);
        names.processes.retain(|key, _| needed.contains(key));
        names.cgroups.retain(|id, _| cgroups.contains(id));
    }
}

fn processes(row: &Tracked) -> impl Iterator<Item = ProcessKey> + '_ {
    let held = row.ownership.last_holders();
    held.into_iter().flat_map(Held::processes)
}

/// About how many bytes a row takes.
pub(super) fn weight(row: &Tracked) -> usize {
    let holders = row.ownership.last_holders().map_or(0, |held| held.len());
    OVERHEAD + size_of_val(row.path.as_slice()) + holders * size_of::<Holder>()
}
