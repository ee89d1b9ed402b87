//! Hears of every socket that ends: the destroy groups of sock_diag(7).
//!
//! In: what the kernel announces to whoever has joined the groups, without privilege and only of
//! his own network namespace. Out: [`Destroyed`], in the order heard, and a [`Gap`] for what was
//! lost.
//!
//! The kernel keeps announcements in the socket's buffer and drops what does not fit; an
//! unprivileged buffer holds some 300, which ten thousand closes a second fill in 20 ms. So a thread
//! empties it, and whoever takes the result empties it once more: what the kernel had announced by
//! then is in it. The thread rests between two turns, because being woken for each
//! announcement costs more than reading it.

use std::fs;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::{Errno, write};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::{
    set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, socket_recv_buffer_size,
};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use rustix::net::{bind, recvfrom, socket_with};

use super::announcement::{self, Announced};
use super::socket::is_kernel;
use super::wire::{Kind, Messages};
use crate::destroyed::Destroyed;
use crate::snapshot::Gap;

/// SKNLGRP_INET_TCP_DESTROY, _INET_UDP_, _INET6_TCP_ and _INET6_UDP_DESTROY: a bit for each.
const GROUPS: u32 = 0b1111;

/// The buffer wished for: some 25,000 announcements. Without privilege the kernel gives 416 KiB.
const BUFFER: usize = 32 << 20;

/// What an announcement takes of that buffer.
const ANNOUNCEMENT: usize = 1280;

/// The longest rest of the thread, and how many announcements a second must fit into the buffer
/// meanwhile.
const REST: Duration = Duration::from_millis(20);
const MOST_A_SECOND: usize = 60_000;

/// The most announcements kept for the next sample, 24 MB of them.
const MOST_KEPT: usize = 1 << 17;

/// Longer than any announcement: about 400 bytes.
const DATAGRAM: usize = 8 * 1024;

/// Somebody who listens. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Events {
    shared: Arc<Shared>,
    /// Wakes the thread for its end.
    bell: Arc<OwnedFd>,
}

#[derive(Debug)]
struct Shared {
    socket: OwnedFd,
    started: Instant,
    /// Whoever holds it reads from the socket.
    heard: Mutex<Heard>,
}

/// What was heard since somebody asked last.
#[derive(Debug)]
struct Heard {
    destroyed: Vec<Destroyed>,
    buffer: Box<[u8]>,
    /// How often the kernel said that announcements were lost.
    overruns: u64,
    /// How many it had lost when it was asked last.
    lost_before: u64,
    /// How many were heard and not kept.
    dropped: u64,
    unreadable: u64,
    /// Why nothing is heard any more.
    deaf: Option<Errno>,
}

impl Events {
    /// Joins the groups in the calling thread's network namespace, and starts the thread.
    ///
    /// # Errors
    /// When the system refuses the socket, the groups or the thread.
    pub(super) fn open(started: Instant) -> Result<Self, Gap> {
        Self::try_open(started)
            .map_err(|why| Gap::Closes(format!("the system does not announce them: {why}")))
    }

    fn try_open(started: Instant) -> std::io::Result<Self> {
        let (family, flags) = (AddressFamily::NETLINK, SocketFlags::CLOEXEC);
        let socket = socket_with(family, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?;
        // Beyond the system's limit only with CAP_NET_ADMIN; without, as much as there is. In
        // neither case is it wrong to have less than wished.
        if set_socket_recv_buffer_size_force(&socket, BUFFER).is_err() {
            set_socket_recv_buffer_size(&socket, BUFFER)?;
        }
        let rest = rest(socket_recv_buffer_size(&socket)?);
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        let heard = Mutex::new(Heard {
            destroyed: Vec::new(),
            buffer: vec![0; DATAGRAM].into(),
            overruns: 0,
            lost_before: 0,
            dropped: 0,
            unreadable: 0,
            deaf: None,
        });
        let shared = Arc::new(Shared {
            socket,
            started,
            heard,
        });
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let (listening, listened) = (Arc::clone(&shared), Arc::clone(&bell));
        thread::Builder::new()
            .name("events".into())
            .spawn(move || listening.attend(&listened, rest))?;
        Ok(Self { shared, bell })
    }

    /// Takes what was announced until now.
    pub(super) fn take(&self, destroyed: &mut Vec<Destroyed>, gaps: &mut Vec<Gap>) {
        self.shared.empty();
        let mut heard = self.shared.heard();
        destroyed.append(&mut heard.destroyed);
        gaps.extend(heard.gap(|| drops(&self.shared.socket)));
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        // A thread that has ended needs no bell.
        let _ = write(&self.bell, &1_u64.to_ne_bytes());
    }
}

impl Shared {
    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        // Nothing in it can be left half done.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: waits for an announcement, empties the socket, rests.
    fn attend(&self, bell: &OwnedFd, rest: Duration) {
        loop {
            let mut both = [
                PollFd::new(&self.socket, PollFlags::IN),
                PollFd::new(bell, PollFlags::IN),
            ];
            match poll(&mut both, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return,
            }
            if !both[1].revents().is_empty() || !self.empty() {
                return;
            }
            thread::sleep(rest);
        }
    }

