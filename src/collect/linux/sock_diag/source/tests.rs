//! Tests the retries against a script, and the whole source against the kernel.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

use super::*;
use crate::net::port::{Port, PortRange};
use crate::net::socket::{TcpState, Transport};

/// The rows of a dump, and how it ends.
type ScriptedDump = (Vec<Vec<u8>>, Result<(), NetlinkError>);

/// A kernel that gives scripted replies, then empty tables.
#[derive(Default)]
struct ScriptedKernel {
    replies: VecDeque<ScriptedDump>,
    requested: Vec<&'static str>,
    /// Whether bytecode is rejected.
    rejects_bytecode: bool,
}

impl ScriptedKernel {
    fn new<const N: usize>(replies: [(&[u64], Result<(), NetlinkError>); N]) -> Self {
        let rows = |cookies: &[u64]| cookies.iter().map(|&c| row(c)).collect();
        let replies = replies
            .into_iter()
            .map(|(cookies, end)| (rows(cookies), end))
            .collect();
        Self {
            replies,
            ..Self::default()
        }
    }

    fn read(&mut self) -> (Result<(), SourceError>, Vec<u64>, Vec<String>) {
        self.read_with_bytecode(None)
    }

    fn read_with_bytecode(
        &mut self,
        bytecode: Option<Vec<u8>>,
    ) -> (Result<(), SourceError>, Vec<u64>, Vec<String>) {
        let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
        let reading = DumpReader {
            bytecode,
            started_at: Instant::now(),
            now: Duration::ZERO,
            row_index: &mut CookieIndex::default(),
            sockets: &mut sockets,
            gaps: &mut gaps,
        };
        let outcome = reading.read_all(self, &TABLES);
        let cookies = sockets
            .iter()
            .filter_map(|s| s.cookie)
            .map(|c| c.0.get())
            .collect();
        (
            outcome,
            cookies,
            gaps.iter().map(ToString::to_string).collect(),
        )
    }
}

impl DumpSource for ScriptedKernel {
    fn dump(
        &mut self,
        diag_request: DiagRequest<'_>,
        row: &mut dyn FnMut(Instant, &[u8]),
    ) -> Result<(), NetlinkError> {
        self.requested.push(diag_request.table.name());
        if self.rejects_bytecode && diag_request.bytecode.is_some() {
            return Err(NetlinkError::Refused(Errno::INVAL));
        }
        let (rows, end) = self.replies.pop_front().unwrap_or((Vec::new(), Ok(())));
        for payload in rows {
            row(Instant::now(), &payload);
        }
        end
    }
}

fn row(cookie: u64) -> Vec<u8> {
    let mut bytes = vec![0; 72];
    bytes[0] = 2;
    bytes[1] = 1;
    bytes[44..52].copy_from_slice(&cookie.to_ne_bytes());
    bytes
}

#[test]
fn socket_listed_twice_is_kept_once() {
    let mut script = ScriptedKernel::new([(&[1, 2, 1, 3, 2], Ok(())), (&[4, 3], Ok(()))]);
    let (outcome, cookies, gaps) = script.read();
    assert!(outcome.is_ok());
    assert_eq!(cookies, [1, 2, 3, 4]);
    assert_eq!(gaps, [""; 0]);
}

#[test]
fn interrupted_dump_is_retried() {
    let mut script = ScriptedKernel::new([
        (&[1], Ok(())),
        (&[2, 3, 1], Err(NetlinkError::DumpInterrupted)),
        (&[3, 4], Ok(())),
    ]);
    let (_, cookies, gaps) = script.read();
    assert_eq!(cookies, [1, 3, 4]);
    assert_eq!(gaps, [""; 0]);
    assert_eq!(
        script.requested,
        ["IPv4 TCP", "IPv6 TCP", "IPv6 TCP", "IPv4 UDP", "IPv6 UDP"]
    );
}

#[test]
fn partial_rows_and_a_gap_remain_after_the_last_retry() {
    let lost = Err(NetlinkError::Overrun);
    let mut script =
        ScriptedKernel::new([(&[1], lost), (&[2], lost), (&[3], lost), (&[4, 5], lost)]);
    let (outcome, cookies, gaps) = script.read();
    assert!(outcome.is_ok());
    assert_eq!(cookies, [4, 5]);
    assert_eq!(
        gaps,
        ["sockets may be missing: IPv4 TCP: the kernel ran out of buffer space"]
    );
}

#[test]
fn missing_ipv6_is_no_gap() {
    let absent = Err(NetlinkError::Refused(Errno::NOENT));
    let (_, _, gaps) =
        ScriptedKernel::new([(&[1], Ok(())), (&[], absent), (&[2], Ok(())), (&[], absent)]).read();
    assert_eq!(gaps, [""; 0]);
}

