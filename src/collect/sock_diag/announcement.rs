//! The announcement of a socket's end: payload → [`Destroyed`].
//!
//! In: the payload of a message of a destroy group: `struct inet_diag_msg` with state CLOSE and
//! without inode and user, INET_DIAG_PROTOCOL and, for TCP, INET_DIAG_INFO
//! (`inet_diag_handler_get_info`, `net/ipv4/inet_diag.c`). Out: what it says, and nothing about
//! what a table would never have listed.

use std::time::Duration;

use super::wire::{self, Attributes, IPPROTO_TCP, IPPROTO_UDP, MESSAGE};
use crate::destroyed::Destroyed;
use crate::port::{Port, Protocol};
use crate::socket::Socket;

const INET_DIAG_PROTOCOL: u16 = 10;

/// What an announcement came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Announced {
    /// The end of a socket.
    End(Destroyed),
    /// The end of what never was a connection: a socket that was not even bound; or a TCP socket
    /// that had no other end, which may have been a listener as well as one that was bound and
    /// no more. Who listened for longer than an interval is in the tables.
    Nothing,
    /// Not to be understood.
    Unreadable,
}

/// Reads one. `at` is the time it was heard.
pub(super) fn read(payload: &[u8], at: Duration) -> Announced {
    let Some(protocol) = protocol(payload) else {
        return Announced::Unreadable;
    };
    match wire::socket(payload, protocol, at) {
        Some(socket) => told(&socket, at),
        None => Announced::Unreadable,
    }
}

fn protocol(payload: &[u8]) -> Option<Protocol> {
    let rest = payload.get(MESSAGE..)?;
    let (_, value) = Attributes { rest }.find(|(kind, _)| *kind == INET_DIAG_PROTOCOL)?;
    match *value.first()? {
        IPPROTO_TCP => Some(Protocol::Tcp),
        IPPROTO_UDP => Some(Protocol::Udp),
        _ => None,
    }
}

fn told(socket: &Socket, at: Duration) -> Announced {
    let protocol = socket.protocol();
    let remote = socket
        .remote
        .filter(|r| r.port != Port::NONE || !r.address.is_unspecified());
    if socket.local.port == Port::NONE || (protocol == Protocol::Tcp && remote.is_none()) {
        return Announced::Nothing;
    }
    // `tcp_disconnect` clears the port of the other end together with the figures: then their
    // zeros mean nothing.
    let is_cleared = remote.is_some_and(|r| r.port == Port::NONE);
    Announced::End(Destroyed {
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
    use crate::socket::SocketKey;

    const AT: Duration = Duration::from_secs(7);

    /// As Linux 6.18 sends it: 127.0.0.1:51304 → 127.0.0.1:PORT, with every word of `tcp_info` 4.
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

    fn end(protocol: u8, remote: ([u8; 4], u16)) -> Destroyed {
        match read(&message(protocol, remote), AT) {
            Announced::End(destroyed) => destroyed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_connection_is_told_with_its_final_figures() {
        let told = end(IPPROTO_TCP, ([127, 0, 0, 1], 80));
        assert_eq!((told.at, told.protocol), (AT, Protocol::Tcp));
        assert_eq!(told.local.to_string(), "127.0.0.1:51304");
        let remote = told.remote.map(|r| r.to_string());
        assert_eq!(remote.as_deref(), Some("127.0.0.1:80"));
        assert!(told.is_whole() && told.tcp.is_some_and(|tcp| tcp.sent.is_some()));
        assert!(matches!(told.key(), SocketKey::Cookie(c) if c.0.get() == 9));
    }

    #[test]
    fn who_was_reset_by_its_own_program_has_no_port_and_no_figures() {
        let told = end(IPPROTO_TCP, ([127, 0, 0, 1], 0));
        assert_eq!(told.remote.map(|r| r.port), Some(Port::NONE));
        assert_eq!((told.tcp, told.is_whole()), (None, false));
    }

    #[test]
    fn a_udp_socket_may_have_had_no_peer() {
        let nobody = (Ipv4Addr::UNSPECIFIED.octets(), 0);
        let told = end(IPPROTO_UDP, nobody);
        assert_eq!((told.remote, told.tcp), (None, None));
        assert!(end(IPPROTO_UDP, ([10, 0, 0, 1], 53)).is_whole());
    }

    #[test]
    fn what_was_never_a_connection_is_passed_over() {
        let nobody = (Ipv4Addr::UNSPECIFIED.octets(), 0);
        assert_eq!(read(&message(IPPROTO_TCP, nobody), AT), Announced::Nothing);
        let mut unbound = message(IPPROTO_UDP, nobody);
        unbound[4..6].fill(0);
        assert_eq!(read(&unbound, AT), Announced::Nothing);
    }

    #[test]
    fn what_does_not_say_its_protocol_is_not_understood() {
        let whole = message(IPPROTO_TCP, ([127, 0, 0, 1], 80));
        assert_eq!(read(&whole[..MESSAGE], AT), Announced::Unreadable);
        assert_eq!(read(&whole[..MESSAGE - 1], AT), Announced::Unreadable);
        let sctp = message(132, ([127, 0, 0, 1], 80));
        assert_eq!(read(&sctp, AT), Announced::Unreadable);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..500),
            cut in 0..400_usize,
            place in 0..380_usize,
            value in any::<u8>(),
        ) {
            let _ = read(&bytes, AT);
            let mut nearly = message(IPPROTO_TCP, ([127, 0, 0, 1], 80));
            let place = place.min(nearly.len() - 1);
            nearly[place] = value;
            let _ = read(nearly.get(..cut).unwrap_or(&nearly), AT);
        }
    }
}
