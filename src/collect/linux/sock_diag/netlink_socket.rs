//! Sends a request on a netlink socket and receives the dump.
//!
//! Takes a [`DiagRequest`]; passes on the rows of the kernel's reply one by one, or returns the
//! [`NetlinkError`] that ended it.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recvfrom, sendto,
    socket_with,
};

use super::request;
use super::request::DiagRequest;
use super::wire::{MessageKind, Messages};

/// The kernel never fills more than this in one `recv` of a dump (`netlink_dump`, af_netlink.c).
const BUFFER: usize = 32 * 1024;

/// How long the kernel may take for the next 32 KiB. It usually takes about 0.3 ms.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most signals that may interrupt one dump before it fails.
const MAX_INTERRUPTS: u32 = 1000;

/// The reason why a dump ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NetlinkError {
    /// The kernel replied with an error instead of more rows.
    #[error("{0}")]
    Refused(Errno),
    /// The table changed during the dump (NLM_F_DUMP_INTR).
    #[error("the table changed while it was read")]
    DumpInterrupted,
    /// Messages were lost on the way (ENOBUFS, NLMSG_OVERRUN).
    #[error("the kernel ran out of buffer space")]
    Overrun,
    /// A datagram was longer than the buffer.
    #[error("a message was longer than {BUFFER} bytes")]
    Truncated,
    /// What arrived is not a netlink message.
    #[error("a message could not be parsed")]
    Malformed,
    /// This many rows could not be parsed; the others could.
    #[error("{0} rows could not be read")]
    UnreadableRows(usize),
    /// Nothing arrived for [`PATIENCE`].
    #[error("no reply from the kernel for {} s", PATIENCE.as_secs())]
    TimedOut,
    /// The socket itself failed.
    #[error("the netlink socket failed: {0}")]
    SocketFailed(Errno),
    /// The socket would have to be reopened, but the thread is in another network namespace now.
    #[error("the netlink socket failed and cannot be reopened: the network namespace changed")]
    NamespaceChanged,
}

impl NetlinkError {
    /// Returns whether the dump may still be running in the kernel, so that this socket can take no
    /// other request (EBUSY) and would return rows of the old one.
    const fn leaves_dump_running(self) -> bool {
        !matches!(self, Self::Refused(_) | Self::DumpInterrupted)
    }
}

/// A source of dumps: the kernel, or a test script.
pub(crate) trait DumpSource {
    /// Sends the request and passes the payload of each row, with its arrival time, to `row`.
    fn dump(
        &mut self,
        diag_request: DiagRequest<'_>,
        row: &mut dyn FnMut(Instant, &[u8]),
    ) -> Result<(), NetlinkError>;
}

/// A NETLINK_SOCK_DIAG socket. It shows the network namespace its thread was in when it was opened,
/// whichever thread uses it.
#[derive(Debug)]
pub(crate) struct NetlinkSocket {
    socket: OwnedFd,
    namespace: Option<NamespaceId>,
    buffer: Box<[u8]>,
    sequence: u32,
    needs_reopen: bool,
}

/// The device and inode of a network namespace.
type NamespaceId = (u64, u64);

impl NetlinkSocket {
    /// Opens a socket in the calling thread's network namespace.
    pub(crate) fn open() -> Result<Self, Errno> {
        Ok(Self {
            socket: open_socket()?,
            namespace: thread_namespace(),
            buffer: vec![0; BUFFER].into(),
            sequence: 0,
            needs_reopen: false,
        })
    }

    /// Returns whether this thread is in the network namespace the socket was opened in.
    pub(crate) fn is_in_thread_namespace(&self) -> bool {
        thread_namespace() == self.namespace
    }

    /// Replaces a socket that may still have an old dump running.
    fn reopen(&mut self) -> Result<(), NetlinkError> {
        if !self.is_in_thread_namespace() {
            return Err(NetlinkError::NamespaceChanged);
        }
        self.socket = open_socket().map_err(NetlinkError::SocketFailed)?;
        self.needs_reopen = false;
        Ok(())
    }

