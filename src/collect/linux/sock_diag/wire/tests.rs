//! Tests messages built by hand, as the kernel's headers describe them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::net::socket::DataTime;

const NOW: Duration = Duration::from_secs(100);

/// A row of `struct inet_diag_msg`, an established IPv4 connection unless changed.
struct DiagRow {
    family: u8,
    state: u8,
    timer: (u8, u8, u32),
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    interface: u32,
    cookie: u64,
    queues: (u32, u32),
    uid: u32,
    inode: u32,
    attributes: Vec<u8>,
}

impl Default for DiagRow {
    fn default() -> Self {
        Self {
            family: AF_INET,
            state: 1,
            timer: (0, 0, 0),
            local: (Ipv4Addr::new(192, 0, 2, 1).into(), 443),
            remote: (Ipv4Addr::new(198, 51, 100, 7).into(), 50_000),
            interface: 0,
            cookie: 0x1_0000_0002,
            queues: (3, 4),
            uid: 1000,
            inode: 77,
            attributes: Vec::new(),
        }
    }
}

impl DiagRow {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.family, self.state, self.timer.0, self.timer.1];
        bytes.extend(self.local.1.to_be_bytes());
        bytes.extend(self.remote.1.to_be_bytes());
        for address in [self.local.0, self.remote.0] {
            let mut raw = [0; 16];
            match address {
                IpAddr::V4(v4) => raw[..4].copy_from_slice(&v4.octets()),
                IpAddr::V6(v6) => raw = v6.octets(),
            }
            bytes.extend(raw);
        }
        let (low, high) = (self.cookie as u32, (self.cookie >> 32) as u32);
        let (recv, send) = self.queues;
        for word in [
            self.interface,
            low,
            high,
            self.timer.2,
            recv,
            send,
            self.uid,
            self.inode,
        ] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(&self.attributes);
        bytes
    }

    fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len() + 4).expect("short");
        self.attributes.extend(length.to_ne_bytes());
        self.attributes.extend(kind.to_ne_bytes());
        self.attributes.extend(value);
        self.attributes
            .resize(nlmsg_align(self.attributes.len()), 0);
        self
    }

    fn tcp(&self) -> Socket {
        parse_socket(&self.bytes(), Protocol::Tcp, NOW).expect("a row")
    }

    fn udp(&self) -> Socket {
        parse_socket(&self.bytes(), Protocol::Udp, NOW).expect("a row")
    }
}

