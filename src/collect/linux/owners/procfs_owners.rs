//! Finds owners through /proc: for each socket with an inode, every descriptor that refers to it.
//!
//! Takes sockets with inodes; returns their holders and the holders' descriptions. The steps of a
//! sample:
//!
//! ```text
//! known     known holders are filled in; inodes without a known holder are "unowned"
//! refresh   new processes, and those whose number of descriptors changed, are scanned
//! search    for what is still unowned: likely processes first, then the others, on a budget
//! recheck   a few descriptors are read again in turn: some changes leave every count the same
//! resolve   what is still unowned has no holder, a hidden one, or is not fully searched yet
//! ```
//!
//! In the first sample few sockets take as long as many: any process may hold any socket, so every
//! descriptor of every process has to be read before no holder can be missing. The kernel has no
//! shorter way from an inode to descriptors (netlink reports no pids; what counts references to a
//! socket does not count descriptors), user and cgroup may change when a socket is passed on, and
//! only its link tells whether a descriptor is a socket at all. Of 440 ms for 100,000 descriptors,
//! 250 are readlink(2), 85 listing the descriptors, 30 the kernel's socket table and 40 this
//! program. So it is done only where an owner is needed ([`crate::collect::SampleScope`]).

#[cfg(test)]
mod tests;

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::{HashMap, HashSet};
use rustix::fs::{Mode, OFlags};
use rustix::process::Resource;

use super::access::ScanContext;
use super::fd_index::FdIndex;
use super::parallel_scan::TIME_BUDGET;
use super::process_info;
use super::process_table::ProcessTable;
use super::unresolved::HiddenProcesses;
use crate::collect::owners::Owners;
use crate::collect::process_cache::ProcessCache;
use crate::collect::sample_scope::OwnerMode;
use crate::net::process::{Fd, Holders, Pid, ProcessKey, Uid};
use crate::net::snapshot::{Directory, Gap, OwnerCoverage};
use crate::net::socket::{Inode, Socket};

/// The fewest descriptors left for the rest of the program.
const RESERVED_FDS: usize = 64;

/// Finds holders by reading as little of /proc as possible.
#[derive(Debug)]
pub struct ProcfsOwners {
    proc_path: &'static str,
    proc_root: Option<OwnedFd>,
    /// The number of this sample, from 1.
    pub(crate) sample: u32,
    pub(crate) euid: Uid,
    pub(crate) process_table: ProcessTable,
    pub(crate) fd_index: FdIndex,
    process_cache: ProcessCache,
    /// The sample in which each unowned inode first appeared.
    pub(crate) unowned_since: HashMap<Inode, u32>,
    /// Where the re-check continues.
    pub(crate) recheck_cursor: (Pid, Fd),
    /// Inodes whose holders changed in this sample, or that appeared in it.
    changed_inodes: HashSet<Inode>,
}

impl ProcfsOwners {
    /// Creates the search; nothing is read before the first sample.
    pub fn open() -> Self {
        Self::with_proc_path("/proc")
    }

    fn with_proc_path(path: &'static str) -> Self {
        let soft_limit = rustix::process::getrlimit(Resource::Nofile).current;
        let soft_limit = soft_limit
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(usize::MAX);
        // Half for the directories kept open; the rest is for everything else in this program.
        let limit = (soft_limit / 2).min(soft_limit.saturating_sub(RESERVED_FDS));
        Self {
            proc_path: path,
            proc_root: None,
            sample: 0,
            euid: Uid(rustix::process::geteuid().as_raw()),
            process_table: ProcessTable::new(limit),
            fd_index: FdIndex::default(),
            process_cache: ProcessCache::default(),
            unowned_since: HashMap::new(),
            recheck_cursor: (Pid(0), Fd(0)),
            changed_inodes: HashSet::new(),
        }
    }

    /// Fills in the known holders and returns the indices of the sockets without one.
    fn fill_known(&mut self, sockets: &mut [Socket]) -> Vec<usize> {
        let mut unowned = Vec::new();
        for (index, socket) in sockets.iter_mut().enumerate() {
            let Some(inode) = socket.inode else { continue };
            if let Some(entry) = self.fd_index.get_mut(inode) {
                if entry.last_sample == 0 {
                    self.changed_inodes.insert(inode); // It was in no socket table so far.
                }
                entry.last_sample = self.sample;
                socket.holders = Holders::Found(Arc::clone(&entry.holders));
            } else {
                unowned.push(index);
            }
        }
        unowned
    }

    /// Applies the changes of the index: to the sockets that had holders, and to the unowned ones.
    /// Returns those still unowned.
    pub(crate) fn apply_changes(
        &mut self,
        sockets: &mut [Socket],
        unowned: Vec<usize>,
    ) -> Vec<usize> {
        let mut changed = HashSet::new();
        self.fd_index.commit(&mut changed);
        if changed.is_empty() {
            return unowned;
        }
        let mut still_unowned = Vec::new();
        for (index, socket) in sockets.iter_mut().enumerate() {
            let Some(inode) = socket.inode else { continue };
            if !changed.contains(&inode) && socket.holders.found().is_some() {
                continue;
            }
            if let Some(entry) = self.fd_index.get_mut(inode) {
                entry.last_sample = self.sample;
                socket.holders = Holders::Found(Arc::clone(&entry.holders));
            } else {
                socket.holders = Holders::NotSearched;
                still_unowned.push(index);
            }
        }
        self.changed_inodes.extend(changed);
        still_unowned
    }

