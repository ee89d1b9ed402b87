//! One process's directory below /proc: is it still that process, how many descriptors are open,
//! which of them lead to sockets, and its small files.
//!
//! In: a pid, an open /proc. Out: numbers and raw bytes. Nothing here allocates per descriptor.
//! Sources: proc_pid_fd(5), proc_pid_stat(5), proc_pid_status(5) and the kernel's `fs/proc/fd.c`.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, RawDir, SeekFrom};
use rustix::io::Errno;
use rustix::path::{Arg, DecInt};

use super::process::StatLine;
use crate::process::{Fd, Pid, ProcessKey, StartTime, Uid};
use crate::socket::Inode;

/// Room for some 300 directory entries: a walk of a few descriptors stays a few system calls, and
/// the kernel never reads far beyond the end of a limited walk.
const BUFFER: usize = 8 * 1024;

/// `.` and `..` come before descriptor 0 (`proc_readfd_common` in `fs/proc/fd.c`).
const FIRST_DESCRIPTOR: u64 = 2;

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Whether looking failed because it is forbidden, because the process has gone, or otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// The process has ended. Normal, at any moment.
    Gone,
    /// EACCES or EPERM.
    Forbidden,
    /// Such as too many open files.
    Failed(Errno),
}

impl From<Errno> for Denied {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::SRCH => Self::Gone,
            Errno::ACCESS | Errno::PERM => Self::Forbidden,
            other => Self::Failed(other),
        }
    }
}

/// What opening a process's directory told.
#[derive(Debug)]
pub(super) enum Opened {
    /// Its descriptors can be listed.
    Open(ProcessKey, OwnedFd),
    /// It runs as these users (real, effective) and its descriptors are not for us to see.
    Hidden([Option<Uid>; 2]),
    /// A kernel thread or a process that has ended and not been waited for: it has none.
    Bare,
}

/// Opens `/proc/PID/fd`, in such a way that the key and the descriptor belong to one process.
pub(super) fn open(root: BorrowedFd<'_>, pid: Pid, text: &mut Vec<u8>) -> Result<Opened, Denied> {
    let flags = OFlags::PATH | DIRECTORY;
    let process = rustix::fs::openat(root, DecInt::new(pid.0), flags, Mode::empty())?;
    let stat = match read(process.as_fd(), c"stat", text) {
        Ok(()) => StatLine::parse(text),
        Err(Denied::Forbidden) => None, // hidepid=1
        Err(other) => return Err(other),
    };
    if stat.as_ref().is_some_and(StatLine::has_no_descriptors) {
        return Ok(Opened::Bare);
    }
    let opened = rustix::fs::openat(&process, c"fd", OFlags::RDONLY | DIRECTORY, Mode::empty());
    match (opened.map_err(Denied::from), stat) {
        (Ok(descriptors), Some(stat)) => Ok(Opened::Open(
            ProcessKey {
                pid,
                start: StartTime(stat.start),
            },
            descriptors,
        )),
        (Ok(_), None) | (Err(Denied::Forbidden), _) => Ok(Opened::Hidden(users_at(
            process.as_fd(),
            [c"status", c"."],
            text,
        ))),
        (Err(other), _) => Err(other),
    }
}

/// The users a process runs as, from its open `/proc/PID/fd`.
pub(super) fn users(descriptors: BorrowedFd<'_>, text: &mut Vec<u8>) -> [Option<Uid>; 2] {
    users_at(descriptors, [c"../status", c".."], text)
}

/// Real and effective user; where even `status` is closed (hidepid=1), the directory's owner.
fn users_at(
    dir: BorrowedFd<'_>,
    [status, process]: [&CStr; 2],
    text: &mut Vec<u8>,
) -> [Option<Uid>; 2] {
    if read(dir, status, text).is_ok()
        && let Some(users) = super::process::users(text)
    {
        return users.map(Some);
    }
    let owner = rustix::fs::statat(dir, process, AtFlags::empty()).ok();
    [owner.map(|stat| Uid(stat.st_uid)), None]
}

