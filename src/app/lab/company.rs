//! The processes of a lab, from the outside.
//!
//! In: [`Order`]s. Out: [`Reply`]s. Every process is this program again under another name, so that
//! the owner column shows who has what. They are in process groups of their own: Ctrl-C is for the
//! one who leads.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open};

use super::LabError;
use super::order::{Order, Reply, Told};
use crate::teach::lessons::Actor;

/// No answer takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a process has to leave by itself.
const LEAVING: Duration = Duration::from_secs(10);

/// This program, in the part of a lab's process.
pub(super) fn command(program: &Path, name: &str) -> Command {
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
pub(super) struct Company(BTreeMap<Actor, Hand>);

/// One of them.
struct Hand {
    child: Child,
    orders: ChildStdin,
    replies: ChildStdout,
    bytes: Vec<u8>,
}

impl Company {
    /// Starts a process and waits until it is ready. Tells its pid.
    pub(super) fn engage(&mut self, program: &Path, actor: Actor) -> Result<u32, LabError> {
        let spawned = command(program, actor.name()).spawn();
        let mut child = spawned.map_err(|error| LabError::Start(actor, error))?;
        let (Some(orders), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(LabError::Gone(actor));
        };
        let pid = child.id();
        let hand = Hand {
            child,
            orders,
            replies,
            bytes: Vec::new(),
        };
        let hand = self.0.entry(actor).insert_entry(hand).into_mut();
        match hand.reply(actor)?.told {
            Told::Ready => Ok(pid),
            _ => Err(LabError::Gone(actor)),
        }
    }

    /// Has a call made.
    pub(super) fn order(&mut self, actor: Actor, order: &Order) -> Result<Reply, LabError> {
        let hand = self.0.get_mut(&actor).ok_or(LabError::Gone(actor))?;
        let mut line = serde_json::to_vec(order).map_err(|_| LabError::Gone(actor))?;
        line.push(b'\n');
        let written = hand.orders.write_all(&line);
        written.map_err(|_| LabError::Gone(actor))?;
        hand.reply(actor)
    }

    /// Sends a signal to one of the lab's own processes, and waits until it has had its effect.
    pub(super) fn signal(&mut self, actor: Actor, signal: Signal) -> Result<(), LabError> {
        let hand = self.0.get_mut(&actor).ok_or(LabError::Gone(actor))?;
        let pid = hand.pid().ok_or(LabError::Gone(actor))?;
        let failed = |errno: Errno| LabError::System(errno.into());
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
            if let Some(mut hand) = self.0.remove(&actor) {
                hand.child.wait().map_err(LabError::System)?;
            }
        }
        Ok(())
    }

    /// Ends them all, each by the end of its orders, so that it can leave no trace.
    pub(super) fn dismiss(&mut self) {
        let hands = std::mem::take(&mut self.0);
        let mut leaving: Vec<Child> = Vec::new();
        for (_, hand) in hands {
            if let Some(pid) = hand.pid() {
                // It may have been stopped.
                let _ = rustix::process::kill_process(pid, Signal::CONT);
            }
            drop(hand.orders);
            leaving.push(hand.child);
        }
        let until = Instant::now() + LEAVING;
        for mut child in leaving {
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
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
pub(super) fn signal_and_await(pid: Pid, signal: Signal) -> Result<(), LabError> {
    let failed = |errno: Errno| LabError::System(errno.into());
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(failed)?;
    rustix::process::kill_process(pid, signal).map_err(failed)?;
    if signal == Signal::KILL {
        await_readable(process.as_fd(), Instant::now() + PATIENCE)?;
    }
    Ok(())
}

impl Drop for Company {
    fn drop(&mut self) {
        self.dismiss();
    }
}

impl Hand {
    /// Its own as long as nobody has waited for it, which takes it off the list.
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }

    fn reply(&mut self, actor: Actor) -> Result<Reply, LabError> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.bytes.drain(..=end).collect();
                return serde_json::from_slice(&line).map_err(|_| LabError::Gone(actor));
            }
            await_readable(self.replies.as_fd(), until)?;
            let mut chunk = [0; 4096];
            match self.replies.read(&mut chunk) {
                Ok(0) => return Err(LabError::Gone(actor)),
                Ok(read) => self.bytes.extend(chunk.iter().take(read)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LabError::System(error)),
            }
        }
    }
}

/// Waits until there is something to read, or the time is up, which is an error.
fn await_readable(end: BorrowedFd<'_>, until: Instant) -> Result<(), LabError> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        let mut ends = [PollFd::from_borrowed_fd(end, PollFlags::IN)];
        match poll(&mut ends, timeout.as_ref()) {
            Ok(0) => return Err(LabError::System(io::ErrorKind::TimedOut.into())),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(LabError::System(errno.into())),
        }
    }
}
