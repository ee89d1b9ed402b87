//! A process of a lab, from the inside: it makes the calls it is told to make.
//!
//! In: [`Order`]s on stdin. Out: [`Reply`]s on stdout. It ends when its stdin ends, which happens in
//! any case when the lab ends, and throws its connections away (RST) so that nothing stays in any
//! table. One thread; whatever it waits for, it watches stdin as well.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal;

use super::children::Children;
use super::order::{Order, Reply, Told};
use super::sockets::{self, Waiting};
use crate::app::exit::Exit;

/// Nothing a process of a lab waits for takes longer, unless something is wrong.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Plays the part of this name until stdin ends.
pub(in crate::app) fn play(name: &str) -> Exit {
    if let Ok(name) = CString::new(name) {
        // A name is for people; without it the lab works all the same.
        let _ = rustix::thread::set_name(&name);
    }
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        // Only taken note of, so that the connections can be thrown away before the end.
        let _ = signal_hook::flag::register(signal, Arc::clone(&ended));
    }
    // Whoever leads the lab may be killed without being able to end it.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    let mut part = Part {
        sockets: BTreeMap::new(),
        children: Children::default(),
        orders: Orders {
            bytes: Vec::new(),
            ended,
        },
    };
    part.reply(&Reply {
        told: Told::Ready,
        local: None,
        numbers: None,
        child: None,
    });
    while let Some(order) = part.orders.next() {
        let reply = part.carry_out(order);
        if reply.is_none_or(|reply| !part.reply(&reply)) {
            break;
        }
    }
    part.leave();
    Exit::Done
}

/// What the process has.
struct Part {
    sockets: BTreeMap<String, OwnedFd>,
    children: Children,
    orders: Orders,
}

impl Part {
    /// `None` where the lab ended meanwhile.
    fn carry_out(&mut self, order: Order) -> Option<Reply> {
        let (name, outcome) = match order {
            Order::Socket(name, kind) => {
                let made = sockets::socket(kind);
                let outcome = made.map(|socket| self.keep(&name, socket));
                (name, outcome)
            }
            Order::Accept(listener, name) => {
                let made = self.with(&listener, |socket, orders| orders.accept(socket));
                let outcome = made?.map(|socket| self.keep(&name, socket));
                (name, outcome)
            }
            Order::Spawn(child, name) => {
                let spawned = match self.sockets.get(&name) {
                    Some(socket) => self.children.spawn(&child, socket),
                    None => Err(Errno::BADF),
                };
                return Some(Reply {
                    told: told(spawned.map(|_| Told::Worked)),
                    local: None,
                    numbers: None,
                    child: spawned.ok(),
                });
            }
            Order::Close(name) => {
                let outcome = self.take(&name).map(drop);
                (name, outcome.map(|()| Told::Worked))
            }
            Order::Abort(name) => {
                let outcome = self.take(&name).map(sockets::abort);
                (name, outcome.map(|()| Told::Worked))
            }
            other => return self.on_socket(other),
        };
        Some(self.answer(&name, outcome))
    }

    /// Orders that only need the socket to be there.
    fn on_socket(&mut self, order: Order) -> Option<Reply> {
        let done = |outcome: Result<(), Errno>| outcome.map(|()| Told::Worked);
        let (name, outcome) = match order {
            Order::Set(name, switch) => {
                let outcome = self.with(&name, |s, _| Some(done(sockets::set(s, switch))));
                (name, outcome)
            }
            Order::Bind(name, place) => {
                let outcome = self.with(&name, |s, _| Some(done(rustix::net::bind(s, &place))));
                (name, outcome)
            }
            Order::Listen(name, backlog) => {
                let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
                let outcome = self.with(&name, |s, _| Some(done(rustix::net::listen(s, backlog))));
                (name, outcome)
            }
            Order::Connect(name, place, patience) => {
                let outcome = self.with(&name, |s, orders| {
                    orders.wait_for(|| sockets::connect(s, place, patience), s)
                });
                (name, outcome)
            }
            Order::Send(name, bytes) => {
                let outcome = self.with(&name, |s, _| Some(sockets::send(s, None, bytes)));
                (name, outcome)
            }
            Order::SendTo(name, place, bytes) => {
                let outcome = self.with(&name, |s, _| Some(sockets::send(s, Some(place), bytes)));
                (name, outcome)
            }
            Order::Receive(name, bytes) => {
                let outcome = self.with(&name, |s, orders| {
                    orders.wait_for(|| sockets::receive(s, bytes), s)
                });
                (name, outcome)
            }
            Order::Fill(name) => {
                let outcome = self.with(&name, |s, orders| orders.fill(s));
                (name, outcome)
            }
            Order::Drain(name) => {
                let outcome =
                    self.with(&name, |s, orders| orders.wait_for(|| sockets::drain(s), s));
                (name, outcome)
            }
            Order::Shutdown(name) => {
                let outcome = self.with(&name, |s, _| Some(done(sockets::shutdown(s))));
                (name, outcome)
            }
            Order::Poll(name) => {
                let outcome = self.with(&name, |s, orders| {
                    let flags = PollFlags::IN | PollFlags::ERR;
                    Some(
                        match orders.wait(s, flags, Instant::now() + LONGEST_WAIT)? {
                            Woken::Ready => Ok(Told::Worked),
                            Woken::Late => Err(Errno::AGAIN),
                        },
                    )
                });
                (name, outcome)
            }
            Order::Socket(..)
            | Order::Accept(..)
            | Order::Spawn(..)
            | Order::Close(_)
            | Order::Abort(_) => return None,
        };
        Some(self.answer(&name, outcome?))
    }

