//! Every source must tell the same story of sockets that this test opens itself.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket,
};
use std::time::{Duration, Instant};

use portolan::collect::Source;
use portolan::collect::netstat2::Netstat2;
use portolan::collect::procfs::Procfs;
use portolan::collect::sock_diag::SockDiag;
use portolan::endpoint::Endpoint;
use portolan::port::{Port, Protocol};
use portolan::socket::{Inode, Socket, TcpState, Transport};

/// What all three tell of a socket.
type Story = (Transport, Endpoint, Option<Endpoint>);

/// Loopback sockets in every state that stays as it is for as long as nobody touches them.
#[derive(Default)]
struct Harbour {
    listeners: Vec<TcpListener>,
    streams: Vec<TcpStream>,
    datagrams: Vec<UdpSocket>,
    stories: BTreeSet<Story>,
}

impl Harbour {
    fn open() -> Self {
        let mut harbour = Self::default();
        harbour.fill(Ipv4Addr::LOCALHOST.into());
        // A machine may have no IPv6 at all, not even for itself.
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            harbour.fill(Ipv6Addr::LOCALHOST.into());
        }
        harbour
    }

    fn fill(&mut self, address: IpAddr) {
        let listener = TcpListener::bind((address, 0)).expect("a listener");
        let (quiet_client, quiet_server) = pair(&listener);
        self.tell(TcpState::Established, &quiet_client);
        self.tell(TcpState::Established, &quiet_server);

        let (half_client, half_server) = pair(&listener);
        half_client.shutdown(Shutdown::Write).expect("half closed");
        self.tell(TcpState::FinWait2, &half_client);
        self.tell(TcpState::CloseWait, &half_server);

        let (gone_client, gone_server) = pair(&listener);
        self.tell(TcpState::TimeWait, &gone_client);
        drop(gone_client);
        drop(gone_server);

        let local = endpoint(listener.local_addr());
        self.stories
            .insert((Transport::Tcp(TcpState::Listen), local, None));
        self.listeners.push(listener);
        self.streams
            .extend([quiet_client, quiet_server, half_client, half_server]);

        let alone = UdpSocket::bind((address, 0)).expect("a socket");
        let paired = UdpSocket::bind((address, 0)).expect("a socket");
        paired
            .connect(alone.local_addr().expect("its address"))
            .expect("a peer");
        let (alone_at, paired_at) = (endpoint(alone.local_addr()), endpoint(paired.local_addr()));
        self.stories.insert((Transport::Udp, alone_at, None));
        self.stories
            .insert((Transport::Udp, paired_at, Some(alone_at)));
        self.datagrams.extend([alone, paired]);
    }

    fn tell(&mut self, state: TcpState, stream: &TcpStream) {
        let (local, remote) = (endpoint(stream.local_addr()), endpoint(stream.peer_addr()));
        self.stories
            .insert((Transport::Tcp(state), local, Some(remote)));
    }

    fn is_ours(&self, end: Endpoint) -> bool {
        let ends = |story: &Story| [Some(story.1), story.2];
        self.stories.iter().flat_map(ends).any(|e| e == Some(end))
    }

    /// The rows of `sockets` that are ours, by their own port, each of which only we have: the
    /// servers' and listeners' by ours, the clients' by what the kernel chose for us.
    fn ours<'a>(&self, sockets: &'a [Socket]) -> Vec<&'a Socket> {
        let ports: BTreeSet<(Protocol, Endpoint)> = self
            .stories
            .iter()
            .map(|(t, local, _)| (t.protocol(), *local))
            .collect();
        sockets
            .iter()
            .filter(|s| ports.contains(&(s.protocol(), s.local)))
            // Others may dial from the same ports, to other places.
            .filter(|s| s.remote.is_none_or(|remote| self.is_ours(remote)))
            .collect()
    }

    /// The stories as `source` tells them, once it tells them all: the kernel needs its time for
    /// the last FIN. The last word if it never does.
    fn as_told_by(&self, source: &mut dyn Source, expected: &BTreeSet<Story>) -> Vec<Socket> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
            source
                .read(None, Duration::ZERO, &mut sockets, &mut gaps)
                .expect("a sample");
            assert_eq!(gaps, [], "{}", source.kind());
            let ours = self.ours(&sockets);
            if stories(ours.iter().copied()) == *expected || Instant::now() > deadline {
                return ours.into_iter().cloned().collect();
            }
        }
    }
}

/// A connection whose server's end waits for data that never comes and is closed second.
fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().expect("address")).expect("a client");
    let (server, _) = listener.accept().expect("a server");
    (client, server)
}

fn endpoint(address: std::io::Result<SocketAddr>) -> Endpoint {
    let address = address.expect("an address");
    Endpoint::new(address.ip(), Port(address.port()))
}

fn stories<'a>(sockets: impl Iterator<Item = &'a Socket>) -> BTreeSet<Story> {
    sockets.map(|s| (s.transport, s.local, s.remote)).collect()
}

/// What each row's inode is: the sources must agree on who is who, too.
fn inodes(sockets: &[Socket]) -> BTreeSet<(Endpoint, TcpStateOrUdp, Option<Inode>)> {
    sockets
        .iter()
        .map(|s| (s.local, s.tcp_state(), s.inode))
        .collect()
}

type TcpStateOrUdp = Option<TcpState>;

#[test]
fn all_three_sources_tell_the_same() {
    let harbour = Harbour::open();
    let mut sock_diag = SockDiag::open().expect("sock_diag");
    let mut procfs = Procfs::open().expect("procfs");
    let mut netstat2 = Netstat2::open().expect("netstat2");

    let native = harbour.as_told_by(&mut sock_diag, &harbour.stories);
    assert_eq!(stories(native.iter()), harbour.stories, "sock_diag");
    assert_eq!(native.len(), harbour.stories.len(), "each once");
    let text = harbour.as_told_by(&mut procfs, &harbour.stories);
    assert_eq!(stories(text.iter()), harbour.stories, "procfs");
    assert_eq!(text.len(), harbour.stories.len(), "each once");

    // The library does not know UDP peers.
    let without_peers: BTreeSet<Story> = harbour
        .stories
        .iter()
        .map(|&(t, local, remote)| (t, local, remote.filter(|_| t != Transport::Udp)))
        .collect();
    let library = harbour.as_told_by(&mut netstat2, &without_peers);
    assert_eq!(stories(library.iter()), without_peers, "netstat2");
    assert_eq!(library.len(), harbour.stories.len(), "each once");

    assert_eq!(inodes(&native), inodes(&text));
    assert_eq!(inodes(&native), inodes(&library));
}

#[test]
fn the_native_sources_agree_on_queues_uids_and_timers() {
    let harbour = Harbour::open();
    let mut sock_diag = SockDiag::open().expect("sock_diag");
    let mut procfs = Procfs::open().expect("procfs");
    let native = harbour.as_told_by(&mut sock_diag, &harbour.stories);
    let text = harbour.as_told_by(&mut procfs, &harbour.stories);
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
