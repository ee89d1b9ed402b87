//! Fuzzes the decoder of netlink datagrams.
//!
//! The seeds are datagrams of Linux 6.18 from a separate network namespace: the first datagram of a
//! dump of each table, with connections in several states, a full accept queue and UDP sockets with
//! and without a peer; the end of a dump; the error for a protocol that does not exist; and destroy
//! events of sockets.

use std::time::Duration;

use portolan::collect::linux::sock_diag::decode::{DecodedDatagram, decode_datagram};
use portolan::history::History;
use portolan::net::port::Protocol;
use portolan::net::socket::CongestionAlgorithm;

use crate::mutate::{Random, fuzz, mutate};
use crate::support::text_recording::load_recording;

/// The length of `struct nlmsghdr`, the shortest possible message.
const NLMSG_HDR_LEN: usize = 16;

/// The time on the collector's clock that timers are relative to.
const NOW: Duration = Duration::from_secs(100);

struct Seed {
    name: &'static str,
    protocol: Protocol,
    bytes: &'static [u8],
    /// The numbers of sockets and of destroy events it contains.
    counts: (usize, usize),
}

macro_rules! seed {
    ($name:literal, $protocol:ident, $counts:expr) => {
        Seed {
            name: $name,
            protocol: Protocol::$protocol,
            bytes: include_bytes!(concat!("seeds/", $name, ".bin")),
            counts: $counts,
        }
    };
}

const SEEDS: [Seed; 10] = [
    seed!("tcp4", Tcp, (9, 0)),
    seed!("tcp6", Tcp, (5, 0)),
    seed!("udp4", Udp, (2, 0)),
    seed!("udp6", Udp, (2, 0)),
    seed!("done", Tcp, (0, 0)),
    seed!("refused", Udp, (0, 0)),
    seed!("destroyed-tcp4", Tcp, (1, 1)),
    seed!("destroyed-tcp6", Tcp, (1, 1)),
    seed!("destroyed-udp4", Udp, (1, 1)),
    seed!("destroyed-udp6", Udp, (1, 1)),
];

/// The types of messages and attributes, and lengths that are too short, too long or just right.
const WORDS: [&[u8]; 14] = [
    &[2, 0],
    &[3, 0],
    &[4, 0],
    &[18, 0],
    &[20, 0],
    &[10, 0],
    &[11, 0],
    &[21, 0],
    &[0, 0, 0, 0],
    &[15, 0, 0, 0],
    &[16, 0, 0, 0],
    &[88, 0, 0, 0],
    &[0xff, 0xff, 0xff, 0xff],
    &[0xff, 0xff, 0xff, 0x7f],
];

/// Returns one or two datagrams, changed, and a protocol to decode them as.
fn input(random: &mut Random) -> (Protocol, Vec<u8>) {
    let first = random.choose(&SEEDS);
    let mut bytes = first.bytes.to_vec();
    if random.below(4) == 0 {
        bytes.extend(random.choose(&SEEDS).bytes);
    }
    mutate(random, &mut bytes, &WORDS);
    let protocol = *random.choose(&[first.protocol, Protocol::Tcp, Protocol::Udp]);
    (protocol, bytes)
}

/// Checks that no more is decoded than the bytes contain, and that history accepts it.
fn read((protocol, bytes): &(Protocol, Vec<u8>)) {
    let DecodedDatagram {
        messages,
        sockets,
        destroyed,
    } = decode_datagram(bytes, *protocol, NOW);
    assert!(messages <= bytes.len() / NLMSG_HDR_LEN + 1);
    assert!(sockets.len() + destroyed.len() <= 2 * messages);
    for socket in &sockets {
        assert_eq!(socket.protocol(), *protocol);
        assert!(socket.tcp.is_none() || *protocol == Protocol::Tcp);
        assert!(socket.queues.is_none() || socket.accept_queue.is_none());
        let name = socket
            .congestion
            .as_ref()
            .map_or("", CongestionAlgorithm::as_str);
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let mut history = History::default();
    let mut snapshot = load_recording("empty").remove(0);
    snapshot.sockets = sockets;
    snapshot.destroyed = destroyed;
    history.apply(&mut snapshot.clone());
    snapshot.elapsed += Duration::from_secs(1);
    history.apply(&mut snapshot);
}

#[test]
fn seeds_decode_completely() {
    for seed in &SEEDS {
        let decoded = decode_datagram(seed.bytes, seed.protocol, NOW);
        let counts = (decoded.sockets.len(), decoded.destroyed.len());
        assert_eq!(counts, seed.counts, "{}", seed.name);
        assert!(decoded.messages > 0, "{}", seed.name);
    }
}

#[test]
fn malformed_datagrams_never_panic() {
    fuzz(20_000, input, read, |(protocol, bytes)| {
        format!("{protocol:?} {}", bytes.escape_ascii())
    });
}
