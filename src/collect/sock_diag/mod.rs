//! Linux's own socket table, through netlink: sock_diag(7).
//!
//! In: dumps of TCP and of UDP, over IPv4 and IPv6. Out: every socket of this network namespace, or
//! those that have certain ports and those that wait for others, with all that the kernel tells
//! without privilege, and a [`Gap`] for each table that could not be read to its end. Besides, for whoever listens, every
//! socket that ends ([`events`]).
//!
//! What the kernel answers where something is not there (`net/core/sock_diag.c`,
//! `net/ipv4/inet_diag.c`): without IPv6 the dump is simply empty, because inet_diag serves both
//! families; without the module of a *protocol* (udp_diag) it is ENOENT for both families, while
//! sockets of that protocol may well exist: that is a gap. ENOENT for IPv6 alone is read as "no
//! such family", an empty table.

mod announcement;
mod bytecode;
mod events;
mod request;
mod socket;
mod tcp_info;
mod wire;

use std::time::{Duration, Instant};

use hashbrown::HashMap;
use rustix::io::Errno;

use self::events::Events;
use self::request::{Question, States, Table};
use self::socket::{Dump, Netlink, Trouble};
use super::{Source, SourceError};
use crate::destroyed::Destroyed;
use crate::endpoint::Family;
use crate::port::{PortSet, Protocol};
use crate::snapshot::{Gap, SourceKind};
use crate::socket::{Cookie, Socket};

/// In this order: an IPv6 table is judged by what its IPv4 twin answered.
const TABLES: [Table; 4] = [
    Table::Of(Protocol::Tcp, Family::Ipv4),
    Table::Of(Protocol::Tcp, Family::Ipv6),
    Table::Of(Protocol::Udp, Family::Ipv4),
    Table::Of(Protocol::Udp, Family::Ipv6),
];

/// The same, where the kernel understands the older request: one walk less.
const FEWER_TABLES: [Table; 3] = [
    Table::TcpAtOnce,
    Table::Of(Protocol::Udp, Family::Ipv4),
    Table::Of(Protocol::Udp, Family::Ipv6),
];

/// How often a table is asked for again within one sample.
const RETRIES: u32 = 3;

/// The netlink socket table as a [`Source`].
///
/// It tells of the network namespace its thread was in at [`SockDiag::open`], and goes on doing so
/// when it is handed to another thread.
#[derive(Debug)]
pub struct SockDiag {
    netlink: Netlink,
    tables: &'static [Table],
    seen: Seen,
    /// Once somebody listens.
    events: Option<Events>,
}

impl SockDiag {
    /// Opens the netlink socket in the calling thread's network namespace and asks it a question,
    /// the cheapest there is, to learn now whether it is answered.
    ///
    /// # Errors
    /// When the socket or the question is refused: a sandbox, SELinux, a kernel without inet_diag
    /// or tcp_diag.
    pub fn open() -> Result<Self, SourceError> {
        let mut netlink = Netlink::open().map_err(|errno| refused(&errno))?;
        let mut answers = |table| {
            let question = Question {
                table,
                states: States::NONE,
                program: None,
            };
            match netlink.dump(question, &mut |_, _| ()) {
                // Changed is an answer, too.
                Ok(()) | Err(Trouble::Changed) => Ok(()),
                Err(trouble) => Err(trouble),
            }
        };
        let [tcp, ..] = TABLES;
        let tables = match answers(Table::TcpAtOnce) {
            Ok(()) => &FEWER_TABLES[..],
            Err(_) => answers(tcp)
                .map(|()| &TABLES[..])
                .map_err(|trouble| refused(&trouble))?,
        };
        Ok(Self {
            netlink,
            tables,
            seen: Seen::default(),
            events: None,
        })
    }
}

impl Source for SockDiag {
    fn kind(&self) -> SourceKind {
        SourceKind::SockDiag
    }

    fn read(
        &mut self,
        ports: Option<&PortSet>,
        now: Duration,
        sockets: &mut Vec<Socket>,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), SourceError> {
        Reading {
            program: ports.and_then(bytecode::program),
            began: Instant::now(),
            now,
            seen: &mut self.seen,
            sockets,
            gaps,
        }
        .all_tables(&mut self.netlink, self.tables)
    }

    fn listen(&mut self, started: Instant) -> Result<(), Gap> {
        if !self.netlink.is_of_this_thread() {
            let why = "the sampler left the network namespace it reads";
            return Err(Gap::Closes(why.into()));
        }
        self.events = Some(Events::open(started)?);
        Ok(())
    }

    fn heard(&mut self, destroyed: &mut Vec<Destroyed>, gaps: &mut Vec<Gap>) {
        if let Some(events) = &self.events {
            events.take(destroyed, gaps);
        }
    }
}

