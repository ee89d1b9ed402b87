//! Messages built by hand, as the kernel's headers describe them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::from_secs(100);

/// A row of `struct inet_diag_msg`, an established IPv4 connection unless changed.
struct Row {
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

impl Default for Row {
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

impl Row {
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
        self.attributes.resize(aligned(self.attributes.len()), 0);
        self
    }

    fn tcp(&self) -> Socket {
        socket(&self.bytes(), Protocol::Tcp, NOW).expect("a row")
    }

    fn udp(&self) -> Socket {
        socket(&self.bytes(), Protocol::Udp, NOW).expect("a row")
    }
}

fn message(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(((HEADER + payload.len()) as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes.resize(aligned(bytes.len()), 0);
    bytes
}

#[test]
fn a_connection_is_read_whole() {
    let row = Row {
        timer: (1, 5, 250),
        interface: 3,
        ..Row::default()
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
        socket.congestion.as_ref().map(Congestion::as_str),
        Some("cubic")
    );
    assert!(socket.tcp.is_some_and(|t| t.sent.is_some()));
    let due = NOW + Duration::from_millis(250);
    assert_eq!(
        socket.timer,
        Some(Timer {
            kind: TimerKind::Retransmit,
            due,
            retransmits: 5
        })
    );
}

#[test]
fn an_old_kernels_short_tcp_info_gives_what_it_has() {
    let socket = Row::default().with(INET_DIAG_INFO, &[1; 144]).tcp();
    let info = socket.tcp.expect("144 bytes are enough");
    assert!(info.delivered.is_some());
    assert_eq!((info.sent, info.min_rtt_us), (None, None));
}

#[test]
fn a_listener_has_no_peer_and_no_figures() {
    let unspecified = (Ipv6Addr::UNSPECIFIED.into(), 0);
    let row = Row {
        family: AF_INET6,
        state: 10,
        remote: unspecified,
        ..Row::default()
    }
    .with(INET_DIAG_SKV6ONLY, &[1])
    .with(INET_DIAG_INFO, &[0; 280]);
    let socket = Row {
        local: (Ipv6Addr::LOCALHOST.into(), 80),
        ..row
    }
    .tcp();
    assert_eq!(
        (socket.remote, socket.tcp, socket.v6only),
        (None, None, Some(true))
    );
    assert_eq!(socket.local.to_string(), "[::1]:80");
    assert_eq!(socket.backlog.map(|b| b.waiting), Some(3));
}

#[test]
fn a_row_without_descriptor_does_not_claim_to_be_roots() {
    let socket = Row {
        state: 6,
        uid: 0,
        inode: 0,
        timer: (3, 0, 60_000),
        ..Row::default()
    }
    .tcp();
    assert_eq!((socket.inode, socket.uid), (None, None));
    assert_eq!(socket.timer.map(|t| t.kind), Some(TimerKind::TimeWait));
    let orphan = Row {
        state: 4,
        uid: 1000,
        inode: 0,
        ..Row::default()
    }
    .tcp();
    assert_eq!(orphan.uid, Some(Uid(1000)));
    let root = Row {
        uid: 0,
        ..Row::default()
    }
    .tcp();
    assert_eq!(root.uid, Some(Uid(0)));
}

#[test]
fn a_udp_socket_has_a_peer_only_if_connect_gave_it_one() {
    let nobody = (Ipv4Addr::UNSPECIFIED.into(), 0);
    assert_eq!(
        Row {
            state: 7,
            remote: nobody,
            ..Row::default()
        }
        .udp()
        .remote,
        None
    );
    assert!(
        Row {
            state: 1,
            ..Row::default()
        }
        .udp()
        .remote
        .is_some()
    );
    assert_eq!(
        Row::default()
            .with(INET_DIAG_CONG, b"cubic")
            .udp()
            .congestion,
        None
    );
}

#[test]
fn a_handshake_kept_in_the_small_object_is_a_handshake() {
    assert_eq!(
        Row {
            state: 12,
            ..Row::default()
        }
        .tcp()
        .tcp_state(),
        Some(TcpState::SynReceived)
    );
}

#[test]
fn no_cookie_is_none_however_it_is_said() {
    for cookie in [0, u64::MAX] {
        assert_eq!(
            Row {
                cookie,
                ..Row::default()
            }
            .tcp()
            .cookie,
            None
        );
    }
}

#[test]
fn a_timer_that_is_overdue_is_due_now() {
    let overdue = Row {
        timer: (2, 0, (-4_i32).cast_unsigned()),
        ..Row::default()
    }
    .tcp();
    assert_eq!(overdue.timer.map(|t| t.due), Some(NOW));
}

#[test]
fn what_is_too_short_or_of_another_family_is_no_socket() {
    let bytes = Row::default().bytes();
    assert_eq!(socket(&bytes[..71], Protocol::Tcp, NOW), None);
    let unix = Row {
        family: 1,
        ..Row::default()
    }
    .bytes();
    assert_eq!(socket(&unix, Protocol::Tcp, NOW), None);
}

#[test]
fn messages_are_told_apart() {
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
        (5, false, Kind::Row(b"row")),
        (5, true, Kind::Done(2)),
        (6, false, Kind::Error(13)),
        (6, false, Kind::Overrun),
        (6, false, Kind::Other),
    ];
    let expected = expected.map(|(sequence, interrupted, kind)| Message {
        sequence,
        interrupted,
        kind,
    });
    assert_eq!(read, expected);
}

#[test]
fn a_length_that_lies_ends_the_reading_once() {
    for length in [0_u32, 15, 400, u32::MAX] {
        let mut bytes = message(SOCK_DIAG_BY_FAMILY, 0, 1, b"payload");
        bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        let read: Vec<_> = Messages::new(&bytes).collect();
        assert_eq!(read, [Err(Malformed)], "length {length}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_splitter_panic_or_loop(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        // A message takes at least its header, and the last may be a broken one.
        prop_assert!(Messages::new(&bytes).count() <= bytes.len() / HEADER + 1);
    }

    #[test]
    fn no_length_makes_the_splitter_go_back(
        lengths in proptest::collection::vec(0..80_u32, 1..40),
    ) {
        let bytes: Vec<u8> = lengths.iter().flat_map(|l| l.to_ne_bytes()).collect();
        prop_assert!(Messages::new(&bytes).count() <= bytes.len() / HEADER + 1);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(
        family in prop_oneof![Just(AF_INET), Just(AF_INET6), any::<u8>()],
        mut bytes in proptest::collection::vec(any::<u8>(), 0..600),
        tcp in any::<bool>(),
    ) {
        if let Some(first) = bytes.first_mut() {
            *first = family;
        }
        let protocol = if tcp { Protocol::Tcp } else { Protocol::Udp };
        let _ = socket(&bytes, protocol, NOW);
    }

    #[test]
    fn no_attributes_loop(bytes in proptest::collection::vec(0..9_u8, 0..300)) {
        let attributes = Attributes { rest: &bytes };
        prop_assert!(attributes.count() <= bytes.len() / 4);
    }
}
