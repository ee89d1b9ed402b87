//! Reads Linux's socket table through netlink: sock_diag(7).
//!
//! Dumps TCP and UDP, over IPv4 and IPv6. Returns every socket of this network namespace, or those
//! with certain ports and the listening ones, with everything the kernel reports without privilege,
//! and a [`Gap`] for each table that could not be read to its end. After [`Source::subscribe`] it
//! also reports every destroyed socket (`destroy_monitor`).
//!
//! What the kernel replies where something is missing (`net/core/sock_diag.c`,
//! `net/ipv4/inet_diag.c`): without IPv6 the dump is simply empty, because inet_diag serves both
//! families; without the module of a *protocol* (udp_diag) it is ENOENT for both families, while
//! sockets of that protocol may well exist: that is a gap. ENOENT for IPv6 alone is taken as "no
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

/// IPv4 before IPv6: an error of an IPv6 table is judged by the result of its IPv4 counterpart.
const TABLES: [DiagTable; 4] = [
    DiagTable::ByFamily(Protocol::Tcp, Family::Ipv4),
    DiagTable::ByFamily(Protocol::Tcp, Family::Ipv6),
    DiagTable::ByFamily(Protocol::Udp, Family::Ipv4),
    DiagTable::ByFamily(Protocol::Udp, Family::Ipv6),
];

/// The same tables where the kernel understands the older request: one walk less.
const TABLES_WITH_ALL_TCP: [DiagTable; 3] = [
    DiagTable::AllTcp,
    DiagTable::ByFamily(Protocol::Udp, Family::Ipv4),
    DiagTable::ByFamily(Protocol::Udp, Family::Ipv6),
];

/// How often a table is requested again within one sample.
const MAX_RETRIES: u32 = 3;

/// The netlink socket table as a [`Source`].
///
/// It shows the network namespace its thread was in at [`SockDiag::open`], and continues to do so
/// when it is moved to another thread.
#[derive(Debug)]
pub struct SockDiag {
    netlink: NetlinkSocket,
    tables: &'static [DiagTable],
    row_index: CookieIndex,
    /// `None` before [`Source::subscribe`].
    monitor: Option<DestroyMonitor>,
}

impl SockDiag {
    /// Opens the netlink socket in the calling thread's network namespace and sends the cheapest
    /// request there is, to find out now whether the kernel replies.
    ///
    /// # Errors
    /// When the socket or the request is refused: a sandbox, SELinux, a kernel without inet_diag or
    /// tcp_diag.
    pub fn open() -> Result<Self, SourceError> {
        let mut netlink = NetlinkSocket::open().map_err(|errno| refused(&errno))?;
        let mut probe = |table| {
            let diag_request = DiagRequest {
                table,
                states: StateMask::NONE,
                bytecode: None,
            };
            match netlink.dump(diag_request, &mut |_, _| ()) {
                // An interrupted dump is a reply too.
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
            let why = "the sampler thread changed its network namespace";
            return Err(Gap::Closes(why.into()));
        }
        self.monitor = Some(DestroyMonitor::open(started)?);
        Ok(())
    }

    fn drain_events(&mut self, destroyed: &mut Vec<Destroyed>, gaps: &mut Vec<Gap>) {
        if let Some(monitor) = &self.monitor {
            monitor.drain(destroyed, gaps);
        }
    }
}

fn refused(why: &dyn std::fmt::Display) -> SourceError {
    SourceError::Refused {
        name: SourceKind::SockDiag.name(),
        why: why.to_string(),
    }
}

/// The index of each socket in the sample. A dump is not atomic: a socket that moves within the
/// kernel's table meanwhile is listed twice. Kept between samples only to reuse its memory.
type CookieIndex = HashMap<Cookie, usize>;

/// One sample in progress.
struct DumpReader<'a> {
    /// The bytecode that selects sockets in the kernel; `None` for all, and once it was refused.
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

    /// Reads one table, again if necessary. The rows of the last attempt are kept, whatever its
    /// result.
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
                // The kernel may have refused the bytecode, which only saves work.
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
            // Timers count from the arrival of their row: the last may arrive long after the first.
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

    /// Appends the row, or replaces an older one of the same socket.
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

/// Returns whether a retry is likely to help. Not after a time-out, which would block the sampler
/// several times as long, nor where the kernel does not support the request.
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
        return format!("{name}: this kernel has no {module}_diag module; use --source procfs");
    }
    format!("{name}: {error}")
}
