//! Tracks the processes of this machine from sample to sample: which exist, whose descriptors may
//! be read, and which have to be scanned again.
//!
//! Reads /proc and updates the [`FdIndex`] for the processes that changed. For each known process
//! one fstat(2) of its open `/proc/PID/fd` says both whether it is still the same process and how
//! many descriptors are open; its directory is scanned again only when that number changed.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use hashbrown::HashMap;
use rustix::io::Errno;

use super::access::{ProcessAccess, ReadableProcess, ScanContext, ScanDepth};
use super::fd_index::{ALL_FDS, FdIndex};
use super::parallel_scan::{ScanOutcome, scan_processes};
use super::proc_pid;
use super::proc_pid::{FdRange, OpenedProcess, ProcAccessError};
use super::unresolved::HiddenProcesses;
use crate::net::process::{Fd, Pid, ProcessKey};
use crate::net::socket::Inode;

/// How long a process that may not be read is left alone.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// The descriptors listed again in one sample, of processes in which something changed: some 30 ms.
/// One whose link is read as well counts for four. The rest is left for the next sample; at 100,000
/// sockets of which one in a hundred changes everywhere, owners are right after two.
const SCAN_BUDGET: usize = 50_000;

/// The cost of switching to another process, in descriptors.
pub(crate) const VISIT_COST: usize = 4;

/// The result of checking a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum VisitOutcome {
    /// Nothing indicates that anything in it changed.
    Unchanged,
    /// Its number of descriptors changed.
    Changed {
        /// The sample in which it was last scanned.
        last_scan: u32,
    },
    /// It has never been scanned, or its access may have changed.
    New,
}

/// All known processes and whether their fds are readable.
#[derive(Debug, Default)]
pub(crate) struct ProcessTable {
    processes: HashMap<Pid, ProcessAccess>,
    /// The pids listed in this sample, ascending.
    pids: Vec<Pid>,
    /// How many directories may be kept open, and how many are.
    dir_limit: usize,
    open_dirs: usize,
    /// Whether fstat(2) reports the number of open descriptors (Linux ≥ 6.2).
    has_fd_counts: bool,
    text: Vec<u8>,
    found: Vec<(Fd, Inode)>,
    /// The last error other than "exited" and "permission denied", and how many there were.
    failures: Option<(Errno, u32)>,
    /// Processes left unscanned for lack of time in this sample.
    unscanned: u32,
    /// Work done in this sample, in descriptors listed.
    budget_spent: usize,
}

