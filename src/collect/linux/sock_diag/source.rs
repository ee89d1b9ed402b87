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

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use hashbrown::HashMap;
use rustix::io::Errno;

use super::destroy_monitor::DestroyMonitor;
use super::netlink_socket::{DumpSource, NetlinkError, NetlinkSocket};
use super::request::{DiagRequest, DiagTable, StateMask};
use super::{bytecode, wire};
use crate::collect::source::{Source, SourceError};
use crate::net::destroyed::Destroyed;
use crate::net::endpoint::Family;
use crate::net::port::{PortSet, Protocol};
use crate::net::snapshot::{Gap, SourceKind};
use crate::net::socket::{Cookie, Socket};

/// In this order: an IPv6 table is judged by what its IPv4 twin answered.
const TABLES: [DiagTable; 4] = [
    DiagTable::ByFamily(Protocol::Tcp, Family::Ipv4),
    DiagTable::ByFamily(Protocol::Tcp, Family::Ipv6),
    DiagTable::ByFamily(Protocol::Udp, Family::Ipv4),
    DiagTable::ByFamily(Protocol::Udp, Family::Ipv6),
];

/// The same, where the kernel understands the older request: one walk less.
const TABLES_WITH_ALL_TCP: [DiagTable; 3] = [
    DiagTable::AllTcp,
    DiagTable::ByFamily(Protocol::Udp, Family::Ipv4),
    DiagTable::ByFamily(Protocol::Udp, Family::Ipv6),
];

/// How often a table is asked for again within one sample.
const MAX_RETRIES: u32 = 3;

/// The netlink socket table as a [`SourceFile`].
///
/// It tells of the network namespace its thread was in at [`SockDiag::open`], and goes on doing so
/// when it is handed to another thread.
#[derive(Debug)]
pub struct SockDiag {
    netlink: NetlinkSocket,
    tables: &'static [DiagTable],
    row_index: CookieIndex,
    /// Once somebody listens.
    monitor: Option<DestroyMonitor>,
}

