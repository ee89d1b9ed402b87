//! Starts, commands and ends the processes of a lab.
//!
//! In: [`LabCommand`]s. Out: [`LabReply`]s. Every process is this program under another name, which
//! the owner column shows. Each has its own process group, so Ctrl-C reaches only the controlling
//! process.

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

/// The longest wait for a reply, on a busy machine too.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a process may take to exit before it is killed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the command that runs `program` as the lab process `name`, in its own process group.
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

/// The running processes of a lab. Dropping it ends them.
#[derive(Default)]
pub(crate) struct LabProcesses(BTreeMap<LabRole, LabProcessHandle>);

/// A lab process and its pipes.
struct LabProcessHandle {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    read_buffer: Vec<u8>,
}

impl LabProcesses {
    /// Starts a process, waits until it is ready, and returns its pid.
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

    /// Sends a command to a process and waits for its reply.
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

    /// Sends a signal to a process of the lab, and waits until SIGSTOP or SIGKILL has taken effect.
    pub(crate) fn signal(&mut self, role: LabRole, signal: Signal) -> Result<(), LabError> {
        let lab_process = self.0.get_mut(&role).ok_or(LabError::ProcessGone(role))?;
        let pid = lab_process.pid().ok_or(LabError::ProcessGone(role))?;
        let failed = |errno: Errno| LabError::Io(errno.into());
        rustix::process::kill_process(pid, signal).map_err(failed)?;
        if signal == Signal::STOP {
            // The stop is asynchronous; waitpid(2) returns when the process has stopped.
            loop {
                match rustix::process::waitpid(Some(pid), WaitOptions::UNTRACED) {
                    Err(Errno::INTR) => {}
                    Err(errno) => return Err(failed(errno)),
                    Ok(_) => break,
                }
            }
        } else if signal == Signal::KILL {
            // Removed, because the kernel may reuse its pid after wait(2).
            if let Some(mut lab_process) = self.0.remove(&role) {
                lab_process.child.wait().map_err(LabError::Io)?;
            }
        }
        Ok(())
    }

    /// Closes the stdin of every process, so that it resets its connections and exits; kills those
    /// still running after [`EXIT_TIMEOUT`].
    pub(crate) fn terminate(&mut self) {
        let lab_processes = std::mem::take(&mut self.0);
        let mut exiting: Vec<Child> = Vec::new();
        for (_, lab_process) in lab_processes {
            if let Some(pid) = lab_process.pid() {
                // It may be stopped.
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
            // Has no effect on a process that has exited.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal to a process that is not a child of this one. After SIGKILL, waits
/// (pidfd_open(2)) until the process has ended and its descriptors are closed.
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
    /// Returns the pid, which the kernel cannot reuse before wait(2).
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

/// Waits until `fd` is readable; returns a timeout error at the deadline.
fn wait_readable(fd: BorrowedFd<'_>, deadline: Instant) -> Result<(), LabError> {
    loop {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(remaining).ok();
        let mut poll_fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        match poll(&mut poll_fds, timeout.as_ref()) {
            Ok(0) => return Err(LabError::Io(io::ErrorKind::TimedOut.into())),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(LabError::Io(errno.into())),
        }
    }
}
