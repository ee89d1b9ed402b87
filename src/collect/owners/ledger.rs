//! Who has which inode: the bookkeeping behind the owners, without an operating system.
//!
//! In: for a process, what its descriptors lead to, whole or a range at a time. Out: for an inode,
//! its holders in one shared list. A list is built again only when something in it changed, so a
//! quiet machine shares every list between samples.

use std::ops::RangeInclusive;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::process::{Fd, Holder, ProcessKey};
use crate::socket::Inode;

/// Changes between two commits for which room is kept.
const USUAL_CHANGES: usize = 1024;

/// Every descriptor there can be.
pub(super) const ALL: RangeInclusive<Fd> = Fd(0)..=Fd(u32::MAX);

/// The holders of one inode.
#[derive(Debug)]
pub(super) struct Held {
    /// Ordered by pid then descriptor, never empty.
    pub(super) holders: Arc<[Holder]>,
    /// The last sample in which the socket table had this inode; 0 for never (a UNIX socket).
    pub(super) seen: u32,
}

/// A descriptor that was found or lost and is not yet part of the shared lists.
#[derive(Debug)]
struct Change {
    inode: Inode,
    holder: Holder,
    kind: ChangeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChangeKind {
    Gained,
    Lost,
}

/// Both directions: process → descriptors and inode → holders.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    lists: HashMap<ProcessKey, Vec<(Fd, Inode)>>,
    held: HashMap<Inode, Held>,
    pending: Vec<Change>,
}

impl Ledger {
    /// The descriptors of a process that lead to sockets, ordered by number.
    pub(super) fn list(&self, process: ProcessKey) -> &[(Fd, Inode)] {
        self.lists.get(&process).map_or(&[], Vec::as_slice)
    }

    /// Every descriptor known to lead to a socket.
    pub(super) fn descriptors(&self) -> usize {
        self.lists.values().map(Vec::len).sum()
    }

    pub(super) fn held(&self, inode: Inode) -> Option<&Held> {
        self.held.get(&inode)
    }

