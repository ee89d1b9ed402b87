//! The calls themselves. No socket here ever blocks: who waits does so where it can be interrupted.
//!
//! In: a socket and what to do with it. Out: what came of it, or what to wait for first.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, sockopt,
};

use super::options::{self, Ears};
use super::order::{Switch, Told};
use crate::teach::lessons::call::{Kind, Patience};

/// Whether a call is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// It is.
    Over(Told),
    /// When there is something to read.
    ToRead,
    /// When there is room to write, or the connection is there.
    ToWrite,
}

const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// Buffers of this size are soon full.
const SMALL: usize = 4096;

pub(super) fn socket(kind: Kind) -> Result<OwnedFd, Errno> {
    let (family, kind) = match kind {
        Kind::Tcp => (AddressFamily::INET, SocketType::STREAM),
        Kind::Tcp6 => (AddressFamily::INET6, SocketType::STREAM),
        Kind::Udp => (AddressFamily::INET, SocketType::DGRAM),
    };
    rustix::net::socket_with(family, kind, FLAGS, None)
}

pub(super) fn accept(listener: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    rustix::net::accept_with(listener, FLAGS)
}

pub(super) fn set(socket: BorrowedFd<'_>, switch: Switch) -> Result<(), Errno> {
    let by_number = |outcome: Result<(), i32>| outcome.map_err(Errno::from_raw_os_error);
    match switch {
        Switch::ReuseAddress => sockopt::set_socket_reuseaddr(socket, true),
        Switch::ReusePort => sockopt::set_socket_reuseport(socket, true),
        Switch::OnlyIpv6 => sockopt::set_ipv6_v6only(socket, true),
        Switch::BothFamilies => sockopt::set_ipv6_v6only(socket, false),
        Switch::SmallBuffers => {
            sockopt::set_socket_recv_buffer_size(socket, SMALL)?;
            sockopt::set_socket_send_buffer_size(socket, SMALL)
        }
        Switch::Deaf => by_number(options::set_ears(&socket, Ears::Shut)),
        Switch::Hearing => by_number(options::set_ears(&socket, Ears::Open)),
        Switch::FourPorts(first) => by_number(options::set_four_ports(&socket, first)),
        Switch::DeferAccept => by_number(options::set_defer_accept(&socket)),
    }
}

/// Begins to connect, or tells what came of it: called again when the socket may be written to.
pub(super) fn connect(
    socket: BorrowedFd<'_>,
    place: SocketAddr,
    patience: Patience,
) -> Result<Waiting, Errno> {
    match rustix::net::connect(socket, &place) {
        Ok(()) => Ok(Waiting::Over(Told::Worked)),
        Err(Errno::INPROGRESS) if patience == Patience::Begins => Ok(Waiting::Over(Told::Begun)),
        Err(Errno::INPROGRESS | Errno::ALREADY) => Ok(Waiting::ToWrite),
        Err(errno) => Err(errno),
    }
}

pub(super) fn send(
    socket: BorrowedFd<'_>,
    place: Option<SocketAddr>,
    bytes: u32,
) -> Result<Told, Errno> {
    let bytes = vec![b'x'; usize::try_from(bytes).unwrap_or(0)];
    let sent = match place {
        Some(place) => rustix::net::sendto(socket, &bytes, SendFlags::NOSIGNAL, &place)?,
        None => rustix::net::send(socket, &bytes, SendFlags::NOSIGNAL)?,
    };
    Ok(Told::Bytes(u32::try_from(sent).unwrap_or(u32::MAX)))
}

pub(super) fn receive(socket: BorrowedFd<'_>, at_most: u32) -> Result<Waiting, Errno> {
    let mut bytes = vec![0; usize::try_from(at_most).unwrap_or(0)];
    match rustix::net::recv(socket, &mut bytes[..], RecvFlags::empty()) {
        Ok((_, 0)) => Ok(Waiting::Over(Told::EndOfFile)),
        Ok((_, read)) => {
            let read = u32::try_from(read).unwrap_or(u32::MAX);
            Ok(Waiting::Over(Told::Bytes(read)))
        }
        Err(Errno::AGAIN) => Ok(Waiting::ToRead),
        Err(errno) => Err(errno),
    }
}

/// Reads until the end, or until there is nothing for now.
pub(super) fn drain(socket: BorrowedFd<'_>) -> Result<Waiting, Errno> {
    const CHUNK: u32 = 1 << 16;
    loop {
        match receive(socket, CHUNK)? {
            Waiting::Over(Told::EndOfFile) => return Ok(Waiting::Over(Told::EndOfFile)),
            Waiting::Over(_) => {}
            waiting => return Ok(waiting),
        }
    }
}

pub(super) fn shutdown(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::net::shutdown(socket, Shutdown::Write)
}

/// Closes and throws a connection away: the other end gets a reset, and no TIME-WAIT stays.
pub(super) fn abort(socket: OwnedFd) {
    // A socket without a connection has nothing to linger for; closing it is all the same.
    let _ = sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
    drop(socket);
}

/// Its descriptor and its inode.
pub(super) fn numbers(socket: &OwnedFd) -> Option<(u32, u64)> {
    let descriptor = u32::try_from(socket.as_raw_fd()).ok()?;
    let inode = rustix::fs::fstat(socket).ok()?.st_ino;
    Some((descriptor, inode))
}

/// Its own end; `None` where it has none.
pub(super) fn local(socket: BorrowedFd<'_>) -> Option<SocketAddr> {
    let name = rustix::net::getsockname(socket.as_fd()).ok()?;
    SocketAddr::try_from(name).ok()
}
