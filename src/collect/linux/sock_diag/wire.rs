//! Decodes the replies of sock_diag(7): bytes → messages → sockets.
//!
//! Takes what one `recv` returned; gives messages, and from their payload a [`Socket`]. Every
//! length is checked against the bytes present: no input, however malformed, causes a panic or an
//! endless loop. The layouts are those of `include/uapi/linux/{netlink,sock_diag,inet_diag}.h`.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use super::bytes::{u16_at, u32_at, u64_at};
use super::tcp_info;
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, Protocol};
use crate::net::process::Uid;
use crate::net::socket::{
    AcceptQueue, CgroupId, CongestionAlgorithm, Cookie, Inode, InterfaceIndex, Queues, Socket,
    SocketTimer, TcpState, TimerKind, Transport,
};

pub(crate) const AF_INET: u8 = 2;
pub(crate) const AF_INET6: u8 = 10;
pub(crate) const IPPROTO_TCP: u8 = 6;
pub(crate) const IPPROTO_UDP: u8 = 17;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;

/// The older of the two requests for TCP sockets. The kernel replies with both families, for which
/// the newer one takes two requests (`inet_diag_dump_compat`, `net/ipv4/inet_diag.c`).
pub(crate) const TCPDIAG_GETSOCK: u16 = 18;
pub(crate) const SOCK_DIAG_BY_FAMILY: u16 = 20;

const NLM_F_DUMP_INTR: u16 = 0x10;

/// The length of `struct nlmsghdr`.
pub(crate) const NLMSG_HDR_LEN: usize = 16;

/// The length of `struct nlattr`.
pub(crate) const NLATTR_HDR_LEN: usize = 4;

/// The length of `struct inet_diag_msg`.
pub(crate) const INET_DIAG_MSG_LEN: usize = 72;

pub(crate) const INET_DIAG_INFO: u16 = 2;
pub(crate) const INET_DIAG_CONG: u16 = 4;
pub(crate) const INET_DIAG_SKMEMINFO: u16 = 7;
const INET_DIAG_SKV6ONLY: u16 = 11;
const INET_DIAG_CGROUP_ID: u16 = 21;

/// The offset of `SK_MEMINFO_DROPS`, the ninth word of INET_DIAG_SKMEMINFO.
const SKMEMINFO_DROPS: usize = 32;

/// The kernel's state number of a UDP socket without a peer.
const TCP_CLOSE: u8 = 7;

/// The kind of a netlink message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind<'a> {
    /// A socket: `struct inet_diag_msg` and its attributes.
    Row(&'a [u8]),
    /// The end of the dump, with its errno; 0 for none.
    Done(i32),
    /// The request was refused with this errno; 0 would be an acknowledgement.
    Error(i32),
    /// Messages were lost (NLMSG_OVERRUN).
    Overrun,
    /// Any other message; not part of a dump.
    Other,
}

/// One netlink message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NetlinkMessage<'a> {
    /// The sequence number of the request.
    pub(crate) sequence: u32,
    /// NLM_F_DUMP_INTR: the table changed during the dump, so rows may be missing.
    pub(crate) interrupted: bool,
    pub(crate) kind: MessageKind<'a>,
}

/// A message whose length does not fit the bytes present: the rest cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MalformedMessage;

/// Splits what one `recv` returned into messages.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    remaining: &'a [u8],
}

impl<'a> Messages<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { remaining: bytes }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<NetlinkMessage<'a>, MalformedMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.remaining.is_empty() {
            return None;
        }
        let (message, rest) = match split_message(self.remaining) {
            Some((message, rest)) => (Ok(message), rest),
            None => (Err(MalformedMessage), &[][..]),
        };
        self.remaining = rest;
        Some(message)
    }
}

fn split_message(bytes: &[u8]) -> Option<(NetlinkMessage<'_>, &[u8])> {
    let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
    let payload = bytes.get(NLMSG_HDR_LEN..length)?;
    let errno = || u32_at(payload, 0).map_or(0, u32::cast_signed);
    let kind = match u16_at(bytes, 4)? {
        SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK => MessageKind::Row(payload),
        // The kernel writes errors as negative numbers.
        NLMSG_DONE => MessageKind::Done(errno().checked_neg()?),
        NLMSG_ERROR => MessageKind::Error(errno().checked_neg()?),
        NLMSG_OVERRUN => MessageKind::Overrun,
        _ => MessageKind::Other,
    };
    let interrupted = u16_at(bytes, 6)? & NLM_F_DUMP_INTR != 0;
    let message = NetlinkMessage {
        sequence: u32_at(bytes, 8)?,
        interrupted,
        kind,
    };
    // The last message may lack its padding.
    Some((message, bytes.get(nlmsg_align(length)..).unwrap_or(&[])))
}

