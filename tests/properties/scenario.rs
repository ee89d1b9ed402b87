//! Generates small scenarios: a few sockets that open, change, move and close over several samples.
//!
//! A scenario consists of *lives*. A life is one socket: its identity stays, its state is chosen
//! again for every sample. Names, addresses and ports are few, so that all combinations occur:
//! listeners and their connections, both peers of one connection, processes that share a socket.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use portolan::history::Moment;
use portolan::history::state::History;
use portolan::net::destroyed::Destroyed;
use portolan::net::endpoint::Endpoint;
use portolan::net::port::{Port, PortRange, Protocol};
use portolan::net::process::{Fd, Holder, Holders, Pid, ProcessKey, StartTime, Uid};
use portolan::net::snapshot::{Gap, Observer, OwnerCoverage, SampleCost, Snapshot, SourceKind};
use portolan::net::socket::{
    AcceptQueue, Cookie, DataTime, DeliveredBytes, Inode, InterfaceIndex, Queues, SentBytes,
    Socket, SocketTimer, TcpInfo, TcpState, TimerKind, Transport,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::names::{NAMED_UIDS, Names, REMOTE_HOSTS, names, remote_host};

/// Addresses of this machine and of remote hosts; the IPv4-mapped ones belong to IPv6 sockets. None
/// of those that identify a host is a pseudonym that redaction assigns.
const LOCAL_ADDRESSES: [&str; 7] = [
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "10.77.88.99",
    "::ffff:10.77.88.99",
    "0.0.0.0",
    "::",
];
const REMOTE_ADDRESSES: [&str; 6] = [
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "10.77.88.99",
    "185.199.108.153",
    "2a00:1450::83",
];
const PORTS: [u16; 5] = [53, 80, 443, 40_000, 40_001];
const CONNECTED_STATES: [TcpState; 9] = [
    TcpState::Established,
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::TimeWait,
    TcpState::CloseWait,
    TcpState::LastAck,
    TcpState::Closing,
];

/// The time from which on all names are known.
const ALL_NAMES_KNOWN: Duration = Duration::from_secs(2);

/// The directory of the seeds of scenarios that failed, beside the directory of this file, with a
/// file for each module. Every later run tries them first.
const REGRESSIONS: &str = "regressions";

/// Number of scenarios to try unless PROPTEST_CASES says otherwise. A failure prints the smallest
/// failing scenario and writes its seed to a file that should be committed.
pub(crate) fn config_with_cases(number: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let number = asked.and_then(|n| n.parse().ok()).unwrap_or(number);
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::SourceParallel(
            REGRESSIONS,
        ))),
        ..ProptestConfig::with_cases(number)
    }
}

/// The identity of a socket.
#[derive(Clone, Debug)]
struct SocketSpec {
    protocol: Protocol,
    local: (usize, usize),
    remote: Option<(usize, usize)>,
    v6only: Option<bool>,
    uid: Option<u32>,
    /// Whether it is bound to the loopback interface.
    on_loopback: bool,
}

/// Its state in one sample.
#[derive(Clone, Debug)]
struct SocketState {
    state: usize,
    holders: u8,
    bytes: u32,
    /// Whether its remote endpoint differs from the first.
    has_moved: bool,
}

/// One sample: the state of every life that is open.
#[derive(Clone, Debug)]
struct SampleSpec {
    pause_ms: u64,
    is_partial: bool,
    states: Vec<Option<SocketState>>,
    /// Sockets that opened and closed since the previous sample.
    unsampled: Vec<UnsampledSocket>,
}

/// A socket that is in no sample.
#[derive(Clone, Debug)]
struct UnsampledSocket {
    protocol: Protocol,
    local: (usize, usize),
    remote: Option<(usize, usize)>,
    unread: u32,
}

/// All sockets and samples.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    source: SourceKind,
    sockets: Vec<SocketSpec>,
    names: Names,
    samples: Vec<SampleSpec>,
}

