//! Connections shorter than the sampling interval: none is missed.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use portolan::collect::Collector;
use portolan::history::TrackedSocket;
use portolan::history::state::History;
use portolan::net::port::Port;
use portolan::net::snapshot::{Snapshot, SourceKind};
use rustix::process::{Uid, geteuid};
use rustix::thread::set_thread_uid;

use crate::network_namespace::in_network_namespace;
use crate::pipeline::retry_until_ok;

/// A port number that is safe only in the test's own network namespace.
const PORT: u16 = 18200;

const CONNECTIONS: usize = 1000;

/// Opens and closes connections one after the other; the side that connected closes first.
fn open_and_close_connections(listener: &TcpListener) {
    for _ in 0..CONNECTIONS {
        let mut client = TcpStream::connect(("127.0.0.1", PORT)).expect("a client");
        let (mut server, _) = listener.accept().expect("a server");
        client.write_all(b"ping").expect("four bytes");
        server.read_exact(&mut [0; 4]).expect("four bytes");
        drop(client);
        drop(server);
    }
}

/// The closed rows of one side, by the port on the other side.
#[derive(Default)]
struct ClosedRows {
    /// Each row once, with the bytes counted for this side.
    rows: BTreeMap<(Port, String), Option<u64>>,
}

impl ClosedRows {
    fn insert(&mut self, row: &TrackedSocket, other: Port, bytes: Option<u64>) {
        let identity = format!("{:?} {:?}", row.key, row.first_seen);
        self.rows.insert((other, identity), bytes);
    }

    fn check(&self) -> Result<(), String> {
        if self.rows.len() < CONNECTIONS {
            return Err(format!("{} of {CONNECTIONS}", self.rows.len()));
        }
        let duplicates = self.rows.keys().zip(self.rows.keys().skip(1));
        let duplicates: Vec<_> = duplicates.filter(|((a, _), (b, _))| a == b).collect();
        assert_eq!(duplicates, [], "each once");
        assert_eq!(self.rows.len(), CONNECTIONS);
        // The close event of a row that left the table may not have been read yet.
        match self.rows.iter().find(|(_, bytes)| **bytes != Some(4)) {
            Some((row, bytes)) => Err(format!("{row:?} has {bytes:?}")),
            None => Ok(()),
        }
    }
}

fn sample(collector: &mut Collector) -> Snapshot {
    let snapshot = collector.sample(Vec::new(), Duration::from_secs(1));
    let snapshot = snapshot.expect("a sample");
    assert_eq!(snapshot.gaps, [], "nothing is missing");
    snapshot
}

fn assert_every_close_is_seen(pause: Duration) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).expect("a listener");
    let source = Some(SourceKind::SockDiag);
    let mut collector = Collector::open(source, Instant::now()).expect("sock_diag");
    let mut history = History::default();
    history.apply(&mut sample(&mut collector));
    let (done, is_done) = channel();
    let burst = thread::spawn(move || {
        open_and_close_connections(&listener);
        // Fails if the test has already stopped waiting.
        let _ = done.send(());
        listener
    });
    let (mut client_rows, mut server_rows) = (ClosedRows::default(), ClosedRows::default());
    retry_until_ok(|| {
        // The connections are shorter than this pause.
        let _ = is_done.recv_timeout(pause);
        let moment = history.apply(&mut sample(&mut collector));
        for row in moment.rows() {
            let tcp = row.socket.tcp;
            if row.socket.remote_port() == Port(PORT) && row.socket.inode.is_none() {
                let sent = tcp.and_then(|tcp| tcp.sent).map(|sent| sent.bytes);
                client_rows.insert(row, row.socket.local.port, sent);
            } else if row.socket.local.port == Port(PORT) && row.is_closed() {
                let delivered = tcp.and_then(|tcp| tcp.delivered);
                server_rows.insert(row, row.socket.remote_port(), delivered.map(|d| d.received));
            }
        }
        server_rows.check().and_then(|()| client_rows.check())
    });
    drop(burst.join().expect("the burst"));
    let totals = history.apply(&mut sample(&mut collector)).totals;
    assert_eq!(totals.opened, 2 * CONNECTIONS as u64);
}

#[test]
fn short_connections_appear_once_per_end() {
    let test = "close_events::short_connections_appear_once_per_end";
    in_network_namespace(test, || assert_every_close_is_seen(Duration::from_secs(1)));
}

#[test]
fn short_connections_appear_once_per_end_with_samples_in_between() {
    let test = "close_events::short_connections_appear_once_per_end_with_samples_in_between";
    in_network_namespace(test, || {
        assert_every_close_is_seen(Duration::from_millis(7));
    });
}

#[test]
fn close_events_need_no_privilege() {
    let test = "close_events::close_events_need_no_privilege";
    in_network_namespace(test, || {
        let unprivileged = thread::spawn(|| {
            // Applies to this thread and to those it starts.
            set_thread_uid(Uid::from_raw(65_534)).is_ok().then(|| {
                assert_eq!(geteuid(), Uid::from_raw(65_534));
                assert_every_close_is_seen(Duration::from_secs(1));
            })
        });
        let ran = unprivileged.join().expect("the thread");
        if ran.is_none() {
            crate::skip::skip("the thread cannot become another user");
        }
    });
}

/// Close events of another network namespace must not be seen.
#[test]
fn close_events_of_other_namespaces_are_ignored() {
    let test = "close_events::close_events_of_other_namespaces_are_ignored";
    in_network_namespace(test, || {
        let source = Some(SourceKind::SockDiag);
        let mut collector = Collector::open(source, Instant::now()).expect("sock_diag");
        drop(sample(&mut collector));
        // A socket whose close event is seen if it closes in this namespace.
        let script = "ip link set lo up && echo > /dev/udp/127.0.0.1/9";
        let run = |mut command: Command| {
            let output = command.args(["bash", "-c", script]).output();
            assert!(output.expect("bash").status.success());
        };
        let mut other_namespace = Command::new("unshare");
        other_namespace.arg("--net");
        run(other_namespace);
        run(Command::new("env"));
        retry_until_ok(|| match &sample(&mut collector).destroyed[..] {
            [] => Err("nothing yet".into()),
            [here] if here.remote.is_some_and(|r| r.port == Port(9)) => Ok(()),
            more => panic!("{more:?}"),
        });
        thread::sleep(Duration::from_millis(50));
        assert_eq!(sample(&mut collector).destroyed, []);
    });
}