fn message(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(((NLMSG_HDR_LEN + payload.len()) as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes.resize(nlmsg_align(bytes.len()), 0);
    bytes
}

#[test]
fn established_connection_is_parsed() {
    let row = DiagRow {
        timer: (1, 5, 250),
        interface: 3,
        ..DiagRow::default()
    }
    .with(INET_DIAG_CONG, b"cubic\0")
    .with(8, &[0])
    .with(INET_DIAG_CGROUP_ID, &99_u64.to_ne_bytes())
    .with(INET_DIAG_INFO, &[1; 280]);
    let socket = row.tcp();
    assert_eq!(socket.transport, Transport::Tcp(TcpState::Established));
    assert_eq!(socket.local.to_string(), "192.0.2.1:443");
    assert_eq!(
        socket.remote.map(|r| r.to_string()).as_deref(),
        Some("198.51.100.7:50000")
    );
    assert_eq!(socket.interface, NonZeroU32::new(3).map(InterfaceIndex));
    assert_eq!(socket.cookie.map(|c| c.0.get()), Some(0x1_0000_0002));
    assert_eq!(socket.queues, Some(Queues { recv: 3, send: 4 }));
    assert_eq!(
        (socket.inode.map(|i| i.0.get()), socket.uid),
        (Some(77), Some(Uid(1000)))
    );
    assert_eq!(socket.cgroup, Some(CgroupId(99)));
    assert_eq!(
        socket.congestion.as_ref().map(CongestionAlgorithm::as_str),
        Some("cubic")
    );
    assert!(socket.tcp.is_some_and(|t| t.sent.is_some()));
    let due = NOW + Duration::from_millis(250);
    assert_eq!(
        socket.timer,
        Some(SocketTimer {
            kind: TimerKind::Retransmit,
            due,
            retransmits: 5
        })
    );
}

#[test]
fn short_tcp_info_is_parsed() {
    let socket = DiagRow::default().with(INET_DIAG_INFO, &[1; 144]).tcp();
    let info = socket.tcp.expect("144 bytes are enough");
    assert!(info.delivered.is_some());
    assert_eq!((info.sent, info.min_rtt_us), (None, None));
}

#[test]
fn listener_has_no_remote_or_tcp_info() {
    let unspecified = (Ipv6Addr::UNSPECIFIED.into(), 0);
    let row = DiagRow {
        family: AF_INET6,
        state: 10,
        remote: unspecified,
        ..DiagRow::default()
    }
    .with(INET_DIAG_SKV6ONLY, &[1])
    .with(INET_DIAG_INFO, &[0; 280]);
    let socket = DiagRow {
        local: (Ipv6Addr::LOCALHOST.into(), 80),
        ..row
    }
    .tcp();
    assert_eq!(
        (socket.remote, socket.tcp, socket.v6only),
        (None, None, Some(true))
    );
    assert_eq!(socket.local.to_string(), "[::1]:80");
    let accept_queue = AcceptQueue {
        waiting: 3,
        limit: Some(4),
    };
    assert_eq!(
        (socket.accept_queue, socket.queues),
        (Some(accept_queue), None)
    );
}

#[test]
fn uid_zero_without_inode_is_unknown() {
    let socket = DiagRow {
        state: 6,
        uid: 0,
        inode: 0,
        timer: (3, 0, 60_000),
        ..DiagRow::default()
    }
    .tcp();
    assert_eq!((socket.inode, socket.uid), (None, None));
    assert_eq!(socket.timer.map(|t| t.kind), Some(TimerKind::TimeWait));
    let orphan = DiagRow {
        state: 4,
        uid: 1000,
        inode: 0,
        ..DiagRow::default()
    }
    .tcp();
    assert_eq!(orphan.uid, Some(Uid(1000)));
    let root = DiagRow {
        uid: 0,
        ..DiagRow::default()
    }
    .tcp();
    assert_eq!(root.uid, Some(Uid(0)));
}

#[test]
fn udp_socket_has_a_remote_only_when_connected() {
    let unspecified = (Ipv4Addr::UNSPECIFIED.into(), 0);
    assert_eq!(
        DiagRow {
            state: 7,
            remote: unspecified,
            ..DiagRow::default()
        }
        .udp()
        .remote,
        None
    );
    assert!(
        DiagRow {
            state: 1,
            ..DiagRow::default()
        }
        .udp()
        .remote
        .is_some()
    );
    assert_eq!(
        DiagRow::default()
            .with(INET_DIAG_CONG, b"cubic")
            .udp()
            .congestion,
        None
    );
}

#[test]
fn drops_are_the_ninth_word_of_memory_figures() {
    let words: Vec<u8> = (0..9_u32).flat_map(u32::to_ne_bytes).collect();
    let row = DiagRow::default().with(INET_DIAG_SKMEMINFO, &words);
    assert_eq!((row.udp().drops, row.tcp().drops), (Some(8), Some(8)));
    let old = DiagRow::default().with(INET_DIAG_SKMEMINFO, &words[..32]);
    assert_eq!(old.udp().drops, None);
    assert_eq!(DiagRow::default().udp().drops, None);
}

#[test]
fn connection_that_was_never_made_has_no_idle_time() {
    let last_data = |state: u8, rtt: u32| {
        let mut info = 4_u32.to_ne_bytes().repeat(70);
        info[0] = state;
        info[68..72].copy_from_slice(&rtt.to_ne_bytes());
        let row = DiagRow {
            state,
            ..DiagRow::default()
        };
        row.with(INET_DIAG_INFO, &info)
            .tcp()
            .tcp
            .map(|tcp| tcp.last_data)
    };
    let known = Some(Some(DataTime::from_ago(NOW, 4)));
    assert_eq!(last_data(1, 0), known, "established");
    assert_eq!(last_data(7, 4), known, "closed after a handshake");
    assert_eq!(last_data(7, 0), Some(None), "closed without one");
    assert_eq!(last_data(2, 0), Some(None), "SYN-SENT");
}

#[test]
fn new_syn_recv_is_syn_received() {
    assert_eq!(
        DiagRow {
            state: 12,
            ..DiagRow::default()
        }
        .tcp()
        .tcp_state(),
        Some(TcpState::SynReceived)
    );
}

#[test]
fn missing_cookie_is_none() {
    for cookie in [0, u64::MAX] {
        assert_eq!(
            DiagRow {
                cookie,
                ..DiagRow::default()
            }
            .tcp()
            .cookie,
            None
        );
    }
}

#[test]
fn overdue_timer_is_due_now() {
    let overdue = DiagRow {
        timer: (2, 0, (-4_i32).cast_unsigned()),
        ..DiagRow::default()
    }
    .tcp();
    assert_eq!(overdue.timer.map(|t| t.due), Some(NOW));
}

#[test]
fn short_or_foreign_family_messages_are_rejected() {
    let bytes = DiagRow::default().bytes();
    assert_eq!(parse_socket(&bytes[..71], Protocol::Tcp, NOW), None);
    let unix = DiagRow {
        family: 1,
        ..DiagRow::default()
    }
    .bytes();
    assert_eq!(parse_socket(&unix, Protocol::Tcp, NOW), None);
}

#[test]
fn message_kinds_are_distinguished() {
    let mut bytes = message(SOCK_DIAG_BY_FAMILY, 2, 5, b"row");
    bytes.extend(message(
        NLMSG_DONE,
        NLM_F_DUMP_INTR,
        5,
        &(-2_i32).to_ne_bytes(),
    ));
    bytes.extend(message(NLMSG_ERROR, 0, 6, &(-13_i32).to_ne_bytes()));
    bytes.extend(message(NLMSG_OVERRUN, 0, 6, &[]));
    bytes.extend(message(1, 0, 6, &[]));
    let read: Vec<_> = Messages::new(&bytes)
        .map(|m| m.expect("well-formed"))
        .collect();
    let expected = [
        (5, false, MessageKind::Row(b"row")),
        (5, true, MessageKind::Done(2)),
        (6, false, MessageKind::Error(13)),
        (6, false, MessageKind::Overrun),
        (6, false, MessageKind::Other),
    ];
    let expected = expected.map(|(sequence, interrupted, kind)| NetlinkMessage {
        sequence,
        interrupted,
        kind,
    });
    assert_eq!(read, expected);
}

#[test]
fn invalid_length_ends_the_iteration_once() {
    for length in [0_u32, 15, 400, u32::MAX] {
        let mut bytes = message(SOCK_DIAG_BY_FAMILY, 0, 1, b"payload");
        bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        let read: Vec<_> = Messages::new(&bytes).collect();
        assert_eq!(read, [Err(MalformedMessage)], "length {length}");
    }
}

proptest! {
    #[test]
    fn message_iterator_never_panics_or_loops(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        // A message takes at least its header, and the last may be malformed.
        prop_assert!(Messages::new(&bytes).count() <= bytes.len() / NLMSG_HDR_LEN + 1);
    }

    #[test]
    fn message_iterator_never_goes_back(
        lengths in proptest::collection::vec(0..80_u32, 1..40),
    ) {
        let bytes: Vec<u8> = lengths.iter().flat_map(|l| l.to_ne_bytes()).collect();
        prop_assert!(Messages::new(&bytes).count() <= bytes.len() / NLMSG_HDR_LEN + 1);
    }

    #[test]
    fn socket_parser_never_panics(
        family in prop_oneof![Just(AF_INET), Just(AF_INET6), any::<u8>()],
        mut bytes in proptest::collection::vec(any::<u8>(), 0..600),
        tcp in any::<bool>(),
    ) {
        if let Some(first) = bytes.first_mut() {
            *first = family;
        }
        let protocol = if tcp { Protocol::Tcp } else { Protocol::Udp };
        let _ = parse_socket(&bytes, protocol, NOW);
    }

    #[test]
    fn attribute_iterator_terminates(bytes in proptest::collection::vec(0..9_u8, 0..300)) {
        let attributes = Attributes { remaining: &bytes };
        prop_assert!(attributes.count() <= bytes.len() / 4);
    }
}
