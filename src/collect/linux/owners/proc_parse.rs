//! Parses `/proc/PID/stat`, `status`, `comm` and `cmdline` (proc_pid_stat(5) and related pages).

use std::sync::Arc;

use crate::net::process::Uid;
use crate::text::sanitize::sanitize;

/// Parses decimal digits; anything else is `None`.
pub(crate) fn parse_decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |n, &digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        n.checked_mul(10)?.checked_add(value)
    })
}

/// `PF_KTHREAD` in `include/linux/sched.h`.
const PF_KTHREAD: u64 = 0x0020_0000;

/// The fields of /proc/PID/stat that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PidStat {
    state: u8,
    pub(super) parent: u32,
    flags: u64,
    threads: u64,
    /// Field 22: the start time in clock ticks since boot.
    pub(crate) start_ticks: u64,
}

impl PidStat {
    /// Parses the line. The name may contain anything, also `)` and newlines, but it ends at the
    /// last `)`.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let after_name = line.iter().rposition(|&byte| byte == b')')? + 1;
        let mut fields = line.get(after_name..)?.split(u8::is_ascii_whitespace);
        let mut fields = fields.by_ref().filter(|field| !field.is_empty());
        let state = *fields.next()?.first()?; // field 3
        let parent = fields.next().and_then(parse_decimal)?;
        let flags = fields.nth(4).and_then(parse_decimal)?; // field 9
        let threads = fields.nth(10).and_then(parse_decimal)?; // field 20
        let start = fields.nth(1).and_then(parse_decimal)?; // field 22
        Some(Self {
            state,
            parent: u32::try_from(parent).ok()?,
            flags,
            threads,
            start_ticks: start,
        })
    }

    /// Returns whether the process has no descriptors: a kernel thread or a zombie. A leader that
    /// exited before its threads (`Z`, more than one thread) does not count: its threads may still
    /// have some.
    pub(crate) fn has_no_descriptors(&self) -> bool {
        self.flags & PF_KTHREAD != 0 || (matches!(self.state, b'Z' | b'X') && self.threads <= 1)
    }
}

/// Parses the real and the effective user id from /proc/PID/status.
pub(crate) fn parse_uids(status: &[u8]) -> Option<[Uid; 2]> {
    let line = status
        .split(|&b| b == b'\n')
        .find_map(|line| line.strip_prefix(b"Uid:"))?;
    let mut ids = line
        .split(u8::is_ascii_whitespace)
        .filter(|id| !id.is_empty());
    let mut next = || {
        ids.next()
            .and_then(parse_decimal)
            .and_then(|id| u32::try_from(id).ok())
            .map(Uid)
    };
    Some([next()?, next()?])
}

/// Removes the newline with which the kernel ends comm; any other is part of the name.
pub(super) fn strip_newline(comm: &[u8]) -> &[u8] {
    comm.strip_suffix(b"\n").unwrap_or(comm)
}

/// Joins the NUL-terminated arguments with spaces; a program that overwrites them may leave many
/// NULs at the end.
pub(super) fn join_cmdline(bytes: &[u8]) -> Option<Arc<str>> {
    let end = bytes.iter().rposition(|&byte| byte != 0)? + 1;
    let mut joined = bytes.get(..end)?.to_vec();
    for byte in joined.iter_mut().filter(|byte| **byte == 0) {
        *byte = b' ';
    }
    Some(sanitize(&joined))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAT_REST: &str = "S 7 1 1 0 -1 4194560 2 7 0 4 6 4 4 5 20 0 13 0 32 418 28";

    #[test]
    fn comm_with_special_characters_does_not_shift_stat_fields() {
        for name in ["bash", ") R 1 2 3 (", "a\nb) Z", "", "((("] {
            let stat = PidStat::parse(format!("12 ({name}) {STAT_REST}\n").as_bytes()).unwrap();
            assert_eq!(
                (stat.state, stat.parent, stat.threads, stat.start_ticks),
                (b'S', 7, 13, 32)
            );
            assert!(!stat.has_no_descriptors());
        }
    }

    #[test]
    fn kernel_threads_and_zombies_have_no_descriptors() {
        let parse = |line: &str| {
            PidStat::parse(line.as_bytes())
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
    fn real_and_effective_uids_are_parsed() {
        let status = b"Name:\tUid:\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n";
        assert_eq!(parse_uids(status), Some([Uid(1000), Uid(0)]));
        assert_eq!(parse_uids(b"Name:\tx\n"), None);
    }

    #[test]
    fn cmdline_is_joined_and_sanitized() {
        assert_eq!(
            join_cmdline(b"nginx\0-g\0daemon off;\0").as_deref(),
            Some("nginx -g daemon off;")
        );
        assert_eq!(
            join_cmdline(b"nginx: master process\0\0\0").as_deref(),
            Some("nginx: master process")
        );
        assert_eq!(
            join_cmdline(b"a\x1b[2J\0\xff\0").as_deref(),
            Some("a\\e[2J \\xff")
        );
        assert_eq!(join_cmdline(b""), None);
        assert_eq!(join_cmdline(b"\0\0"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (PidStat::parse(&bytes), parse_uids(&bytes), join_cmdline(&bytes));
        }
    }
}