#[test]
fn missing_udp_diag_is_a_gap() {
    let absent = Err(NetlinkError::Refused(Errno::NOENT));
    let (outcome, _, gaps) =
        ScriptedKernel::new([(&[1], Ok(())), (&[], Ok(())), (&[], absent), (&[], absent)]).read();
    assert!(outcome.is_ok());
    assert_eq!(gaps.len(), 2);
    assert!(
        gaps[0].contains("IPv4 UDP: this kernel has no udp_diag module"),
        "{gaps:?}"
    );
}

#[test]
fn all_dumps_refused_is_an_error() {
    let refused = Err(NetlinkError::Refused(Errno::PERM));
    let mut script = ScriptedKernel::new([
        (&[], refused),
        (&[], refused),
        (&[], refused),
        (&[], refused),
    ]);
    let (outcome, ..) = script.read();
    assert!(outcome.is_err());
    assert_eq!(script.requested.len(), 4, "a retry would not help");
}

#[test]
fn rejected_bytecode_falls_back_to_a_full_dump() {
    let mut script = ScriptedKernel::new([(&[1], Ok(())), (&[2], Ok(())), (&[3], Ok(()))]);
    script.rejects_bytecode = true;
    let (outcome, cookies, gaps) = script.read_with_bytecode(Some(vec![0; 4]));
    assert!(outcome.is_ok());
    assert_eq!(cookies, [1, 2, 3]);
    assert_eq!(gaps, [""; 0]);
    let expected_requests = ["IPv4 TCP", "IPv4 TCP", "IPv6 TCP", "IPv4 UDP", "IPv6 UDP"];
    assert_eq!(script.requested, expected_requests);
}

/// Reads until `found` returns something: the kernel moves bytes and states in its own time.
fn read_until<T>(found: impl Fn(&[Socket]) -> Option<T>) -> T {
    let mut source = SockDiag::open().expect("sock_diag");
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
        source
            .read(None, Duration::ZERO, &mut sockets, &mut gaps)
            .expect("a sample");
        assert_eq!(gaps, []);
        if let Some(found) = found(&sockets) {
            return found;
        }
        assert!(Instant::now() < deadline, "not seen within ten seconds");
    }
}

fn endpoint(address: SocketAddr) -> crate::net::endpoint::Endpoint {
    crate::net::endpoint::Endpoint::new(address.ip(), crate::net::port::Port(address.port()))
}

fn find_socket(
    sockets: &[Socket],
    local: SocketAddr,
    remote: Option<SocketAddr>,
) -> Option<Socket> {
    let (local, remote) = (endpoint(local), remote.map(endpoint));
    sockets
        .iter()
        .find(|s| s.local == local && s.remote == remote)
        .cloned()
}

#[test]
fn listener_shows_accept_queue_and_limit() {
    let listener = TcpListener::bind("[::1]:0").expect("a listener");
    let address = listener.local_addr().expect("its address");
    let _waiting = TcpStream::connect(address).expect("a connection");
    let row = read_until(|sockets| {
        find_socket(sockets, address, None)
            .filter(|l| l.accept_queue.is_some_and(|b| b.waiting == 1))
    });
    assert_eq!(row.transport, Transport::Tcp(TcpState::Listen));
    // Bound to one IPv6 address that is not IPv4-mapped, so the kernel sets V6ONLY itself.
    assert_eq!((row.v6only, row.tcp), (Some(true), None));
    assert!(row.inode.is_some() && row.uid.is_some() && row.cookie.is_some());
    assert!(row.accept_queue.is_some_and(|b| b.limit >= Some(1)));
}

#[test]
fn unread_bytes_are_in_recv_q_and_the_cookie_is_stable() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let mut client = TcpStream::connect(listener.local_addr().expect("address")).expect("client");
    let (server, peer) = listener.accept().expect("server");
    let here = server.local_addr().expect("address");
    let find = |sockets: &[Socket]| find_socket(sockets, here, Some(peer));
    let quiet = read_until(find);
    assert_eq!(quiet.transport, Transport::Tcp(TcpState::Established));
    assert!(quiet.tcp.is_some_and(|t| t.congestion_window > 0));
    assert!(quiet.congestion.is_some());
    client.write_all(&[7; 1234]).expect("written");
    let unread = |s: &Socket| s.queues.is_some_and(|q| q.recv == 1234);
    let busy = read_until(|sockets| find(sockets).filter(unread));
    assert_eq!((busy.cookie, busy.inode), (quiet.cookie, quiet.inode));
    assert!(busy.cookie.is_some());
    drop(server);
    drop(listener);
    // Closed with unread bytes: a reset, and the row is gone.
    read_until(|sockets| find(sockets).is_none().then_some(()));
}

