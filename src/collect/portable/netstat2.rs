//! The netstat2 library: every system's sockets with their pids.
//!
//! In: what the library lists. Out: sockets with endpoints, TCP state and, where it tells them,
//! holders, inode and uid. This file alone names the library, and fences it: it panics where /proc
//! cannot be read, repeats a row for each process that shares the socket (macOS) or when the
//! kernel's table moves (Linux), gives pids in no order, and may err for ever.
//!
//! It never tells a UDP socket's peer: all of them look as if they had none.

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

/// So many errors one after the other are the library failing to end, not rows that err.
const MAX_CONSECUTIVE_ERRORS: usize = 64;

/// The netstat2 library as a [`SourceFile`].
///
/// A process is named by its pid alone, with [`StartTime`] 0: the library does not know more. On
/// Linux it asks the kernel without a time-out.
#[derive(Debug, Default)]
pub struct Netstat2 {
    row_index: HashMap<SocketKey, usize>,
    holder_lists: HolderListPool,
}

impl Netstat2 {
    /// Tries the library on the smallest table, to learn now whether it works here.
    ///
    /// # Errors
    /// When the library errs or panics: netlink refused, no /proc.
    pub fn open() -> Result<Self, SourceError> {
        let probe = || iterate_sockets_info(AddressFamilyFlags::IPV4, ProtocolFlags::UDP);
        match catch_unwind(|| probe().map(drop)) {
            Ok(Ok(())) => Ok(Self::default()),
            Ok(Err(error)) => Err(refused(error.to_string())),
            Err(panic) => Err(refused(panic_message(panic.as_ref()))),
        }
    }

    /// Takes all that `list` gives, whatever way it ends.
    fn collect_rows<E: Display, I: Iterator<Item = Result<SocketInfo, E>>>(
        &mut self,
        list: impl FnOnce() -> Result<I, E>,
        sockets: &mut Vec<Socket>,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), SourceError> {
        self.row_index.clear();
        self.holder_lists.drop_unused();
        let mut errors = RowErrors::default();
        // Rows are taken whole or not at all, so what was read before a panic can be kept.
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

    /// Appends the row, or adds its pids to the row that the same socket already has.
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

/// What a panic said.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the library panicked: {}", text.unwrap_or("without a word"))
}

/// The errors of one sample.
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

/// Every list of holders in use. The list is the pids and no more, so the sockets of one process
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
        // Windows gives TIME-WAIT rows to process 0, which is nobody.
        self.scratch
            .extend(pids.iter().filter(|&&pid| pid != 0).map(|&pid| holder(pid)));
        self.scratch.sort_unstable();
        self.scratch.dedup();
        if self.scratch.is_empty() {
            // Nobody, or somebody who may not be looked into: the library does not say.
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

/// Whether two rows with the same endpoints are one socket: yes, unless two inodes deny it.
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

/// Inode and uid, which only Linux has.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn inode_and_uid(row: &SocketInfo) -> (Option<Inode>, Option<Uid>) {
    let inode = std::num::NonZeroU64::new(row.inode.into()).map(Inode);
    // A row without a descriptor says 0 for "I no longer know", which is not root.
    (
        inode,
        (row.uid != 0 || inode.is_some()).then_some(Uid(row.uid)),
    )
}

/// Inode and uid, which only Linux has.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn inode_and_uid(_: &SocketInfo) -> (Option<Inode>, Option<Uid>) {
    (None, None)
}

fn convert_state(state: LibraryState) -> TcpState {
    match state {
        // DELETE-TCB is Windows's word for a row that is about to go.
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
