//! Parses one line of /proc/net/{tcp,udp}{,6}.
//!
//! Takes the bytes of a line, from any kernel; returns a [`Socket`], or `None` for a malformed
//! line. The columns are those of `get_tcp4_sock`, `get_timewait4_sock`, `get_openreq4`
//! (tcp_ipv4.c) and `udp4_format_sock` (udp.c).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU64;
use std::time::Duration;

use crate::net::endpoint::{Endpoint, Family};
use crate::net::port::{Port, Protocol};
use crate::net::process::Uid;
use crate::net::socket::{
    AcceptQueue, Inode, Queues, Socket, SocketTimer, TcpState, TimerKind, Transport,
};

/// The kernel shows times to programs in ticks of 1/100 s, whatever its own HZ is (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

/// The kernel's state number of a UDP socket without a peer.
const TCP_CLOSE: u8 = 7;

/// Parses a line. Timers count from `now`.
pub(crate) fn parse_line(
    line: &[u8],
    protocol: Protocol,
    family: Family,
    now: Duration,
) -> Option<Socket> {
    let mut columns = line
        .split(u8::is_ascii_whitespace)
        .filter(|c| !c.is_empty());
    let _index = columns.next()?;
    let local = endpoint(columns.next()?, family)?;
    let remote = endpoint(columns.next()?, family)?;
    let state = u8::try_from(parse_hex(columns.next()?)?).ok()?;
    let (send, recv) = parse_hex_pair(columns.next()?)?;
    let (timer, ticks) = parse_hex_pair(columns.next()?)?;
    let retransmits = parse_hex(columns.next()?)?;
    let uid = u32::try_from(parse_decimal(columns.next()?)?).ok()?;
    let probes = parse_decimal(columns.next()?)?;
    let inode = parse_decimal(columns.next()?)?;

    let transport = match protocol {
        Protocol::Tcp => Transport::Tcp(TcpState::from_kernel(state)),
        Protocol::Udp => Transport::Udp,
    };
    let is_listener = transport == Transport::Tcp(TcpState::Listen);
    let is_unconnected =
        transport == Transport::Udp && state == TCP_CLOSE && remote.port == Port::NONE;
    let mut socket = Socket::new(
        transport,
        local,
        (!is_listener && !is_unconnected).then_some(remote),
    );
    let (recv, send) = (u32::try_from(recv).ok()?, u32::try_from(send).ok()?);
    if is_listener {
        // For a listener the line has the length of the accept queue, and 0 in place of its limit.
        let (waiting, limit) = (recv, None);
        socket.accept_queue = Some(AcceptQueue { waiting, limit });
    } else {
        socket.queues = Some(Queues { recv, send });
    }
    socket.inode = NonZeroU64::new(inode).map(Inode);
    // A row without a descriptor has uid 0 for "no longer known", which is not root.
    socket.uid = (uid != 0 || inode != 0).then_some(Uid(uid));
    socket.timer = timer_kind(u8::try_from(timer).ok()?).map(|kind| {
        // The two counters that sock_diag reports in one field, depending on the timer.
        let attempts = if kind == TimerKind::Retransmit {
            retransmits
        } else {
            probes
        };
        SocketTimer {
            kind,
            due: expiry(now, ticks),
            retransmits: u8::try_from(attempts).unwrap_or(u8::MAX),
        }
    });
    Some(socket)
}

fn timer_kind(number: u8) -> Option<TimerKind> {
    match number {
        0 => None,
        1 => Some(TimerKind::Retransmit),
        2 => Some(TimerKind::Keepalive),
        3 => Some(TimerKind::TimeWait),
        4 => Some(TimerKind::ZeroWindowProbe),
        other => Some(TimerKind::Other(other)),
    }
}

fn expiry(now: Duration, ticks: u64) -> Duration {
    // Older kernels print a timer that is overdue as a small negative number.
    let ticks = u32::try_from(ticks).map_or(0, |t| t.cast_signed().max(0).cast_unsigned());
    now.saturating_add(TICK.saturating_mul(ticks))
}

/// Parses `0100007F:1F90`: the address as 32-bit words in this machine's byte order, the port as a
/// number.
fn endpoint(column: &[u8], family: Family) -> Option<Endpoint> {
    let colon = column.iter().position(|&b| b == b':')?;
    let (address, port) = (column.get(..colon)?, column.get(colon + 1..)?);
    let port = Port(u16::try_from(parse_hex(port)?).ok()?);
    let address = match family {
        Family::Ipv4 => IpAddr::from(Ipv4Addr::from(parse_words::<1, 4>(address)?)),
        Family::Ipv6 => IpAddr::from(Ipv6Addr::from(parse_words::<4, 16>(address)?)),
    };
    Some(Endpoint::new(address, port))
}

/// Parses `WORDS` words of eight hexadecimal digits into the `BYTES` bytes they are in memory.
fn parse_words<const WORDS: usize, const BYTES: usize>(digits: &[u8]) -> Option<[u8; BYTES]> {
    const DIGITS: usize = 8;
    if digits.len() != WORDS * DIGITS {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (word, out) in digits.chunks_exact(DIGITS).zip(bytes.chunks_exact_mut(4)) {
        out.copy_from_slice(&u32::try_from(parse_hex(word)?).ok()?.to_ne_bytes());
    }
    Some(bytes)
}

/// Parses two hexadecimal numbers with a colon between.
fn parse_hex_pair(column: &[u8]) -> Option<(u64, u64)> {
    let colon = column.iter().position(|&b| b == b':')?;
    Some((
        parse_hex(column.get(..colon)?)?,
        parse_hex(column.get(colon + 1..)?)?,
    ))
}

fn parse_hex(digits: &[u8]) -> Option<u64> {
    parse_number(digits, 16)
}

fn parse_decimal(digits: &[u8]) -> Option<u64> {
    parse_number(digits, 10)
}

/// Parses digits more strictly than the standard library: no sign, and not empty.
fn parse_number(digits: &[u8], radix: u8) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, &digit| {
        let value = char::from(digit).to_digit(radix.into())?;
        sum.checked_mul(radix.into())?.checked_add(value.into())
    })
}
