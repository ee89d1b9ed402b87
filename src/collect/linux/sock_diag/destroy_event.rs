//! Parses a destroy event: payload → [`Destroyed`].
//!
//! Takes the payload of a message of a destroy group: `struct inet_diag_msg` with state CLOSE and
//! without inode and uid, INET_DIAG_PROTOCOL and, for TCP, INET_DIAG_INFO
//! (`inet_diag_handler_get_info`, `net/ipv4/inet_diag.c`). Events of sockets that no table would
//! have listed are ignored.

use std::time::Duration;

use super::wire;
use super::wire::{Attributes, INET_DIAG_MSG_LEN, IPPROTO_TCP, IPPROTO_UDP};
use crate::net::destroyed::Destroyed;
use crate::net::port::{Port, Protocol};
use crate::net::socket::Socket;

const INET_DIAG_PROTOCOL: u16 = 10;

/// The result of parsing a destroy event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DestroyEvent {
    /// A socket was destroyed.
    Closed(Destroyed),
    /// The socket was never a connection: it was not even bound; or it was a TCP socket without a
    /// peer, either a listener or only bound. A listener that lived longer than an interval was in
    /// a sample.
    Ignored,
    /// The message could not be parsed.
    Unreadable,
}

/// Parses one event. `at` is the time it was read.
pub(crate) fn parse(payload: &[u8], at: Duration) -> DestroyEvent {
    let Some(protocol) = protocol(payload) else {
        return DestroyEvent::Unreadable;
    };
    match wire::parse_socket(payload, protocol, at) {
        Some(socket) => classify(&socket, at),
        None => DestroyEvent::Unreadable,
    }
}

fn protocol(payload: &[u8]) -> Option<Protocol> {
    let rest = payload.get(INET_DIAG_MSG_LEN..)?;
    let (_, value) =
        Attributes { remaining: rest }.find(|(kind, _)| *kind == INET_DIAG_PROTOCOL)?;
    match *value.first()? {
        IPPROTO_TCP => Some(Protocol::Tcp),
        IPPROTO_UDP => Some(Protocol::Udp),
        _ => None,
    }
}

fn classify(socket: &Socket, at: Duration) -> DestroyEvent {
    let protocol = socket.protocol();
    let remote = socket
        .remote
        .filter(|r| r.port != Port::NONE || !r.address.is_unspecified());
    if socket.local.port == Port::NONE || (protocol == Protocol::Tcp && remote.is_none()) {
        return DestroyEvent::Ignored;
    }
    // `tcp_disconnect` clears the remote port together with the counters: then their zeros mean
    // nothing.
    let is_cleared = remote.is_some_and(|r| r.port == Port::NONE);
    DestroyEvent::Closed(Destroyed {
        at,
        protocol,
        local: socket.local,
        remote,
        interface: socket.interface,
        cookie: socket.cookie,
        unread: socket.queues.map_or(0, |queues| queues.recv),
        tcp: socket.tcp.filter(|_| !is_cleared),
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;
    use crate::net::socket::SocketKey;

    const AT: Duration = Duration::from_secs(7);

    /// The message as Linux 6.18 sends it: 127.0.0.1:51304 → 127.0.0.1:PORT, with every word of
    /// `tcp_info` 4.
    fn message(protocol: u8, remote: ([u8; 4], u16)) -> Vec<u8> {
        let mut bytes = vec![2, 7, 0, 0];
        bytes.extend(51_304_u16.to_be_bytes());
        bytes.extend(remote.1.to_be_bytes());
        bytes.extend([127, 0, 0, 1]);
        bytes.extend([0; 12]);
        bytes.extend(remote.0);
        bytes.extend([0; 12]);
        for word in [0_u32, 9, 0, 0, 1, u32::MAX, 0, 0] {
            bytes.extend(word.to_ne_bytes());
        }
        attribute(&mut bytes, INET_DIAG_PROTOCOL, &[protocol]);
        if protocol == IPPROTO_TCP {
            attribute(&mut bytes, 2, &4_u32.to_ne_bytes().repeat(70));
        }
        bytes
    }

    fn attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
        bytes.extend((value.len() as u16 + 4).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }

    fn parse_destroyed(protocol: u8, remote: ([u8; 4], u16)) -> Destroyed {
        match parse(&message(protocol, remote), AT) {
            DestroyEvent::Closed(destroyed) => destroyed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn closed_connection_has_final_tcp_info() {
        let event = parse_destroyed(IPPROTO_TCP, ([127, 0, 0, 1], 80));
        assert_eq!((event.at, event.protocol), (AT, Protocol::Tcp));
        assert_eq!(event.local.to_string(), "127.0.0.1:51304");
        let remote = event.remote.map(|r| r.to_string());
        assert_eq!(remote.as_deref(), Some("127.0.0.1:80"));
        assert!(event.has_both_ports() && event.tcp.is_some_and(|tcp| tcp.sent.is_some()));
        assert!(matches!(event.key(), SocketKey::Cookie(c) if c.0.get() == 9));
    }

    #[test]
    fn locally_reset_connection_has_no_port_or_tcp_info() {
        let event = parse_destroyed(IPPROTO_TCP, ([127, 0, 0, 1], 0));
        assert_eq!(event.remote.map(|r| r.port), Some(Port::NONE));
        assert_eq!((event.tcp, event.has_both_ports()), (None, false));
    }

    #[test]
    fn unconnected_udp_socket_has_no_remote() {
        let unspecified = (Ipv4Addr::UNSPECIFIED.octets(), 0);
        let event = parse_destroyed(IPPROTO_UDP, unspecified);
        assert_eq!((event.remote, event.tcp), (None, None));
        assert!(parse_destroyed(IPPROTO_UDP, ([10, 0, 0, 1], 53)).has_both_ports());
    }

    #[test]
    fn unconnected_tcp_and_unbound_udp_are_ignored() {
        let unspecified = (Ipv4Addr::UNSPECIFIED.octets(), 0);
        assert_eq!(
            parse(&message(IPPROTO_TCP, unspecified), AT),
            DestroyEvent::Ignored
        );
        let mut unbound = message(IPPROTO_UDP, unspecified);
        unbound[4..6].fill(0);
        assert_eq!(parse(&unbound, AT), DestroyEvent::Ignored);
    }

    #[test]
    fn missing_protocol_is_unreadable() {
        let whole = message(IPPROTO_TCP, ([127, 0, 0, 1], 80));
        assert_eq!(
            parse(&whole[..INET_DIAG_MSG_LEN], AT),
            DestroyEvent::Unreadable
        );
        assert_eq!(
            parse(&whole[..INET_DIAG_MSG_LEN - 1], AT),
            DestroyEvent::Unreadable
        );
        let sctp = message(132, ([127, 0, 0, 1], 80));
        assert_eq!(parse(&sctp, AT), DestroyEvent::Unreadable);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..500),
            cut in 0..400_usize,
            offset in 0..380_usize,
            value in any::<u8>(),
        ) {
            let _ = parse(&bytes, AT);
            let mut corrupted = message(IPPROTO_TCP, ([127, 0, 0, 1], 80));
            let offset = offset.min(corrupted.len() - 1);
            corrupted[offset] = value;
            let _ = parse(corrupted.get(..cut).unwrap_or(&corrupted), AT);
        }
    }
}
