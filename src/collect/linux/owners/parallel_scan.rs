//! Scans `/proc/PID/fd` of new processes in parallel.
//!
//! Takes pids; returns for each whether it could be opened and, where its descriptors may be read,
//! which of them refer to sockets. The first scan of a machine with 100,000 descriptors is a
//! quarter of a second of independent system calls: two cores take half as long (measured on Linux
//! 6.18). Later scans read few processes and are not worth a thread.

use std::num::NonZero;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};

use super::proc_pid;
use super::proc_pid::{FdRange, OpenedProcess, ProcAccessError};
use crate::net::process::{Fd, Pid, ProcessKey, Uid};
use crate::net::socket::Inode;

/// Fewer processes than this are scanned on the calling thread: starting a thread costs some 50 µs.
const MIN_PARALLEL: usize = 16;

/// The most threads: with more, they contend for the kernel's own locks.
const MAX_THREADS: usize = 8;

/// The number of descriptors of one process that one thread reads at a time. A process with more is
/// split into chunks.
const CHUNK_LEN: u32 = 4096;

/// The outcome of scanning one process.
#[derive(Debug)]
pub(crate) enum ScanOutcome {
    /// Its descriptors were read.
    Readable {
        key: ProcessKey,
        /// Its `/proc/PID/fd`; `None` where the limit of open directories is reached.
        dir: Option<OwnedFd>,
        /// The number of open descriptors when the scan began.
        count: u64,
        /// The descriptors that refer to sockets, ordered by number.
        found: Vec<(Fd, Inode)>,
    },
    /// It runs as these users (real, effective), and its descriptors are not readable by us.
    Hidden([Option<Uid>; 2]),
    /// It has no descriptors.
    NoDescriptors,
    /// Not scanned: the deadline had passed.
    Deferred,
}

/// How long processes are scanned before the others are left for a later sample; a process already
/// begun is finished. Two cores read more than 200,000 descriptors in this time. A row whose owner
/// is found in a later sample has to be copied for it, so an ordinary machine should be finished in
/// the first.
pub(crate) const TIME_BUDGET: Duration = Duration::from_millis(400);

/// Scans all processes, or those there is time for, and keeps at most `open_limit` directories
/// open. The outcomes are in the order of the pids.
pub(crate) fn scan_processes(
    root: BorrowedFd<'_>,
    pids: &[Pid],
    open_limit: usize,
    deadline: Option<Instant>,
) -> Vec<Result<ScanOutcome, ProcAccessError>> {
    let threads = if pids.len() < MIN_PARALLEL {
        1
    } else {
        thread::available_parallelism().map_or(1, NonZero::get)
    };
    let plan = ScanPlan {
        threads: threads.min(MAX_THREADS),
        chunk: CHUNK_LEN,
        deadline,
    };
    scan_in_chunks(root, pids, open_limit, plan)
}

/// How the work is divided.
#[derive(Clone, Copy, Debug)]
struct ScanPlan {
    threads: usize,
    /// The number of descriptors in a chunk.
    chunk: u32,
    /// After this time no process is begun, except the first.
    deadline: Option<Instant>,
}

fn scan_in_chunks(
    root: BorrowedFd<'_>,
    pids: &[Pid],
    open_limit: usize,
    ScanPlan {
        threads,
        chunk,
        deadline,
    }: ScanPlan,
) -> Vec<Result<ScanOutcome, ProcAccessError>> {
    let mut outcome = parallel_map(threads, pids.len(), |index| {
        let pid = pids.get(index).copied().ok_or(ProcAccessError::Exited)?;
        if index > 0 && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(ScanOutcome::Deferred);
        }
        let keep = if index < open_limit {
            KeepDir::Open
        } else {
            KeepDir::Closed
        };
        scan_process(root, pid, keep, chunk)
    });
    let chunks: Vec<(usize, FdRange)> = outcome
        .iter()
        .enumerate()
        .flat_map(|(index, outcome)| {
            remaining_chunks(outcome, chunk).map(move |fd_range| (index, fd_range))
        })
        .collect();
    let walked = parallel_map(threads, chunks.len(), |at| {
        let &(index, fd_range) = chunks.get(at).ok_or(ProcAccessError::Exited)?;
        let Some(Ok(ScanOutcome::Readable { key, dir, .. })) = outcome.get(index) else {
            return Err(ProcAccessError::Exited);
        };
        read_chunk(root, (*key, dir.as_ref()), fd_range)
    });
    for (&(index, _), walked) in chunks.iter().zip(walked) {
        let Some(slot) = outcome.get_mut(index) else {
            continue;
        };
        match (walked, slot) {
            (Ok(more), Ok(ScanOutcome::Readable { found, .. })) => found.extend(more),
            // A process read only in part counts as failed.
            (Err(error), slot) => *slot = Err(error),
            _ => {}
        }
    }
    outcome
}

/// Whether a directory stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeepDir {
    Open,
    Closed,
}

/// Runs `work` for every number below `count`, on up to `threads` threads.
fn parallel_map<T: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T, ProcAccessError> + Sync,
) -> Vec<Result<T, ProcAccessError>> {
    let next = AtomicUsize::new(0);
    let work_loop = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            done.push((index, work(index)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(count))
            // Where the system cannot start a thread, this one does the work.
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work_loop).ok())
            .collect();
        let mut done = work_loop();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Opens a process and reads its first chunk.
