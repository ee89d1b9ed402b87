//! Reads one process's directory below /proc: whether it is still the same process, how many
//! descriptors are open, which of them refer to sockets, and its small files.
//!
//! Returns numbers and raw bytes; nothing here allocates per descriptor. Sources: proc_pid_fd(5),
//! proc_pid_stat(5), proc_pid_status(5) and the kernel's `fs/proc/fd.c`.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, RawDir, SeekFrom};
use rustix::io::Errno;
use rustix::path::{Arg, DecInt};

use super::proc_parse::{PidStat, parse_decimal};
use crate::net::process::{Fd, Pid, ProcessKey, StartTime, Uid};
use crate::net::socket::Inode;

/// Room for some 300 directory entries: listing a few descriptors takes a few system calls, and the
/// kernel never reads far beyond the end of a limited range.
const DIRENT_BUFFER_LEN: usize = 8 * 1024;

/// The offset of descriptor 0: `.` and `..` come first (`proc_readfd_common` in `fs/proc/fd.c`).
const FIRST_FD_OFFSET: u64 = 2;

const DIR_FLAGS: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// The reason why a process's files could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProcAccessError {
    /// ENOENT or ESRCH: the process has exited. Normal, at any time.
    Exited,
    /// EACCES or EPERM.
    PermissionDenied,
    /// Any other error, such as EMFILE.
    Other(Errno),
}

impl From<Errno> for ProcAccessError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::SRCH => Self::Exited,
            Errno::ACCESS | Errno::PERM => Self::PermissionDenied,
            other => Self::Other(other),
        }
    }
}

/// The result of opening a process's descriptor directory.
#[derive(Debug)]
pub(crate) enum OpenedProcess {
    /// Its descriptors can be listed.
    Readable(ProcessKey, OwnedFd),
    /// It runs as these users (real, effective), and its descriptors are not readable by us.
    Hidden([Option<Uid>; 2]),
    /// A kernel thread or a zombie: it has no descriptors.
    NoDescriptors,
}

/// Opens `/proc/PID/fd` in a way that guarantees that key and directory belong to one process.
pub(crate) fn open_fd_dir(
    root: BorrowedFd<'_>,
    pid: Pid,
    text: &mut Vec<u8>,
) -> Result<OpenedProcess, ProcAccessError> {
    let flags = OFlags::PATH | DIR_FLAGS;
    let process = rustix::fs::openat(root, DecInt::new(pid.0), flags, Mode::empty())?;
    let stat = match read_file(process.as_fd(), c"stat", text) {
        Ok(()) => PidStat::parse(text),
        Err(ProcAccessError::PermissionDenied) => None, // hidepid=1
        Err(other) => return Err(other),
    };
    if stat.as_ref().is_some_and(PidStat::has_no_descriptors) {
        return Ok(OpenedProcess::NoDescriptors);
    }
    let opened = rustix::fs::openat(&process, c"fd", OFlags::RDONLY | DIR_FLAGS, Mode::empty());
    match (opened.map_err(ProcAccessError::from), stat) {
        (Ok(descriptors), Some(stat)) => Ok(OpenedProcess::Readable(
            ProcessKey {
                pid,
                start: StartTime(stat.start_ticks),
            },
            descriptors,
        )),
        (Ok(_), None) | (Err(ProcAccessError::PermissionDenied), _) => Ok(OpenedProcess::Hidden(
            read_users_at(process.as_fd(), [c"status", c"."], text),
        )),
        (Err(other), _) => Err(other),
    }
}

/// Returns the users (real, effective) a process runs as, from its open `/proc/PID/fd`.
pub(crate) fn read_users(descriptors: BorrowedFd<'_>, text: &mut Vec<u8>) -> [Option<Uid>; 2] {
    read_users_at(descriptors, [c"../status", c".."], text)
}

/// Returns real and effective user; where even `status` is unreadable (hidepid=1), the directory's
/// owner.
fn read_users_at(
    dir: BorrowedFd<'_>,
    [status, process]: [&CStr; 2],
    text: &mut Vec<u8>,
) -> [Option<Uid>; 2] {
    if read_file(dir, status, text).is_ok()
        && let Some(users) = super::proc_parse::parse_uids(text)
    {
        return users.map(Some);
    }
    let owner = rustix::fs::statat(dir, process, AtFlags::empty()).ok();
    [owner.map(|stat| Uid(stat.st_uid)), None]
}

