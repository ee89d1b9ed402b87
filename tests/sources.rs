//! Tests that every source reports the same for sockets that this test opens itself.
#![cfg(target_os = "linux")]

#[path = "support/skip.rs"]
mod skip;

use std::collections::BTreeSet;
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket,
};
use std::time::{Duration, Instant};

use portolan::collect::linux::proc_net::source::ProcNet;
use portolan::collect::linux::sock_diag::source::SockDiag;
use portolan::collect::portable::netstat2::Netstat2;
use portolan::collect::source::Source;
use portolan::net::endpoint::Endpoint;
use portolan::net::port::{Port, Protocol};
use portolan::net::socket::{Inode, Socket, TcpState, Transport};

/// What all three sources report of a socket.
type SocketIdentity = (Transport, Endpoint, Option<Endpoint>);

/// Loopback sockets in every state that stays as it is while unused.
#[derive(Default)]
struct SocketFixture {
    listeners: Vec<TcpListener>,
    streams: Vec<TcpStream>,
    datagrams: Vec<UdpSocket>,
    expected: BTreeSet<SocketIdentity>,
}

impl SocketFixture {
    fn open() -> Self {
        let mut fixture = Self::default();
        fixture.add_sockets(Ipv4Addr::LOCALHOST.into());
        // A machine may have no IPv6 at all, not even on loopback.
        match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
            Ok(_) => fixture.add_sockets(Ipv6Addr::LOCALHOST.into()),
            Err(error) => skip::skip(format_args!("there is no IPv6 here: {error}")),
        }
        fixture
    }

    fn add_sockets(&mut self, address: IpAddr) {
        let listener = TcpListener::bind((address, 0)).expect("a listener");
        let (idle_client, idle_server) = connect_pair(&listener);
        self.expect_stream(TcpState::Established, &idle_client);
        self.expect_stream(TcpState::Established, &idle_server);

        let (half_client, half_server) = connect_pair(&listener);
        half_client.shutdown(Shutdown::Write).expect("half closed");
        self.expect_stream(TcpState::FinWait2, &half_client);
        self.expect_stream(TcpState::CloseWait, &half_server);

        let (closed_client, closed_server) = connect_pair(&listener);
        self.expect_stream(TcpState::TimeWait, &closed_client);
        drop(closed_client);
        drop(closed_server);

        let local = endpoint(listener.local_addr());
        self.expected
            .insert((Transport::Tcp(TcpState::Listen), local, None));
        self.listeners.push(listener);
        self.streams
            .extend([idle_client, idle_server, half_client, half_server]);

        let unconnected = UdpSocket::bind((address, 0)).expect("a socket");
        let connected = UdpSocket::bind((address, 0)).expect("a socket");
        connected
            .connect(unconnected.local_addr().expect("its address"))
            .expect("a peer");
        let (unconnected_addr, connected_addr) = (
            endpoint(unconnected.local_addr()),
            endpoint(connected.local_addr()),
        );
        self.expected
            .insert((Transport::Udp, unconnected_addr, None));
        self.expected
            .insert((Transport::Udp, connected_addr, Some(unconnected_addr)));
        self.datagrams.extend([unconnected, connected]);
    }

    fn expect_stream(&mut self, state: TcpState, stream: &TcpStream) {
        let (local, remote) = (endpoint(stream.local_addr()), endpoint(stream.peer_addr()));
        self.expected
            .insert((Transport::Tcp(state), local, Some(remote)));
    }

    fn is_ours(&self, end: Endpoint) -> bool {
        let ends = |identity: &SocketIdentity| [Some(identity.1), identity.2];
        self.expected.iter().flat_map(ends).any(|e| e == Some(end))
    }

    /// Returns the rows of `sockets` that are the fixture's, by their own port, which no other
    /// socket has: the servers' and listeners' by our port, the clients' by the one the kernel
    /// chose.
    fn ours<'a>(&self, sockets: &'a [Socket]) -> Vec<&'a Socket> {
        let ports: BTreeSet<(Protocol, Endpoint)> = self
            .expected
            .iter()
            .map(|(t, local, _)| (t.protocol(), *local))
            .collect();
        sockets
            .iter()
            .filter(|s| ports.contains(&(s.protocol(), s.local)))
            // Others may connect from the same ports, to other peers.
            .filter(|s| s.remote.is_none_or(|remote| self.is_ours(remote)))
            .collect()
    }

    /// Returns the fixture's rows as `source` reports them, once it reports them all: the kernel
    /// needs time for the last FIN. After the time limit, the rows last read.
    fn read_until(
        &self,
        source: &mut dyn Source,
        expected: &BTreeSet<SocketIdentity>,
    ) -> Vec<Socket> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
            source
                .read(None, Duration::ZERO, &mut sockets, &mut gaps)
                .expect("a sample");
            assert_eq!(gaps, [], "{}", source.kind());
            let ours = self.ours(&sockets);
            if socket_identities(ours.iter().copied()) == *expected || Instant::now() > deadline {
                return ours.into_iter().cloned().collect();
            }
        }
    }
}