fn refused(why: &dyn std::fmt::Display) -> SourceError {
    SourceError::Refused {
        name: SourceKind::SockDiag.name(),
        why: why.to_string(),
    }
}

/// Which sockets this sample has, and where: a dump is not atomic, and a socket that moves to
/// another place of the kernel's table meanwhile is listed twice. Kept between samples for its
/// memory only.
type Seen = HashMap<Cookie, usize>;

/// One sample in the making.
struct Reading<'a> {
    /// What picks sockets in the kernel; `None` for all, and once it was refused.
    program: Option<Vec<u8>>,
    began: Instant,
    now: Duration,
    seen: &'a mut Seen,
    sockets: &'a mut Vec<Socket>,
    gaps: &'a mut Vec<Gap>,
}

impl Reading<'_> {
    fn all_tables(mut self, source: &mut impl Dump, tables: &[Table]) -> Result<(), SourceError> {
        self.seen.clear();
        let mut failures = 0;
        let mut last = None;
        let mut ipv4 = Ok(());
        for &table in tables {
            let mut outcome = self.table(source, table);
            match table {
                Table::Of(_, Family::Ipv4) => ipv4 = outcome,
                Table::Of(_, Family::Ipv6) if is_absent(outcome) && !is_absent(ipv4) => {
                    outcome = Ok(());
                }
                Table::Of(_, Family::Ipv6) | Table::TcpAtOnce => {}
            }
            if let Err(trouble) = outcome {
                failures += 1;
                last = Some(trouble);
                self.gaps.push(Gap::Sockets(explanation(table, trouble)));
            }
        }
        match last {
            Some(trouble) if failures == tables.len() && self.sockets.is_empty() => {
                Err(refused(&trouble))
            }
            _ => Ok(()),
        }
    }

    /// Reads one table, again if need be. The rows of the last attempt stay, whatever it came to.
    fn table(&mut self, source: &mut impl Dump, table: Table) -> Result<(), Trouble> {
        let before = self.sockets.len();
        let mut retries = RETRIES;
        loop {
            let outcome = self.attempt(source, table);
            match outcome {
                Err(trouble) if retries > 0 && is_passing(trouble) => retries -= 1,
                // It may be the program that is not understood, which only saves work.
                Err(Trouble::Refused(Errno::INVAL)) if self.program.take().is_some() => {}
                outcome => return outcome,
            }
            self.sockets.truncate(before);
            self.seen.retain(|_, &mut row| row < before);
        }
    }

    fn attempt(&mut self, source: &mut impl Dump, table: Table) -> Result<(), Trouble> {
        let mut unreadable = 0_usize;
        let program = self.program.take();
        let question = Question {
            table,
            states: States::ALL,
            program: program.as_deref(),
        };
        let outcome = source.dump(question, &mut |arrived, payload| {
            // Timers are counted from when the row came: the last may come long after the first.
            let now = self.now + arrived.saturating_duration_since(self.began);
            match wire::socket(payload, table.protocol(), now) {
                Some(socket) => self.keep(socket),
                None => unreadable += 1,
            }
        });
        self.program = program;
        outcome?;
        if unreadable > 0 {
            Err(Trouble::Unreadable(unreadable))
        } else {
            Ok(())
        }
    }

    /// Appends the row, or puts it in the place of an older one of the same socket.
    fn keep(&mut self, socket: Socket) {
        let place = socket
            .cookie
            .and_then(|c| self.seen.insert(c, self.sockets.len()).zip(Some(c)));
        let Some((older, cookie)) = place else {
            self.sockets.push(socket);
            return;
        };
        self.seen.insert(cookie, older);
        if let Some(row) = self.sockets.get_mut(older) {
            *row = socket;
        }
    }
}

fn is_absent(outcome: Result<(), Trouble>) -> bool {
    outcome == Err(Trouble::Refused(Errno::NOENT))
}

/// Whether asking again is likely to help. Not where waiting was in vain: the sampler would stand
/// still for several times as long. Nor where the kernel speaks another dialect.
const fn is_passing(trouble: Trouble) -> bool {
    match trouble {
        Trouble::Refused(errno) => !matches!(
            errno,
            Errno::NOENT | Errno::PERM | Errno::ACCESS | Errno::INVAL | Errno::OPNOTSUPP
        ),
        Trouble::Silent | Trouble::Elsewhere | Trouble::Unreadable(_) => false,
        _ => true,
    }
}

fn explanation(table: Table, trouble: Trouble) -> String {
    let name = table.name();
    if trouble == Trouble::Refused(Errno::NOENT) {
        let module = table.protocol().name();
        return format!(
            "{name}: this kernel has no {module}_diag module; --source procfs lists them"
        );
    }
    format!("{name}: {trouble}")
}

#[cfg(test)]
mod tests;
