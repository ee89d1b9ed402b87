//! The processes of this machine, from sample to sample: who is there, whose descriptors may be
//! read, and whose have to be read again.
//!
//! In: /proc. Out: the [`Ledger`] brought up to date for the processes that changed. For each known
//! process one `fstat` of its open `/proc/PID/fd` answers both "is it still that process" and "how
//! many descriptors are open"; only when that number changed is the directory walked again.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use hashbrown::HashMap;
use rustix::io::Errno;

use super::ledger::{ALL, Ledger};
use super::muster::{Met, muster};
use super::procdir::{self, Denied, Opened, Span};
use super::standing::{Depth, Look, Open, Standing};
use super::verdict::Hidden;
use crate::process::{Fd, Pid, ProcessKey};
use crate::socket::Inode;

/// How long a process that may not be looked into is left alone.
const RETRY: Duration = Duration::from_secs(10);

/// Descriptors listed again in one sample, of processes in which something changed: some 30 ms. One
/// that is read as well counts for four. What is beyond is for the next sample; at 100,000 sockets of
/// which one in a hundred changes all over, owners are right after two.
const BUDGET: usize = 50_000;

/// What going to another process costs, in descriptors.
pub(super) const VISIT: usize = 4;

/// What a visit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visited {
    /// Nothing says that anything in it changed.
    Same,
    /// Its number of descriptors is another one.
    Changed {
        /// When it was last walked.
        looked: u32,
    },
    /// It has to be met.
    Unmet,
}

/// Everyone.
#[derive(Debug, Default)]
pub(super) struct Census {
    processes: HashMap<Pid, Standing>,
    /// Those listed in this sample, ascending.
    pids: Vec<Pid>,
    /// How many directories may be kept open, and how many are.
    limit: usize,
    kept: usize,
    /// Whether `fstat` tells the number of open descriptors (Linux ≥ 6.2).
    counts: bool,
    text: Vec<u8>,
    found: Vec<(Fd, Inode)>,
    /// The last failure that is neither "gone" nor "forbidden", and how many there were.
    failures: Option<(Errno, u32)>,
    /// Those for whom there was no time in this sample.
    unvisited: u32,
    /// Work done in this sample, in descriptors listed.
    spent: usize,
}

impl Census {
    /// Nobody yet; keeps at most `limit` directories open.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Lists the processes, drops those that have gone, and walks the new and the changed.
    ///
    /// # Errors
    /// When /proc cannot be listed.
    pub(super) fn visit(&mut self, look: Look<'_>, ledger: &mut Ledger) -> Result<(), Errno> {
        self.failures = None;
        procdir::list(look.root, &mut self.pids)?;
        let pids = std::mem::take(&mut self.pids);
        self.kept = 0;
        self.processes.retain(|pid, standing| {
            let listed = pids.binary_search(pid).is_ok();
            match standing {
                Standing::Open(open) if !listed => ledger.forget(open.key),
                Standing::Open(open) => self.kept += usize::from(open.dir.is_some()),
                _ => {}
            }
            listed
        });
        // Whether the kernel counts is seen on this very process: it has /proc open at least.
        self.counts = rustix::fs::statat(look.root, c"self/fd", rustix::fs::AtFlags::empty())
            .is_ok_and(|stat| stat.st_size > 0);
        self.spent = 0;
        let (mut unmet, mut changed) = (Vec::new(), Vec::new());
        for &pid in &pids {
            match self.visit_one(look, pid, ledger) {
                Visited::Unmet => unmet.push(pid),
                Visited::Changed { looked } => changed.push((looked, pid)),
                Visited::Same => {}
            }
        }
        // Who was not looked at for longest comes first, in this sample or the next.
        changed.sort_unstable();
        for (_, pid) in changed {
            if self.is_tired() {
                break;
            }
            self.walk(look, pid, Depth::Quick, ledger);
        }
        self.meet(look, &unmet, ledger);
        self.pids = pids;
        Ok(())
    }

