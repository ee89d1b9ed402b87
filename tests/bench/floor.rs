//! The floor: the same four dumps that a sample asks the kernel for, thrown away unread.

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, sendto, socket_with};

/// `nlmsghdr` and `inet_diag_req_v2` (sock_diag(7)).
const REQUEST: usize = 72;
/// SOCK_DIAG_BY_FAMILY; NLM_F_REQUEST | NLM_F_DUMP; all states but the unnamed 13th; tcp_info and
/// the name of the congestion control.
const ASK: u16 = 20;
const FLAGS: u16 = 0x301;
const STATES: u32 = 0x1ffe;
const EXTENSIONS: u8 = 0b1010;
/// IPv4 and IPv6 of TCP and UDP, by family and protocol.
const TABLES: [(u8, u8); 4] = [(2, 6), (10, 6), (2, 17), (10, 17)];

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

/// An open netlink socket.
pub(crate) struct Floor {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Floor {
    /// Opens it.
    pub(crate) fn open() -> Result<Self, Errno> {
        let flags = SocketFlags::CLOEXEC;
        let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
        Ok(Self {
            socket: socket_with(family, kind, flags, Some(SOCK_DIAG))?,
            buffer: vec![0; 32 * 1024],
        })
    }

    /// Dumps all four tables.
    pub(crate) fn dump(&mut self) -> Result<(), Errno> {
        for (family, protocol) in TABLES {
            let mut request = [0_u8; REQUEST];
            request[0..4].copy_from_slice(&(REQUEST as u32).to_ne_bytes());
            request[4..6].copy_from_slice(&ASK.to_ne_bytes());
            request[6..8].copy_from_slice(&FLAGS.to_ne_bytes());
            request[16..19].copy_from_slice(&[family, protocol, EXTENSIONS]);
            request[20..24].copy_from_slice(&STATES.to_ne_bytes());
            let kernel = SocketAddrNetlink::new(0, 0);
            sendto(self.socket.as_fd(), &request, SendFlags::empty(), &kernel)?;
            while !self.is_last()? {}
        }
        Ok(())
    }

    fn is_last(&mut self) -> Result<bool, Errno> {
        let (length, _) = recv(&self.socket, &mut self.buffer[..], RecvFlags::empty())?;
        let mut rest = self.buffer.get(..length).unwrap_or_default();
        while let Some((length, kind)) = header(rest) {
            if matches!(kind, NLMSG_DONE | NLMSG_ERROR) {
                return Ok(true);
            }
            rest = rest.get(length.max(16)..).unwrap_or_default();
        }
        Ok(false)
    }
}

fn header(message: &[u8]) -> Option<(usize, u16)> {
    let length = u32::from_ne_bytes(*message.first_chunk()?);
    let kind = u16::from_ne_bytes(*message.get(4..)?.first_chunk()?);
    Some((usize::try_from(length).ok()?.next_multiple_of(4), kind))
}