fn socket_spec() -> impl Strategy<Value = SocketSpec> {
    let protocol = prop_oneof![3 => Just(Protocol::Tcp), 1 => Just(Protocol::Udp)];
    let local = (0..LOCAL_ADDRESSES.len(), 0..PORTS.len());
    let remote = proptest::option::weighted(0.7, (0..REMOTE_ADDRESSES.len(), 0..PORTS.len()));
    let v6only = proptest::option::of(any::<bool>());
    let uid = prop_oneof![Just(0), Just(33), Just(NAMED_UIDS[0]), Just(NAMED_UIDS[1])];
    let uid = proptest::option::of(uid);
    let on_loopback = proptest::bool::weighted(0.1);
    (protocol, local, remote, v6only, uid, on_loopback).prop_map(
        |(protocol, local, remote, v6only, uid, on_loopback)| SocketSpec {
            protocol,
            local,
            remote,
            v6only,
            uid,
            on_loopback,
        },
    )
}

fn state_spec() -> impl Strategy<Value = SocketState> {
    let moved = proptest::bool::weighted(0.1);
    (0..40usize, 0..10u8, 0..3u32, moved).prop_map(|(state, holders, bytes, moved)| SocketState {
        state,
        holders,
        bytes,
        has_moved: moved,
    })
}

fn unsampled_socket() -> impl Strategy<Value = UnsampledSocket> {
    let protocol = prop_oneof![3 => Just(Protocol::Tcp), 1 => Just(Protocol::Udp)];
    let end = || (0..REMOTE_HOSTS.len(), 0..PORTS.len());
    let remote = proptest::option::weighted(0.8, end());
    (protocol, end(), remote, 0..3_u32).prop_map(|(protocol, local, remote, unread)| {
        UnsampledSocket {
            protocol,
            local,
            remote,
            unread,
        }
    })
}

fn sample_spec(lives: usize) -> impl Strategy<Value = SampleSpec> {
    let pause = prop_oneof![
        Just(300),
        Just(1_000),
        Just(2_000),
        Just(5_000),
        Just(13_000)
    ];
    let states = proptest::collection::vec(proptest::option::weighted(0.7, state_spec()), lives);
    let unsampled = proptest::collection::vec(unsampled_socket(), 0..3);
    (pause, proptest::bool::weighted(0.15), states, unsampled).prop_map(
        |(pause_ms, is_partial, states, unsampled)| SampleSpec {
            pause_ms,
            is_partial,
            states,
            unsampled,
        },
    )
}