/// Replaces `pids` by the pids that /proc lists, in ascending order.
pub(crate) fn list_pids(root: BorrowedFd<'_>, pids: &mut Vec<Pid>) -> Result<(), Errno> {
    pids.clear();
    rustix::fs::seek(root, SeekFrom::Start(0))?;
    let mut buffer = [MaybeUninit::uninit(); DIRENT_BUFFER_LEN];
    let mut entries = RawDir::new(root, &mut buffer);
    while let Some(entry) = entries.next() {
        let pid = parse_decimal(entry?.file_name().to_bytes()).and_then(|n| u32::try_from(n).ok());
        pids.extend(pid.map(Pid));
    }
    pids.sort_unstable(); // They arrive sorted, but the kernel does not guarantee it.
    Ok(())
}

/// Replaces `text` by the contents of a small file; `path` may begin with `../` when `dir` is
/// `/proc/PID/fd`.
pub(crate) fn read_file<P: Arg>(
    dir: BorrowedFd<'_>,
    path: P,
    text: &mut Vec<u8>,
) -> Result<(), ProcAccessError> {
    let file = rustix::fs::openat(dir, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    text.clear();
    loop {
        text.reserve(512);
        match rustix::io::read(&file, rustix::buffer::spare_capacity(text)) {
            Ok(0) => return Ok(()),
            Ok(_) if text.len() >= MAX_FILE_LEN => return Ok(()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// More than enough for every file read here; a command line may be megabytes long.
const MAX_FILE_LEN: usize = 64 * 1024;

/// Returns the number of open descriptors by fstat(2) on an open `/proc/PID/fd` (`st_size`, Linux ≥
/// 6.2; 0 before). Fails once that very process has exited: `proc_fd_getattr` returns ENOENT, also
/// when the pid has been reused.
pub(crate) fn fd_count(descriptors: BorrowedFd<'_>) -> Result<u64, ProcAccessError> {
    let stat = rustix::fs::fstat(descriptors)?;
    Ok(u64::try_from(stat.st_size).unwrap_or(0))
}

/// Returns whether the process of an open `/proc/PID/fd` still runs, for kernels where fstat(2)
/// does not tell.
pub(crate) fn is_alive(descriptors: BorrowedFd<'_>) -> bool {
    rustix::fs::statat(descriptors, c"../stat", AtFlags::empty()).is_ok()
}

/// How far a listing of descriptors got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FdListing {
    /// The number of descriptors listed.
    pub(crate) listed: usize,
    /// The first descriptor not listed; `None` when there are no more.
    pub(crate) next: Option<Fd>,
}

/// A range of descriptors to list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FdRange {
    /// The first descriptor number.
    pub(crate) from: Fd,
    /// The number to stop before; `None` for no end.
    pub(crate) end: Option<Fd>,
    /// The most descriptors to list.
    pub(crate) limit: usize,
}

impl FdRange {
    /// Every descriptor.
    pub(crate) const ALL: Self = Self {
        from: Fd(0),
        end: None,
        limit: usize::MAX,
    };

    /// Returns the range below a number, or of every descriptor.
    pub(crate) const fn up_to(end: Option<Fd>) -> Self {
        Self { end, ..Self::ALL }
    }
}

/// Lists descriptors and appends those that refer to sockets to `found`, ordered by number. Where
/// `known` returns an inode, the link is not read.
pub(crate) fn list_socket_fds(
    descriptors: BorrowedFd<'_>,
    fd_range: FdRange,
    mut known: impl FnMut(Fd) -> Option<Inode>,
    found: &mut Vec<(Fd, Inode)>,
) -> Result<FdListing, ProcAccessError> {
    let start = u64::from(fd_range.from.0) + FIRST_FD_OFFSET;
    rustix::fs::seek(descriptors, SeekFrom::Start(start))?;
    let mut buffer = [MaybeUninit::uninit(); DIRENT_BUFFER_LEN];
    let mut entries = RawDir::new(descriptors, &mut buffer);
    let mut listed = 0;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        let Some(fd) = parse_decimal(name.to_bytes())
            .and_then(|n| u32::try_from(n).ok())
            .map(Fd)
        else {
            continue; // `.` and `..`
        };
        if listed >= fd_range.limit || fd_range.end.is_some_and(|end| fd >= end) {
            return Ok(FdListing {
                listed,
                next: Some(fd),
            });
        }
        listed += 1;
        let inode = match known(fd) {
            Some(inode) => Some(inode),
            None => read_socket_link(descriptors, name)?,
        };
        found.extend(inode.map(|inode| (fd, inode)));
    }
    Ok(FdListing { listed, next: None })
}

/// Returns the inode of a socket; `None` for anything else, or when it has just been closed.
fn read_socket_link(
    descriptors: BorrowedFd<'_>,
    name: &CStr,
) -> Result<Option<Inode>, ProcAccessError> {
    // `socket:[18446744073709551615]` has 29 bytes; a longer, truncated target is no socket.
    let mut target = [0_u8; 32];
    match rustix::fs::readlinkat_raw(descriptors, name, &mut target) {
        Ok(length) => Ok(target.get(..length).and_then(parse_socket_link)),
        Err(errno) => match ProcAccessError::from(errno) {
            ProcAccessError::Exited => Ok(None),
            other => Err(other),
        },
    }
}

/// Parses `socket:[12345]` into 12345 (`sockfs_dname` in `net/socket.c`). No file can have such a
/// target: a file's begins with `/`.
fn parse_socket_link(target: &[u8]) -> Option<Inode> {
    let digits = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    NonZeroU64::new(parse_decimal(digits)?).map(Inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kernel_socket_links_are_parsed() {
        assert_eq!(
            parse_socket_link(b"socket:[12]").map(|i| i.0.get()),
            Some(12)
        );
        for other in [
            &b"socket:[0]"[..],
            b"socket:[]",
            b"socket:[1",
            b"socket:[-1]",
            b"pipe:[1]",
            b"/socket:[1]",
        ] {
            assert_eq!(parse_socket_link(other), None);
        }
        assert_eq!(parse_socket_link(b"socket:[99999999999999999999]"), None);
    }

    #[test]
    fn own_process_fds_are_listed() {
        let root = rustix::fs::open("/proc", OFlags::PATH | DIR_FLAGS, Mode::empty()).unwrap();
        let pid = Pid(std::process::id());
        let OpenedProcess::Readable(key, dir) =
            open_fd_dir(root.as_fd(), pid, &mut Vec::new()).unwrap()
        else {
            panic!("the descriptors of this process are hidden from itself");
        };
        assert_eq!(key.pid, pid);
        assert!(is_alive(dir.as_fd()));
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut found = Vec::new();
        let whole = list_socket_fds(dir.as_fd(), FdRange::ALL, |_| None, &mut found).unwrap();
        assert_eq!(whole.next, None);
        let number = u32::try_from(std::os::fd::AsRawFd::as_raw_fd(&socket)).unwrap();
        assert!(found.iter().any(|(fd, _)| fd.0 == number));
        assert!(found.is_sorted());
        // Listing in pieces, by seeking, finds the same socket.
        let (mut partial, mut from) = (Vec::new(), Some(Fd(0)));
        while let Some(fd) = from {
            let fd_range = FdRange {
                from: fd,
                limit: 1,
                ..FdRange::ALL
            };
            from = list_socket_fds(dir.as_fd(), fd_range, |_| None, &mut partial)
                .unwrap()
                .next;
        }
        assert!(partial.iter().any(|(fd, _)| fd.0 == number));
    }

    #[test]
    fn exited_process_is_detected_through_its_open_fd_dir() {
        let mut child = std::process::Command::new("sleep")
            .arg("100")
            .spawn()
            .unwrap();
        let root = rustix::fs::open("/proc", OFlags::PATH | DIR_FLAGS, Mode::empty()).unwrap();
        let opened = open_fd_dir(root.as_fd(), Pid(child.id()), &mut Vec::new());
        let Ok(OpenedProcess::Readable(_, dir)) = opened else {
            panic!("{opened:?}")
        };
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(dir.as_fd()));
        let nothing = list_socket_fds(dir.as_fd(), FdRange::ALL, |_| None, &mut Vec::new());
        assert_eq!(nothing, Err(ProcAccessError::Exited));
    }
}