    fn visit_one(&mut self, look: Look<'_>, pid: Pid, ledger: &mut Ledger) -> Visited {
        let changed = match self.processes.get(&pid) {
            None => return Visited::Unmet,
            Some(Standing::Hidden { retry, .. } | Standing::Bare { retry }) => {
                if look.now < *retry {
                    return Visited::Same;
                }
                return Visited::Unmet;
            }
            Some(Standing::Open(open)) => open.dir(look.root, &mut self.text).and_then(|dir| {
                let count = procdir::count(dir.as_fd())?;
                if !self.counts && !procdir::is_alive(dir.as_fd()) {
                    return Err(Denied::Gone);
                }
                Ok(match count == open.count {
                    true => Visited::Same,
                    false => Visited::Changed {
                        looked: open.looked,
                    },
                })
            }),
        };
        match changed {
            Ok(visited) => return visited,
            Err(denied) => {
                self.lose(look, pid, denied, ledger);
                if denied == Denied::Gone {
                    // The pid was listed, so somebody else has it now.
                    return Visited::Unmet;
                }
            }
        }
        Visited::Same
    }

    /// Looks at processes for the first time, or again after they were closed to us.
    fn meet(&mut self, look: Look<'_>, pids: &[Pid], ledger: &mut Ledger) {
        let room = self.limit.saturating_sub(self.kept);
        let met = muster(look.root, pids, room, look.until);
        self.unvisited = 0;
        for (&pid, met) in pids.iter().zip(met) {
            // Spread over the pids, so that the retries do not all fall into one sample.
            let retry = look.now + RETRY + Duration::from_millis(u64::from(pid.0 % 16) * 250);
            let standing = match met {
                Ok(Met::Open {
                    key,
                    dir,
                    count,
                    found,
                }) => {
                    self.kept += usize::from(dir.is_some());
                    ledger.replace(key, &ALL, &found);
                    Standing::Open(Open {
                        key,
                        dir,
                        count,
                        looked: look.sample,
                        walked: look.sample,
                    })
                }
                Ok(Met::Hidden(users)) => Standing::Hidden { users, retry },
                Ok(Met::Bare) => Standing::Bare { retry },
                Ok(Met::Later) => {
                    self.unvisited += 1;
                    continue;
                }
                Err(denied) => {
                    self.lose(look, pid, denied, ledger);
                    continue;
                }
            };
            self.processes.insert(pid, standing);
        }
    }

    /// Walks one process and notes what was found. Returns the number of descriptors listed.
    pub(super) fn walk(
        &mut self,
        look: Look<'_>,
        pid: Pid,
        depth: Depth,
        ledger: &mut Ledger,
    ) -> usize {
        let Some(Standing::Open(open)) = self.processes.get_mut(&pid) else {
            return 0;
        };
        let list = ledger.list(open.key);
        let mut at = 0;
        let known = |fd: Fd| {
            if depth == Depth::Full {
                return None;
            }
            // Both lists are ordered by descriptor: one pass over the known is enough.
            at += list.get(at..)?.partition_point(|&(known, _)| known < fd);
            let &(known, inode) = list.get(at)?;
            let lives = ledger
                .held(inode)
                .is_some_and(|held| held.seen == look.sample);
            (known == fd && lives).then_some(inode)
        };
        self.found.clear();
        let result = open.dir(look.root, &mut self.text).and_then(|dir| {
            let count = procdir::count(dir.as_fd())?;
            let walked = procdir::walk(dir.as_fd(), Span::ALL, known, &mut self.found)?;
            Ok((count, walked.listed))
        });
        match result {
            Ok((count, listed)) => {
                self.spent += VISIT + listed * depth.cost();
                (open.count, open.looked) = (count, look.sample);
                if depth == Depth::Full {
                    open.walked = look.sample;
                }
                ledger.replace(open.key, &ALL, &self.found);
                listed
            }
            Err(denied) => {
                self.lose(look, pid, denied, ledger);
                0
            }
        }
    }