    /// Does something with a socket; it is wrong to ask for one that is not there.
    fn with<T>(
        &mut self,
        name: &str,
        act: impl FnOnce(BorrowedFd<'_>, &mut Orders) -> Option<Result<T, Errno>>,
    ) -> Option<Result<T, Errno>> {
        match self.sockets.get(name) {
            Some(socket) => act(socket.as_fd(), &mut self.orders),
            None => Some(Err(Errno::BADF)),
        }
    }

    fn keep(&mut self, name: &str, socket: OwnedFd) -> Told {
        self.sockets.insert(name.to_owned(), socket);
        Told::Worked
    }

    fn take(&mut self, name: &str) -> Result<OwnedFd, Errno> {
        self.sockets.remove(name).ok_or(Errno::BADF)
    }

    fn answer(&self, name: &str, outcome: Result<Told, Errno>) -> Reply {
        let socket = self.sockets.get(name);
        Reply {
            told: told(outcome),
            local: socket.and_then(|socket| sockets::local(socket.as_fd())),
            numbers: socket.and_then(sockets::numbers),
            child: None,
        }
    }

    /// Whether anybody reads it.
    fn reply(&self, reply: &Reply) -> bool {
        let Ok(mut line) = serde_json::to_vec(reply) else {
            return false;
        };
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        out.write_all(&line).and_then(|()| out.flush()).is_ok()
    }

    fn leave(self) {
        self.children.end();
        self.sockets.into_values().for_each(sockets::abort);
    }
}

fn told(outcome: Result<Told, Errno>) -> Told {
    outcome.unwrap_or_else(|errno| Told::Failed(errno.raw_os_error()))
}

/// Where orders come from, and whether they have ended.
struct Orders {
    bytes: Vec<u8>,
    ended: Arc<AtomicBool>,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    /// What was waited for.
    Ready,
    /// The time was up.
    Late,
}

impl Orders {
    /// The next order; `None` at the end, and at anything that is none.
    fn next(&mut self) -> Option<Order> {
        let stdin = std::io::stdin();
        loop {
            if let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.bytes.drain(..=end).collect();
                return serde_json::from_slice(&line).ok();
            }
            if self.ended.load(Ordering::SeqCst) {
                return None;
            }
            let mut chunk = [0; 4096];
            match rustix::io::read(&stdin, &mut chunk) {
                Ok(0) => return None,
                Ok(read) => self.bytes.extend_from_slice(chunk.get(..read)?),
                Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }

    /// Tries again whenever the socket is ready, until it works or fails. `None` where the lab ended.
    fn wait_for(
        &mut self,
        mut attempt: impl FnMut() -> Result<Waiting, Errno>,
        socket: BorrowedFd<'_>,
    ) -> Option<Result<Told, Errno>> {
        let until = Instant::now() + LONGEST_WAIT;
        loop {
            let flags = match attempt() {
                Ok(Waiting::Over(told)) => return Some(Ok(told)),
                Ok(Waiting::ToRead) => PollFlags::IN,
                Ok(Waiting::ToWrite) => PollFlags::OUT,
                Err(errno) => return Some(Err(errno)),
            };
            // A socket may be ready again and again and yet give nothing.
            if self.wait(socket, flags, until)? == Woken::Late || Instant::now() >= until {
                return Some(Err(Errno::AGAIN));
            }
        }
    }

    fn accept(&mut self, listener: BorrowedFd<'_>) -> Option<Result<OwnedFd, Errno>> {
        let until = Instant::now() + LONGEST_WAIT;
        loop {
            match sockets::accept(listener) {
                Err(Errno::AGAIN) => {}
                outcome => return Some(outcome),
            }
            if self.wait(listener, PollFlags::IN, until)? == Woken::Late || Instant::now() >= until
            {
                return Some(Err(Errno::AGAIN));
            }
        }
    }

    /// Writes until the kernel has taken no more for a while: between two buffers things still move.
    fn fill(&mut self, socket: BorrowedFd<'_>) -> Option<Result<Told, Errno>> {
        const QUIET: Duration = Duration::from_millis(200);
        let mut written = 0_u32;
        let mut full = Instant::now() + QUIET;
        loop {
            match sockets::send(socket, None, 4096) {
                Ok(Told::Bytes(bytes)) => {
                    written = written.saturating_add(bytes);
                    full = Instant::now() + QUIET;
                }
                Ok(_) => {}
                Err(Errno::AGAIN) => {
                    // Where the kernel is short of memory a socket may be ready and take nothing.
                    let late = self.wait(socket, PollFlags::OUT, full)? == Woken::Late;
                    if late || Instant::now() >= full {
                        return Some(Ok(Told::Bytes(written)));
                    }
                }
                Err(errno) => return Some(Err(errno)),
            }
        }
    }

    /// Waits for the socket. `None` where the lab ended: no order comes before the reply to the one
    /// before, so that anything on stdin is its end.
    fn wait(&self, socket: BorrowedFd<'_>, flags: PollFlags, until: Instant) -> Option<Woken> {
        let stdin = std::io::stdin();
        loop {
            if self.ended.load(Ordering::SeqCst) {
                return None;
            }
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).ok();
            let mut ends = [
                PollFd::from_borrowed_fd(socket, flags),
                PollFd::new(&stdin, PollFlags::IN),
            ];
            match poll(&mut ends, timeout.as_ref()) {
                Ok(0) => return Some(Woken::Late),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return None,
            }
            let [socket, stdin] = &ends;
            if !stdin.revents().is_empty() {
                return None;
            }
            if !socket.revents().is_empty() {
                return Some(Woken::Ready);
            }
        }
    }
}
