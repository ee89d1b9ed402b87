//! Handles signals, and the terminal going away.
//!
//! When a terminal vanishes without SIGHUP being delivered, crossterm keeps reading from it at full
//! speed for ever; so a thread of its own waits for the hang-up and ends the program.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{Receiver, SyncSender, channel};
use std::time::Duration;
use std::{io, process, thread};

use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2,
};
use signal_hook::iterator::Signals;

use super::exit::Exit;
use super::messages::Message;
use super::terminal;

/// How long the event loop has to exit by itself after it was asked to.
const EXIT_TIMEOUT: Duration = Duration::from_millis(700);

/// Starts the signal thread and the hang-up thread.
///
/// # Errors
/// Returns an error if a thread cannot be started or signals cannot be handled.
pub(crate) fn spawn(messages: SyncSender<Message>) -> io::Result<()> {
    // Every signal that would end the program without restoring the terminal.
    let terminating = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM];
    let mut signals = Signals::new(terminating.into_iter().chain([SIGTSTP, SIGCONT]))?;
    let for_signals = messages;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in &mut signals {
                match signal {
                    SIGTSTP => drop(for_signals.try_send(Message::Suspend)),
                    SIGCONT => drop(for_signals.try_send(Message::Resumed)),
                    terminating => request_exit(
                        &for_signals,
                        Exit::Signal(u8::try_from(terminating).unwrap_or(0)),
                    ),
                }
            }
        })?;
    thread::Builder::new()
        .name("watch".into())
        .spawn(watch_hangup)?;
    Ok(())
}

/// Returns a channel that receives a message for each signal to end, for programs without a screen.
///
/// # Errors
/// Returns an error if the thread cannot be started or signals cannot be handled.
pub(crate) fn stop_requests() -> io::Result<Receiver<()>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT])?;
    let (stop_sender, stop_requests) = channel();
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || signals.forever().try_for_each(|_| stop_sender.send(())))?;
    Ok(stop_requests)
}

/// Asks the loop to exit; exits without it after a timeout, because it may be blocked writing to a
/// terminal that does not read.
fn request_exit(messages: &SyncSender<Message>, exit: Exit) {
    drop(messages.try_send(Message::Exit(exit)));
    thread::sleep(EXIT_TIMEOUT);
    terminal::restore_within(EXIT_TIMEOUT);
    process::exit(exit.code().into());
}

/// Exits when the terminal is gone: there is nothing to draw on and nothing to restore.
fn watch_hangup() {
    let Some(terminal) = HangupFd::open() else {
        return;
    };
    loop {
        // No events are requested: a hang-up is always reported.
        let mut fds = [PollFd::from_borrowed_fd(terminal.fd(), PollFlags::empty())];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
            Ok(_) => {
                let hangup = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
                if fds.iter().any(|fd| fd.revents().intersects(hangup)) {
                    process::exit(
                        Exit::Signal(u8::try_from(SIGHUP).unwrap_or(0))
                            .code()
                            .into(),
                    );
                }
            }
        }
    }
}

/// The descriptor that reports the hang-up: stdin if it is a terminal, otherwise the controlling
/// terminal, which crossterm then reads from.
enum HangupFd {
    Stdin(io::Stdin),
    Controlling(OwnedFd),
}

impl HangupFd {
    fn open() -> Option<Self> {
        let stdin = io::stdin();
        if rustix::termios::isatty(&stdin) {
            return Some(Self::Stdin(stdin));
        }
        Some(Self::Controlling(File::open("/dev/tty").ok()?.into()))
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Stdin(stdin) => stdin.as_fd(),
            Self::Controlling(fd) => fd.as_fd(),
        }
    }
}

/// Stops this process until it is continued. The terminal must have been restored. Returns `false`
/// without stopping if no process could continue it.
pub(crate) fn suspend_process() -> bool {
    if !has_job_control_parent() {
        return false;
    }
    signal_hook::low_level::raise(signal_hook::consts::SIGSTOP).is_ok()
}

/// Returns whether a shell with job control is among the ancestors: a process of this session in another
/// process group. Without one, nothing would ever continue this process (POSIX: orphaned process
/// group).
fn has_job_control_parent() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    const MOST_ANCESTORS: usize = 16;
    let Some(own) = ProcStat::read(process::id()) else {
        return true;
    };
    let mut parent = own.ppid;
    for _ in 0..MOST_ANCESTORS {
        match ProcStat::read(parent) {
            Some(stat) if stat.session != own.session => return false,
            Some(stat) if stat.pgrp != own.pgrp => return true,
            Some(stat) => parent = stat.ppid,
            None => return false,
        }
    }
    false
}

/// Fields 4 to 6 of /proc/PID/stat (proc(5)).
struct ProcStat {
    ppid: u32,
    pgrp: u32,
    session: u32,
}

impl ProcStat {
    fn read(pid: u32) -> Option<Self> {
        let bytes = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        // The name in field 2 may contain anything; it ends at the last parenthesis.
        let after = bytes.iter().rposition(|b| *b == b')')? + 1;
        let text = std::str::from_utf8(bytes.get(after..)?).ok()?;
        let mut fields = text.split_whitespace().skip(1).map(str::parse);
        Some(Self {
            ppid: fields.next()?.ok()?,
            pgrp: fields.next()?.ok()?,
            session: fields.next()?.ok()?,
        })
    }
}
