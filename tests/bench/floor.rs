//! The floor: the same dumps that a sample asks the kernel for, thrown away unread; and every
//! descriptor of every process, read and forgotten.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::{fs, io};

use rustix::fs::{Mode, OFlags, RawDir};
use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, sendto, socket_with};

/// `nlmsghdr`, and `inet_diag_req_v2` (sock_diag(7)) or `inet_diag_req`.
const HEADER: usize = 16;
const REQUEST: usize = HEADER + 56;
const OLD_REQUEST: usize = HEADER + 60;
/// SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK; NLM_F_REQUEST | NLM_F_DUMP; all states but the unnamed
/// 13th; tcp_info and the name of the congestion control.
const BY_FAMILY: u16 = 20;
const TCP_AT_ONCE: u16 = 18;
const FLAGS: u16 = 0x301;
const STATES: u32 = 0x1ffe;
const EXTENSIONS: u8 = 0b1010;

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

    /// Dumps all tables.
    pub(crate) fn dump(&mut self) -> Result<(), Errno> {
        self.ask(&tcp_at_once())?;
        // UDP over IPv4 and IPv6.
        self.ask(&by_family(2, 17))?;
        self.ask(&by_family(10, 17))
    }

    fn ask(&mut self, request: &[u8]) -> Result<(), Errno> {
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(self.socket.as_fd(), request, SendFlags::empty(), &kernel)?;
        while !self.is_last()? {}
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

fn by_family(family: u8, protocol: u8) -> [u8; REQUEST] {
    let mut request = [0; REQUEST];
    head(&mut request, BY_FAMILY);
    request[16..19].copy_from_slice(&[family, protocol, EXTENSIONS]);
    request[20..24].copy_from_slice(&STATES.to_ne_bytes());
    request
}

fn tcp_at_once() -> [u8; OLD_REQUEST] {
    let mut request = [0; OLD_REQUEST];
    head(&mut request, TCP_AT_ONCE);
    request[19] = EXTENSIONS;
    request[68..72].copy_from_slice(&STATES.to_ne_bytes());
    request
}

fn head(request: &mut [u8], kind: u16) {
    let length = request.len() as u32;
    request[0..4].copy_from_slice(&length.to_ne_bytes());
    request[4..6].copy_from_slice(&kind.to_ne_bytes());
    request[6..8].copy_from_slice(&FLAGS.to_ne_bytes());
}

/// Reads where every descriptor of every process leads, and forgets it. Returns how many there are.
pub(crate) fn walk() -> io::Result<usize> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut count = 0;
    for process in fs::read_dir("/proc")?.flatten() {
        let path = process.path().join("fd");
        let Ok(directory) = rustix::fs::open(path, flags, Mode::empty()) else {
            continue;
        };
        let mut buffer = [MaybeUninit::uninit(); 8 * 1024];
        let mut entries = RawDir::new(&directory, &mut buffer);
        while let Some(Ok(entry)) = entries.next() {
            let mut target = [0_u8; 32];
            let link = rustix::fs::readlinkat_raw(&directory, entry.file_name(), &mut target);
            count += usize::from(link.is_ok());
        }
    }
    Ok(count)
}

fn header(message: &[u8]) -> Option<(usize, u16)> {
    let length = u32::from_ne_bytes(*message.first_chunk()?);
    let kind = u16::from_ne_bytes(*message.get(4..)?.first_chunk()?);
    Some((usize::try_from(length).ok()?.next_multiple_of(4), kind))
}
