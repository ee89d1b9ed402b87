//! Subscribes to the destruction of sockets: the destroy groups of sock_diag(7).
//!
//! The kernel sends these events to every member of the groups, without privilege, for the member's
//! own network namespace only. Returns [`Destroyed`] in the order read, and a [`Gap`] for lost
//! events.
//!
//! The kernel queues events in the socket's buffer and drops what does not fit; an unprivileged
//! buffer holds some 300, which ten thousand closes a second fill in 20 ms. So a thread drains it,
//! and [`DestroyMonitor::drain`] drains it once more, to include every event sent by then. The
//! thread sleeps between two rounds, because being woken for each event costs more than reading it.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::{Errno, write};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{
    set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, socket_recv_buffer_size,
};
use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, bind, netlink, recvfrom, socket_with,
};

use super::destroy_event;
use super::destroy_event::DestroyEvent;
use super::netlink_socket::is_kernel;
use super::wire::{MessageKind, Messages};
use crate::net::destroyed::Destroyed;
use crate::net::snapshot::Gap;

/// A bit for each of SKNLGRP_INET_TCP_DESTROY, _INET_UDP_, _INET6_TCP_ and _INET6_UDP_DESTROY.
const DESTROY_GROUPS: u32 = 0b1111;

/// The requested buffer size: some 25,000 events. Without privilege the kernel grants 416 KiB.
const RECV_BUFFER_LEN: usize = 32 << 20;

/// The buffer space one event takes, in bytes.
const EVENT_BUFFER_COST: usize = 1280;

/// The longest sleep of the thread, and the rate of events that must fit into the buffer meanwhile.
const MAX_PAUSE: Duration = Duration::from_millis(20);
const MAX_EVENTS_PER_SECOND: usize = 60_000;

/// The most events kept for the next sample: 24 MB of them.
const MAX_PENDING: usize = 1 << 17;

/// Longer than any event: about 400 bytes.
const MAX_DATAGRAM_LEN: usize = 8 * 1024;

/// A subscription to destroy events. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct DestroyMonitor {
    shared: Arc<MonitorShared>,
    /// Wakes the thread so that it ends.
    wakeup: Arc<OwnedFd>,
}

#[derive(Debug)]
struct MonitorShared {
    socket: OwnedFd,
    started: Instant,
    /// The lock also serializes reading from the socket.
    pending: Mutex<PendingEvents>,
}

/// The events read since the last [`DestroyMonitor::drain`].
#[derive(Debug)]
struct PendingEvents {
    destroyed: Vec<Destroyed>,
    buffer: Box<[u8]>,
    /// The number of times the kernel reported lost events (ENOBUFS).
    overruns: u64,
    /// The kernel's drop counter when it was last read.
    drops_reported: u64,
    /// The number of events read and not kept.
    dropped: u64,
    unreadable: u64,
    /// The error after which no more events are read.
    failed: Option<Errno>,
}

impl DestroyMonitor {
    /// Joins the groups in the calling thread's network namespace, and starts the thread.
    ///
    /// # Errors
    /// When the system refuses the socket, the groups or the thread.
    pub(crate) fn open(started: Instant) -> Result<Self, Gap> {
        Self::try_open(started)
            .map_err(|why| Gap::Closes(format!("cannot subscribe to close events: {why}")))
    }

    fn try_open(started: Instant) -> std::io::Result<Self> {
        let (family, flags) = (AddressFamily::NETLINK, SocketFlags::CLOEXEC);
        let socket = socket_with(family, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?;
        // Only CAP_NET_ADMIN may exceed the system's limit; without it the kernel grants what it
        // allows. A smaller buffer is no error in either case.
        if set_socket_recv_buffer_size_force(&socket, RECV_BUFFER_LEN).is_err() {
            set_socket_recv_buffer_size(&socket, RECV_BUFFER_LEN)?;
        }
        let pause = pause_for_buffer(socket_recv_buffer_size(&socket)?);
        bind(&socket, &SocketAddrNetlink::new(0, DESTROY_GROUPS))?;
        let pending = Mutex::new(PendingEvents {
            destroyed: Vec::new(),
            buffer: vec![0; MAX_DATAGRAM_LEN].into(),
            overruns: 0,
            drops_reported: 0,
            dropped: 0,
            unreadable: 0,
            failed: None,
        });
        let shared = Arc::new(MonitorShared {
            socket,
            started,
            pending,
        });
        let wakeup = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let (worker, worker_wakeup) = (Arc::clone(&shared), Arc::clone(&wakeup));
        thread::Builder::new()
            .name("events".into())
            .spawn(move || worker.run(&worker_wakeup, pause))?;
        Ok(Self { shared, wakeup })
    }

    /// Moves the events sent until now to `destroyed`, and reports lost ones in `gaps`.
    pub(crate) fn drain(&self, destroyed: &mut Vec<Destroyed>, gaps: &mut Vec<Gap>) {
        self.shared.drain_socket();
        let mut pending = self.shared.lock_pending();
        destroyed.append(&mut pending.destroyed);
        gaps.extend(pending.take_gap(|| netlink_drops(&self.shared.socket)));
    }
}

impl Drop for DestroyMonitor {
    fn drop(&mut self) {
        // Fails only if the thread has already ended.
        let _ = write(&self.wakeup, &1_u64.to_ne_bytes());
    }
}

impl MonitorShared {
    fn lock_pending(&self) -> std::sync::MutexGuard<'_, PendingEvents> {
        // No panic can leave its contents half updated.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the thread: waits for an event, drains the socket, sleeps.
    fn run(&self, wakeup: &OwnedFd, pause: Duration) {
        loop {
            let mut poll_fds = [
                PollFd::new(&self.socket, PollFlags::IN),
                PollFd::new(wakeup, PollFlags::IN),
            ];
            match poll(&mut poll_fds, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return,
            }
            if !poll_fds[1].revents().is_empty() || !self.drain_socket() {
                return;
            }
            thread::sleep(pause);
        }
    }

