//! Many processes met for the first time, on every core at once.
//!
//! In: pids. Out: for each, what opening it told and, where its descriptors may be read, which of
//! them lead to sockets. The first look at a machine with 100,000 descriptors is a quarter of a
//! second of system calls that do not wait for each other: two cores take half as long (measured on
//! Linux 6.18). Later looks read a few processes, and need no company.

use std::num::NonZero;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};

use super::procdir::{self, Denied, Opened, Span};
use crate::process::{Fd, Pid, ProcessKey, Uid};
use crate::socket::Inode;

/// Fewer processes than this are walked by the caller alone: a thread costs some 50 µs.
const FEW: usize = 16;

/// Threads at most: the kernel's own locks are in the way of more.
const THREADS: usize = 8;

/// Descriptors of one process that one thread reads in one go. A process with more is shared out.
const PIECE: u32 = 4096;

/// A process, met.
#[derive(Debug)]
pub(super) enum Met {
    /// Its descriptors were read.
    Open {
        key: ProcessKey,
        /// Its `/proc/PID/fd`; `None` where there was no room to keep it open.
        dir: Option<OwnedFd>,
        /// How many were open when the walk began.
        count: u64,
        /// Those that lead to sockets, ordered by number.
        found: Vec<(Fd, Inode)>,
    },
    /// It runs as these users and its descriptors are not for us to see.
    Hidden([Option<Uid>; 2]),
    /// It has none.
    Bare,
    /// Time was up.
    Later,
}

/// How long processes are met before the others are left for another time. What was begun is done.
/// Two cores read more than 200,000 descriptors meanwhile. A row whose owner comes in a later sample
/// is copied for it, so that the usual machine should be done in the first.
pub(super) const BUDGET: Duration = Duration::from_millis(400);

/// Meets them all, or those that there is time for, and keeps at most `room` directories open. The outcomes are in the order of the
/// pids.
pub(super) fn muster(
    root: BorrowedFd<'_>,
    pids: &[Pid],
    room: usize,
    until: Option<Instant>,
) -> Vec<Result<Met, Denied>> {
    let threads = if pids.len() < FEW {
        1
    } else {
        thread::available_parallelism().map_or(1, NonZero::get)
    };
    let share = Share {
        threads: threads.min(THREADS),
        piece: PIECE,
        until,
    };
    in_pieces(root, pids, room, share)
}

/// How the work is shared out.
#[derive(Clone, Copy, Debug)]
struct Share {
    threads: usize,
    /// Descriptors in a piece.
    piece: u32,
    /// After this nobody is met any more, but for the first.
    until: Option<Instant>,
}

fn in_pieces(
    root: BorrowedFd<'_>,
    pids: &[Pid],
    room: usize,
    Share {
        threads,
        piece,
        until,
    }: Share,
) -> Vec<Result<Met, Denied>> {
    let mut met = share_out(threads, pids.len(), |index| {
        let pid = pids.get(index).copied().ok_or(Denied::Gone)?;
        if index > 0 && until.is_some_and(|until| Instant::now() >= until) {
            return Ok(Met::Later);
        }
        let keep = if index < room {
            Keep::Open
        } else {
            Keep::Closed
        };
        meet(root, pid, keep, piece)
    });
    let pieces: Vec<(usize, Span)> = met
        .iter()
        .enumerate()
        .flat_map(|(index, met)| rest_of(met, piece).map(move |span| (index, span)))
        .collect();
    let walked = share_out(threads, pieces.len(), |at| {
        let &(index, span) = pieces.get(at).ok_or(Denied::Gone)?;
        let Some(Ok(Met::Open { key, dir, .. })) = met.get(index) else {
            return Err(Denied::Gone);
        };
        read_piece(root, (*key, dir.as_ref()), span)
    });
    for (&(index, _), walked) in pieces.iter().zip(walked) {
        let Some(place) = met.get_mut(index) else {
            continue;
        };
        match (walked, place) {
            (Ok(more), Ok(Met::Open { found, .. })) => found.extend(more),
            // Half a process is none.
            (Err(denied), place) => *place = Err(denied),
            _ => {}
        }
    }
    met
}

/// Whether a directory stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    Open,
    Closed,
}

/// Does `work` for every number below `count`, on so many threads.
fn share_out<T: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T, Denied> + Sync,
) -> Vec<Result<T, Denied>> {
    let next = AtomicUsize::new(0);
    let some = || {
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
            // Where the system gives no thread, this one does it all.
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, some).ok())
            .collect();
        let mut done = some();
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

