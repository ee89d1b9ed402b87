//! Sockets in every state worth testing.
//!
//! Each fixture has its own port number, the loopback addresses, and processes with names of its
//! own. It lasts until it is dropped. The fixed port numbers are safe only in a network namespace
//! of the test's own.

use std::ffi::OsStr;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::holder_process::HolderProcess;

/// A dual-stack listener, an IPv4 and an IPv6 client.
pub(crate) const DUAL_STACK_PORT: u16 = 18080;
/// An IPv6-only and an IPv4 wildcard listener of different processes.
pub(crate) const SEPARATE_LISTENERS_PORT: u16 = 18081;
/// Three listeners that share a port by SO_REUSEPORT, each in its own process.
pub(crate) const REUSEPORT_PORT: u16 = 18082;
/// One listener held by five processes.
pub(crate) const PREFORKED_PORT: u16 = 18083;
/// UDP sockets without and with a peer.
pub(crate) const UDP_PORT: u16 = 18084;
/// A server that does not close its side after five clients have closed theirs.
pub(crate) const CLOSE_WAIT_LEAK_PORT: u16 = 18085;
/// Connections in TIME-WAIT.
pub(crate) const TIME_WAIT_PORT: u16 = 18086;
/// A listener that does not accept, and six clients.
pub(crate) const FULL_BACKLOG_PORT: u16 = 18087;
/// A connection whose received bytes stay unread.
pub(crate) const UNREAD_INPUT_PORT: u16 = 18088;
/// A listener whose process name contains escape sequences.
pub(crate) const ESCAPE_SEQUENCE_NAME_PORT: u16 = 18089;
/// An IPv4 and an IPv6-only wildcard listener of one process.
pub(crate) const ONE_PROCESS_BOTH_FAMILIES_PORT: u16 = 18090;
/// A single IPv6-only wildcard listener.
pub(crate) const IPV6_ONLY_PORT: u16 = 18091;

/// The number of unread bytes on [`UNREAD_INPUT_PORT`].
pub(crate) const UNREAD_BYTES: usize = 4096;
/// The number of connections on [`CLOSE_WAIT_LEAK_PORT`].
pub(crate) const CLOSE_WAIT_LEAK_COUNT: usize = 5;
/// The number of clients of [`FULL_BACKLOG_PORT`]; the backlog is 1, so 2 get through.
pub(crate) const BACKLOG_CLIENTS: usize = 6;
/// A name of 15 bytes, the most the kernel keeps.
pub(crate) const ESCAPE_SEQUENCE_NAME: &[u8] = b"od\x1b[31md \xc3\xa9\n na";

/// Open sockets, and the processes that hold some of them.
#[derive(Default)]
pub(crate) struct Fixture {
    /// The sockets of the test itself.
    pub(crate) own_sockets: Vec<OwnedFd>,
    /// The processes with one socket each.
    pub(crate) holders: Vec<HolderProcess>,
}

impl Fixture {
    fn keep_own(&mut self, socket: impl Into<OwnedFd>) {
        self.own_sockets.push(socket.into());
    }

    fn give_to_process(&mut self, name: impl AsRef<OsStr>, socket: impl Into<OwnedFd>) {
        self.holders.push(HolderProcess::spawn(name, socket.into()));
    }
}

/// Opens all fixtures that stay as they are.
pub(crate) fn all() -> Vec<Fixture> {
    vec![
        dual_stack_listener(),
        separate_listeners_per_family(),
        reuseport_listeners(),
        preforked_listener(),
        udp_sockets(),
        close_wait_leak(),
        time_wait_connections(1),
        full_backlog(),
        unread_input(),
        escape_sequence_name(),
        one_process_both_families(),
        ipv6_only_listener(),
    ]
}

/// Opens a dual-stack listener, the test's own; its clients are `client4` and `client6`.
pub(crate) fn dual_stack_listener() -> Fixture {
    let mut fixture = Fixture::default();
    let listener = TcpListener::from(listener(
        (Ipv6Addr::UNSPECIFIED, DUAL_STACK_PORT).into(),
        ListenFamilies::Both,
    ));
    for (name, at) in [
        (
            "client4",
            SocketAddr::from((Ipv4Addr::LOCALHOST, DUAL_STACK_PORT)),
        ),
        (
            "client6",
            SocketAddr::from((Ipv6Addr::LOCALHOST, DUAL_STACK_PORT)),
        ),
    ] {
        fixture.give_to_process(name, TcpStream::connect(at).expect("a client"));
        fixture.keep_own(listener.accept().expect("its peer").0);
    }
    fixture.keep_own(listener);
    fixture
}

pub(crate) fn separate_listeners_per_family() -> Fixture {
    let mut fixture = Fixture::default();
    let (ipv6, ipv4) = wildcard_per_family(SEPARATE_LISTENERS_PORT);
    fixture.give_to_process("six", ipv6);
    fixture.give_to_process("four", ipv4);
    fixture
}

pub(crate) fn one_process_both_families() -> Fixture {
    let mut fixture = Fixture::default();
    let (ipv6, ipv4) = wildcard_per_family(ONE_PROCESS_BOTH_FAMILIES_PORT);
    fixture.keep_own(ipv6);
    fixture.keep_own(ipv4);
    fixture
}

pub(crate) fn ipv6_only_listener() -> Fixture {
    let mut fixture = Fixture::default();
    let address = (Ipv6Addr::UNSPECIFIED, IPV6_ONLY_PORT).into();
    fixture.keep_own(listener(address, ListenFamilies::Ipv6));
    fixture
}