    fn send_request(&mut self, diag_request: DiagRequest<'_>) -> Result<(), NetlinkError> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = request::encode(diag_request, self.sequence);
        let kernel = SocketAddrNetlink::new(0, 0);
        for _ in 0..MAX_INTERRUPTS {
            match sendto(self.socket.as_fd(), &request, SendFlags::empty(), &kernel) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::NOBUFS) => return Err(NetlinkError::Overrun),
                Err(errno) => return Err(NetlinkError::SocketFailed(errno)),
            }
        }
        Err(NetlinkError::SocketFailed(Errno::INTR))
    }

    fn receive_rows(&mut self, row: &mut dyn FnMut(Instant, &[u8])) -> Result<(), NetlinkError> {
        let mut interrupted = false;
        loop {
            let length = receive_datagram(&self.socket, &mut self.buffer)?;
            let now = Instant::now();
            for message in Messages::new(self.buffer.get(..length).unwrap_or_default()) {
                let message = message.map_err(|_| NetlinkError::Malformed)?;
                if message.sequence != self.sequence {
                    continue;
                }
                interrupted |= message.interrupted;
                match message.kind {
                    MessageKind::Row(payload) => row(now, payload),
                    MessageKind::Done(0) if interrupted => {
                        return Err(NetlinkError::DumpInterrupted);
                    }
                    MessageKind::Done(0) => return Ok(()),
                    MessageKind::Error(0) | MessageKind::Other => {}
                    MessageKind::Done(errno) | MessageKind::Error(errno) => {
                        return Err(error_from_errno(errno));
                    }
                    MessageKind::Overrun => return Err(NetlinkError::Overrun),
                }
            }
        }
    }
}

impl DumpSource for NetlinkSocket {
    fn dump(
        &mut self,
        diag_request: DiagRequest<'_>,
        row: &mut dyn FnMut(Instant, &[u8]),
    ) -> Result<(), NetlinkError> {
        if self.needs_reopen {
            self.reopen()?;
        }
        let outcome = self
            .send_request(diag_request)
            .and_then(|()| self.receive_rows(row));
        self.needs_reopen = outcome.is_err_and(NetlinkError::leaves_dump_running);
        outcome
    }
}

fn open_socket() -> Result<OwnedFd, Errno> {
    let (family, flags) = (AddressFamily::NETLINK, SocketFlags::CLOEXEC);
    let socket = socket_with(family, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    Ok(socket)
}

/// Returns the thread's network namespace; `None` without /proc, where threads cannot be
/// distinguished and need not be.
fn thread_namespace() -> Option<NamespaceId> {
    let file = fs::metadata("/proc/thread-self/ns/net").ok()?;
    Some((file.dev(), file.ino()))
}

/// Receives one datagram from the kernel; those of other senders are skipped.
fn receive_datagram(socket: &OwnedFd, buffer: &mut [u8]) -> Result<usize, NetlinkError> {
    // With a time-out, `recv` is interrupted by signals even under SA_RESTART (signal(7)).
    let mut interrupts = 0;
    loop {
        // MSG_TRUNC makes it return the length of the datagram, not of the part that fitted.
        match recvfrom(socket, &mut *buffer, RecvFlags::TRUNC) {
            Ok((kept, length, sender)) => match is_kernel(sender) {
                false => {}
                true if length > kept => return Err(NetlinkError::Truncated),
                // A netlink socket cannot be shut down, so this is not an end of file.
                true if kept == 0 => return Err(NetlinkError::Malformed),
                true => return Ok(kept),
            },
            Err(Errno::INTR) if interrupts < MAX_INTERRUPTS => interrupts += 1,
            Err(Errno::AGAIN) => return Err(NetlinkError::TimedOut),
            Err(Errno::NOBUFS) => return Err(NetlinkError::Overrun),
            Err(errno) => return Err(NetlinkError::SocketFailed(errno)),
        }
    }
}

pub(crate) fn is_kernel(sender: Option<rustix::net::SocketAddrAny>) -> bool {
    sender.is_some_and(|s| SocketAddrNetlink::try_from(s).is_ok_and(|s| s.pid() == 0))
}

fn error_from_errno(errno: i32) -> NetlinkError {
    // Errno can only hold errors the kernel can send; anything else is not from this protocol.
    let valid = (1..4096).contains(&errno);
    if !valid {
        return NetlinkError::Malformed;
    }
    match Errno::from_raw_os_error(errno) {
        Errno::NOBUFS => NetlinkError::Overrun,
        errno => NetlinkError::Refused(errno),
    }
}