    /// Reads again at most `limit` descriptors of one process from `from` on, whatever is known of
    /// them. Returns how many were listed and where to go on; `None` at the end.
    pub(super) fn walk_some(
        &mut self,
        look: Look<'_>,
        (pid, from): (Pid, Fd),
        limit: usize,
        ledger: &mut Ledger,
    ) -> (usize, Option<Fd>) {
        let Some(Standing::Open(open)) = self.processes.get_mut(&pid) else {
            return (0, None);
        };
        self.found.clear();
        let result = open.dir(look.root, &mut self.text).and_then(|dir| {
            let span = Span {
                from,
                limit,
                ..Span::ALL
            };
            procdir::walk(dir.as_fd(), span, |_| None, &mut self.found)
        });
        match result {
            Ok(walked) => {
                let end = walked
                    .next
                    .map_or(u32::MAX, |next| next.0.saturating_sub(1));
                ledger.replace(open.key, &(from..=Fd(end)), &self.found);
                (walked.listed, walked.next)
            }
            Err(denied) => {
                self.lose(look, pid, denied, ledger);
                (0, None)
            }
        }
    }

    /// Notes that a process can no longer be looked into, for whatever reason.
    fn lose(&mut self, look: Look<'_>, pid: Pid, denied: Denied, ledger: &mut Ledger) {
        if let Some(Standing::Open(open)) = self.processes.remove(&pid) {
            ledger.forget(open.key);
            self.kept = self.kept.saturating_sub(usize::from(open.dir.is_some()));
        }
        match denied {
            Denied::Gone => {}
            Denied::Failed(errno) => {
                let count = self.failures.map_or(0, |(_, count)| count);
                self.failures = Some((errno, count + 1));
            }
            Denied::Forbidden => {
                let users = match procdir::open(look.root, pid, &mut self.text) {
                    Ok(Opened::Open(_, dir)) => procdir::users(dir.as_fd(), &mut self.text),
                    Ok(Opened::Hidden(users)) => users,
                    _ => [None; 2],
                };
                self.processes.insert(
                    pid,
                    Standing::Hidden {
                        users,
                        retry: look.now + RETRY,
                    },
                );
            }
        }
    }

    /// Uses the open directory of a process, if it is still that process and may be looked into.
    pub(super) fn with_dir<T>(
        &mut self,
        look: Look<'_>,
        key: ProcessKey,
        read: impl FnOnce(BorrowedFd<'_>, &mut Vec<u8>) -> Result<T, Denied>,
    ) -> Option<T> {
        let Some(Standing::Open(open)) = self.processes.get(&key.pid) else {
            return None;
        };
        if open.key != key {
            return None;
        }
        let dir = open.dir(look.root, &mut self.text).ok()?;
        read(dir.as_fd(), &mut self.text).ok()
    }

    /// The pids of this sample, ascending.
    pub(super) fn pids(&self) -> &[Pid] {
        &self.pids
    }

    /// The processes whose descriptors can be read, with the samples of their last walks
    /// (of any depth, full).
    pub(super) fn readable(&self) -> impl Iterator<Item = (Pid, u32, u32)> {
        self.processes
            .values()
            .filter_map(|standing| match standing {
                Standing::Open(open) => Some((open.key.pid, open.looked, open.walked)),
                _ => None,
            })
    }

    /// Whether what is left to walk is for the next sample.
    pub(super) const fn is_tired(&self) -> bool {
        self.spent >= BUDGET
    }

    /// How many nobody has looked into yet, so that nothing is known of what they have.
    pub(super) const fn unvisited(&self) -> u32 {
        self.unvisited
    }

    /// Those whose descriptors cannot.
    pub(super) fn hidden(&self) -> Hidden {
        // Process 1 exists in every pid namespace: a list without it is not complete.
        let unlisted = self.pids.first() != Some(&Pid(1));
        let mut hidden = Hidden {
            unlisted,
            ..Hidden::default()
        };
        for standing in self.processes.values() {
            if let Standing::Hidden { users, .. } = standing {
                hidden.add(*users);
            }
        }
        hidden
    }

    /// What went wrong in this sample for reasons other than permission.
    pub(super) fn failures(&self) -> Option<(Errno, u32)> {
        self.failures
    }
}
