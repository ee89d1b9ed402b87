//! Indexes which process holds which inode; makes no system calls.
//!
//! Takes the sockets behind a process's descriptors, all of them or a range at a time. Returns an
//! inode's holders in one shared list, which is rebuilt only when something in it changed, so an
//! idle machine shares every list between samples.

use std::ops::RangeInclusive;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::net::process::{Fd, Holder, ProcessKey};
use crate::net::socket::Inode;

/// The number of pending changes for which memory is kept.
const PENDING_CAPACITY: usize = 1024;

/// The range of all possible descriptors.
pub(crate) const ALL_FDS: RangeInclusive<Fd> = Fd(0)..=Fd(u32::MAX);

/// The holders of one inode.
#[derive(Debug)]
pub(crate) struct InodeHolders {
    /// Ordered by pid then descriptor, never empty.
    pub(crate) holders: Arc<[Holder]>,
    /// The last sample in which the socket table had this inode; 0 for never (a UNIX socket).
    pub(crate) last_sample: u32,
}

/// A descriptor that was opened or closed and is not yet in the shared lists.
#[derive(Debug)]
struct PendingFdChange {
    inode: Inode,
    holder: Holder,
    kind: FdChangeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FdChangeKind {
    Added,
    Removed,
}

/// The index in both directions: process → descriptors and inode → holders.
#[derive(Debug, Default)]
pub(crate) struct FdIndex {
    fds_by_process: HashMap<ProcessKey, Vec<(Fd, Inode)>>,
    holders_by_inode: HashMap<Inode, InodeHolders>,
    pending: Vec<PendingFdChange>,
}

impl FdIndex {
    /// Returns the descriptors of a process that refer to sockets, ordered by number.
    pub(crate) fn fds(&self, process: ProcessKey) -> &[(Fd, Inode)] {
        self.fds_by_process.get(&process).map_or(&[], Vec::as_slice)
    }

    /// Returns the number of descriptors known to refer to sockets.
    pub(crate) fn fd_count(&self) -> usize {
        self.fds_by_process.values().map(Vec::len).sum()
    }

    pub(crate) fn get(&self, inode: Inode) -> Option<&InodeHolders> {
        self.holders_by_inode.get(&inode)
    }

    pub(crate) fn get_mut(&mut self, inode: Inode) -> Option<&mut InodeHolders> {
        self.holders_by_inode.get_mut(&inode)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &InodeHolders> {
        self.holders_by_inode.values()
    }

    /// Records what the descriptors of `process` within `range` refer to now; `found` is ordered by
    /// descriptor. The holders do not change before [`FdIndex::commit`].
    pub(crate) fn replace(
        &mut self,
        process: ProcessKey,
        range: &RangeInclusive<Fd>,
        found: &[(Fd, Inode)],
    ) {
        let list = self.fds_by_process.entry(process).or_default();
        let from = list.partition_point(|(fd, _)| fd < range.start());
        let to = list.partition_point(|(fd, _)| fd <= range.end());
        let Some(known) = list.get(from..to) else {
            return;
        };
        if known == found {
            return;
        }
        let pending = &mut self.pending;
        let mut record = |&(fd, inode): &(Fd, Inode), kind| {
            pending.push(PendingFdChange {
                inode,
                holder: Holder {
                    process,
                    fd: Some(fd),
                },
                kind,
            });
        };
        let (mut old, mut new) = (known.iter().peekable(), found.iter().peekable());
        loop {
            match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(a), Some(b)) if a == b => {
                    old.next();
                    new.next();
                }
                (Some(a), Some(b)) if a <= b => {
                    record(a, FdChangeKind::Removed);
                    old.next();
                }
                (Some(a), None) => {
                    record(a, FdChangeKind::Removed);
                    old.next();
                }
                (_, Some(b)) => {
                    record(b, FdChangeKind::Added);
                    new.next();
                }
            }
        }
        list.splice(from..to, found.iter().copied());
    }

    /// Records that a process has exited, with all its descriptors.
    pub(crate) fn remove_process(&mut self, process: ProcessKey) {
        for (fd, inode) in self.fds_by_process.remove(&process).unwrap_or_default() {
            let holder = Holder {
                process,
                fd: Some(fd),
            };
            self.pending.push(PendingFdChange {
                inode,
                holder,
                kind: FdChangeKind::Removed,
            });
        }
    }