/// Generates a scenario of at most `lives` sockets and `samples` samples.
pub(crate) fn scenario(lives: usize, samples: usize) -> impl Strategy<Value = Scenario> {
    let source = prop_oneof![
        3 => Just(SourceKind::SockDiag),
        1 => Just(SourceKind::Procfs),
        1 => Just(SourceKind::Netstat2),
    ];
    let lives = proptest::collection::vec(socket_spec(), 1..=lives);
    (source, lives).prop_flat_map(move |(source, mut lives)| {
        // A kernel has each tuple once, in either family.
        let mut seen = Vec::new();
        lives.retain(|life| {
            let pair = life.endpoints();
            let new = !seen.contains(&pair);
            seen.push(pair);
            new
        });
        let sample_specs = proptest::collection::vec(sample_spec(lives.len()), 1..=samples);
        (Just(source), Just(lives), names(), sample_specs).prop_map(
            |(source, lives, names, samples)| Scenario {
                source,
                sockets: lives,
                names,
                samples,
            },
        )
    })
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

impl SocketSpec {
    fn local(&self) -> Endpoint {
        Endpoint::new(
            address(LOCAL_ADDRESSES[self.local.0]),
            Port(PORTS[self.local.1]),
        )
    }

    fn remote(&self) -> Option<Endpoint> {
        self.remote
            .map(|(a, p)| Endpoint::new(address(REMOTE_ADDRESSES[a]), Port(PORTS[p])))
    }

    fn endpoints(&self) -> (Protocol, Endpoint, Option<Endpoint>) {
        let remote = self.remote().map(|r| r.canonical());
        (self.protocol, self.local().canonical(), remote)
    }

    fn socket(
        &self,
        index: usize,
        state_spec: &SocketState,
        source: SourceKind,
        names: &Names,
    ) -> Socket {
        let is_sock_diag = source == SourceKind::SockDiag;
        let mut remote = self.remote();
        // Only a cookie shows that a socket with other endpoints is still the same.
        if state_spec.has_moved && is_sock_diag {
            remote = match (self.protocol, remote) {
                (Protocol::Udp, Some(_)) => None,
                _ => Some(Endpoint::new(
                    address("151.101.65.69"),
                    Port(50_000 + index as u16),
                )),
            };
        }
        let transport = match (self.protocol, remote) {
            (Protocol::Udp, _) => Transport::Udp,
            (Protocol::Tcp, None) if state_spec.state == 0 => Transport::Tcp(TcpState::Closed),
            (Protocol::Tcp, None) => Transport::Tcp(TcpState::Listen),
            // Mostly ESTABLISHED, as on real machines.
            (Protocol::Tcp, Some(_)) => Transport::Tcp(
                *CONNECTED_STATES
                    .get(state_spec.state)
                    .unwrap_or(&TcpState::Established),
            ),
        };
        let mut socket = Socket::new(transport, self.local(), remote);
        let number = NonZeroU64::new(index as u64 + 1);
        socket.uid = self.uid.map(Uid);
        socket.holders = holders(state_spec.holders);
        socket.inode = number.map(Inode).filter(|_| state_spec.holders > 0);
        socket.cgroup = self.uid.map(|_| names.cgroup_of(index));
        socket.interface = NonZeroU32::new(1)
            .map(InterfaceIndex)
            .filter(|_| self.on_loopback);
        if is_sock_diag {
            socket.cookie = number.map(Cookie);
            socket.drops = Some(state_spec.bytes);
            socket.v6only = self.v6only.filter(|_| socket.is_listening());
        }
        if transport == Transport::Tcp(TcpState::Listen) {
            socket.accept_queue = Some(AcceptQueue {
                waiting: state_spec.bytes,
                limit: Some(1),
            });
        } else {
            socket.queues = Some(Queues {
                recv: state_spec.bytes,
                send: 0,
            });
            socket.tcp =
                (is_sock_diag && self.protocol == Protocol::Tcp).then(|| tcp_info(state_spec));
        }
        if transport == Transport::Tcp(TcpState::TimeWait) {
            socket.timer = Some(SocketTimer {
                kind: TimerKind::TimeWait,
                due: Duration::from_secs(60 + u64::from(state_spec.bytes)),
                retransmits: 0,
            });
        }
        socket
    }
}

fn tcp_info(state_spec: &SocketState) -> TcpInfo {
    let bytes = u64::from(state_spec.bytes) * 1_000;
    TcpInfo {
        rtt_us: NonZeroU32::new(state_spec.bytes * 700),
        rtt_variation_us: 3,
        min_rtt_us: None,
        congestion_window: 10,
        send_mss: 1460,
        total_retransmits: 0,
        delivered: Some(DeliveredBytes {
            acknowledged: bytes + u64::from(state_spec.holders % 3),
            received: bytes,
        }),
        sent: Some(SentBytes {
            bytes,
            retransmitted: 0,
        }),
        // Either the same time or another one, never two readings of one.
        last_data: Some(DataTime::from_millis(i64::from(state_spec.bytes) * 1_000)),
        delivery_rate: NonZeroU64::new(bytes / 3),
    }
}

pub(crate) fn process(number: u32) -> ProcessKey {
    ProcessKey {
        pid: Pid(number),
        start: StartTime(u64::from(number)),
    }
}

/// Ten ways a socket may be held. Nothing is known about process 6.
fn holders(kind: u8) -> Holders {
    let pids: &[u32] = match kind {
        0 | 7 => return Holders::NotSearched,
        1 => return Holders::Hidden,
        2 => return Holders::NoHolder,
        3 => &[1],
        4 => &[1, 1, 2],
        5 => &[3],
        6 => &[2, 4, 5],
        8 => &[6],
        _ => &[1, 2, 3, 4, 5],
    };
    let holders = pids.iter().enumerate().map(|(fd, pid)| Holder {
        process: process(*pid),
        fd: Some(Fd(fd as u32)),
    });
    Holders::Found(holders.collect())
}

impl UnsampledSocket {
    fn destroyed(&self, number: u64, at: Duration) -> Destroyed {
        let end =
            |(host, port): (usize, usize)| Endpoint::new(remote_host(host), Port(PORTS[port]));
        Destroyed {
            at: at.saturating_sub(Duration::from_millis(1)),
            protocol: self.protocol,
            local: end(self.local),
            remote: self.remote.map(end),
            interface: None,
            cookie: NonZeroU64::new(number).map(Cookie),
            unread: self.unread,
            tcp: None,
        }
    }
}

impl Scenario {
    /// The samples as a collector would return them.
    pub(crate) fn snapshots(&self) -> Vec<Snapshot> {
        // Not all names are known from the start.
        let directories = [2, usize::MAX].map(|limit| Arc::new(self.names.directory(limit)));
        let mut elapsed = Duration::ZERO;
        let mut snapshots = Vec::new();
        for sample in &self.samples {
            let lives = self.sockets.iter().zip(&sample.states).enumerate();
            let sockets = lives.filter_map(|(i, (life, state_spec))| {
                Some(life.socket(i, state_spec.as_ref()?, self.source, &self.names))
            });
            let gaps = sample
                .is_partial
                .then(|| Gap::Sockets("interrupted".into()));
            snapshots.push(Snapshot {
                taken_at: jiff::Timestamp::UNIX_EPOCH,
                elapsed,
                source: self.source,
                sockets: sockets.collect(),
                destroyed: Vec::new(),
                directory: Arc::clone(&directories[usize::from(elapsed >= ALL_NAMES_KNOWN)]),
                owner_coverage: OwnerCoverage::default(),
                observer: Observer {
                    uid: Some(Uid(1000)),
                    pid: Pid(99),
                },
                ephemeral: PortRange::LINUX_DEFAULT,
                gaps: gaps.into_iter().collect(),
                cost: SampleCost::default(),
                interval: Duration::from_secs(1),
            });
            elapsed += Duration::from_millis(sample.pause_ms);
        }
        snapshots
    }

    /// The samples, with close events for the sockets that closed, including those that opened and
    /// closed between two samples.
    pub(crate) fn snapshots_with_destroyed(&self) -> Vec<Snapshot> {
        let mut all = self.snapshots();
        let mut before: Vec<Socket> = Vec::new();
        let mut number = 1_000;
        for (snapshot, sample) in all.iter_mut().zip(&self.samples) {
            let is_here =
                |socket: &&Socket| snapshot.sockets.iter().any(|s| s.key() == socket.key());
            let gone = before.iter().filter(|socket| !is_here(socket));
            let destroyed = |socket: &Socket| Destroyed {
                at: snapshot.elapsed,
                protocol: socket.protocol(),
                local: socket.local,
                remote: socket.remote,
                interface: socket.interface,
                cookie: socket.cookie,
                unread: socket.queues.map_or(0, |queues| queues.recv),
                tcp: socket.tcp,
            };
            let mut events: Vec<Destroyed> = gone.map(destroyed).collect();
            for unsampled in &sample.unsampled {
                number += 1;
                events.push(unsampled.destroyed(number, snapshot.elapsed));
            }
            snapshot.destroyed = events;
            before.clone_from(&snapshot.sockets);
        }
        all
    }

    pub(crate) const fn names(&self) -> &Names {
        &self.names
    }

    /// The moments that a history makes of them; `shuffle` sets the order of each sample's sockets.
    pub(crate) fn moments(&self, shuffle: impl Fn(&mut Vec<Socket>)) -> Vec<Arc<Moment>> {
        let mut history = History::default();
        let apply = |mut snapshot: Snapshot| {
            shuffle(&mut snapshot.sockets);
            history.apply(&mut snapshot)
        };
        self.snapshots().into_iter().map(apply).collect()
    }
}
