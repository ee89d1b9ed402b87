//! Children of a lab's process: programs that inherit one of its sockets, and do nothing else.
//!
//! In: a name and a socket. Out: a pid. A child ends when the pipe from its parent does.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command};

use rustix::io::{Errno, FdFlags, fcntl_setfd};

use super::processes::lab_process_command;

/// The children.
#[derive(Default)]
pub(crate) struct ChildProcesses(Vec<Child>);

impl ChildProcesses {
    /// Starts a child that has the socket, under the same descriptor.
    pub(crate) fn spawn(&mut self, name: &str, socket: &OwnedFd) -> Result<u32, Errno> {
        // Kept open over execve(2), for this child and no other.
        fcntl_setfd(socket.as_fd(), FdFlags::empty())?;
        let spawned = spawn_until_ready(lab_process_command("/proc/self/exe".as_ref(), name));
        fcntl_setfd(socket.as_fd(), FdFlags::CLOEXEC)?;
        let child = spawned?;
        let pid = child.id();
        self.0.push(child);
        Ok(pid)
    }

    /// Ends them all.
    pub(crate) fn terminate(self) {
        for mut child in self.0 {
            drop(child.stdin.take());
            // One that was stopped or is busy does not read the end of its pipe.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts it and waits until it goes by its name.
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