    /// Applies the pending changes and adds the inodes whose holders changed to `changed`.
    pub(crate) fn commit(&mut self, changed: &mut HashSet<Inode>) {
        // A stable sort: the changes of one inode stay in the order in which they happened.
        self.pending.sort_by_key(|change| change.inode);
        let mut holders = Vec::new();
        for group in self.pending.chunk_by(|a, b| a.inode == b.inode) {
            let Some(inode) = group.first().map(|change| change.inode) else {
                continue;
            };
            let before = self.holders_by_inode.get(&inode);
            holders.clear();
            holders.extend_from_slice(before.map_or(&[], |entry| &entry.holders));
            for change in group {
                match (holders.binary_search(&change.holder), change.kind) {
                    (Err(at), FdChangeKind::Added) => holders.insert(at, change.holder),
                    (Ok(at), FdChangeKind::Removed) => {
                        holders.remove(at);
                    }
                    _ => {}
                }
            }
            if before.map_or(&[][..], |entry| &entry.holders) == holders {
                continue;
            }
            changed.insert(inode);
            if holders.is_empty() {
                self.holders_by_inode.remove(&inode);
            } else {
                let entry = InodeHolders {
                    holders: holders.as_slice().into(),
                    last_sample: before.map_or(0, |b| b.last_sample),
                };
                self.holders_by_inode.insert(inode, entry);
            }
        }
        self.pending.clear();
        // The first scan adds every descriptor, 40 bytes each; later ones add few.
        self.pending.shrink_to(PENDING_CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::num::NonZeroU64;

    use proptest::prelude::*;

    use super::*;
    use crate::net::process::{Pid, StartTime};

    fn process(pid: u32) -> ProcessKey {
        ProcessKey {
            pid: Pid(pid),
            start: StartTime(u64::from(pid) * 7),
        }
    }

    fn inode(number: u64) -> Inode {
        Inode(NonZeroU64::new(number).unwrap())
    }

    #[derive(Clone, Debug)]
    enum FdEvent {
        Open(u32, u32, u64),
        Close(u32, u32),
        Move { from: u32, to: u32, fd: u32 },
        Exit(u32),
        Rescan(u32),
        RescanRange(u32, u32, u32),
        Commit,
    }

    fn event() -> impl Strategy<Value = FdEvent> {
        let (pid, fd) = (0..4u32, 0..6u32);
        prop_oneof![
            4 => (pid.clone(), fd.clone(), 1..6u64).prop_map(|(p, f, i)| FdEvent::Open(p, f, i)),
            2 => (pid.clone(), fd.clone()).prop_map(|(p, f)| FdEvent::Close(p, f)),
            1 => (pid.clone(), pid.clone(), fd.clone())
                .prop_map(|(from, to, fd)| FdEvent::Move { from, to, fd }),
            1 => pid.clone().prop_map(FdEvent::Exit),
            3 => pid.clone().prop_map(FdEvent::Rescan),
            2 => (pid, fd.clone(), fd).prop_map(|(p, a, b)| FdEvent::RescanRange(p, a.min(b), a.max(b))),
            2 => Just(FdEvent::Commit),
        ]
    }

    type FdModel = BTreeMap<u32, BTreeMap<u32, u64>>;

    fn rescan(fd_index: &mut FdIndex, model: &FdModel, pid: u32, range: RangeInclusive<u32>) {
        let descriptors = model.get(&pid).cloned().unwrap_or_default();
        let found: Vec<_> = descriptors
            .range(range.clone())
            .map(|(&fd, &i)| (Fd(fd), inode(i)))
            .collect();
        fd_index.replace(
            process(pid),
            &(Fd(*range.start())..=Fd(*range.end())),
            &found,
        );
    }

    fn expected_holders(model: &FdModel) -> BTreeMap<Inode, Vec<Holder>> {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for (&pid, descriptors) in model {
            for (&fd, &i) in descriptors {
                let holder = Holder {
                    process: process(pid),
                    fd: Some(Fd(fd)),
                };
                all.entry(inode(i)).or_default().push(holder);
            }
        }
        all
    }

    fn indexed_holders(fd_index: &FdIndex) -> BTreeMap<Inode, Vec<Holder>> {
        fd_index
            .holders_by_inode
            .iter()
            .map(|(&i, entry)| (i, entry.holders.to_vec()))
            .collect()
    }

    proptest! {
        #[test]
        fn index_equals_a_rebuild_after_rescanning_every_process(
            events in proptest::collection::vec(event(), 0..80)
        ) {
            let (mut model, mut fd_index, mut changed) = (FdModel::new(), FdIndex::default(), HashSet::new());
            for event in events {
                match event {
                    FdEvent::Open(pid, fd, i) => { model.entry(pid).or_default().insert(fd, i); }
                    FdEvent::Close(pid, fd) => { model.entry(pid).or_default().remove(&fd); }
                    FdEvent::Move { from, to, fd } => {
                        if let Some(i) = model.entry(from).or_default().remove(&fd) {
                            model.entry(to).or_default().insert(fd, i);
                        }
                    }
                    FdEvent::Exit(pid) => { model.remove(&pid); fd_index.remove_process(process(pid)); }
                    FdEvent::Rescan(pid) => rescan(&mut fd_index, &model, pid, 0..=u32::MAX),
                    FdEvent::RescanRange(pid, a, b) => rescan(&mut fd_index, &model, pid, a..=b),
                    FdEvent::Commit => fd_index.commit(&mut changed),
                }
            }
            fd_index.commit(&mut changed);
            let before: HashMap<_, _> =
                fd_index.holders_by_inode.iter().map(|(&i, entry)| (i, Arc::clone(&entry.holders))).collect();
            changed.clear();
            for pid in 0..4 { rescan(&mut fd_index, &model, pid, 0..=u32::MAX); }
            fd_index.commit(&mut changed);
            prop_assert_eq!(indexed_holders(&fd_index), expected_holders(&model));
            prop_assert_eq!(
                fd_index.fd_count(),
                model.values().map(BTreeMap::len).sum::<usize>()
            );
            // What is not reported as changed is still the same list.
            for (i, entry) in &fd_index.holders_by_inode {
                let same = before.get(i).is_some_and(|old| Arc::ptr_eq(old, &entry.holders));
                prop_assert_eq!(same, !changed.contains(i));
            }
        }
    }

    #[test]
    fn change_undone_before_commit_is_not_reported() {
        let (mut fd_index, mut changed) = (FdIndex::default(), HashSet::new());
        fd_index.replace(process(1), &ALL_FDS, &[(Fd(3), inode(9))]);
        fd_index.commit(&mut changed);
        changed.clear();
        fd_index.replace(process(1), &ALL_FDS, &[]);
        fd_index.replace(process(1), &ALL_FDS, &[(Fd(3), inode(9))]);
        fd_index.commit(&mut changed);
        assert!(changed.is_empty());
        assert_eq!(fd_index.get(inode(9)).unwrap().holders.len(), 1);
    }
}