    pub(super) fn held_mut(&mut self, inode: Inode) -> Option<&mut Held> {
        self.held.get_mut(&inode)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    /// Notes what the descriptors of `process` within `range` lead to now; `found` is ordered by
    /// descriptor. Nothing is visible in the holders before [`Ledger::commit`].
    pub(super) fn replace(
        &mut self,
        process: ProcessKey,
        range: &RangeInclusive<Fd>,
        found: &[(Fd, Inode)],
    ) {
        let list = self.lists.entry(process).or_default();
        let from = list.partition_point(|(fd, _)| fd < range.start());
        let to = list.partition_point(|(fd, _)| fd <= range.end());
        let Some(known) = list.get(from..to) else {
            return;
        };
        if known == found {
            return;
        }
        let pending = &mut self.pending;
        let mut note = |&(fd, inode): &(Fd, Inode), kind| {
            pending.push(Change {
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
                    note(a, ChangeKind::Lost);
                    old.next();
                }
                (Some(a), None) => {
                    note(a, ChangeKind::Lost);
                    old.next();
                }
                (_, Some(b)) => {
                    note(b, ChangeKind::Gained);
                    new.next();
                }
            }
        }
        list.splice(from..to, found.iter().copied());
    }

    /// Notes that a process has gone, with all its descriptors.
    pub(super) fn forget(&mut self, process: ProcessKey) {
        for (fd, inode) in self.lists.remove(&process).unwrap_or_default() {
            let holder = Holder {
                process,
                fd: Some(fd),
            };
            self.pending.push(Change {
                inode,
                holder,
                kind: ChangeKind::Lost,
            });
        }
    }

    /// Makes the noted changes visible and adds the inodes whose holders changed to `changed`.
    pub(super) fn commit(&mut self, changed: &mut HashSet<Inode>) {
        // A stable sort: what happened to one inode stays in the order in which it happened.
        self.pending.sort_by_key(|change| change.inode);
        let mut holders = Vec::new();
        for group in self.pending.chunk_by(|a, b| a.inode == b.inode) {
            let Some(inode) = group.first().map(|change| change.inode) else {
                continue;
            };
            let before = self.held.get(&inode);
            holders.clear();
            holders.extend_from_slice(before.map_or(&[], |held| &held.holders));
            for change in group {
                match (holders.binary_search(&change.holder), change.kind) {
                    (Err(at), ChangeKind::Gained) => holders.insert(at, change.holder),
                    (Ok(at), ChangeKind::Lost) => {
                        holders.remove(at);
                    }
                    _ => {}
                }
            }
            if before.map_or(&[][..], |held| &held.holders) == holders {
                continue;
            }
            changed.insert(inode);
            if holders.is_empty() {
                self.held.remove(&inode);
            } else {
                let held = Held {
                    holders: holders.as_slice().into(),
                    seen: before.map_or(0, |b| b.seen),
                };
                self.held.insert(inode, held);
            }
        }
        self.pending.clear();
        // The first look notes every descriptor, 40 bytes each; later ones note few.
        self.pending.shrink_to(USUAL_CHANGES);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::num::NonZeroU64;

    use proptest::prelude::*;

    use super::*;
    use crate::process::{Pid, StartTime};

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
    enum Event {
        Open(u32, u32, u64),
        Close(u32, u32),
        Move { from: u32, to: u32, fd: u32 },
        Exit(u32),
        Look(u32),
        LookAtRange(u32, u32, u32),
        Commit,
    }

    fn event() -> impl Strategy<Value = Event> {
        let (pid, fd) = (0..4u32, 0..6u32);
        prop_oneof![
            4 => (pid.clone(), fd.clone(), 1..6u64).prop_map(|(p, f, i)| Event::Open(p, f, i)),
            2 => (pid.clone(), fd.clone()).prop_map(|(p, f)| Event::Close(p, f)),
            1 => (pid.clone(), pid.clone(), fd.clone())
                .prop_map(|(from, to, fd)| Event::Move { from, to, fd }),
            1 => pid.clone().prop_map(Event::Exit),
            3 => pid.clone().prop_map(Event::Look),
            2 => (pid, fd.clone(), fd).prop_map(|(p, a, b)| Event::LookAtRange(p, a.min(b), a.max(b))),
            2 => Just(Event::Commit),
        ]
    }

    type World = BTreeMap<u32, BTreeMap<u32, u64>>;

    fn look(ledger: &mut Ledger, world: &World, pid: u32, range: RangeInclusive<u32>) {
        let descriptors = world.get(&pid).cloned().unwrap_or_default();
        let found: Vec<_> = descriptors
            .range(range.clone())
            .map(|(&fd, &i)| (Fd(fd), inode(i)))
            .collect();
        ledger.replace(
            process(pid),
            &(Fd(*range.start())..=Fd(*range.end())),
            &found,
        );
    }

    fn rebuilt(world: &World) -> BTreeMap<Inode, Vec<Holder>> {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for (&pid, descriptors) in world {
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

    fn kept(ledger: &Ledger) -> BTreeMap<Inode, Vec<Holder>> {
        ledger
            .held
            .iter()
            .map(|(&i, held)| (i, held.holders.to_vec()))
            .collect()
    }

    proptest! {
        #[test]
        fn after_every_process_was_looked_at_the_books_equal_a_rebuild(
            events in proptest::collection::vec(event(), 0..80)
        ) {
            let (mut world, mut ledger, mut changed) = (World::new(), Ledger::default(), HashSet::new());
            for event in events {
                match event {
                    Event::Open(pid, fd, i) => { world.entry(pid).or_default().insert(fd, i); }
                    Event::Close(pid, fd) => { world.entry(pid).or_default().remove(&fd); }
                    Event::Move { from, to, fd } => {
                        if let Some(i) = world.entry(from).or_default().remove(&fd) {
                            world.entry(to).or_default().insert(fd, i);
                        }
                    }
                    Event::Exit(pid) => { world.remove(&pid); ledger.forget(process(pid)); }
                    Event::Look(pid) => look(&mut ledger, &world, pid, 0..=u32::MAX),
                    Event::LookAtRange(pid, a, b) => look(&mut ledger, &world, pid, a..=b),
                    Event::Commit => ledger.commit(&mut changed),
                }
            }
            ledger.commit(&mut changed);
            let before: HashMap<_, _> =
                ledger.held.iter().map(|(&i, held)| (i, Arc::clone(&held.holders))).collect();
            changed.clear();
            for pid in 0..4 { look(&mut ledger, &world, pid, 0..=u32::MAX); }
            ledger.commit(&mut changed);
            prop_assert_eq!(kept(&ledger), rebuilt(&world));
            prop_assert_eq!(
                ledger.descriptors(),
                world.values().map(BTreeMap::len).sum::<usize>()
            );
            // What is not reported as changed is the very same list.
            for (i, held) in &ledger.held {
                let same = before.get(i).is_some_and(|old| Arc::ptr_eq(old, &held.holders));
                prop_assert_eq!(same, !changed.contains(i));
            }
        }
    }

    #[test]
    fn a_change_undone_before_the_commit_is_no_change() {
        let (mut ledger, mut changed) = (Ledger::default(), HashSet::new());
        ledger.replace(process(1), &ALL, &[(Fd(3), inode(9))]);
        ledger.commit(&mut changed);
        changed.clear();
        ledger.replace(process(1), &ALL, &[]);
        ledger.replace(process(1), &ALL, &[(Fd(3), inode(9))]);
        ledger.commit(&mut changed);
        assert!(changed.is_empty());
        assert_eq!(ledger.held(inode(9)).unwrap().holders.len(), 1);
    }
}
