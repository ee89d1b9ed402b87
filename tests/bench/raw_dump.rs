//! Measures the lower bound: the dumps a sample requests from the kernel, discarded unparsed; and
//! reading every descriptor of every process, discarded too.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::{fs, io};

use rustix::fs::{Mode, OFlags, RawDir};
use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, sendto, socket_with};

/// The lengths of `nlmsghdr`, and of `inet_diag_req_v2` (sock_diag(7)) and `inet_diag_req`.
const NLMSGHDR_LEN: usize = 16;
const SOCK_DIAG_REQUEST_LEN: usize = NLMSGHDR_LEN + 56;
const INET_DIAG_REQUEST_LEN: usize = NLMSGHDR_LEN + 60;
/// SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK; NLM_F_REQUEST | NLM_F_DUMP; all states except 13
/// (TCP_BOUND_INACTIVE); tcp_info and the name of the congestion control.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const TCPDIAG_GETSOCK: u16 = 18;
const NLM_F_REQUEST_DUMP: u16 = 0x301;
const ALL_STATES: u32 = 0x1ffe;
const EXTENSIONS: u8 = 0b1010;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

/// An open netlink socket.
pub(crate) struct RawDump {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl RawDump {
    /// Opens the socket.
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
        self.request(&inet_diag_request())?;
        // UDP over IPv4 and IPv6.
        self.request(&sock_diag_request(2, 17))?;
        self.request(&sock_diag_request(10, 17))
    }

    fn request(&mut self, request: &[u8]) -> Result<(), Errno> {
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(self.socket.as_fd(), request, SendFlags::empty(), &kernel)?;
        while !self.recv_is_last()? {}
        Ok(())
    }

    fn recv_is_last(&mut self) -> Result<bool, Errno> {
        let (length, _) = recv(&self.socket, &mut self.buffer[..], RecvFlags::empty())?;
        let mut rest = self.buffer.get(..length).unwrap_or_default();
        while let Some((length, kind)) = read_nlmsghdr(rest) {
            if matches!(kind, NLMSG_DONE | NLMSG_ERROR) {
                return Ok(true);
            }
            rest = rest.get(length.max(16)..).unwrap_or_default();
        }
        Ok(false)
    }
}

fn sock_diag_request(family: u8, protocol: u8) -> [u8; SOCK_DIAG_REQUEST_LEN] {
    let mut request = [0; SOCK_DIAG_REQUEST_LEN];
    write_nlmsghdr(&mut request, SOCK_DIAG_BY_FAMILY);
    request[16..19].copy_from_slice(&[family, protocol, EXTENSIONS]);
    request[20..24].copy_from_slice(&ALL_STATES.to_ne_bytes());
    request
}

fn inet_diag_request() -> [u8; INET_DIAG_REQUEST_LEN] {
    let mut request = [0; INET_DIAG_REQUEST_LEN];
    write_nlmsghdr(&mut request, TCPDIAG_GETSOCK);
    request[19] = EXTENSIONS;
    request[68..72].copy_from_slice(&ALL_STATES.to_ne_bytes());
    request
}

fn write_nlmsghdr(request: &mut [u8], kind: u16) {
    let length = request.len() as u32;
    request[0..4].copy_from_slice(&length.to_ne_bytes());
    request[4..6].copy_from_slice(&kind.to_ne_bytes());
    request[6..8].copy_from_slice(&NLM_F_REQUEST_DUMP.to_ne_bytes());
}

/// Reads the link of every descriptor of every process. Returns how many there are.
pub(crate) fn walk_fds() -> io::Result<usize> {
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

fn read_nlmsghdr(message: &[u8]) -> Option<(usize, u16)> {
    let length = u32::from_ne_bytes(*message.first_chunk()?);
    let kind = u16::from_ne_bytes(*message.get(4..)?.first_chunk()?);
    Some((usize::try_from(length).ok()?.next_multiple_of(4), kind))
}
