//! The owners by Linux's /proc: for each socket with an inode, every descriptor that leads to it.
//!
//! In: sockets with inodes. Out: their holders, and the holders' descriptions. A sample goes:
//!
//! ```text
//! recall    what is known is filled in; inodes nobody is known to have are "strangers"
//! visit     new processes, and those whose number of descriptors changed, are walked
//! search    strangers that remain: likely processes first, then the others, within a budget
//! recheck   a few descriptors are read again in turn: some changes leave every number the same
//! judge     whoever is still a stranger is nobody's, hidden, or not sought to the end yet
//! ```
//!
//! Few sockets take as long as many in the first sample: any process may have any socket, so that
//! none is known to be missed only when every descriptor of every process was read. The kernel has
//! no shorter way from an inode to descriptors (netlink tells no pids; what counts references to a
//! socket does not count descriptors), user and cgroup may change when a socket is handed over, and
//! whether a descriptor is a socket at all is told by its link alone. Of 440 ms for 100,000
//! descriptors 250 are `readlink`, 85 the lists of descriptors, 30 the kernel's socket table and 40
//! this program. So it is done only where an owner is wanted ([`crate::collect::Demand`]).

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::{HashMap, HashSet};
use rustix::fs::{Mode, OFlags};
use rustix::process::Resource;

use super::census::Census;
use super::ledger::Ledger;
use super::muster::BUDGET;
use super::roster::Roster;
use super::standing::Look;
use super::verdict::Hidden;
use super::{OwnerSearch, Owners, process};
use crate::process::{Fd, Holders, Pid, ProcessKey, Uid};
use crate::snapshot::{Directory, Gap, Sight};
use crate::socket::{Inode, Socket};

/// Descriptors that other parts of the program need, at least.
const SPARE: usize = 64;

/// Finds holders by walking /proc, as little of it as possible.
#[derive(Debug)]
pub struct ProcWalk {
    path: &'static str,
    root: Option<OwnedFd>,
    /// The number of this sample, from 1.
    pub(super) sample: u32,
    pub(super) us: Uid,
    pub(super) census: Census,
    pub(super) ledger: Ledger,
    roster: Roster,
    /// The sample in which an inode nobody was known to have first came up.
    pub(super) strangers: HashMap<Inode, u32>,
    /// Where the re-check goes on.
    pub(super) cursor: (Pid, Fd),
    /// Inodes whose holders changed in this sample, or that appeared in it.
    changed: HashSet<Inode>,
}

impl ProcWalk {
    /// Ready to look; nothing is read before the first sample.
    pub fn open() -> Self {
        Self::at("/proc")
    }

    fn at(path: &'static str) -> Self {
        let soft = rustix::process::getrlimit(Resource::Nofile).current;
        let soft = soft
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(usize::MAX);
        // Half for the directories kept open; the rest is for everything else in this program.
        let limit = (soft / 2).min(soft.saturating_sub(SPARE));
        Self {
            path,
            root: None,
            sample: 0,
            us: Uid(rustix::process::geteuid().as_raw()),
            census: Census::new(limit),
            ledger: Ledger::default(),
            roster: Roster::default(),
            strangers: HashMap::new(),
            cursor: (Pid(0), Fd(0)),
            changed: HashSet::new(),
        }
    }

    /// Fills in what is known and returns the indices of the sockets nobody is known to have.
    fn recall(&mut self, sockets: &mut [Socket]) -> Vec<usize> {
        let mut strangers = Vec::new();
        for (index, socket) in sockets.iter_mut().enumerate() {
            let Some(inode) = socket.inode else { continue };
            if let Some(held) = self.ledger.held_mut(inode) {
                if held.seen == 0 {
                    self.changed.insert(inode); // So far it was not in any socket table.
                }
                held.seen = self.sample;
                socket.holders = Holders::Found(Arc::clone(&held.holders));
            } else {
                strangers.push(index);
            }
        }
        strangers
    }

    /// Makes what was found visible: in the sockets that were thought to be held, and in those
    /// that were strangers. Returns who still is one.
    pub(super) fn settle(&mut self, sockets: &mut [Socket], strangers: Vec<usize>) -> Vec<usize> {
        let mut news = HashSet::new();
        self.ledger.commit(&mut news);
        if news.is_empty() {
            return strangers;
        }
        let mut left = Vec::new();
        for (index, socket) in sockets.iter_mut().enumerate() {
            let Some(inode) = socket.inode else { continue };
            if !news.contains(&inode) && socket.holders.found().is_some() {
                continue;
            }
            if let Some(held) = self.ledger.held_mut(inode) {
                held.seen = self.sample;
                socket.holders = Holders::Found(Arc::clone(&held.holders));
            } else {
                socket.holders = Holders::NotSought;
                left.push(index);
            }
        }
        self.changed.extend(news);
        left
    }