    /// Reads all that waits. Returns whether there may be more later.
    fn empty(&self) -> bool {
        let mut heard = self.heard();
        while heard.deaf.is_none() && heard.one(&self.socket, self.started) == Turn::More {}
        heard.deaf.is_none()
    }
}

/// Whether the socket may have another announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    More,
    Empty,
}

impl Heard {
    fn one(&mut self, socket: &OwnedFd, started: Instant) -> Turn {
        let Self { buffer, .. } = self;
        match recvfrom(socket, &mut **buffer, RecvFlags::DONTWAIT) {
            Ok((length, _, sender)) => {
                // Other programs may send to this socket, too.
                if is_kernel(sender) {
                    self.datagram(length, started.elapsed());
                }
                Turn::More
            }
            Err(Errno::INTR) => Turn::More,
            Err(Errno::AGAIN) => Turn::Empty,
            Err(Errno::NOBUFS) => {
                self.overruns += 1;
                Turn::More
            }
            Err(errno) => {
                self.deaf = Some(errno);
                Turn::Empty
            }
        }
    }

    fn datagram(&mut self, length: usize, at: Duration) {
        let Self {
            buffer,
            destroyed,
            dropped,
            unreadable,
            ..
        } = self;
        for message in Messages::new(buffer.get(..length).unwrap_or_default()) {
            match message.map(|message| message.kind) {
                Ok(Kind::Row(payload)) => match announcement::read(payload, at) {
                    Announced::End(_) if destroyed.len() >= MOST_KEPT => *dropped += 1,
                    Announced::End(end) => destroyed.push(end),
                    Announced::Nothing => {}
                    Announced::Unreadable => *unreadable += 1,
                },
                Ok(_) => {}
                Err(_) => *unreadable += 1,
            }
        }
    }

    /// What is missing in what was heard since the last call. `drops` asks the kernel how many
    /// announcements it has lost so far.
    fn gap(&mut self, drops: impl FnOnce() -> Option<u64>) -> Option<Gap> {
        let mut reasons = Vec::new();
        if std::mem::take(&mut self.overruns) > 0 {
            let lost = drops();
            let now = lost.map(|all| all.saturating_sub(self.lost_before));
            self.lost_before = lost.unwrap_or(self.lost_before);
            reasons.push(match now {
                Some(now) if now > 0 => format!("{now} came too fast to be heard"),
                _ => "some came too fast to be heard".into(),
            });
        }
        match std::mem::take(&mut self.dropped) {
            0 => {}
            dropped => reasons.push(format!("{dropped} were more than can be kept")),
        }
        match std::mem::take(&mut self.unreadable) {
            0 => {}
            unreadable => reasons.push(format!("{unreadable} could not be read")),
        }
        if let Some(errno) = self.deaf {
            reasons.push(format!("the netlink socket failed: {errno}"));
        }
        (!reasons.is_empty()).then(|| Gap::Closes(reasons.join(", ")))
    }
}

/// How long the thread may rest with such a buffer.
fn rest(buffer: usize) -> Duration {
    let room = buffer / ANNOUNCEMENT;
    let filled = Duration::from_millis((room * 1000 / MOST_A_SECOND) as u64);
    filled.clamp(Duration::from_millis(1), REST)
}

/// How many messages to this socket the kernel has dropped: the last but one number of its line in
/// /proc/net/netlink, which ends in its inode. `None` where that cannot be read.
fn drops(socket: &OwnedFd) -> Option<u64> {
    let inode = rustix::fs::fstat(socket).ok()?.st_ino.to_string();
    let table = fs::read_to_string("/proc/thread-self/net/netlink").ok()?;
    table.lines().find_map(|line| {
        let mut words = line.split_whitespace().rev();
        (words.next()? == inode).then(|| words.next()?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard() -> Heard {
        Heard {
            destroyed: Vec::new(),
            buffer: vec![0; 64].into(),
            overruns: 0,
            lost_before: 3,
            dropped: 0,
            unreadable: 0,
            deaf: None,
        }
    }

    #[test]
    fn what_was_lost_is_said_once_with_its_number() {
        let mut heard = heard();
        assert_eq!(heard.gap(|| None), None);
        heard.overruns = 2;
        let told = heard.gap(|| Some(10));
        let said = told.map(|gap| gap.to_string());
        let expected = "closed sockets may be missing: 7 came too fast to be heard";
        assert_eq!(said.as_deref(), Some(expected));
        assert_eq!(heard.gap(|| Some(10)), None);
        heard.overruns = 1;
        let told = heard.gap(|| None).map(|gap| gap.to_string());
        assert!(told.is_some_and(|said| said.contains("some came too fast")));
    }

    #[test]
    fn bytes_that_are_no_announcement_are_counted_and_said() {
        let mut heard = heard();
        heard.datagram(64, Duration::ZERO);
        assert_eq!(heard.unreadable, 1);
        let told = heard.gap(|| None).map(|gap| gap.to_string());
        assert!(told.is_some_and(|said| said.contains("1 could not be read")));
    }

    #[test]
    fn a_small_buffer_lets_the_thread_rest_for_less() {
        assert_eq!(rest(BUFFER), REST);
        let ms = Duration::from_millis;
        assert!((ms(1)..=ms(6)).contains(&rest(425_984)));
        assert_eq!(rest(0), ms(1));
    }
}