#[test]
fn time_wait_keeps_its_cookie_and_has_a_timer() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let client = TcpStream::connect(listener.local_addr().expect("address")).expect("client");
    let (server, peer) = listener.accept().expect("server");
    let here = server.local_addr().expect("address");
    let find = |sockets: &[Socket]| find_socket(sockets, here, Some(peer));
    let open = read_until(find);
    drop(server);
    drop(client);
    let is_time_wait = |s: &Socket| s.tcp_state() == Some(TcpState::TimeWait);
    let row = read_until(|sockets| find(sockets).filter(is_time_wait));
    assert_eq!((row.cookie, row.inode, row.uid), (open.cookie, None, None));
    let timer = row.timer.expect("a TIME-WAIT timer");
    assert!(timer.due > Duration::from_secs(1) && timer.due < Duration::from_secs(600));
}

#[test]
fn connected_and_unconnected_udp() {
    let unconnected = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let connected = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = unconnected.local_addr().expect("address");
    connected.connect(address).expect("a peer");
    let here = connected.local_addr().expect("address");
    let row = read_until(|sockets| find_socket(sockets, address, None));
    assert_eq!(
        (row.transport, row.tcp, row.congestion),
        (Transport::Udp, None, None)
    );
    let row = read_until(|sockets| find_socket(sockets, here, Some(address)));
    assert!(!row.is_listening());
}

/// Checks that one dump of both families equals two dumps, with bytecode and without.
#[test]
fn all_tcp_dump_equals_dumps_by_family() {
    let four = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let six = TcpListener::bind("[::1]:0").expect("a listener");
    let addresses = [&four, &six].map(|l| l.local_addr().expect("address"));
    let clients = addresses.map(|address| TcpStream::connect(address).expect("a client"));
    let port = |address: SocketAddr| PortRange {
        first: Port(address.port()),
        last: Port(address.port()),
    };
    let ports = PortSet::new(addresses.map(port));
    let mut source = SockDiag::open().expect("sock_diag");
    assert_eq!(source.tables, TABLES_WITH_ALL_TCP, "this kernel knows both");
    let mut rows = |tables, wanted| {
        source.tables = tables;
        let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
        let read = source.read(wanted, Duration::ZERO, &mut sockets, &mut gaps);
        read.expect("a sample");
        assert_eq!(gaps, []);
        let ours = |s: &Socket| ports.contains(s.local.port) || ports.contains(s.remote_port());
        let mut rows: Vec<_> = sockets
            .iter()
            .filter(|s| ours(s))
            .map(stable_fields)
            .collect();
        rows.sort_unstable();
        rows
    };
    for wanted in [None, Some(&ports)] {
        let all_tcp = rows(&TABLES_WITH_ALL_TCP, wanted);
        assert_eq!(
            all_tcp.len(),
            6,
            "two listeners, two ends of two connections"
        );
        assert_eq!(all_tcp, rows(&TABLES, wanted));
    }
    drop(clients);
}

/// The fields of a socket that do not change while it is idle.
fn stable_fields(socket: &Socket) -> String {
    let Socket {
        transport,
        local,
        remote,
        cookie,
        inode,
        uid,
        v6only,
        cgroup,
        accept_queue,
        congestion,
        ..
    } = socket;
    let has_figures = socket.tcp.is_some();
    format!(
        "{local} {remote:?} {transport:?} {cookie:?} {inode:?} {uid:?} {v6only:?} {cgroup:?} \
         {accept_queue:?} {congestion:?} {has_figures}"
    )
}

/// Run on a machine with many sockets: `cargo test --release -- --ignored --nocapture
/// measure_sample`.
#[test]
#[ignore = "a measurement, not a test"]
fn measure_sample_duration() {
    let mut source = SockDiag::open().expect("sock_diag");
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let mut dump_time = Duration::ZERO;
        for &table in source.tables {
            let began = Instant::now();
            let diag_request = DiagRequest {
                table,
                states: StateMask::ALL,
                bytecode: None,
            };
            let outcome = source.netlink.dump(diag_request, &mut |_, _| ());
            outcome.expect("a dump");
            dump_time += began.elapsed();
        }
        sockets.clear();
        let began = Instant::now();
        source
            .read(None, Duration::ZERO, &mut sockets, &mut gaps)
            .expect("a sample");
        let (count, whole) = (sockets.len(), began.elapsed());
        eprintln!("{count} sockets: dumps alone {dump_time:?}, sample {whole:?}, gaps {gaps:?}");
    }
}
