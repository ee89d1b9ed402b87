//! Child processes of a lab process, which inherit one of its sockets.
//!
//! In: a name and a socket. Out: a pid. A child ends when the pipe from its parent is closed.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command};

use rustix::io::{Errno, FdFlags, fcntl_setfd};

use super::processes::lab_process_command;

#[derive(Default)]
pub(crate) struct ChildProcesses(Vec<Child>);

impl ChildProcesses {
    /// Starts a child that inherits the socket under the same file descriptor, and returns its pid.
    pub(crate) fn spawn(&mut self, name: &str, socket: &OwnedFd) -> Result<u32, Errno> {
        // Kept open across execve(2) for this child only.
        fcntl_setfd(socket.as_fd(), FdFlags::empty())?;
        let spawned = spawn_until_ready(lab_process_command("/proc/self/exe".as_ref(), name));
        fcntl_setfd(socket.as_fd(), FdFlags::CLOEXEC)?;
        let child = spawned?;
        let pid = child.id();
        self.0.push(child);
        Ok(pid)
    }

    /// Kills all children and waits for them.
    pub(crate) fn terminate(self) {
        for mut child in self.0 {
            drop(child.stdin.take());
            // A child that is stopped or busy does not notice that its pipe was closed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a child and waits for its first byte: by then it has set its name.
fn spawn_until_ready(mut command: Command) -> Result<Child, Errno> {
    let to_errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let mut child = command.spawn().map_err(to_errno)?;
    let mut ready = [0; 1];
    match &mut child.stdout {
        Some(out) => out.read_exact(&mut ready).map_err(to_errno)?,
        None => return Err(Errno::IO),
    }
    Ok(child)
}
