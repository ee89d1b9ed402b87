//! Reads the description of a process: /proc/PID/{stat,status,comm,exe,cmdline} → [`Process`].
//!
//! The process itself can choose the contents of these files; all text is sanitized. Sources:
//! proc_pid_stat(5), proc_pid_status(5), proc_pid_comm(5), proc_pid_cmdline(5).

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use super::proc_parse::{PidStat, join_cmdline, parse_uids, strip_newline};
use super::proc_pid;
use super::proc_pid::ProcAccessError;
use crate::net::process::{Pid, Process, ProcessKey, StartTime};
use crate::text::sanitize::sanitize;

/// Reads the description of a process. `descriptors` is its open `/proc/PID/fd`, so that no other
/// process with a reused pid can be read instead.
pub(crate) fn read_process(
    descriptors: BorrowedFd<'_>,
    pid: Pid,
    text: &mut Vec<u8>,
) -> Result<Process, ProcAccessError> {
    proc_pid::read_file(descriptors, c"../stat", text)?;
    let stat = PidStat::parse(text).ok_or(ProcAccessError::Exited)?;
    let key = ProcessKey {
        pid,
        start: StartTime(stat.start_ticks),
    };
    let name = read_comm(descriptors, text)?;
    let executable = rustix::fs::readlinkat(descriptors, c"../exe", Vec::new()).ok();
    let executable = executable.map(|path| sanitize(path.as_bytes()));
    let command = match proc_pid::read_file(descriptors, c"../cmdline", text) {
        Ok(()) => join_cmdline(text),
        Err(_) => None,
    };
    let uid = match proc_pid::read_file(descriptors, c"../status", text) {
        Ok(()) => parse_uids(text).map(|[_, effective]| effective),
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

fn read_comm(descriptors: BorrowedFd<'_>, text: &mut Vec<u8>) -> Result<Arc<str>, ProcAccessError> {
    proc_pid::read_file(descriptors, c"../comm", text)?;
    Ok(sanitize(strip_newline(text)))
}

/// Returns whether the process's name is still `known`. Allocates nothing when it is and needs no
/// escapes, which is nearly always.
pub(crate) fn has_comm(
    descriptors: BorrowedFd<'_>,
    known: &str,
    text: &mut Vec<u8>,
) -> Result<bool, ProcAccessError> {
    proc_pid::read_file(descriptors, c"../comm", text)?;
    let name = strip_newline(text);
    Ok(name == known.as_bytes() || &*sanitize(name) == known)
}