impl ProcessTable {
    /// Creates an empty table that keeps at most `limit` directories open.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            dir_limit: limit,
            ..Self::default()
        }
    }

    /// Lists the processes, drops those that have exited, and scans the new and the changed.
    ///
    /// # Errors
    /// When /proc cannot be listed.
    pub(crate) fn refresh(
        &mut self,
        context: ScanContext<'_>,
        fd_index: &mut FdIndex,
    ) -> Result<(), Errno> {
        self.failures = None;
        proc_pid::list_pids(context.proc_root, &mut self.pids)?;
        let pids = std::mem::take(&mut self.pids);
        self.open_dirs = 0;
        self.processes.retain(|pid, access| {
            let listed = pids.binary_search(pid).is_ok();
            match access {
                ProcessAccess::Readable(open) if !listed => fd_index.remove_process(open.key),
                ProcessAccess::Readable(open) => self.open_dirs += usize::from(open.dir.is_some()),
                _ => {}
            }
            listed
        });
        // Whether the kernel counts descriptors is tested on this process: it has at least /proc
        // open.
        self.has_fd_counts =
            rustix::fs::statat(context.proc_root, c"self/fd", rustix::fs::AtFlags::empty())
                .is_ok_and(|stat| stat.st_size > 0);
        self.budget_spent = 0;
        let (mut new_pids, mut changed) = (Vec::new(), Vec::new());
        for &pid in &pids {
            match self.check_process(context, pid, fd_index) {
                VisitOutcome::New => new_pids.push(pid),
                VisitOutcome::Changed { last_scan } => changed.push((last_scan, pid)),
                VisitOutcome::Unchanged => {}
            }
        }
        // The process scanned longest ago comes first, in this sample or the next.
        changed.sort_unstable();
        for (_, pid) in changed {
            if self.over_budget() {
                break;
            }
            self.rescan(context, pid, ScanDepth::Quick, fd_index);
        }
        self.scan_new(context, &new_pids, fd_index);
        self.pids = pids;
        Ok(())
    }

    fn check_process(
        &mut self,
        context: ScanContext<'_>,
        pid: Pid,
        fd_index: &mut FdIndex,
    ) -> VisitOutcome {
        let changed = match self.processes.get(&pid) {
            None => return VisitOutcome::New,
            Some(
                ProcessAccess::Hidden {
                    retry_at: retry, ..
                }
                | ProcessAccess::NoDescriptors { retry_at: retry },
            ) => {
                if context.now < *retry {
                    return VisitOutcome::Unchanged;
                }
                return VisitOutcome::New;
            }
            Some(ProcessAccess::Readable(open)) => open
                .fd_dir(context.proc_root, &mut self.text)
                .and_then(|dir| {
                    let count = proc_pid::fd_count(dir.as_fd())?;
                    if !self.has_fd_counts && !proc_pid::is_alive(dir.as_fd()) {
                        return Err(ProcAccessError::Exited);
                    }
                    Ok(match count == open.count {
                        true => VisitOutcome::Unchanged,
                        false => VisitOutcome::Changed {
                            last_scan: open.last_scan,
                        },
                    })
                }),
        };
        match changed {
            Ok(visited) => return visited,
            Err(error) => {
                self.drop_access(context, pid, error, fd_index);
                if error == ProcAccessError::Exited {
                    // The pid was listed, so another process has it now.
                    return VisitOutcome::New;
                }
            }
        }
        VisitOutcome::Unchanged
    }

    /// Scans processes for the first time, or again after they were unreadable.
    fn scan_new(&mut self, context: ScanContext<'_>, pids: &[Pid], fd_index: &mut FdIndex) {
        let open_limit = self.dir_limit.saturating_sub(self.open_dirs);
        let outcome = scan_processes(context.proc_root, pids, open_limit, context.deadline);
        self.unscanned = 0;
        for (&pid, outcome) in pids.iter().zip(outcome) {
            // Spread over the pids, so that the retries do not all fall into one sample.
            let retry =
                context.now + RETRY_INTERVAL + Duration::from_millis(u64::from(pid.0 % 16) * 250);
            let access = match outcome {
                Ok(ScanOutcome::Readable {
                    key,
                    dir,
                    count,
                    found,
                }) => {
                    self.open_dirs += usize::from(dir.is_some());
                    fd_index.replace(key, &ALL_FDS, &found);
                    ProcessAccess::Readable(ReadableProcess {
                        key,
                        dir,
                        count,
                        last_scan: context.sample,
                        last_full_scan: context.sample,
                    })
                }
                Ok(ScanOutcome::Hidden(users)) => ProcessAccess::Hidden {
                    users,
                    retry_at: retry,
                },
                Ok(ScanOutcome::NoDescriptors) => ProcessAccess::NoDescriptors { retry_at: retry },
                Ok(ScanOutcome::Deferred) => {
                    self.unscanned += 1;
                    continue;
                }
                Err(error) => {
                    self.drop_access(context, pid, error, fd_index);
                    continue;
                }
            };
            self.processes.insert(pid, access);
        }
    }

    /// Scans one process and records what was found. Returns the number of descriptors listed.
    pub(crate) fn rescan(
        &mut self,
        context: ScanContext<'_>,
        pid: Pid,
        depth: ScanDepth,
        fd_index: &mut FdIndex,
    ) -> usize {
        let Some(ProcessAccess::Readable(open)) = self.processes.get_mut(&pid) else {
            return 0;
        };
        let list = fd_index.fds(open.key);
        let mut at = 0;
        let known = |fd: Fd| {
            if depth == ScanDepth::Full {
                return None;
            }
            // Both lists are ordered by descriptor: one pass over the known is enough.
            at += list.get(at..)?.partition_point(|&(known, _)| known < fd);
            let &(known, inode) = list.get(at)?;
            let is_current = fd_index
                .get(inode)
                .is_some_and(|entry| entry.last_sample == context.sample);
            (known == fd && is_current).then_some(inode)
        };
        self.found.clear();
        let result = open
            .fd_dir(context.proc_root, &mut self.text)
            .and_then(|dir| {
                let count = proc_pid::fd_count(dir.as_fd())?;
                let walked =
                    proc_pid::list_socket_fds(dir.as_fd(), FdRange::ALL, known, &mut self.found)?;
                Ok((count, walked.listed))
            });
        match result {
            Ok((count, listed)) => {
                self.budget_spent += VISIT_COST + listed * depth.cost();
                (open.count, open.last_scan) = (count, context.sample);
                if depth == ScanDepth::Full {
                    open.last_full_scan = context.sample;
                }
                fd_index.replace(open.key, &ALL_FDS, &self.found);
                listed
            }
            Err(error) => {
                self.drop_access(context, pid, error, fd_index);
                0
            }
        }
    }

    /// Reads the links of at most `limit` descriptors of one process from `from` on, known or not.
    /// Returns how many were listed and where to continue; `None` at the end.
    pub(crate) fn rescan_range(
        &mut self,
        context: ScanContext<'_>,
        (pid, from): (Pid, Fd),
        limit: usize,
        fd_index: &mut FdIndex,
    ) -> (usize, Option<Fd>) {
        let Some(ProcessAccess::Readable(open)) = self.processes.get_mut(&pid) else {
            return (0, None);
        };
        self.found.clear();
        let result = open
            .fd_dir(context.proc_root, &mut self.text)
            .and_then(|dir| {
                let fd_range = FdRange {
                    from,
                    limit,
                    ..FdRange::ALL
                };
                proc_pid::list_socket_fds(dir.as_fd(), fd_range, |_| None, &mut self.found)
            });
        match result {
            Ok(walked) => {
                let end = walked
                    .next
                    .map_or(u32::MAX, |next| next.0.saturating_sub(1));
                fd_index.replace(open.key, &(from..=Fd(end)), &self.found);
                (walked.listed, walked.next)
            }
            Err(error) => {
                self.drop_access(context, pid, error, fd_index);
                (0, None)
            }
        }
    }

    /// Records that a process can no longer be read, for whatever reason.
    fn drop_access(
        &mut self,
        context: ScanContext<'_>,
        pid: Pid,
        error: ProcAccessError,
        fd_index: &mut FdIndex,
    ) {
        if let Some(ProcessAccess::Readable(open)) = self.processes.remove(&pid) {
            fd_index.remove_process(open.key);
            self.open_dirs = self
                .open_dirs
                .saturating_sub(usize::from(open.dir.is_some()));
        }
        match error {
            ProcAccessError::Exited => {}
            ProcAccessError::Other(errno) => {
                let count = self.failures.map_or(0, |(_, count)| count);
                self.failures = Some((errno, count + 1));
            }
            ProcAccessError::PermissionDenied => {
                let users = match proc_pid::open_fd_dir(context.proc_root, pid, &mut self.text) {
                    Ok(OpenedProcess::Readable(_, dir)) => {
                        proc_pid::read_users(dir.as_fd(), &mut self.text)
                    }
                    Ok(OpenedProcess::Hidden(users)) => users,
                    _ => [None; 2],
                };
                self.processes.insert(
                    pid,
                    ProcessAccess::Hidden {
                        users,
                        retry_at: context.now + RETRY_INTERVAL,
                    },
                );
            }
        }
    }

    /// Uses the open directory of a process, if it is still the same process and readable.
    pub(crate) fn with_dir<T>(
        &mut self,
        context: ScanContext<'_>,
        key: ProcessKey,
        read: impl FnOnce(BorrowedFd<'_>, &mut Vec<u8>) -> Result<T, ProcAccessError>,
    ) -> Option<T> {
        let Some(ProcessAccess::Readable(open)) = self.processes.get(&key.pid) else {
            return None;
        };
        if open.key != key {
            return None;
        }
        let dir = open.fd_dir(context.proc_root, &mut self.text).ok()?;
        read(dir.as_fd(), &mut self.text).ok()
    }

    /// Returns the pids of this sample, ascending.
    pub(crate) fn pids(&self) -> &[Pid] {
        &self.pids
    }

    /// Returns the processes whose descriptors can be read, with the samples of their last scans
    /// (of any depth, full).
    pub(crate) fn readable(&self) -> impl Iterator<Item = (Pid, u32, u32)> {
        self.processes.values().filter_map(|access| match access {
            ProcessAccess::Readable(open) => {
                Some((open.key.pid, open.last_scan, open.last_full_scan))
            }
            _ => None,
        })
    }

    /// Returns whether the remaining scans are left for the next sample.
    pub(crate) const fn over_budget(&self) -> bool {
        self.budget_spent >= SCAN_BUDGET
    }

    /// Returns the number of processes never scanned so far, so that nothing is known of their
    /// sockets.
    pub(crate) const fn unscanned(&self) -> u32 {
        self.unscanned
    }

    /// Returns the processes whose descriptors cannot be read.
    pub(crate) fn hidden(&self) -> HiddenProcesses {
        // Process 1 exists in every pid namespace: a list without it is incomplete.
        let unlisted = self.pids.first() != Some(&Pid(1));
        let mut hidden = HiddenProcesses {
            hidepid: unlisted,
            ..HiddenProcesses::default()
        };
        for access in self.processes.values() {
            if let ProcessAccess::Hidden { users, .. } = access {
                hidden.add(*users);
            }
        }
        hidden
    }

    /// Returns the last error in this sample other than a missing permission, and how many there
    /// were.
    pub(crate) fn failures(&self) -> Option<(Errno, u32)> {
        self.failures
    }
}