    /// Sets the reason why no holder is known of each socket still unowned.
    fn resolve_unowned(&self, hidden: &HiddenProcesses, sockets: &mut [Socket], unowned: &[usize]) {
        // A process not scanned yet may hold any of them, and may turn out to be hidden.
        if self.process_table.unscanned() > 0 {
            return;
        }
        let oldest_full_scan = self.oldest_full_scan();
        for &index in unowned {
            let Some(socket) = sockets.get_mut(index) else {
                continue;
            };
            let Some(since) = socket
                .inode
                .and_then(|inode| self.unowned_since.get(&inode))
            else {
                continue;
            };
            let unresolved = hidden.holders_for(socket.uid, self.euid);
            // A socket of our own user is searched for everywhere before it is reported as hidden.
            let is_foreign = unresolved == Holders::Hidden && socket.uid != Some(self.euid);
            if *since <= oldest_full_scan || is_foreign {
                socket.holders = unresolved;
            }
        }
    }

    /// Records since when the unowned sockets are unowned, and forgets the others.
    fn update_unowned(&mut self, sockets: &[Socket], unowned: &[usize]) {
        let inodes = unowned
            .iter()
            .filter_map(|&index| sockets.get(index)?.inode);
        let before = std::mem::take(&mut self.unowned_since);
        let since = |inode| before.get(&inode).copied().unwrap_or(self.sample);
        self.unowned_since = inodes.map(|inode| (inode, since(inode))).collect();
    }

    /// Reads the descriptions of processes that now hold a socket, and of those whose name changed.
    fn update_processes(
        &mut self,
        context: ScanContext<'_>,
        rechecked: &[Pid],
        directory: &mut Arc<Directory>,
    ) {
        let mut wanted = HashSet::new();
        for inode in self.changed_inodes.drain() {
            let entry = self
                .fd_index
                .get(inode)
                .filter(|entry| entry.last_sample > 0);
            let holders = entry.iter().flat_map(|entry| entry.holders.iter());
            let keys = holders.map(|holder| holder.process);
            wanted.extend(keys.filter(|key| !directory.processes.contains_key(key)));
        }
        for (key, known) in &directory.processes {
            let renamed = |dir: std::os::fd::BorrowedFd<'_>, text: &mut Vec<u8>| {
                process_info::has_comm(dir, &known.name, text).map(|same| !same)
            };
            if self.fd_index.fds(*key).is_empty() {
                continue;
            }
            if rechecked.contains(&key.pid)
                || self.process_table.with_dir(context, *key, renamed) == Some(true)
            {
                wanted.insert(*key);
            }
        }
        for key in wanted {
            let read = self.process_table.with_dir(context, key, |dir, text| {
                process_info::read_process(dir, key.pid, text)
            });
            match read {
                Some(process) if process.key == key => {
                    self.process_cache.insert(context.now, process, directory);
                }
                _ => {} // It exited meanwhile; the next sample will not have it.
            }
        }
        if self.process_cache.is_sweep_due(context.now) {
            let seen = self
                .fd_index
                .values()
                .filter(|entry| entry.last_sample == self.sample);
            let holding = seen
                .flat_map(|entry| entry.holders.iter())
                .map(|holder| holder.process);
            let holding: HashSet<ProcessKey> = holding.collect();
            self.process_cache
                .evict_idle(context.now, holding.into_iter(), directory);
        }
    }
}

impl Owners for ProcfsOwners {
    fn find(
        &mut self,
        now: Duration,
        mode: OwnerMode,
        sockets: &mut [Socket],
        directory: &mut Arc<Directory>,
        gaps: &mut Vec<Gap>,
    ) -> OwnerCoverage {
        self.sample += 1;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = match self.proc_root.take() {
            Some(root) => Ok(root),
            None => rustix::fs::open(self.proc_path, flags, Mode::empty()),
        };
        let root = match root {
            Ok(root) => root,
            Err(errno) => {
                gaps.push(Gap::Owners(format!(
                    "{} cannot be opened: {errno}",
                    self.proc_path
                )));
                return OwnerCoverage::default();
            }
        };
        let context = ScanContext {
            proc_root: root.as_fd(),
            now,
            sample: self.sample,
            deadline: (mode == OwnerMode::Incremental).then(|| Instant::now() + TIME_BUDGET),
        };
        let unowned = self.fill_known(sockets);
        let why = match self.process_table.refresh(context, &mut self.fd_index) {
            Err(errno) => Some(format!("{} cannot be listed: {errno}", self.proc_path)),
            Ok(()) if self.process_table.pids().is_empty() => Some(format!(
                "{} lists no process: is it mounted?",
                self.proc_path
            )),
            Ok(()) => None,
        };
        if let Some(why) = why {
            gaps.push(Gap::Owners(why));
            sockets
                .iter_mut()
                .for_each(|socket| socket.holders = Holders::NotSearched);
            return OwnerCoverage::default();
        }
        let unowned = self.apply_changes(sockets, unowned);
        self.update_unowned(sockets, &unowned);
        let unowned = self.search_unowned(context, sockets, unowned);
        let rechecked = self.recheck_fds(context);
        let unowned = self.apply_changes(sockets, unowned);
        let hidden = self.process_table.hidden();
        self.resolve_unowned(&hidden, sockets, &unowned);
        self.update_processes(context, &rechecked, directory);
        if let Some((errno, count)) = self.process_table.failures() {
            let word = if count == 1 { "process" } else { "processes" };
            gaps.push(Gap::Owners(format!(
                "{count} {word} could not be read: {errno}"
            )));
        }
        let readable = u32::try_from(self.process_table.readable().count()).unwrap_or(u32::MAX);
        self.proc_root = Some(root);
        OwnerCoverage {
            readable,
            hidden: hidden.count,
            unscanned: self.process_table.unscanned(),
        }
    }
}