/// Replaces `pids` by those that /proc lists, in ascending order.
pub(super) fn list(root: BorrowedFd<'_>, pids: &mut Vec<Pid>) -> Result<(), Errno> {
    pids.clear();
    rustix::fs::seek(root, SeekFrom::Start(0))?;
    let mut buffer = [MaybeUninit::uninit(); BUFFER];
    let mut entries = RawDir::new(root, &mut buffer);
    while let Some(entry) = entries.next() {
        let pid = number(entry?.file_name().to_bytes()).and_then(|n| u32::try_from(n).ok());
        pids.extend(pid.map(Pid));
    }
    pids.sort_unstable(); // They come sorted; the kernel does not promise it.
    Ok(())
}

/// Replaces `text` by a whole small file; `path` may begin with `../` when `dir` is `/proc/PID/fd`.
pub(super) fn read<P: Arg>(dir: BorrowedFd<'_>, path: P, text: &mut Vec<u8>) -> Result<(), Denied> {
    let file = rustix::fs::openat(dir, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    text.clear();
    loop {
        text.reserve(512);
        match rustix::io::read(&file, rustix::buffer::spare_capacity(text)) {
            Ok(0) => return Ok(()),
            Ok(_) if text.len() >= LONGEST => return Ok(()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Enough of any file read here; a command line may be megabytes long.
const LONGEST: usize = 64 * 1024;

/// What `fstat` on an open `/proc/PID/fd` says: an error once that very process has ended
/// (`proc_fd_getattr` answers ENOENT, also when the pid is in use again), else the number of open
/// descriptors (`st_size`, Linux ≥ 6.2; 0 before that).
pub(super) fn count(descriptors: BorrowedFd<'_>) -> Result<u64, Denied> {
    let stat = rustix::fs::fstat(descriptors)?;
    Ok(u64::try_from(stat.st_size).unwrap_or(0))
}

/// Whether the process of an open `/proc/PID/fd` still runs, on kernels where `fstat` does not say.
pub(super) fn is_alive(descriptors: BorrowedFd<'_>) -> bool {
    rustix::fs::statat(descriptors, c"../stat", AtFlags::empty()).is_ok()
}

/// How far a walk came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walked {
    /// Descriptors listed.
    pub(super) listed: usize,
    /// The first descriptor not looked at; `None` when there is no further one.
    pub(super) next: Option<Fd>,
}

/// Which descriptors are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// From this number on.
    pub(super) from: Fd,
    /// Up to this number, itself not; `None` for all that follow.
    pub(super) until: Option<Fd>,
    /// At most about so many.
    pub(super) limit: usize,
}

impl Span {
    /// Every one.
    pub(super) const ALL: Self = Self {
        from: Fd(0),
        until: None,
        limit: usize::MAX,
    };

    /// All below a number, where there is one.
    pub(super) const fn first(until: Option<Fd>) -> Self {
        Self { until, ..Self::ALL }
    }
}

/// Lists descriptors and appends those that lead to sockets to `found`, ordered by number. Where
/// `known` answers, its answer is taken and the link not read.
pub(super) fn walk(
    descriptors: BorrowedFd<'_>,
    span: Span,
    mut known: impl FnMut(Fd) -> Option<Inode>,
    found: &mut Vec<(Fd, Inode)>,
) -> Result<Walked, Denied> {
    let start = u64::from(span.from.0) + FIRST_DESCRIPTOR;
    rustix::fs::seek(descriptors, SeekFrom::Start(start))?;
    let mut buffer = [MaybeUninit::uninit(); BUFFER];
    let mut entries = RawDir::new(descriptors, &mut buffer);
    let mut listed = 0;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        let Some(fd) = number(name.to_bytes())
            .and_then(|n| u32::try_from(n).ok())
            .map(Fd)
        else {
            continue; // `.` and `..`
        };
        if listed >= span.limit || span.until.is_some_and(|until| fd >= until) {
            return Ok(Walked {
                listed,
                next: Some(fd),
            });
        }
        listed += 1;
        let inode = match known(fd) {
            Some(inode) => Some(inode),
            None => link(descriptors, name)?,
        };
        found.extend(inode.map(|inode| (fd, inode)));
    }
    Ok(Walked { listed, next: None })
}

/// The inode of a socket; `None` for anything else, or when it was closed a moment ago.
fn link(descriptors: BorrowedFd<'_>, name: &CStr) -> Result<Option<Inode>, Denied> {
    // `socket:[18446744073709551615]` has 29 bytes; a longer, cut text is none of ours.
    let mut target = [0_u8; 32];
    match rustix::fs::readlinkat_raw(descriptors, name, &mut target) {
        Ok(length) => Ok(target.get(..length).and_then(socket_inode)),
        Err(errno) => match Denied::from(errno) {
            Denied::Gone => Ok(None),
            other => Err(other),
        },
    }
}

/// `socket:[12345]` → 12345 (`sockfs_dname` in `net/socket.c`). No file can have such a target:
/// a file's begins with `/`.
fn socket_inode(target: &[u8]) -> Option<Inode> {
    let digits = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    NonZeroU64::new(number(digits)?).map(Inode)
}

/// Decimal digits and nothing else.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |n, &digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        n.checked_mul(10)?.checked_add(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kernels_own_wording_is_an_inode() {
        assert_eq!(socket_inode(b"socket:[12]").map(|i| i.0.get()), Some(12));
        for other in [
            &b"socket:[0]"[..],
            b"socket:[]",
            b"socket:[1",
            b"socket:[-1]",
            b"pipe:[1]",
            b"/socket:[1]",
        ] {
            assert_eq!(socket_inode(other), None);
        }
        assert_eq!(socket_inode(b"socket:[99999999999999999999]"), None);
    }

    #[test]
    fn this_process_is_found_open_and_counted() {
        let root = rustix::fs::open("/proc", OFlags::PATH | DIRECTORY, Mode::empty()).unwrap();
        let pid = Pid(std::process::id());
        let Opened::Open(key, dir) = open(root.as_fd(), pid, &mut Vec::new()).unwrap() else {
            panic!("the descriptors of this process are hidden from itself");
        };
        assert_eq!(key.pid, pid);
        assert!(is_alive(dir.as_fd()));
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut found = Vec::new();
        let whole = walk(dir.as_fd(), Span::ALL, |_| None, &mut found).unwrap();
        assert_eq!(whole.next, None);
        let number = u32::try_from(std::os::fd::AsRawFd::as_raw_fd(&socket)).unwrap();
        assert!(found.iter().any(|(fd, _)| fd.0 == number));
        assert!(found.is_sorted());
        // In pieces, by seeking, the same socket turns up.
        let (mut piece, mut from) = (Vec::new(), Some(Fd(0)));
        while let Some(fd) = from {
            let span = Span {
                from: fd,
                limit: 1,
                ..Span::ALL
            };
            from = walk(dir.as_fd(), span, |_| None, &mut piece).unwrap().next;
        }
        assert!(piece.iter().any(|(fd, _)| fd.0 == number));
    }

    #[test]
    fn an_ended_process_says_so_through_its_open_directory() {
        let mut child = std::process::Command::new("sleep")
            .arg("100")
            .spawn()
            .unwrap();
        let root = rustix::fs::open("/proc", OFlags::PATH | DIRECTORY, Mode::empty()).unwrap();
        let opened = open(root.as_fd(), Pid(child.id()), &mut Vec::new());
        let Ok(Opened::Open(_, dir)) = opened else {
            panic!("{opened:?}")
        };
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(dir.as_fd()));
        let nothing = walk(dir.as_fd(), Span::ALL, |_| None, &mut Vec::new());
        assert_eq!(nothing, Err(Denied::Gone));
    }
}
