//! Connections that live shorter than the time between two looks: none is missed.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use portolan::collect::Collector;
use portolan::history::{History, Tracked};
use portolan::port::Port;
use portolan::snapshot::{Snapshot, SourceKind};
use rustix::process::{Uid, geteuid};
use rustix::thread::set_thread_uid;

use crate::network::own_network;
use crate::watch::until;

/// Any port of one's own network.
const PORT: u16 = 18200;

const CONNECTIONS: usize = 1000;

/// Opens and closes them one after the other; the side that dialled closes first.
fn burst(listener: &TcpListener) {
    for _ in 0..CONNECTIONS {
        let mut client = TcpStream::connect(("127.0.0.1", PORT)).expect("a client");
        let (mut server, _) = listener.accept().expect("a server");
        client.write_all(b"ping").expect("four bytes");
        server.read_exact(&mut [0; 4]).expect("four bytes");
        drop(client);
        drop(server);
    }
}

/// What was told of the ends of one kind, by the port at the other side.
#[derive(Default)]
struct Told {
    /// Each row once, with the bytes that count for this side.
    rows: BTreeMap<(Port, String), Option<u64>>,
}

impl Told {
    fn note(&mut self, row: &Tracked, other: Port, bytes: Option<u64>) {
        let identity = format!("{:?} {:?}", row.key, row.first_seen);
        self.rows.insert((other, identity), bytes);
    }

    fn check(&self) -> Result<(), String> {
        if self.rows.len() < CONNECTIONS {
            return Err(format!("{} of {CONNECTIONS}", self.rows.len()));
        }
        let twice = self.rows.keys().zip(self.rows.keys().skip(1));
        let twice: Vec<_> = twice.filter(|((a, _), (b, _))| a == b).collect();
        assert_eq!(twice, [], "each once");
        assert_eq!(self.rows.len(), CONNECTIONS);
        // One that is gone from the table may not have been heard to end yet.
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

fn every_one_is_seen(pause: Duration) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).expect("a listener");
    let source = Some(SourceKind::SockDiag);
    let mut collector = Collector::open(source, Instant::now()).expect("sock_diag");
    let mut history = History::default();
    history.apply(&mut sample(&mut collector));
    let (done, is_done) = channel();
    let burst = thread::spawn(move || {
        burst(&listener);
        // Nobody may be waiting any more.
        let _ = done.send(());
        listener
    });
    let (mut dialled, mut served) = (Told::default(), Told::default());
    until(|| {
        // The pause is what the connections are shorter than.
        let _ = is_done.recv_timeout(pause);
        let moment = history.apply(&mut sample(&mut collector));
        for row in moment.rows() {
            let tcp = row.socket.tcp;
            if row.socket.remote_port() == Port(PORT) && row.socket.inode.is_none() {
                let sent = tcp.and_then(|tcp| tcp.sent).map(|sent| sent.bytes);
                dialled.note(row, row.socket.local.port, sent);
            } else if row.socket.local.port == Port(PORT) && row.is_closed() {
                let delivered = tcp.and_then(|tcp| tcp.delivered);
                served.note(row, row.socket.remote_port(), delivered.map(|d| d.received));
            }
        }
        served.check().and_then(|()| dialled.check())
    });
    drop(burst.join().expect("the burst"));
    let totals = history.apply(&mut sample(&mut collector)).totals;
    assert_eq!(totals.opened, 2 * CONNECTIONS as u64);
}

#[test]
fn a_thousand_short_connections_are_there_once_per_end() {
    let test = "ends::a_thousand_short_connections_are_there_once_per_end";
    own_network(test, || every_one_is_seen(Duration::from_secs(1)));
}

#[test]
fn so_they_are_where_samples_fall_among_them() {
    let test = "ends::so_they_are_where_samples_fall_among_them";
    own_network(test, || every_one_is_seen(Duration::from_millis(7)));
}

#[test]
fn it_takes_no_privilege() {
    let test = "ends::it_takes_no_privilege";
    own_network(test, || {
        let unprivileged = thread::spawn(|| {
            // Of this thread and those it starts.
            set_thread_uid(Uid::from_raw(65_534)).is_ok().then(|| {
                assert_eq!(geteuid(), Uid::from_raw(65_534));
                every_one_is_seen(Duration::from_secs(1));
            })
        });
        let ran = unprivileged.join().expect("the thread");
        if ran.is_none() {
            crate::network::skip(test, "no other user to be");
        }
    });
}

/// What ends in another network namespace is none of ours.
#[test]
fn other_networks_are_not_heard() {
    let test = "ends::other_networks_are_not_heard";
    own_network(test, || {
        let source = Some(SourceKind::SockDiag);
        let mut collector = Collector::open(source, Instant::now()).expect("sock_diag");
        drop(sample(&mut collector));
        // One that is heard if it happens here.
        let script = "ip link set lo up && echo > /dev/udp/127.0.0.1/9";
        let run = |mut command: Command| {
            let output = command.args(["bash", "-c", script]).output();
            assert!(output.expect("bash").status.success());
        };
        let mut elsewhere = Command::new("unshare");
        elsewhere.arg("--net");
        run(elsewhere);
        run(Command::new("env"));
        until(|| match &sample(&mut collector).destroyed[..] {
            [] => Err("nothing yet".into()),
            [here] if here.remote.is_some_and(|r| r.port == Port(9)) => Ok(()),
            more => panic!("{more:?}"),
        });
        thread::sleep(Duration::from_millis(50));
        assert_eq!(sample(&mut collector).destroyed, []);
    });
}
