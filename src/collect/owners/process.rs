//! What a process is called: /proc/PID/{stat,status,comm,exe,cmdline} → [`Process`].
//!
//! In: the files' bytes, which the process itself may have chosen. Out: readable text and numbers.
//! Sources: proc_pid_stat(5), proc_pid_status(5), proc_pid_comm(5), proc_pid_cmdline(5).

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use super::procdir::{self, Denied, number};
use crate::process::{Pid, Process, ProcessKey, StartTime, Uid};
use crate::text::readable;

/// `PF_KTHREAD` in `include/linux/sched.h`.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// The fields of /proc/PID/stat that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatLine {
    state: u8,
    parent: u32,
    flags: u64,
    threads: u64,
    /// Field 22: clock ticks since boot.
    pub(super) start: u64,
}

impl StatLine {
    /// Reads the line. The name may contain anything, also `)` and line ends, but nothing after the
    /// last `)` is the name's.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let after_name = line.iter().rposition(|&byte| byte == b')')? + 1;
        let mut fields = line.get(after_name..)?.split(u8::is_ascii_whitespace);
        let mut fields = fields.by_ref().filter(|field| !field.is_empty());
        let state = *fields.next()?.first()?; // field 3
        let parent = fields.next().and_then(number)?;
        let flags = fields.nth(4).and_then(number)?; // field 9
        let threads = fields.nth(10).and_then(number)?; // field 20
        let start = fields.nth(1).and_then(number)?; // field 22
        Some(Self {
            state,
            parent: u32::try_from(parent).ok()?,
            flags,
            threads,
            start,
        })
    }

    /// Kernel threads never have descriptors; the ended keep none. A leader that ended before its
    /// threads (`Z`, more than one thread) is not meant: its threads may still have some.
    pub(super) fn has_no_descriptors(&self) -> bool {
        self.flags & KERNEL_THREAD != 0 || (matches!(self.state, b'Z' | b'X') && self.threads <= 1)
    }
}

/// The real and the effective user from /proc/PID/status.
pub(super) fn users(status: &[u8]) -> Option<[Uid; 2]> {
    let line = status
        .split(|&b| b == b'\n')
        .find_map(|line| line.strip_prefix(b"Uid:"))?;
    let mut ids = line
        .split(u8::is_ascii_whitespace)
        .filter(|id| !id.is_empty());
    let mut next = || {
        ids.next()
            .and_then(number)
            .and_then(|id| u32::try_from(id).ok())
            .map(Uid)
    };
    Some([next()?, next()?])
}

/// Reads all that is shown of a process. `descriptors` is its open `/proc/PID/fd`, so that a pid
/// in use again cannot answer for it.
pub(super) fn describe(
    descriptors: BorrowedFd<'_>,
    pid: Pid,
    text: &mut Vec<u8>,
) -> Result<Process, Denied> {
    procdir::read(descriptors, c"../stat", text)?;
    let stat = StatLine::parse(text).ok_or(Denied::Gone)?;
    let key = ProcessKey {
        pid,
        start: StartTime(stat.start),
    };
    let name = name(descriptors, text)?;
    let executable = rustix::fs::readlinkat(descriptors, c"../exe", Vec::new()).ok();
    let executable = executable.map(|path| readable(path.as_bytes()));
    let command = match procdir::read(descriptors, c"../cmdline", text) {
        Ok(()) => command_line(text),
        Err(_) => None,
    };
    let uid = match procdir::read(descriptors, c"../status", text) {
        Ok(()) => users(text).map(|[_, effective]| effective),
        Err(_) => None,
    };
    let parent = (stat.parent != 0).then_some(Pid(stat.parent));
    Ok(Process {
        key,
        name,
        executable,
        command,
        uid,
        parent,
    })
}

fn name(descriptors: BorrowedFd<'_>, text: &mut Vec<u8>) -> Result<Arc<str>, Denied> {
    procdir::read(descriptors, c"../comm", text)?;
    Ok(readable(without_line_end(text)))
}

/// Whether the process is still called `known`. Allocates nothing when it is and the name is
/// plain, which is nearly always.
pub(super) fn is_called(
    descriptors: BorrowedFd<'_>,
    known: &str,
    text: &mut Vec<u8>,
) -> Result<bool, Denied> {
    procdir::read(descriptors, c"../comm", text)?;
    let name = without_line_end(text);
    Ok(name == known.as_bytes() || &*readable(name) == known)
}

/// The kernel ends comm with one line end; any other is part of the name.
fn without_line_end(comm: &[u8]) -> &[u8] {
    comm.strip_suffix(b"\n").unwrap_or(comm)
}

/// Arguments end with NUL; a program that overwrites them may leave many at the end.
fn command_line(bytes: &[u8]) -> Option<Arc<str>> {
    let end = bytes.iter().rposition(|&byte| byte != 0)? + 1;
    let mut joined = bytes.get(..end)?.to_vec();
    for byte in joined.iter_mut().filter(|byte| **byte == 0) {
        *byte = b' ';
    }
    Some(readable(&joined))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REST: &str = "S 7 1 1 0 -1 4194560 2 7 0 4 6 4 4 5 20 0 13 0 32 418 28";

    #[test]
    fn a_name_with_brackets_spaces_and_line_ends_does_not_shift_the_fields() {
        for name in ["bash", ") R 1 2 3 (", "a\nb) Z", "", "((("] {
            let stat = StatLine::parse(format!("12 ({name}) {REST}\n").as_bytes()).unwrap();
            assert_eq!(
                (stat.state, stat.parent, stat.threads, stat.start),
                (b'S', 7, 13, 32)
            );
            assert!(!stat.has_no_descriptors());
        }
    }

    #[test]
    fn kernel_threads_and_the_ended_have_no_descriptors() {
        let parse = |line: &str| {
            StatLine::parse(line.as_bytes())
                .unwrap()
                .has_no_descriptors()
        };
        assert!(parse(
            "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 4 0 0 20 0 1 0 32 0 0"
        ));
        assert!(parse(
            "9 (x) Z 0 0 0 0 -1 4194560 0 0 0 0 0 4 0 0 20 0 1 0 32 0 0"
        ));
        assert!(!parse(
            "9 (x) Z 0 0 0 0 -1 4194560 0 0 0 0 0 4 0 0 20 0 5 0 32 0 0"
        ));
    }

    #[test]
    fn users_are_real_and_effective() {
        let status = b"Name:\tUid:\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n";
        assert_eq!(users(status), Some([Uid(1000), Uid(0)]));
        assert_eq!(users(b"Name:\tx\n"), None);
    }

    #[test]
    fn arguments_are_joined_and_nothing_in_them_acts() {
        assert_eq!(
            command_line(b"nginx\0-g\0daemon off;\0").as_deref(),
            Some("nginx -g daemon off;")
        );
        assert_eq!(
            command_line(b"nginx: master process\0\0\0").as_deref(),
            Some("nginx: master process")
        );
        assert_eq!(
            command_line(b"a\x1b[2J\0\xff\0").as_deref(),
            Some("a\\e[2J \\xff")
        );
        assert_eq!(command_line(b""), None);
        assert_eq!(command_line(b"\0\0"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (StatLine::parse(&bytes), users(&bytes), command_line(&bytes));
        }
    }
}
