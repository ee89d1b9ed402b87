//! The retries against a script, and the whole against the kernel.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

use super::*;
use crate::port::{Port, PortRange};
use crate::socket::{TcpState, Transport};

/// Rows, and how the dump ends.
type Scripted = (Vec<Vec<u8>>, Result<(), Trouble>);

/// A kernel that answers what it was told to, then with empty tables.
#[derive(Default)]
struct Script {
    answers: VecDeque<Scripted>,
    asked: Vec<&'static str>,
    /// Whether programs are not understood.
    old: bool,
}

impl Script {
    fn of<const N: usize>(answers: [(&[u64], Result<(), Trouble>); N]) -> Self {
        let rows = |cookies: &[u64]| cookies.iter().map(|&c| row(c)).collect();
        let answers = answers
            .into_iter()
            .map(|(cookies, end)| (rows(cookies), end))
            .collect();
        Self {
            answers,
            ..Self::default()
        }
    }

    fn read(&mut self) -> (Result<(), SourceError>, Vec<u64>, Vec<String>) {
        self.read_with(None)
    }

    fn read_with(
        &mut self,
        program: Option<Vec<u8>>,
    ) -> (Result<(), SourceError>, Vec<u64>, Vec<String>) {
        let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
        let reading = Reading {
            program,
            began: Instant::now(),
            now: Duration::ZERO,
            seen: &mut Seen::default(),
            sockets: &mut sockets,
            gaps: &mut gaps,
        };
        let outcome = reading.all_tables(self, &TABLES);
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

impl Dump for Script {
    fn dump(
        &mut self,
        question: Question<'_>,
        row: &mut dyn FnMut(Instant, &[u8]),
    ) -> Result<(), Trouble> {
        self.asked.push(question.table.name());
        if self.old && question.program.is_some() {
            return Err(Trouble::Refused(Errno::INVAL));
        }
        let (rows, end) = self.answers.pop_front().unwrap_or((Vec::new(), Ok(())));
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
fn a_socket_listed_twice_is_there_once() {
    let mut script = Script::of([(&[1, 2, 1, 3, 2], Ok(())), (&[4, 3], Ok(()))]);
    let (outcome, cookies, gaps) = script.read();
    assert!(outcome.is_ok());
    assert_eq!(cookies, [1, 2, 3, 4]);
    assert_eq!(gaps, [""; 0]);
}

#[test]
fn a_table_that_changed_is_read_again_from_the_start() {
    let mut script = Script::of([
        (&[1], Ok(())),
        (&[2, 3, 1], Err(Trouble::Changed)),
        (&[3, 4], Ok(())),
    ]);
    let (_, cookies, gaps) = script.read();
    assert_eq!(cookies, [1, 3, 4]);
    assert_eq!(gaps, [""; 0]);
    assert_eq!(
        script.asked,
        ["IPv4 TCP", "IPv6 TCP", "IPv6 TCP", "IPv4 UDP", "IPv6 UDP"]
    );
}

#[test]
fn after_the_last_retry_the_part_stays_and_the_gap_is_told() {
    let lost = Err(Trouble::Lost);
    let mut script = Script::of([(&[1], lost), (&[2], lost), (&[3], lost), (&[4, 5], lost)]);
    let (outcome, cookies, gaps) = script.read();
    assert!(outcome.is_ok());
    assert_eq!(cookies, [4, 5]);
    assert_eq!(
        gaps,
        ["sockets may be missing: IPv4 TCP: the kernel had no room for its answer"]
    );
}

#[test]
fn a_machine_without_ipv6_has_empty_tables_and_no_gap() {
    let absent = Err(Trouble::Refused(Errno::NOENT));
    let (_, _, gaps) =
        Script::of([(&[1], Ok(())), (&[], absent), (&[2], Ok(())), (&[], absent)]).read();
    assert_eq!(gaps, [""; 0]);
}

#[test]
fn a_kernel_without_udp_diag_may_well_have_udp_sockets() {
    let absent = Err(Trouble::Refused(Errno::NOENT));
    let (outcome, _, gaps) =
        Script::of([(&[1], Ok(())), (&[], Ok(())), (&[], absent), (&[], absent)]).read();
    assert!(outcome.is_ok());
    assert_eq!(gaps.len(), 2);
    assert!(
        gaps[0].contains("IPv4 UDP: this kernel has no udp_diag module"),
        "{gaps:?}"
    );
}

#[test]
fn when_nothing_can_be_read_it_is_an_error() {
    let refused = Err(Trouble::Refused(Errno::PERM));
    let mut script = Script::of([
        (&[], refused),
        (&[], refused),
        (&[], refused),
        (&[], refused),
    ]);
    let (outcome, ..) = script.read();
    assert!(outcome.is_err());
    assert_eq!(script.asked.len(), 4, "asking again would not help");
}

#[test]
fn a_kernel_that_does_not_understand_the_program_is_asked_for_everything() {
    let mut script = Script::of([(&[1], Ok(())), (&[2], Ok(())), (&[3], Ok(()))]);
    script.old = true;
    let (outcome, cookies, gaps) = script.read_with(Some(vec![0; 4]));
    assert!(outcome.is_ok());
    assert_eq!(cookies, [1, 2, 3]);
    assert_eq!(gaps, [""; 0]);
    let once_more = ["IPv4 TCP", "IPv4 TCP", "IPv6 TCP", "IPv4 UDP", "IPv6 UDP"];
    assert_eq!(script.asked, once_more);
}

/// Reads until `found` says yes: the kernel moves bytes and states in its own time.
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

fn endpoint(address: SocketAddr) -> crate::endpoint::Endpoint {
    crate::endpoint::Endpoint::new(address.ip(), crate::port::Port(address.port()))
}

fn between(sockets: &[Socket], local: SocketAddr, remote: Option<SocketAddr>) -> Option<Socket> {
    let (local, remote) = (endpoint(local), remote.map(endpoint));
    sockets
        .iter()
        .find(|s| s.local == local && s.remote == remote)
        .cloned()
}

#[test]
fn a_listener_shows_who_waits_and_how_many_may() {
    let listener = TcpListener::bind("[::1]:0").expect("a listener");
    let address = listener.local_addr().expect("its address");
    let _waiting = TcpStream::connect(address).expect("a connection");
    let row = read_until(|sockets| {
        between(sockets, address, None).filter(|l| l.backlog.is_some_and(|b| b.waiting == 1))
    });
    assert_eq!(row.transport, Transport::Tcp(TcpState::Listen));
    // Bound to one address that is no mapped IPv4 one, so the kernel refuses IPv4 by itself.
    assert_eq!((row.v6only, row.tcp), (Some(true), None));
    assert!(row.inode.is_some() && row.uid.is_some() && row.cookie.is_some());
    assert!(row.backlog.is_some_and(|b| b.limit >= Some(1)));
}

#[test]
fn unread_bytes_are_in_the_queue_and_the_cookie_stays() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let mut client = TcpStream::connect(listener.local_addr().expect("address")).expect("client");
    let (server, peer) = listener.accept().expect("server");
    let here = server.local_addr().expect("address");
    let find = |sockets: &[Socket]| between(sockets, here, Some(peer));
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
    // Closed with bytes unread: a reset, and the row is gone.
    read_until(|sockets| find(sockets).is_none().then_some(()));
}

#[test]
fn a_time_wait_row_keeps_its_cookie_and_says_when_it_goes() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let client = TcpStream::connect(listener.local_addr().expect("address")).expect("client");
    let (server, peer) = listener.accept().expect("server");
    let here = server.local_addr().expect("address");
    let find = |sockets: &[Socket]| between(sockets, here, Some(peer));
    let open = read_until(find);
    drop(server);
    drop(client);
    let waits = |s: &Socket| s.tcp_state() == Some(TcpState::TimeWait);
    let row = read_until(|sockets| find(sockets).filter(waits));
    assert_eq!((row.cookie, row.inode, row.uid), (open.cookie, None, None));
    let timer = row.timer.expect("a TIME-WAIT timer");
    assert!(timer.due > Duration::from_secs(1) && timer.due < Duration::from_secs(600));
}

#[test]
fn udp_with_and_without_a_peer() {
    let alone = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let paired = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = alone.local_addr().expect("address");
    paired.connect(address).expect("a peer");
    let here = paired.local_addr().expect("address");
    let row = read_until(|sockets| between(sockets, address, None));
    assert_eq!(
        (row.transport, row.tcp, row.congestion),
        (Transport::Udp, None, None)
    );
    let row = read_until(|sockets| between(sockets, here, Some(address)));
    assert!(!row.is_listening());
}

/// The one walk over both families and the two give the same rows, with a program and without.
#[test]
fn tcp_at_once_is_tcp_by_family() {
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
    assert_eq!(source.tables, FEWER_TABLES, "this kernel knows both");
    let mut rows = |tables, wanted| {
        source.tables = tables;
        let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
        let read = source.read(wanted, Duration::ZERO, &mut sockets, &mut gaps);
        read.expect("a sample");
        assert_eq!(gaps, []);
        let ours = |s: &Socket| ports.contains(s.local.port) || ports.contains(s.remote_port());
        let mut rows: Vec<_> = sockets.iter().filter(|s| ours(s)).map(told).collect();
        rows.sort_unstable();
        rows
    };
    for wanted in [None, Some(&ports)] {
        let at_once = rows(&FEWER_TABLES, wanted);
        assert_eq!(
            at_once.len(),
            6,
            "two listeners, two ends of two connections"
        );
        assert_eq!(at_once, rows(&TABLES, wanted));
    }
    drop(clients);
}

/// What of a socket does not change while nobody uses it.
fn told(socket: &Socket) -> String {
    let Socket {
        transport,
        local,
        remote,
        cookie,
        inode,
        uid,
        v6only,
        cgroup,
        backlog,
        congestion,
        ..
    } = socket;
    let has_figures = socket.tcp.is_some();
    format!(
        "{local} {remote:?} {transport:?} {cookie:?} {inode:?} {uid:?} {v6only:?} {cgroup:?} \
         {backlog:?} {congestion:?} {has_figures}"
    )
}

/// `cargo test --release -- --ignored --nocapture how_long` beside `crowd.py`.
#[test]
#[ignore = "a measurement, not a test"]
fn how_long_a_sample_takes() {
    let mut source = SockDiag::open().expect("sock_diag");
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let mut bare = Duration::ZERO;
        for &table in source.tables {
            let began = Instant::now();
            let question = Question {
                table,
                states: States::ALL,
                program: None,
            };
            let outcome = source.netlink.dump(question, &mut |_, _| ());
            outcome.expect("a dump");
            bare += began.elapsed();
        }
        sockets.clear();
        let began = Instant::now();
        source
            .read(None, Duration::ZERO, &mut sockets, &mut gaps)
            .expect("a sample");
        let (count, whole) = (sockets.len(), began.elapsed());
        eprintln!("{count} sockets: dumps alone {bare:?}, sample {whole:?}, gaps {gaps:?}");
    }
}