    /// Says of each remaining stranger why no holder is known.
    fn judge(&self, hidden: &Hidden, sockets: &mut [Socket], strangers: &[usize]) {
        // Whoever was not looked into may have any of them, and may turn out to be hidden.
        if self.census.unvisited() > 0 {
            return;
        }
        let horizon = self.horizon();
        for &index in strangers {
            let Some(socket) = sockets.get_mut(index) else {
                continue;
            };
            let Some(since) = socket.inode.and_then(|inode| self.strangers.get(&inode)) else {
                continue;
            };
            let verdict = hidden.verdict(socket.uid, self.us);
            // What is ours is sought to the end before it is said to be hidden.
            let others = verdict == Holders::Hidden && socket.uid != Some(self.us);
            if *since <= horizon || others {
                socket.holders = verdict;
            }
        }
    }

    /// Remembers who is a stranger since when, and forgets who is none.
    fn remember(&mut self, sockets: &[Socket], strangers: &[usize]) {
        let inodes = strangers
            .iter()
            .filter_map(|&index| sockets.get(index)?.inode);
        let before = std::mem::take(&mut self.strangers);
        let since = |inode| before.get(&inode).copied().unwrap_or(self.sample);
        self.strangers = inodes.map(|inode| (inode, since(inode))).collect();
    }

    /// Describes whoever came to hold a socket, and whoever changed its name.
    fn describe(&mut self, look: Look<'_>, again: &[Pid], directory: &mut Arc<Directory>) {
        let mut wanted = HashSet::new();
        for inode in self.changed.drain() {
            let held = self.ledger.held(inode).filter(|held| held.seen > 0);
            let holders = held.iter().flat_map(|held| held.holders.iter());
            let keys = holders.map(|holder| holder.process);
            wanted.extend(keys.filter(|key| !directory.processes.contains_key(key)));
        }
        for (key, known) in &directory.processes {
            let renamed = |dir: std::os::fd::BorrowedFd<'_>, text: &mut Vec<u8>| {
                process::is_called(dir, &known.name, text).map(|same| !same)
            };
            if self.ledger.list(*key).is_empty() {
                continue;
            }
            if again.contains(&key.pid) || self.census.with_dir(look, *key, renamed) == Some(true) {
                wanted.insert(*key);
            }
        }
        for key in wanted {
            let read = self
                .census
                .with_dir(look, key, |dir, text| process::describe(dir, key.pid, text));
            match read {
                Some(process) if process.key == key => {
                    self.roster.admit(look.now, process, directory);
                }
                _ => {} // It ended meanwhile; the next sample will not have it.
            }
        }
        if self.roster.is_due(look.now) {
            let seen = self.ledger.all().filter(|held| held.seen == self.sample);
            let holding = seen
                .flat_map(|held| held.holders.iter())
                .map(|holder| holder.process);
            let holding: HashSet<ProcessKey> = holding.collect();
            self.roster.sweep(look.now, holding.into_iter(), directory);
        }
    }
}

impl Owners for ProcWalk {
    fn find(
        &mut self,
        now: Duration,
        search: OwnerSearch,
        sockets: &mut [Socket],
        directory: &mut Arc<Directory>,
        gaps: &mut Vec<Gap>,
    ) -> Sight {
        self.sample += 1;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = match self.root.take() {
            Some(root) => Ok(root),
            None => rustix::fs::open(self.path, flags, Mode::empty()),
        };
        let root = match root {
            Ok(root) => root,
            Err(errno) => {
                gaps.push(Gap::Owners(format!(
                    "{} cannot be opened: {errno}",
                    self.path
                )));
                return Sight::default();
            }
        };
        let look = Look {
            root: root.as_fd(),
            now,
            sample: self.sample,
            until: (search == OwnerSearch::Gradual).then(|| Instant::now() + BUDGET),
        };
        let strangers = self.recall(sockets);
        let why = match self.census.visit(look, &mut self.ledger) {
            Err(errno) => Some(format!("{} cannot be listed: {errno}", self.path)),
            Ok(()) if self.census.pids().is_empty() => {
                Some(format!("{} lists no process: is it mounted?", self.path))
            }
            Ok(()) => None,
        };
        if let Some(why) = why {
            gaps.push(Gap::Owners(why));
            sockets
                .iter_mut()
                .for_each(|socket| socket.holders = Holders::NotSought);
            return Sight::default();
        }
        let strangers = self.settle(sockets, strangers);
        self.remember(sockets, &strangers);
        let strangers = self.search(look, sockets, strangers);
        let again = self.recheck(look);
        let strangers = self.settle(sockets, strangers);
        let hidden = self.census.hidden();
        self.judge(&hidden, sockets, &strangers);
        self.describe(look, &again, directory);
        if let Some((errno, count)) = self.census.failures() {
            let word = if count == 1 { "process" } else { "processes" };
            gaps.push(Gap::Owners(format!(
                "{count} {word} could not be looked into: {errno}"
            )));
        }
        let readable = u32::try_from(self.census.readable().count()).unwrap_or(u32::MAX);
        self.root = Some(root);
        Sight {
            readable,
            hidden: hidden.count,
            unvisited: self.census.unvisited(),
        }
    }
}

#[cfg(test)]
mod tests;