impl SockDiag {
    /// Opens the netlink socket in the calling thread's network namespace and asks it a question,
    /// the cheapest there is, to learn now whether it is answered.
    ///
    /// # Errors
    /// When the socket or the question is refused: a sandbox, SELinux, a kernel without inet_diag
    /// or tcp_diag.
    pub fn open() -> Result<Self, SourceError> {
        let mut netlink = NetlinkSocket::open().map_err(|errno| refused(&errno))?;
        let mut probe = |table| {
            let diag_request = DiagRequest {
                table,
                states: StateMask::NONE,
                bytecode: None,
            };
            match netlink.dump(diag_request, &mut |_, _| ()) {
                // Changed is an answer, too.
                Ok(()) | Err(NetlinkError::DumpInterrupted) => Ok(()),
                Err(error) => Err(error),
            }
        };
        let [tcp, ..] = TABLES;
        let tables = match probe(DiagTable::AllTcp) {
            Ok(()) => &TABLES_WITH_ALL_TCP[..],
            Err(_) => probe(tcp)
                .map(|()| &TABLES[..])
                .map_err(|error| refused(&error))?,
        };
        Ok(Self {
            netlink,
            tables,
            row_index: CookieIndex::default(),
            monitor: None,
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
        DumpReader {
            bytecode: ports.and_then(bytecode::compile),
            started_at: Instant::now(),
            now,
            row_index: &mut self.row_index,
            sockets,
            gaps,
        }
        .read_all(&mut self.netlink, self.tables)
    }

    fn subscribe(&mut self, started: Instant) -> Result<(), Gap> {
        if !self.netlink.is_in_thread_namespace() {
            let why = "the sampler left the network namespace it reads";
            return Err(Gap::Closes(why.into()));
        }
        self.monitor = Some(DestroyMonitor::open(started)?);
        Ok(())
    }

    fn drain_events(&mut self, destroyed: &mut Vec<Destroyed>, gaps: &mut Vec<Gap>) {
        if let Some(events) = &self.monitor {
            events.drain(destroyed, gaps);
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
type CookieIndex = HashMap<Cookie, usize>;

/// One sample in the making.
struct DumpReader<'a> {
    /// What picks sockets in the kernel; `None` for all, and once it was refused.
    bytecode: Option<Vec<u8>>,
    started_at: Instant,
    now: Duration,
    row_index: &'a mut CookieIndex,
    sockets: &'a mut Vec<Socket>,
    gaps: &'a mut Vec<Gap>,
}

impl DumpReader<'_> {
    fn read_all(
        mut self,
        source: &mut impl DumpSource,
        tables: &[DiagTable],
    ) -> Result<(), SourceError> {
        self.row_index.clear();
        let mut failures = 0;
        let mut last = None;
        let mut ipv4 = Ok(());
        for &table in tables {
            let mut outcome = self.read_table(source, table);
            match table {
                DiagTable::ByFamily(_, Family::Ipv4) => ipv4 = outcome,
                DiagTable::ByFamily(_, Family::Ipv6)
                    if is_not_found(outcome) && !is_not_found(ipv4) =>
                {
                    outcome = Ok(());
                }
                DiagTable::ByFamily(_, Family::Ipv6) | DiagTable::AllTcp => {}
            }
            if let Err(error) = outcome {
                failures += 1;
                last = Some(error);
                self.gaps.push(Gap::Sockets(gap_text(table, error)));
            }
        }
        match last {
            Some(error) if failures == tables.len() && self.sockets.is_empty() => {
                Err(refused(&error))
            }
            _ => Ok(()),
        }
    }

    /// Reads one table, again if need be. The rows of the last attempt stay, whatever it came to.
    fn read_table(
        &mut self,
        source: &mut impl DumpSource,
        table: DiagTable,
    ) -> Result<(), NetlinkError> {
        let before = self.sockets.len();
        let mut retries = MAX_RETRIES;
        loop {
            let outcome = self.read_once(source, table);
            match outcome {
                Err(error) if retries > 0 && is_transient(error) => retries -= 1,
                // It may be the program that is not understood, which only saves work.
                Err(NetlinkError::Refused(Errno::INVAL)) if self.bytecode.take().is_some() => {}
                outcome => return outcome,
            }
            self.sockets.truncate(before);
            self.row_index.retain(|_, &mut row| row < before);
        }
    }

    fn read_once(
        &mut self,
        source: &mut impl DumpSource,
        table: DiagTable,
    ) -> Result<(), NetlinkError> {
        let mut unreadable = 0_usize;
        let bytecode = self.bytecode.take();
        let diag_request = DiagRequest {
            table,
            states: StateMask::ALL,
            bytecode: bytecode.as_deref(),
        };
        let outcome = source.dump(diag_request, &mut |arrived, payload| {
            // Timers are counted from when the row came: the last may come long after the first.
            let now = self.now + arrived.saturating_duration_since(self.started_at);
            match wire::parse_socket(payload, table.protocol(), now) {
                Some(socket) => self.upsert_row(socket),
                None => unreadable += 1,
            }
        });
        self.bytecode = bytecode;
        outcome?;
        if unreadable > 0 {
            Err(NetlinkError::UnreadableRows(unreadable))
        } else {
            Ok(())
        }
    }

    /// Appends the row, or puts it in the place of an older one of the same socket.
    fn upsert_row(&mut self, socket: Socket) {
        let existing = socket
            .cookie
            .and_then(|c| self.row_index.insert(c, self.sockets.len()).zip(Some(c)));
        let Some((older, cookie)) = existing else {
            self.sockets.push(socket);
            return;
        };
        self.row_index.insert(cookie, older);
        if let Some(row) = self.sockets.get_mut(older) {
            *row = socket;
        }
    }
}

fn is_not_found(outcome: Result<(), NetlinkError>) -> bool {
    outcome == Err(NetlinkError::Refused(Errno::NOENT))
}

/// Whether asking again is likely to help. Not where waiting was in vain: the sampler would stand
/// still for several times as long. Nor where the kernel speaks another dialect.
const fn is_transient(error: NetlinkError) -> bool {
    match error {
        NetlinkError::Refused(errno) => !matches!(
            errno,
            Errno::NOENT | Errno::PERM | Errno::ACCESS | Errno::INVAL | Errno::OPNOTSUPP
        ),
        NetlinkError::TimedOut
        | NetlinkError::NamespaceChanged
        | NetlinkError::UnreadableRows(_) => false,
        _ => true,
    }
}

fn gap_text(table: DiagTable, error: NetlinkError) -> String {
    let name = table.name();
    if error == NetlinkError::Refused(Errno::NOENT) {
        let module = table.protocol().name();
        return format!(
            "{name}: this kernel has no {module}_diag module; --source procfs lists them"
        );
    }
    format!("{name}: {error}")
}
