//! Reads sockets with their pids through the netstat2 library, on every system.
//!
//! Returns sockets with endpoints, TCP state and, where the library reports them, holders, inode
//! and uid. Only this file uses the library, and guards against its faults: it panics where /proc
//! cannot be read, repeats a row for each process that shares the socket (macOS) or when the
//! kernel's table changes (Linux), lists pids in no order, and may return errors without end.
//!
//! It never reports a UDP socket's peer: all UDP sockets appear unconnected.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};
use netstat2::{
    AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, SocketInfo, TcpState as LibraryState,
    iterate_sockets_info,
};

use crate::collect::source::{Source, SourceError};
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, PortSet};
use crate::net::process::{Holder, Holders, Pid, ProcessKey, StartTime, Uid};
use crate::net::snapshot::{Gap, SourceKind};
use crate::net::socket::{Inode, Socket, SocketKey, TcpState, Transport};

/// This many errors in a row mean that the library does not terminate, not that rows are bad.
const MAX_CONSECUTIVE_ERRORS: usize = 64;

/// The netstat2 library as a [`Source`].
///
/// A process is identified by its pid alone, with [`StartTime`] 0: the library reports no more. On
/// Linux it reads from netlink without a time-out.
#[derive(Debug, Default)]
pub struct Netstat2 {
    row_index: HashMap<SocketKey, usize>,
    holder_lists: HolderListPool,
}

impl Netstat2 {
    /// Tries the library on the smallest table, to find out now whether it works here.
    ///
    /// When the library fails or panics: netlink refused, no /proc.
    /// When the library errs or panics: netlink refused, no /proc.
    pub fn open() -> Result<Self, SourceError> {
        let probe = || iterate_sockets_info(AddressFamilyFlags::IPV4, ProtocolFlags::UDP);
        match catch_unwind(|| probe().map(drop)) {
            Ok(Ok(())) => Ok(Self::default()),
            Ok(Err(error)) => Err(refused(error.to_string())),
            Err(panic) => Err(refused(panic_message(panic.as_ref()))),
        }
    }

    /// Reads all rows that `list` gives, however it ends.
    fn collect_rows<E: Display, I: Iterator<Item = Result<SocketInfo, E>>>(
        &mut self,
        list: impl FnOnce() -> Result<I, E>,
        sockets: &mut Vec<Socket>,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), SourceError> {
        self.row_index.clear();
        self.holder_lists.drop_unused();
        let mut errors = RowErrors::default();
        // Rows are added whole or not at all, so what was read before a panic can be kept.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for row in list().map_err(|e| e.to_string())? {
                match row {
                    Ok(row) => {
                        errors.consecutive = 0;
                        self.upsert_row(&row, sockets);
                    }
                    Err(error) => errors.record(&error)?,
                }
            }
            Ok(())
        }));
        let ended = outcome.unwrap_or_else(|panic| Err(panic_message(panic.as_ref())));
        if errors.total > 0 {
            let (all, first) = (errors.total, &errors.first);
            gaps.push(Gap::Sockets(format!(
                "netstat2: {all} rows could not be read: {first}"
            )));
        }
        match ended {
            Err(why) if sockets.is_empty() => Err(refused(why)),
            Err(why) => {
                gaps.push(Gap::Sockets(format!("netstat2: {why}")));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Appends the row, or adds its pids to an existing row of the same socket.
    fn upsert_row(&mut self, row: &SocketInfo, sockets: &mut Vec<Socket>) {
        let mut socket = convert_row(row);
        let index = *self.row_index.entry(socket.key()).or_insert(sockets.len());
        let older = sockets
            .get_mut(index)
            .filter(|older| is_same_socket(older, &socket));
        let known = older.as_ref().and_then(|older| older.holders.found());
        let holders = self
            .holder_lists
            .intern(known.map_or(&[], |k| k), &row.associated_pids);
        match older {
            Some(older) => {
                socket.holders = holders;
                *older = socket;
            }
            None => {
                socket.holders = holders;
                sockets.push(socket);
            }
        }
    }
}

impl Source for Netstat2 {
    fn kind(&self) -> SourceKind {
        SourceKind::Netstat2
    }

    fn read(
        &mut self,
        _: Option<&PortSet>,
        _: Duration,
        sockets: &mut Vec<Socket>,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), SourceError> {
        let list = || iterate_sockets_info(AddressFamilyFlags::all(), ProtocolFlags::all());
        self.collect_rows(list, sockets, gaps)
    }
}

fn refused(why: String) -> SourceError {
    SourceError::Refused {
        name: SourceKind::Netstat2.name(),
        why,
    }
}

/// Returns the message of a panic.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the library panicked: {}", text.unwrap_or("no message"))
}