/// Opens a connection whose server side waits for data that never comes and is closed second.
fn connect_pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().expect("address")).expect("a client");
    let (server, _) = listener.accept().expect("a server");
    (client, server)
}

fn endpoint(address: std::io::Result<SocketAddr>) -> Endpoint {
    let address = address.expect("an address");
    Endpoint::new(address.ip(), Port(address.port()))
}

fn socket_identities<'a>(sockets: impl Iterator<Item = &'a Socket>) -> BTreeSet<SocketIdentity> {
    sockets.map(|s| (s.transport, s.local, s.remote)).collect()
}

/// Returns the inode of each row: the sources must agree on it too.
fn inodes(sockets: &[Socket]) -> BTreeSet<(Endpoint, TcpStateIfTcp, Option<Inode>)> {
    sockets
        .iter()
        .map(|s| (s.local, s.tcp_state(), s.inode))
        .collect()
}

type TcpStateIfTcp = Option<TcpState>;

#[test]
fn all_sources_report_the_same_sockets() {
    let fixture = SocketFixture::open();
    let mut sock_diag = SockDiag::open().expect("sock_diag");
    let mut procfs = ProcNet::open().expect("procfs");
    let mut netstat2 = Netstat2::open().expect("netstat2");

    let native = fixture.read_until(&mut sock_diag, &fixture.expected);
    assert_eq!(
        socket_identities(native.iter()),
        fixture.expected,
        "sock_diag"
    );
    assert_eq!(native.len(), fixture.expected.len(), "each once");
    let text = fixture.read_until(&mut procfs, &fixture.expected);
    assert_eq!(socket_identities(text.iter()), fixture.expected, "procfs");
    assert_eq!(text.len(), fixture.expected.len(), "each once");

    // The netstat2 library reports no UDP peers.
    let without_peers: BTreeSet<SocketIdentity> = fixture
        .expected
        .iter()
        .map(|&(t, local, remote)| (t, local, remote.filter(|_| t != Transport::Udp)))
        .collect();
    let library = fixture.read_until(&mut netstat2, &without_peers);
    assert_eq!(socket_identities(library.iter()), without_peers, "netstat2");
    assert_eq!(library.len(), fixture.expected.len(), "each once");

    assert_eq!(inodes(&native), inodes(&text));
    assert_eq!(inodes(&native), inodes(&library));
}

#[test]
fn sock_diag_and_procfs_agree_on_queues_uids_and_timers() {
    let fixture = SocketFixture::open();
    let mut sock_diag = SockDiag::open().expect("sock_diag");
    let mut procfs = ProcNet::open().expect("procfs");
    let native = fixture.read_until(&mut sock_diag, &fixture.expected);
    let text = fixture.read_until(&mut procfs, &fixture.expected);
    for row in &native {
        let same = |s: &&Socket| {
            (s.transport, s.local, s.remote) == (row.transport, row.local, row.remote)
        };
        let other = text.iter().find(same).expect("the same row");
        assert_eq!(row.uid, other.uid, "{row:?}");
        if !row.is_listening() {
            assert_eq!(row.queues, other.queues, "{row:?}");
        }
        let kind = |s: &Socket| s.timer.map(|t| t.kind);
        assert_eq!(kind(row), kind(other), "{row:?}");
        let due = |s: &Socket| s.timer.map_or(Duration::ZERO, |t| t.due);
        assert!(
            due(row).abs_diff(due(other)) < Duration::from_secs(20),
            "{row:?}\n{other:?}"
        );
    }
}
