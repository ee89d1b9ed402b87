//! Signals, and the terminal going away.
//!
//! crossterm keeps reading, at full speed and for ever, from a terminal that has vanished without
//! SIGHUP being delivered; so a thread of its own waits for the hang-up and ends the program.

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

use crate::app::exit::Exit;
use crate::app::run::Message;
use crate::app::terminal;

/// How long the loop has to end by itself after it was told to.
const PATIENCE: Duration = Duration::from_millis(700);

/// Starts both threads.
///
/// # Errors
/// When the system gives no thread or no signals.
pub(super) fn start(messages: SyncSender<Message>) -> io::Result<()> {
    // Every signal that would end the program, and so leave the terminal as the chart has it.
    let deadly = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM];
    let mut signals = Signals::new(deadly.into_iter().chain([SIGTSTP, SIGCONT]))?;
    let for_signals = messages;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in &mut signals {
                match signal {
                    SIGTSTP => drop(for_signals.try_send(Message::Suspend)),
                    SIGCONT => drop(for_signals.try_send(Message::Continued)),
                    deadly => end(
                        &for_signals,
                        Exit::Signal(u8::try_from(deadly).unwrap_or(0)),
                    ),
                }
            }
        })?;
    thread::Builder::new().name("watch".into()).spawn(watch)?;
    Ok(())
}

/// Tells when somebody wants a program without a screen to come to its end.
///
/// # Errors
/// When the system gives no thread or no signals.
pub(super) fn wishes_to_end() -> io::Result<Receiver<()>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT])?;
    let (wish, wishes) = channel();
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || signals.forever().try_for_each(|_| wish.send(())))?;
    Ok(wishes)
}

/// Asks the loop to end; ends the program without it if it does not answer, because it may be
/// stuck writing to a terminal that does not read.
fn end(messages: &SyncSender<Message>, exit: Exit) {
    drop(messages.try_send(Message::End(exit)));
    thread::sleep(PATIENCE);
    terminal::give_back_within(PATIENCE);
    process::exit(exit.code().into());
}

/// Ends the program when the terminal is gone: there is nobody to draw for, nothing to give back.
fn watch() {
    let Some(terminal) = Watched::open() else {
        return;
    };
    loop {
        // No events are asked for: a hang-up is always told.
        let mut fds = [PollFd::from_borrowed_fd(terminal.fd(), PollFlags::empty())];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
            Ok(_) => {
                let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
                if fds.iter().any(|fd| fd.revents().intersects(gone)) {
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

/// The descriptor that tells of the hang-up: stdin where it is the terminal, else the controlling
/// terminal, which is what crossterm reads from then.
enum Watched {
    Stdin(io::Stdin),
    Controlling(OwnedFd),
}

impl Watched {
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

/// Stops this program until it is continued. The terminal must have been given back. Returns
/// `false` at once where nobody could continue it.
pub(super) fn stop() -> bool {
    if !a_shell_could_continue_us() {
        return false;
    }
    signal_hook::low_level::raise(signal_hook::consts::SIGSTOP).is_ok()
}

/// Whether a shell with job control is among our ancestors: a process of our session and another
/// group. Without one nobody would ever continue us (POSIX calls the group orphaned).
fn a_shell_could_continue_us() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    const MOST_ANCESTORS: usize = 16;
    let Some(own) = Kin::of(process::id()) else {
        return true;
    };
    let mut parent = own.parent;
    for _ in 0..MOST_ANCESTORS {
        match Kin::of(parent) {
            Some(kin) if kin.session != own.session => return false,
            Some(kin) if kin.group != own.group => return true,
            Some(kin) => parent = kin.parent,
            None => return false,
        }
    }
    false
}

/// Fields 4 to 6 of /proc/PID/stat (proc(5)).
struct Kin {
    parent: u32,
    group: u32,
    session: u32,
}

impl Kin {
    fn of(pid: u32) -> Option<Self> {
        let bytes = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        // The name in field 2 may hold anything; it ends at the last parenthesis.
        let after = bytes.iter().rposition(|b| *b == b')')? + 1;
        let text = std::str::from_utf8(bytes.get(after..)?).ok()?;
        let mut fields = text.split_whitespace().skip(1).map(str::parse);
        Some(Self {
            parent: fields.next()?.ok()?,
            group: fields.next()?.ok()?,
            session: fields.next()?.ok()?,
        })
    }
}
