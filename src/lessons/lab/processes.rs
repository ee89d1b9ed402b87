//! The processes of a lab, from the outside.
//!
//! In: [`Order`]s. Out: [`LabReply`]s. Every process is this program again under another name, so that
//! the owner column shows who has what. They are in process groups of their own: Ctrl-C is for the
//! one who leads.

use std::collections::BTreeMap;
use std::io;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open};

use super::error::LabError;
use super::protocol::{CommandResult, LabCommand, LabReply};
use crate::lessons::call::LabRole;

/// No answer takes longer, however busy the machine is.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a process has to leave by itself.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);

/// This program, in the part of a lab's process.
pub(crate) fn lab_process_command(program: &Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command
        .arg0(name)
        .args(["lab-process", name])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// The processes.
#[derive(Default)]
pub(crate) struct LabProcesses(BTreeMap<LabRole, LabProcessHandle>);

/// One of them.
struct LabProcessHandle {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    read_buffer: Vec<u8>,
}

impl LabProcesses {
    /// Starts a process and waits until it is ready. Tells its pid.
    pub(crate) fn spawn(&mut self, program: &Path, role: LabRole) -> Result<u32, LabError> {
        let spawned = lab_process_command(program, role.name()).spawn();
        let mut child = spawned.map_err(|error| LabError::Spawn(role, error))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(LabError::ProcessGone(role));
        };
        let pid = child.id();
        let lab_process = LabProcessHandle {
            child,
            stdin,
            stdout,
            read_buffer: Vec::new(),
        };
        let lab_process = self.0.entry(role).insert_entry(lab_process).into_mut();
        match lab_process.read_reply(role)?.result {
            CommandResult::Ready => Ok(pid),
            _ => Err(LabError::ProcessGone(role)),
        }
    }

    /// Has a call made.
    pub(crate) fn send(
        &mut self,
        role: LabRole,
        command: &LabCommand,
    ) -> Result<LabReply, LabError> {
        let lab_process = self.0.get_mut(&role).ok_or(LabError::ProcessGone(role))?;
        let mut line = serde_json::to_vec(command).map_err(|_| LabError::ProcessGone(role))?;
        line.push(b'\n');
        let written = lab_process.stdin.write_all(&line);
        written.map_err(|_| LabError::ProcessGone(role))?;
        lab_process.read_reply(role)
    }

    /// Sends a signal to one of the lab's own processes, and waits until it has had its effect.
    pub(crate) fn signal(&mut self, role: LabRole, signal: Signal) -> Result<(), LabError> {
        let lab_process = self.0.get_mut(&role).ok_or(LabError::ProcessGone(role))?;
        let pid = lab_process.pid().ok_or(LabError::ProcessGone(role))?;
        let failed = |errno: Errno| LabError::Io(errno.into());
        rustix::process::kill_process(pid, signal).map_err(failed)?;
        if signal == Signal::STOP {
            // A stop takes its time; waitpid returns when it has come.
            loop {
                match rustix::process::waitpid(Some(pid), WaitOptions::UNTRACED) {
                    Err(Errno::INTR) => {}
                    Err(errno) => return Err(failed(errno)),
                    Ok(_) => break,
                }
            }
        } else if signal == Signal::KILL {
            // Taken off the list: its number may be somebody else's from now on.
            if let Some(mut lab_process) = self.0.remove(&role) {
                lab_process.child.wait().map_err(LabError::Io)?;
            }
        }
        Ok(())
    }

    /// Ends them all, each by the end of its orders, so that it can leave no trace.
    pub(crate) fn terminate(&mut self) {
        let lab_processes = std::mem::take(&mut self.0);
        let mut exiting: Vec<Child> = Vec::new();
        for (_, lab_process) in lab_processes {
            if let Some(pid) = lab_process.pid() {
                // It may have been stopped.
                let _ = rustix::process::kill_process(pid, Signal::CONT);
            }
            drop(lab_process.stdin);
            exiting.push(lab_process.child);
        }
        let deadline = Instant::now() + EXIT_TIMEOUT;
        for mut child in exiting {
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
            // Nothing to kill where it has left.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal to a process that somebody else waits for; after SIGKILL it is gone, and so are its
/// descriptors.
pub(crate) fn signal_and_wait(pid: Pid, signal: Signal) -> Result<(), LabError> {
    let failed = |errno: Errno| LabError::Io(errno.into());
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(failed)?;
    rustix::process::kill_process(pid, signal).map_err(failed)?;
    if signal == Signal::KILL {
        wait_readable(process.as_fd(), Instant::now() + REPLY_TIMEOUT)?;
    }
    Ok(())
}

impl Drop for LabProcesses {
    fn drop(&mut self) {
        self.terminate();
    }
}

impl LabProcessHandle {
    /// Its own as long as nobody has waited for it, which takes it off the list.
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }

    fn read_reply(&mut self, role: LabRole) -> Result<LabReply, LabError> {
        let deadline = Instant::now() + REPLY_TIMEOUT;
        loop {
            if let Some(end) = self.read_buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read_buffer.drain(..=end).collect();
                return serde_json::from_slice(&line).map_err(|_| LabError::ProcessGone(role));
            }
            wait_readable(self.stdout.as_fd(), deadline)?;
            let mut chunk = [0; 4096];
            match self.stdout.read(&mut chunk) {
                Ok(0) => return Err(LabError::ProcessGone(role)),
                Ok(read) => self.read_buffer.extend(chunk.iter().take(read)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LabError::Io(error)),
            }
        }
    }
}

/// Waits until there is something to read, or the time is up, which is an error.
fn wait_readable(end: BorrowedFd<'_>, deadline: Instant) -> Result<(), LabError> {
    loop {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(remaining).ok();
        let mut ends = [PollFd::from_borrowed_fd(end, PollFlags::IN)];
        match poll(&mut ends, timeout.as_ref()) {
            Ok(0) => return Err(LabError::Io(io::ErrorKind::TimedOut.into())),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(LabError::Io(errno.into())),
        }
    }
}
