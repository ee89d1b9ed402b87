//! The system calls of a lab process. All sockets are non-blocking; the caller waits with poll(2),
//! so that the wait can be interrupted.
//!
//! A call that cannot finish returns the event to wait for ([`CallProgress`]).

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, sockopt,
};

use super::protocol::{CommandResult, ResolvedOption};
use super::raw_sockopt;
use super::raw_sockopt::PacketDrop;
use crate::lessons::call::{ConnectMode, SocketKind};

/// The progress of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallProgress {
    Done(CommandResult),
    /// To be repeated when the socket is readable.
    WaitReadable,
    /// To be repeated when the socket is writable, or its connect(2) has finished.
    WaitWritable,
}

const SOCKET_FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// Small enough to fill quickly; the kernel doubles it (socket(7)).
const SMALL_BUFFER_BYTES: usize = 4096;

pub(crate) fn socket(kind: SocketKind) -> Result<OwnedFd, Errno> {
    let (family, kind) = match kind {
        SocketKind::Tcp => (AddressFamily::INET, SocketType::STREAM),
        SocketKind::Tcp6 => (AddressFamily::INET6, SocketType::STREAM),
        SocketKind::Udp => (AddressFamily::INET, SocketType::DGRAM),
    };
    rustix::net::socket_with(family, kind, SOCKET_FLAGS, None)
}

pub(crate) fn accept(listener: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    rustix::net::accept_with(listener, SOCKET_FLAGS)
}

pub(crate) fn set_option(socket: BorrowedFd<'_>, option: ResolvedOption) -> Result<(), Errno> {
    let to_errno = |outcome: Result<(), i32>| outcome.map_err(Errno::from_raw_os_error);
    match option {
        ResolvedOption::ReuseAddr => sockopt::set_socket_reuseaddr(socket, true),
        ResolvedOption::ReusePort => sockopt::set_socket_reuseport(socket, true),
        ResolvedOption::V6Only => sockopt::set_ipv6_v6only(socket, true),
        ResolvedOption::DualStack => sockopt::set_ipv6_v6only(socket, false),
        ResolvedOption::SmallBuffers => {
            sockopt::set_socket_recv_buffer_size(socket, SMALL_BUFFER_BYTES)?;
            sockopt::set_socket_send_buffer_size(socket, SMALL_BUFFER_BYTES)
        }
        ResolvedOption::DropPackets => {
            to_errno(raw_sockopt::set_packet_drop(&socket, PacketDrop::On))
        }
        ResolvedOption::AcceptPackets => {
            to_errno(raw_sockopt::set_packet_drop(&socket, PacketDrop::Off))
        }
        ResolvedOption::LocalPortRange(first) => {
            to_errno(raw_sockopt::set_local_port_range(&socket, first))
        }
        ResolvedOption::DeferAccept => to_errno(raw_sockopt::set_defer_accept(&socket)),
    }
}

/// Starts connect(2), or returns its result when called again after the socket became writable.
pub(crate) fn connect(
    socket: BorrowedFd<'_>,
    addr: SocketAddr,
    mode: ConnectMode,
) -> Result<CallProgress, Errno> {
    match rustix::net::connect(socket, &addr) {
        Ok(()) => Ok(CallProgress::Done(CommandResult::Success)),
        Err(Errno::INPROGRESS) if mode == ConnectMode::NonBlocking => {
            Ok(CallProgress::Done(CommandResult::InProgress))
        }
        Err(Errno::INPROGRESS | Errno::ALREADY) => Ok(CallProgress::WaitWritable),
        Err(errno) => Err(errno),
    }
}

pub(crate) fn send(
    socket: BorrowedFd<'_>,
    addr: Option<SocketAddr>,
    bytes: u32,
) -> Result<CommandResult, Errno> {
    let bytes = vec![b'x'; usize::try_from(bytes).unwrap_or(0)];
    let sent = match addr {
        Some(addr) => rustix::net::sendto(socket, &bytes, SendFlags::NOSIGNAL, &addr)?,
        None => rustix::net::send(socket, &bytes, SendFlags::NOSIGNAL)?,
    };
    Ok(CommandResult::Bytes(
        u32::try_from(sent).unwrap_or(u32::MAX),
    ))
}

pub(crate) fn recv(socket: BorrowedFd<'_>, max_bytes: u32) -> Result<CallProgress, Errno> {
    let mut bytes = vec![0; usize::try_from(max_bytes).unwrap_or(0)];
    match rustix::net::recv(socket, &mut bytes[..], RecvFlags::empty()) {
        Ok((_, 0)) => Ok(CallProgress::Done(CommandResult::EndOfFile)),
        Ok((_, read)) => {
            let read = u32::try_from(read).unwrap_or(u32::MAX);
            Ok(CallProgress::Done(CommandResult::Bytes(read)))
        }
        Err(Errno::AGAIN) => Ok(CallProgress::WaitReadable),
        Err(errno) => Err(errno),
    }
}

/// Reads and discards data until end of file, or until there is none for now.
pub(crate) fn drain(socket: BorrowedFd<'_>) -> Result<CallProgress, Errno> {
    const CHUNK: u32 = 1 << 16;
    loop {
        match recv(socket, CHUNK)? {
            CallProgress::Done(CommandResult::EndOfFile) => {
                return Ok(CallProgress::Done(CommandResult::EndOfFile));
            }
            CallProgress::Done(_) => {}
            progress => return Ok(progress),
        }
    }
}

pub(crate) fn shutdown(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::net::shutdown(socket, Shutdown::Write)
}

/// Closes a socket with a reset (SO_LINGER 1, 0): the peer receives an RST, and no TIME-WAIT
/// remains.
pub(crate) fn abort(socket: OwnedFd) {
    // Fails without harm on a socket without a connection, which is then just closed.
    let _ = sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
    drop(socket);
}

/// Returns the file descriptor and the inode of a socket.
pub(crate) fn fd_and_inode(socket: &OwnedFd) -> Option<(u32, u64)> {
    let fd = u32::try_from(socket.as_raw_fd()).ok()?;
    let inode = rustix::fs::fstat(socket).ok()?.st_ino;
    Some((fd, inode))
}

/// Returns the local address (getsockname(2)).
pub(crate) fn local_addr(socket: BorrowedFd<'_>) -> Option<SocketAddr> {
    let name = rustix::net::getsockname(socket.as_fd()).ok()?;
    SocketAddr::try_from(name).ok()
}