    /// Reads everything queued. Returns whether there may be more later.
    fn drain_socket(&self) -> bool {
        let mut pending = self.lock_pending();
        while pending.failed.is_none()
            && pending.receive_one(&self.socket, self.started) == RecvStatus::More
        {}
        pending.failed.is_none()
    }
}

/// Whether the socket may have another event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecvStatus {
    More,
    Empty,
}

impl PendingEvents {
    fn receive_one(&mut self, socket: &OwnedFd, started: Instant) -> RecvStatus {
        let Self { buffer, .. } = self;
        match recvfrom(socket, &mut **buffer, RecvFlags::DONTWAIT) {
            Ok((length, _, sender)) => {
                // Other programs may also send to this socket.
                if is_kernel(sender) {
                    self.parse_datagram(length, started.elapsed());
                }
                RecvStatus::More
            }
            Err(Errno::INTR) => RecvStatus::More,
            Err(Errno::AGAIN) => RecvStatus::Empty,
            Err(Errno::NOBUFS) => {
                self.overruns += 1;
                RecvStatus::More
            }
            Err(errno) => {
                self.failed = Some(errno);
                RecvStatus::Empty
            }
        }
    }

    fn parse_datagram(&mut self, length: usize, at: Duration) {
        let Self {
            buffer,
            destroyed,
            dropped,
            unreadable,
            ..
        } = self;
        for message in Messages::new(buffer.get(..length).unwrap_or_default()) {
            match message.map(|message| message.kind) {
                Ok(MessageKind::Row(payload)) => match destroy_event::parse(payload, at) {
                    DestroyEvent::Closed(_) if destroyed.len() >= MAX_PENDING => *dropped += 1,
                    DestroyEvent::Closed(end) => destroyed.push(end),
                    DestroyEvent::Ignored => {}
                    DestroyEvent::Unreadable => *unreadable += 1,
                },
                Ok(_) => {}
                Err(_) => *unreadable += 1,
            }
        }
    }

    /// Returns the gap of the events read since the last call. `drops` reads the kernel's drop
    /// counter of this socket.
    fn take_gap(&mut self, drops: impl FnOnce() -> Option<u64>) -> Option<Gap> {
        let mut reasons = Vec::new();
        if std::mem::take(&mut self.overruns) > 0 {
            let lost = drops();
            let now = lost.map(|all| all.saturating_sub(self.drops_reported));
            self.drops_reported = lost.unwrap_or(self.drops_reported);
            reasons.push(match now {
                Some(now) if now > 0 => format!("{now} came too fast to be read"),
                _ => "some came too fast to be read".into(),
            });
        }
        match std::mem::take(&mut self.dropped) {
            0 => {}
            dropped => reasons.push(format!("{dropped} did not fit in the event list")),
        }
        match std::mem::take(&mut self.unreadable) {
            0 => {}
            unreadable => reasons.push(format!("{unreadable} could not be read")),
        }
        if let Some(errno) = self.failed {
            reasons.push(format!("the netlink socket failed: {errno}"));
        }
        (!reasons.is_empty()).then(|| Gap::Closes(reasons.join(", ")))
    }
}

/// Returns how long the thread may sleep with a buffer of this size.
fn pause_for_buffer(buffer: usize) -> Duration {
    let capacity = buffer / EVENT_BUFFER_COST;
    let fill_time = Duration::from_millis((capacity * 1000 / MAX_EVENTS_PER_SECOND) as u64);
    fill_time.clamp(Duration::from_millis(1), MAX_PAUSE)
}

/// Returns how many messages to this socket the kernel has dropped: the last but one number of its
/// line in /proc/net/netlink, which ends in its inode. `None` where that cannot be read.
fn netlink_drops(socket: &OwnedFd) -> Option<u64> {
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

    fn pending_events() -> PendingEvents {
        PendingEvents {
            destroyed: Vec::new(),
            buffer: vec![0; 64].into(),
            overruns: 0,
            drops_reported: 3,
            dropped: 0,
            unreadable: 0,
            failed: None,
        }
    }

    #[test]
    fn lost_events_are_reported_once_with_their_count() {
        let mut pending = pending_events();
        assert_eq!(pending.take_gap(|| None), None);
        pending.overruns = 2;
        let gap = pending.take_gap(|| Some(10));
        let message = gap.map(|gap| gap.to_string());
        let expected = "closed sockets may be missing: 7 came too fast to be read";
        assert_eq!(message.as_deref(), Some(expected));
        assert_eq!(pending.take_gap(|| Some(10)), None);
        pending.overruns = 1;
        let gap = pending.take_gap(|| None).map(|gap| gap.to_string());
        assert!(gap.is_some_and(|message| message.contains("some came too fast")));
    }

    #[test]
    fn unreadable_bytes_are_counted_and_reported() {
        let mut pending = pending_events();
        pending.parse_datagram(64, Duration::ZERO);
        assert_eq!(pending.unreadable, 1);
        let gap = pending.take_gap(|| None).map(|gap| gap.to_string());
        assert!(gap.is_some_and(|message| message.contains("1 could not be read")));
    }

    #[test]
    fn small_buffer_shortens_the_pause() {
        assert_eq!(pause_for_buffer(RECV_BUFFER_LEN), MAX_PAUSE);
        let ms = Duration::from_millis;
        assert!((ms(1)..=ms(6)).contains(&pause_for_buffer(425_984)));
        assert_eq!(pause_for_buffer(0), ms(1));
    }
}