/// Opens one and reads its first piece.
fn meet(root: BorrowedFd<'_>, pid: Pid, keep: Keep, piece: u32) -> Result<Met, Denied> {
    let mut text = Vec::new();
    Ok(match procdir::open(root, pid, &mut text)? {
        Opened::Open(key, dir) => {
            let count = procdir::count(dir.as_fd())?;
            let mut found = Vec::new();
            let span = Span::first(first_piece(count, piece));
            procdir::walk(dir.as_fd(), span, |_| None, &mut found)?;
            let dir = (keep == Keep::Open).then_some(dir);
            Met::Open {
                key,
                dir,
                count,
                found,
            }
        }
        Opened::Hidden(users) => Met::Hidden(users),
        Opened::Bare => Met::Bare,
    })
}

/// The end of the first piece: `None` where it is the only one. Where the kernel does not count
/// (before Linux 6.2), nothing is shared out.
fn first_piece(count: u64, piece: u32) -> Option<Fd> {
    (count > u64::from(piece)).then_some(Fd(piece))
}

/// What is left to read of a process. The numbers of descriptors are nearly always as many as there
/// are descriptors; the last piece has no end, for those that are not.
fn rest_of(met: &Result<Met, Denied>, piece: u32) -> impl Iterator<Item = Span> + use<> {
    let count = match met {
        Ok(Met::Open { count, .. }) => u32::try_from(*count).unwrap_or(u32::MAX),
        _ => 0,
    };
    let pieces = match first_piece(count.into(), piece) {
        Some(_) => count.div_ceil(piece),
        None => 1,
    };
    (1..pieces).map(move |nth| Span {
        from: Fd(nth * piece),
        until: (nth + 1 < pieces).then(|| Fd((nth + 1) * piece)),
        limit: usize::MAX,
    })
}

/// Reads a piece through a directory of its own, because a directory has one place where it is read.
fn read_piece(
    root: BorrowedFd<'_>,
    (key, dir): (ProcessKey, Option<&OwnedFd>),
    span: Span,
) -> Result<Vec<(Fd, Inode)>, Denied> {
    let again = match dir {
        Some(dir) => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::openat(dir, c".", flags, Mode::empty())?
        }
        None => match procdir::open(root, key.pid, &mut Vec::new())? {
            Opened::Open(now, dir) if now == key => dir,
            Opened::Hidden(_) => return Err(Denied::Forbidden),
            _ => return Err(Denied::Gone),
        },
    };
    let mut found = Vec::new();
    procdir::walk(again.as_fd(), span, |_| None, &mut found)?;
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
    fn however_it_is_shared_out_every_socket_is_found_once_and_in_order() {
        let sockets: Vec<_> = (0..40)
            .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
            .collect();
        // One with a number far beyond the number of descriptors.
        let far = rustix::io::fcntl_dupfd_cloexec(&sockets[0], 900).unwrap();
        let mut ours: Vec<u32> = sockets.iter().map(|s| s.as_raw_fd() as u32).collect();
        ours.push(far.as_raw_fd() as u32);
        let (root, pid) = (proc(), Pid(std::process::id()));
        for (threads, piece, room) in [(1, PIECE, 1), (3, 7, 1), (2, 1, 0), (8, 16, 0)] {
            let share = Share {
                threads,
                piece,
                until: None,
            };
            let met = in_pieces(root.as_fd(), &[pid, Pid(u32::MAX)], room, share);
            let [Ok(Met::Open { dir, found, .. }), Err(Denied::Gone)] = &met[..] else {
                panic!("{met:?}");
            };
            assert_eq!(dir.is_some(), room == 1);
            assert!(found.is_sorted_by(|(a, _), (b, _)| a < b), "{found:?}");
            let of_ours = |fd: &u32| found.iter().filter(|(found, _)| found.0 == *fd).count();
            assert!(ours.iter().all(|fd| of_ours(fd) == 1), "{share:?}");
        }
    }

    #[test]
    fn when_time_is_up_one_is_met_all_the_same_and_the_others_later() {
        let (root, pid) = (proc(), Pid(std::process::id()));
        let met = muster(root.as_fd(), &[pid, pid, pid], 1, Some(Instant::now()));
        assert!(matches!(
            met[..],
            [Ok(Met::Open { .. }), Ok(Met::Later), Ok(Met::Later)]
        ));
    }

    #[test]
    fn pieces_follow_each_other_and_the_last_has_no_end() {
        let met = |count| {
            let key = ProcessKey {
                pid: Pid(1),
                start: crate::process::StartTime(1),
            };
            Ok(Met::Open {
                key,
                dir: None,
                count,
                found: Vec::new(),
            })
        };
        let ends = |count| -> Vec<_> {
            let spans = rest_of(&met(count), 10);
            spans.map(|s| (s.from.0, s.until.map(|fd| fd.0))).collect()
        };
        assert_eq!(ends(0), []);
        assert_eq!(ends(10), []);
        assert_eq!(ends(11), [(10, None)]);
        assert_eq!(ends(31), [(10, Some(20)), (20, Some(30)), (30, None)]);
        assert_eq!(first_piece(11, 10), Some(Fd(10)));
    }
}