/// Decodes the payload of a [`MessageKind::Row`]. `protocol` is the requested one: the message does
/// not repeat it. Timers count from `now`. `None` when the payload is too short or of another
/// family.
pub(crate) fn parse_socket(payload: &[u8], protocol: Protocol, now: Duration) -> Option<Socket> {
    let (fixed, attributes) = payload.split_first_chunk::<INET_DIAG_MSG_LEN>()?;
    let word = |at: usize| u32_at(fixed, at).unwrap_or(0);
    let state = fixed[1];
    let local = Endpoint::new(
        parse_address(fixed[0], &fixed[8..24])?,
        parse_port(&fixed[4..6]),
    );
    let remote = Endpoint::new(
        parse_address(fixed[0], &fixed[24..40])?,
        parse_port(&fixed[6..8]),
    );
    let transport = match protocol {
        Protocol::Tcp => Transport::Tcp(TcpState::from_kernel(state)),
        Protocol::Udp => Transport::Udp,
    };
    let has_peer = match transport {
        Transport::Tcp(state) => state != TcpState::Listen,
        Transport::Udp => state != TCP_CLOSE || remote.port != Port::NONE,
    };
    let mut socket = Socket::new(transport, local, has_peer.then_some(remote));
    socket.interface = NonZeroU32::new(word(40)).map(InterfaceIndex);
    socket.cookie = parse_cookie(word(44), word(48));
    socket.timer = parse_timer(fixed[2], fixed[3], word(52), now);
    // The same two numbers are bytes, or, for a listener, connections (sock_diag(7)).
    let (recv, send) = (word(56), word(60));
    if transport == Transport::Tcp(TcpState::Listen) {
        let limit = Some(send);
        socket.accept_queue = Some(AcceptQueue {
            waiting: recv,
            limit,
        });
    } else {
        socket.queues = Some(Queues { recv, send });
    }
    socket.inode = NonZeroU64::new(word(68).into()).map(Inode);
    // A row without a descriptor has uid 0 for "no longer known", which is not root.
    socket.uid = (word(64) != 0 || socket.inode.is_some()).then_some(Uid(word(64)));
    for (kind, value) in (Attributes {
        remaining: attributes,
    }) {
        apply_attribute(&mut socket, kind, value, now);
    }
    Some(socket)
}

fn apply_attribute(socket: &mut Socket, kind: u16, value: &[u8], now: Duration) {
    match (kind, socket.transport) {
        // A listener's tcp_info has its accept queue in reused fields, and no counters.
        (INET_DIAG_INFO, Transport::Tcp(state)) if state != TcpState::Listen => {
            socket.tcp = tcp_info::decode(value, now);
            // The kernel fills it in later than the rest, and the socket may have changed state
            // meanwhile. The counters are those of the later state, and those of a closed socket
            // mean nothing.
            match value.first().map(|&number| TcpState::from_kernel(number)) {
                Some(TcpState::Closed) if state != TcpState::Closed => socket.tcp = None,
                None | Some(TcpState::Closed | TcpState::Listen | TcpState::Other(_)) => {}
                Some(later) => socket.transport = Transport::Tcp(later),
            }
            // Until the handshake is finished, the kernel counts from when it was booted. A closed
            // socket without a round-trip time never finished one.
            let state = socket.tcp_state();
            if let Some(tcp) = &mut socket.tcp
                && match state {
                    Some(TcpState::SynSent | TcpState::SynReceived) => true,
                    Some(TcpState::Closed) => tcp.rtt_us.is_none(),
                    _ => false,
                }
            {
                tcp.last_data = None;
            }
            if matches!(
                socket.tcp_state(),
                Some(TcpState::CloseWait | TcpState::LastAck | TcpState::Closing)
            ) {
                // The peer's FIN has arrived, and the kernel counts it as a byte
                // (`tcp_rcv_nxt_update`).
                let delivered = socket.tcp.as_mut().and_then(|tcp| tcp.delivered.as_mut());
                if let Some(delivered) = delivered {
                    delivered.received = delivered.received.saturating_sub(1);
                }
            }
        }
        (INET_DIAG_CONG, Transport::Tcp(_)) => {
            socket.congestion = CongestionAlgorithm::from_bytes(value);
        }
        (INET_DIAG_SKMEMINFO, _) => socket.drops = u32_at(value, SKMEMINFO_DROPS),
        (INET_DIAG_SKV6ONLY, _) => socket.v6only = value.first().map(|&only| only != 0),
        (INET_DIAG_CGROUP_ID, _) => {
            socket.cgroup = u64_at(value, 0).filter(|&id| id != 0).map(CgroupId);
        }
        _ => {}
    }
}

fn parse_address(family: u8, raw: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => raw.first_chunk::<4>().map(|&b| Ipv4Addr::from(b).into()),
        AF_INET6 => raw.first_chunk::<16>().map(|&b| Ipv6Addr::from(b).into()),
        _ => None,
    }
}

fn parse_port(raw: &[u8]) -> Port {
    Port(raw.first_chunk().map_or(0, |&b| u16::from_be_bytes(b)))
}

fn parse_cookie(low: u32, high: u32) -> Option<Cookie> {
    match u64::from(high) << 32 | u64::from(low) {
        // INET_DIAG_NOCOOKIE in both words.
        u64::MAX => None,
        cookie => NonZeroU64::new(cookie).map(Cookie),
    }
}

fn parse_timer(kind: u8, retransmits: u8, expires: u32, now: Duration) -> Option<SocketTimer> {
    let kind = match kind {
        0 => return None,
        1 => TimerKind::Retransmit,
        2 => TimerKind::Keepalive,
        3 => TimerKind::TimeWait,
        4 => TimerKind::ZeroWindowProbe,
        other => TimerKind::Other(other),
    };
    // Older kernels send an overdue timer as a small negative number.
    let left = u64::try_from(expires.cast_signed()).unwrap_or(0);
    let due = now.saturating_add(Duration::from_millis(left));
    Some(SocketTimer {
        kind,
        due,
        retransmits,
    })
}

/// Iterates over the attributes of a message, as (type, value); stops at the first that does not
/// fit.
pub(crate) struct Attributes<'a> {
    pub(crate) remaining: &'a [u8],
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(u16_at(self.remaining, 0)?);
        let kind = u16_at(self.remaining, 2)?;
        let value = self.remaining.get(NLATTR_HDR_LEN..length)?;
        self.remaining = self.remaining.get(nlmsg_align(length)..).unwrap_or(&[]);
        Some((kind, value))
    }
}

/// Rounds up to a multiple of four (NLMSG_ALIGN, NLA_ALIGN).
const fn nlmsg_align(length: usize) -> usize {
    length.saturating_add(3) & !3
}