pub(crate) fn reuseport_listeners() -> Fixture {
    let mut fixture = Fixture::default();
    for _ in 0..3 {
        let socket = tcp_socket(AddressFamily::INET, SocketFlags::CLOEXEC);
        sockopt::set_socket_reuseport(&socket, true).expect("SO_REUSEPORT");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, REUSEPORT_PORT));
        rustix::net::bind(&socket, &address).expect("a port");
        rustix::net::listen(&socket, 16).expect("a listener");
        fixture.give_to_process("shard", socket);
    }
    fixture
}

/// Opens a listener held by the test itself and by four workers, its children.
pub(crate) fn preforked_listener() -> Fixture {
    let mut fixture = Fixture::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PREFORKED_PORT)).expect("a listener");
    for _ in 0..4 {
        fixture.give_to_process("worker", listener.try_clone().expect("another descriptor"));
    }
    fixture.keep_own(listener);
    fixture
}

pub(crate) fn udp_sockets() -> Fixture {
    let mut fixture = Fixture::default();
    let unconnected = UdpSocket::bind((Ipv4Addr::LOCALHOST, UDP_PORT)).expect("a socket");
    let connected = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    connected
        .connect((Ipv4Addr::LOCALHOST, UDP_PORT))
        .expect("a peer");
    connected.send(&[b'x'; 100]).expect("a datagram");
    fixture.keep_own(unconnected);
    fixture.give_to_process("sender", connected);
    fixture
}

/// Opens connections whose server sides (CLOSE-WAIT) and client sides (FIN-WAIT-2) are both the
/// test's own.
pub(crate) fn close_wait_leak() -> Fixture {
    let mut fixture = Fixture::default();
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, CLOSE_WAIT_LEAK_PORT)).expect("a listener");
    for _ in 0..CLOSE_WAIT_LEAK_COUNT {
        let (client, server) = connect_pair(&listener);
        client.shutdown(Shutdown::Write).expect("half closed");
        fixture.keep_own(client);
        fixture.keep_own(server);
    }
    fixture.keep_own(listener);
    fixture
}

/// Opens and closes connections. The server closes first, so its side is the one in TIME-WAIT.
pub(crate) fn time_wait_connections(connections: usize) -> Fixture {
    let mut fixture = Fixture::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, TIME_WAIT_PORT)).expect("a listener");
    for _ in 0..connections {
        let (client, server) = connect_pair(&listener);
        drop(server);
        drop(client);
    }
    fixture.keep_own(listener);
    fixture
}

/// Opens a listener with a full accept queue: two clients are not accepted yet, the other SYNs get
/// no reply.
pub(crate) fn full_backlog() -> Fixture {
    let mut fixture = Fixture::default();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FULL_BACKLOG_PORT));
    let socket = tcp_socket(AddressFamily::INET, SocketFlags::CLOEXEC);
    sockopt::set_socket_reuseaddr(&socket, true).expect("SO_REUSEADDR");
    rustix::net::bind(&socket, &address).expect("a port");
    rustix::net::listen(&socket, 1).expect("a listener");
    fixture.keep_own(socket);
    for _ in 0..BACKLOG_CLIENTS {
        let client = tcp_socket(
            AddressFamily::INET,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        );
        match rustix::net::connect(&client, &address) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => panic!("a connection: {error}"),
        }
        fixture.keep_own(client);
    }
    fixture
}

pub(crate) fn unread_input() -> Fixture {
    let mut fixture = Fixture::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, UNREAD_INPUT_PORT)).expect("a listener");
    let (mut client, server) = connect_pair(&listener);
    client.write_all(&[b'z'; UNREAD_BYTES]).expect("written");
    fixture.keep_own(server);
    fixture.give_to_process("writer", client);
    fixture.keep_own(listener);
    fixture
}

pub(crate) fn escape_sequence_name() -> Fixture {
    let mut fixture = Fixture::default();
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, ESCAPE_SEQUENCE_NAME_PORT)).expect("a listener");
    fixture.give_to_process(OsStr::from_bytes(ESCAPE_SEQUENCE_NAME), listener);
    fixture
}

/// Opens a connection and returns the client's side and the server's.
pub(crate) fn connect_pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let address = listener.local_addr().expect("its address");
    let client = TcpStream::connect(address).expect("a client");
    let (server, _) = listener.accept().expect("its peer");
    (client, server)
}

/// The families an IPv6 listener serves.
#[derive(Clone, Copy)]
enum ListenFamilies {
    Both,
    Ipv6,
}

fn wildcard_per_family(port: u16) -> (OwnedFd, OwnedFd) {
    let ipv6 = listener((Ipv6Addr::UNSPECIFIED, port).into(), ListenFamilies::Ipv6);
    let ipv4 = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("a listener");
    (ipv6, ipv4.into())
}

fn listener(address: SocketAddr, families: ListenFamilies) -> OwnedFd {
    let socket = tcp_socket(AddressFamily::INET6, SocketFlags::CLOEXEC);
    let v6only = matches!(families, ListenFamilies::Ipv6);
    sockopt::set_ipv6_v6only(&socket, v6only).expect("IPV6_V6ONLY");
    rustix::net::bind(&socket, &address).expect("a port");
    rustix::net::listen(&socket, 16).expect("a listener");
    socket
}

fn tcp_socket(family: AddressFamily, flags: SocketFlags) -> OwnedFd {
    rustix::net::socket_with(family, SocketType::STREAM, flags, None).expect("a socket")
}