/// The row errors of one sample.
#[derive(Debug, Default)]
struct RowErrors {
    total: usize,
    consecutive: usize,
    first: String,
}

impl RowErrors {
    fn record(&mut self, error: &impl Display) -> Result<(), String> {
        if self.total == 0 {
            self.first = error.to_string();
        }
        self.total += 1;
        self.consecutive += 1;
        if self.consecutive < MAX_CONSECUTIVE_ERRORS {
            return Ok(());
        }
        Err(format!(
            "given up after {MAX_CONSECUTIVE_ERRORS} errors in a row"
        ))
    }
}

/// Every list of holders in use. A list is determined by its pids, so the sockets of one process
/// share one list, in this sample and the next.
#[derive(Debug, Default)]
struct HolderListPool {
    lists: HashSet<Arc<[Holder]>>,
    scratch: Vec<Holder>,
}

impl HolderListPool {
    fn intern(&mut self, known: &[Holder], pids: &[u32]) -> Holders {
        self.scratch.clear();
        self.scratch.extend_from_slice(known);
        // Windows attributes TIME-WAIT rows to process 0, which is no process.
        self.scratch
            .extend(pids.iter().filter(|&&pid| pid != 0).map(|&pid| holder(pid)));
        self.scratch.sort_unstable();
        self.scratch.dedup();
        if self.scratch.is_empty() {
            // No holder, or one that may not be read: the library does not say which.
            return Holders::NotSearched;
        }
        let list = self
            .lists
            .get_or_insert_with(self.scratch.as_slice(), |l| Arc::from(l));
        Holders::Found(Arc::clone(list))
    }

    fn drop_unused(&mut self) {
        self.lists.retain(|list| Arc::strong_count(list) > 1);
    }
}

fn holder(pid: u32) -> Holder {
    Holder {
        process: ProcessKey {
            pid: Pid(pid),
            start: StartTime(0),
        },
        fd: None,
    }
}

/// Returns whether two rows with the same endpoints are one socket: yes, unless their inodes
/// differ.
fn is_same_socket(older: &Socket, newer: &Socket) -> bool {
    older.key() == newer.key()
        && (older.inode == newer.inode || older.inode.is_none() || newer.inode.is_none())
}

fn convert_row(row: &SocketInfo) -> Socket {
    let mut socket = match &row.protocol_socket_info {
        ProtocolSocketInfo::Tcp(tcp) => {
            let state = convert_state(tcp.state);
            let remote = Endpoint::new(tcp.remote_addr, Port(tcp.remote_port));
            let remote = (state != TcpState::Listen).then_some(remote);
            let local = Endpoint::new(tcp.local_addr, Port(tcp.local_port));
            Socket::new(Transport::Tcp(state), local, remote)
        }
        ProtocolSocketInfo::Udp(udp) => {
            let local = Endpoint::new(udp.local_addr, Port(udp.local_port));
            Socket::new(Transport::Udp, local, None)
        }
    };
    (socket.inode, socket.uid) = inode_and_uid(row);
    socket
}

/// Returns inode and uid, which only Linux has.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn inode_and_uid(row: &SocketInfo) -> (Option<Inode>, Option<Uid>) {
    let inode = std::num::NonZeroU64::new(row.inode.into()).map(Inode);
    // A row without a descriptor has uid 0 for "no longer known", which is not root.
    (
        inode,
        (row.uid != 0 || inode.is_some()).then_some(Uid(row.uid)),
    )
}

/// Returns inode and uid, which only Linux has.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn inode_and_uid(_: &SocketInfo) -> (Option<Inode>, Option<Uid>) {
    (None, None)
}

fn convert_state(state: LibraryState) -> TcpState {
    match state {
        // DELETE-TCB is Windows's name for a row that is about to be removed.
        LibraryState::Closed | LibraryState::DeleteTcb => TcpState::Closed,
        LibraryState::Listen => TcpState::Listen,
        LibraryState::SynSent => TcpState::SynSent,
        LibraryState::SynReceived => TcpState::SynReceived,
        LibraryState::Established => TcpState::Established,
        LibraryState::FinWait1 => TcpState::FinWait1,
        LibraryState::FinWait2 => TcpState::FinWait2,
        LibraryState::CloseWait => TcpState::CloseWait,
        LibraryState::Closing => TcpState::Closing,
        LibraryState::LastAck => TcpState::LastAck,
        LibraryState::TimeWait => TcpState::TimeWait,
        LibraryState::Unknown => TcpState::Other(0),
    }
}
