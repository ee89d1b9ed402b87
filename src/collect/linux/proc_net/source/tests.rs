//! Tests lines as kernels write them, and malformed ones.

use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU64;

use proptest::prelude::*;

use super::*;
use crate::net::process::Uid;
use crate::net::socket::{AcceptQueue, Inode, Queues, TcpState, TimerKind, Transport};

const NOW: Duration = Duration::from_secs(100);

fn tcp(line: &str) -> Option<Socket> {
    parse_line(line.as_bytes(), Protocol::Tcp, Family::Ipv4, NOW)
}

fn inode(number: u64) -> Option<Inode> {
    NonZeroU64::new(number).map(Inode)
}

// The addresses in these lines are words of a little-endian machine.
#[cfg(target_endian = "little")]
mod kernel_samples {
    use super::*;

    #[test]
    fn listener_line() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 00000000  1000        0 12345 1 000000002aa97b3f 100 0 0 10 0";
        let socket = tcp(line).expect("a socket");
        assert_eq!(socket.transport, Transport::Tcp(TcpState::Listen));
        assert_eq!(socket.local.to_string(), "127.0.0.1:8080");
        // Five connections wait; the limit is not shown.
        assert_eq!(
            (socket.remote, socket.queues, socket.accept_queue),
            (
                None,
                None,
                Some(AcceptQueue {
                    waiting: 5,
                    limit: None
                })
            )
        );
        assert_eq!((socket.inode, socket.uid), (inode(12345), Some(Uid(1000))));
        assert_eq!((socket.timer, socket.cookie), (None, None));
    }

    #[test]
    fn retransmitting_connection_line() {
        let line = "  12: 0201000A:0016 01020304:C350 01 00000030:0000000A 01:00000019 00000003     0        0 777 4 0000000000000000 20 4 31 10 -1";
        let socket = tcp(line).expect("a socket");
        assert_eq!(
            socket.remote.map(|r| r.to_string()).as_deref(),
            Some("4.3.2.1:50000")
        );
        assert_eq!(socket.queues, Some(Queues { recv: 10, send: 48 }));
        let timer = socket.timer.expect("a timer");
        assert_eq!((timer.kind, timer.retransmits), (TimerKind::Retransmit, 3));
        assert_eq!(timer.due, NOW + Duration::from_millis(250));
        assert_eq!(socket.uid, Some(Uid(0)));
    }

    #[test]
    fn zero_window_probe_counts_probes() {
        let line = "  12: 0201000A:0016 01020304:C350 01 00000030:00000000 04:00000019 00000003     0        9 777 4 0";
        let timer = tcp(line).and_then(|s| s.timer).expect("a timer");
        assert_eq!(
            (timer.kind, timer.retransmits),
            (TimerKind::ZeroWindowProbe, 9)
        );
    }

    #[test]
    fn time_wait_line_has_no_owner() {
        let line = "   1: 0100007F:4E30 0100007F:8A30 06 00000000:00000000 03:0000086D 00000000     0        0 0 3 00000000bf569eb7";
        let socket = tcp(line).expect("a socket");
        assert_eq!((socket.inode, socket.uid), (None, None));
        let timer = socket.timer.expect("a timer");
        assert_eq!(timer.due, NOW + Duration::from_millis(21_570));
    }

    #[test]
    fn unconnected_ipv6_udp_line() {
        let line = " 3519: 000080FE00000000FF005450C7CDA9FE:0222 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000   192        0 20051 2 0000000000000000 0";
        let socket =
            parse_line(line.as_bytes(), Protocol::Udp, Family::Ipv6, NOW).expect("a socket");
        assert_eq!(socket.local.to_string(), "[fe80::5054:ff:fea9:cdc7]:546");
        assert_eq!((socket.transport, socket.remote), (Transport::Udp, None));
        assert_eq!(socket.queues, Some(Queues { recv: 0, send: 0 }));
    }
}

#[test]
fn malformed_lines_are_rejected() {
    for line in [
        "",
        "   0:",
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0",
        "   0: 0100007F 00000000:0000 0A 0:0 00:0 0 0 0 1",
        "   0: 0100007:1F90 00000000:0000 0A 0:0 00:0 0 0 0 1",
        "   0: 0100007F:1F901 00000000:0000 0A 0:0 00:0 0 0 0 1",
        "   0: 0100007F:1F90 00000000:0000 10A 0:0 00:0 0 0 0 1",
        "   0: +100007F:1F90 00000000:0000 0A 0:0 00:0 0 0 0 1",
        "   0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 -1 0 1",
        "   0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 0 0 99999999999999999999",
    ] {
        assert_eq!(tcp(line), None, "{line}");
    }
}