fn scan_process(
    root: BorrowedFd<'_>,
    pid: Pid,
    keep: KeepDir,
    chunk: u32,
) -> Result<ScanOutcome, ProcAccessError> {
    let mut text = Vec::new();
    Ok(match proc_pid::open_fd_dir(root, pid, &mut text)? {
        OpenedProcess::Readable(key, dir) => {
            let count = proc_pid::fd_count(dir.as_fd())?;
            let mut found = Vec::new();
            let fd_range = FdRange::up_to(first_chunk_end(count, chunk));
            proc_pid::list_socket_fds(dir.as_fd(), fd_range, |_| None, &mut found)?;
            let dir = (keep == KeepDir::Open).then_some(dir);
            ScanOutcome::Readable {
                key,
                dir,
                count,
                found,
            }
        }
        OpenedProcess::Hidden(users) => ScanOutcome::Hidden(users),
        OpenedProcess::NoDescriptors => ScanOutcome::NoDescriptors,
    })
}

/// Returns the end of the first chunk; `None` where it is the only one. Where the kernel does not
/// count descriptors (before Linux 6.2), nothing is split.
fn first_chunk_end(count: u64, chunk: u32) -> Option<Fd> {
    (count > u64::from(chunk)).then_some(Fd(chunk))
}

/// Returns the chunks of a process that are left to read. Descriptor numbers are nearly always
/// below the number of descriptors; the last chunk has no end, for those that are not.
fn remaining_chunks(
    outcome: &Result<ScanOutcome, ProcAccessError>,
    chunk: u32,
) -> impl Iterator<Item = FdRange> + use<> {
    let count = match outcome {
        Ok(ScanOutcome::Readable { count, .. }) => u32::try_from(*count).unwrap_or(u32::MAX),
        _ => 0,
    };
    let chunks = match first_chunk_end(count.into(), chunk) {
        Some(_) => count.div_ceil(chunk),
        None => 1,
    };
    (1..chunks).map(move |nth| FdRange {
        from: Fd(nth * chunk),
        end: (nth + 1 < chunks).then(|| Fd((nth + 1) * chunk)),
        limit: usize::MAX,
    })
}

/// Reads a chunk through a directory of its own, because an open directory has a single read
/// position.
fn read_chunk(
    root: BorrowedFd<'_>,
    (key, dir): (ProcessKey, Option<&OwnedFd>),
    fd_range: FdRange,
) -> Result<Vec<(Fd, Inode)>, ProcAccessError> {
    let reopened = match dir {
        Some(dir) => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::openat(dir, c".", flags, Mode::empty())?
        }
        None => match proc_pid::open_fd_dir(root, key.pid, &mut Vec::new())? {
            OpenedProcess::Readable(now, dir) if now == key => dir,
            OpenedProcess::Hidden(_) => return Err(ProcAccessError::PermissionDenied),
            _ => return Err(ProcAccessError::Exited),
        },
    };
    let mut found = Vec::new();
    proc_pid::list_socket_fds(reopened.as_fd(), fd_range, |_| None, &mut found)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;

    use super::*;

    fn proc() -> OwnedFd {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open("/proc", flags, Mode::empty()).unwrap()
    }

    #[test]
    fn every_socket_is_found_once_in_order_for_any_chunking() {
        let sockets: Vec<_> = (0..40)
            .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
            .collect();
        // One socket has a number far above the number of descriptors.
        let high_fd = rustix::io::fcntl_dupfd_cloexec(&sockets[0], 900).unwrap();
        let mut our_fds: Vec<u32> = sockets.iter().map(|s| s.as_raw_fd() as u32).collect();
        our_fds.push(high_fd.as_raw_fd() as u32);
        let (root, pid) = (proc(), Pid(std::process::id()));
        for (threads, chunk, open_limit) in [(1, CHUNK_LEN, 1), (3, 7, 1), (2, 1, 0), (8, 16, 0)] {
            let plan = ScanPlan {
                threads,
                chunk,
                deadline: None,
            };
            let outcome = scan_in_chunks(root.as_fd(), &[pid, Pid(u32::MAX)], open_limit, plan);
            let [
                Ok(ScanOutcome::Readable { dir, found, .. }),
                Err(ProcAccessError::Exited),
            ] = &outcome[..]
            else {
                panic!("{outcome:?}");
            };
            assert_eq!(dir.is_some(), open_limit == 1);
            assert!(found.is_sorted_by(|(a, _), (b, _)| a < b), "{found:?}");
            let times_found = |fd: &u32| found.iter().filter(|(found, _)| found.0 == *fd).count();
            assert!(our_fds.iter().all(|fd| times_found(fd) == 1), "{plan:?}");
        }
    }

    #[test]
    fn expired_deadline_scans_one_process_and_defers_the_rest() {
        let (root, pid) = (proc(), Pid(std::process::id()));
        let outcome = scan_processes(root.as_fd(), &[pid, pid, pid], 1, Some(Instant::now()));
        assert!(matches!(
            outcome[..],
            [
                Ok(ScanOutcome::Readable { .. }),
                Ok(ScanOutcome::Deferred),
                Ok(ScanOutcome::Deferred)
            ]
        ));
    }

    #[test]
    fn chunks_are_contiguous_and_the_last_is_unbounded() {
        let outcome = |count| {
            let key = ProcessKey {
                pid: Pid(1),
                start: crate::net::process::StartTime(1),
            };
            Ok(ScanOutcome::Readable {
                key,
                dir: None,
                count,
                found: Vec::new(),
            })
        };
        let bounds = |count| -> Vec<_> {
            let fd_ranges = remaining_chunks(&outcome(count), 10);
            fd_ranges
                .map(|s| (s.from.0, s.end.map(|fd| fd.0)))
                .collect()
        };
        assert_eq!(bounds(0), []);
        assert_eq!(bounds(10), []);
        assert_eq!(bounds(11), [(10, None)]);
        assert_eq!(bounds(31), [(10, Some(20)), (20, Some(30)), (30, None)]);
        assert_eq!(first_chunk_end(11, 10), Some(Fd(10)));
    }
}