#[test]
fn overlong_line_is_reported_once_and_skipped() {
    let text = format!("short\n{}\nafter\n{}", "x".repeat(100), "y".repeat(50));
    let mut lines_read = Vec::new();
    for_each_line(&mut text.as_bytes(), &mut [0; 16], |l| {
        lines_read.push(l.map(<[u8]>::to_vec));
    })
    .expect("no error");
    assert_eq!(
        lines_read,
        [Some(b"short".to_vec()), None, Some(b"after".to_vec()), None]
    );
}

#[test]
fn repeated_lines_are_merged_and_different_inodes_kept() {
    let line = |state: &str, inode: u64| {
        format!("0: 0100007F:0016 0100007F:C350 {state} 0:0 00:0 0 0 0 {inode}")
    };
    let read = |lines: &[String]| {
        let (mut seen, mut sockets) = (ProcNetRowIndex::default(), Vec::new());
        for line in lines {
            upsert_row(tcp(line).expect("a socket"), &mut seen, &mut sockets);
        }
        sockets
            .iter()
            .map(|s| s.tcp_state().map(TcpState::name))
            .collect::<Vec<_>>()
    };
    assert_eq!(read(&[line("01", 5), line("08", 5)]), [Some("CLOSE-WAIT")]);
    assert_eq!(read(&[line("01", 5), line("06", 0)]), [Some("TIME-WAIT")]);
    assert_eq!(
        read(&[line("01", 5), line("01", 6)]),
        [Some("ESTABLISHED"); 2]
    );
}

#[test]
fn missing_ipv6_files_are_no_gap() {
    let directory = tempfile::tempdir().expect("a directory");
    for name in ["tcp", "udp"] {
        let text = "heading\n 0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 0 0 9\nrubbish\n";
        std::fs::write(directory.path().join(name), text).expect("written");
    }
    let mut source = ProcNet::open_in(directory.path()).expect("opened");
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        sockets.clear();
        gaps.clear();
        source
            .read(None, NOW, &mut sockets, &mut gaps)
            .expect("read");
        assert_eq!(sockets.len(), 2);
        assert_eq!(
            gaps,
            [Gap::Sockets(
                "/proc/net: 2 lines could not be read".to_owned()
            )]
        );
    }
}

#[test]
fn missing_proc_net_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    assert!(ProcNet::open_in(directory.path()).is_err());
}

#[test]
fn live_proc_net_is_parsed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("its address");
    let client = TcpStream::connect(address).expect("a connection");
    let mut source = ProcNet::open().expect("/proc/net");
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    source
        .read(None, NOW, &mut sockets, &mut gaps)
        .expect("a sample");
    assert_eq!(gaps, []);
    let here = client.local_addr().expect("address");
    let row = sockets
        .iter()
        // Other sockets may connect from the same port, to other peers.
        .find(|s| {
            s.local.port.number() == here.port() && s.remote_port().number() == address.port()
        });
    let row = row.expect("the client's row");
    assert_eq!(row.local.address, here.ip());
    assert_eq!(row.remote_port().number(), address.port());
    assert_eq!(row.tcp_state(), Some(TcpState::Established));
}

proptest! {
    #[test]
    fn arbitrary_lines_never_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        for family in [Family::Ipv4, Family::Ipv6] {
            let _ = parse_line(&line, Protocol::Tcp, family, NOW);
        }
    }

    #[test]
    fn plausible_lines_never_panic(line in "[0-9]{1,3}:( [0-9A-F]{8}:[0-9A-F]{1,5}){2} [0-9A-F]{2}( [0-9A-F]{1,20}:[0-9A-F]{1,20}){2}( [0-9]{1,20}){5}") {
        let _ = tcp(&line);
    }

    #[test]
    fn line_splitter_never_panics_or_loses_lines(
        text in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300),
        size in 1..64_usize,
    ) {
        let mut count = 0;
        for_each_line(&mut text.as_slice(), &mut vec![0; size], |_| count += 1).expect("no error");
        let ends = text.iter().filter(|&&b| b == b'\n').count();
        let unended = usize::from(text.last().is_some_and(|&b| b != b'\n'));
        prop_assert_eq!(count, ends + unended);
    }
}
