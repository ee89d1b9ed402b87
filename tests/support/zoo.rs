//! One of each thing worth seeing in a socket table.
//!
//! Every exhibit has its port number, the loopback addresses, and processes of its own names. It
//! stands until it is dropped. Numbers are only safe in a network of one's own.

use std::ffi::OsStr;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::child::Holder;

/// A dual-stack listener, a v4 and a v6 client.
pub(crate) const DUAL_STACK: u16 = 18080;
/// A v6-only and a v4 wildcard listener of different processes.
pub(crate) const TWO_FAMILIES: u16 = 18081;
/// Three listeners that share a port by SO_REUSEPORT, each of its own process.
pub(crate) const SHARDS: u16 = 18082;
/// One listener that five processes hold.
pub(crate) const PREFORKED: u16 = 18083;
/// UDP without and with a peer.
pub(crate) const DATAGRAMS: u16 = 18084;
/// Five clients that hung up on a server that does not care.
pub(crate) const LEAK: u16 = 18085;
/// Connections that ended.
pub(crate) const ENDED: u16 = 18086;
/// A listener that does not accept, and six callers.
pub(crate) const BACKLOG: u16 = 18087;
/// Bytes nobody reads.
pub(crate) const UNREAD: u16 = 18088;
/// A process whose name would act on a terminal.
pub(crate) const ODD_NAME: u16 = 18089;
/// A v4 and a v6-only wildcard listener of one process.
pub(crate) const TWO_ADDRESSES: u16 = 18090;
/// A v6-only wildcard listener, alone.
pub(crate) const SIX_ONLY: u16 = 18091;

/// How many bytes lie unread in [`unread`].
pub(crate) const UNREAD_BYTES: usize = 4096;
/// How many connections [`leak`] leaks.
pub(crate) const LEAKED: usize = 5;
/// How many call in [`backlog`]; its limit is 1, so 2 come through.
pub(crate) const CALLERS: usize = 6;
/// A name of 15 bytes, the most the kernel keeps.
pub(crate) const ODD: &[u8] = b"od\x1b[31md \xc3\xa9\n na";

/// Sockets that stand, and the processes that hold some of them.
#[derive(Default)]
pub(crate) struct Exhibit {
    /// Sockets of the test itself.
    pub(crate) own: Vec<OwnedFd>,
    /// Processes with one socket each.
    pub(crate) holders: Vec<Holder>,
}

impl Exhibit {
    fn keep(&mut self, socket: impl Into<OwnedFd>) {
        self.own.push(socket.into());
    }

    fn give(&mut self, name: impl AsRef<OsStr>, socket: impl Into<OwnedFd>) {
        self.holders.push(Holder::start(name, socket.into()));
    }
}

/// All exhibits that stay as they are.
pub(crate) fn everything() -> Vec<Exhibit> {
    vec![
        dual_stack(),
        two_families(),
        shards(),
        preforked(),
        datagrams(),
        leak(),
        ended(1),
        backlog(),
        unread(),
        odd_name(),
        two_addresses(),
        six_only(),
    ]
}

/// The listener is the test's own; the clients are `caller4` and `caller6`.
pub(crate) fn dual_stack() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let listener = TcpListener::from(listener(
        (Ipv6Addr::UNSPECIFIED, DUAL_STACK).into(),
        Families::Both,
    ));
    for (name, at) in [
        (
            "caller4",
            SocketAddr::from((Ipv4Addr::LOCALHOST, DUAL_STACK)),
        ),
        (
            "caller6",
            SocketAddr::from((Ipv6Addr::LOCALHOST, DUAL_STACK)),
        ),
    ] {
        exhibit.give(name, TcpStream::connect(at).expect("a client"));
        exhibit.keep(listener.accept().expect("its other end").0);
    }
    exhibit.keep(listener);
    exhibit
}

pub(crate) fn two_families() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let (six, four) = both_wildcards(TWO_FAMILIES);
    exhibit.give("six", six);
    exhibit.give("four", four);
    exhibit
}

pub(crate) fn two_addresses() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let (six, four) = both_wildcards(TWO_ADDRESSES);
    exhibit.keep(six);
    exhibit.keep(four);
    exhibit
}

pub(crate) fn six_only() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let place = (Ipv6Addr::UNSPECIFIED, SIX_ONLY).into();
    exhibit.keep(listener(place, Families::Ipv6));
    exhibit
}

pub(crate) fn shards() -> Exhibit {
    let mut exhibit = Exhibit::default();
    for _ in 0..3 {
        let socket = stream(AddressFamily::INET, SocketFlags::CLOEXEC);
        sockopt::set_socket_reuseport(&socket, true).expect("SO_REUSEPORT");
        let place = SocketAddr::from((Ipv4Addr::LOCALHOST, SHARDS));
        rustix::net::bind(&socket, &place).expect("a port");
        rustix::net::listen(&socket, 16).expect("a listener");
        exhibit.give("shard", socket);
    }
    exhibit
}

/// The master is the test itself, the four workers are children of it.
pub(crate) fn preforked() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PREFORKED)).expect("a listener");
    for _ in 0..4 {
        exhibit.give("worker", listener.try_clone().expect("another descriptor"));
    }
    exhibit.keep(listener);
    exhibit
}

pub(crate) fn datagrams() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let alone = UdpSocket::bind((Ipv4Addr::LOCALHOST, DATAGRAMS)).expect("a socket");
    let paired = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    paired
        .connect((Ipv4Addr::LOCALHOST, DATAGRAMS))
        .expect("a peer");
    paired.send(&[b'x'; 100]).expect("a datagram");
    exhibit.keep(alone);
    exhibit.give("sender", paired);
    exhibit
}

/// The server's ends, in CLOSE-WAIT, are the test's own, and so are the clients', in FIN-WAIT-2.
pub(crate) fn leak() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, LEAK)).expect("a listener");
    for _ in 0..LEAKED {
        let (client, server) = pair(&listener);
        client.shutdown(Shutdown::Write).expect("half closed");
        exhibit.keep(client);
        exhibit.keep(server);
    }
    exhibit.keep(listener);
    exhibit
}

/// The server closed first, so its end is the one in TIME-WAIT.
pub(crate) fn ended(connections: usize) -> Exhibit {
    let mut exhibit = Exhibit::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ENDED)).expect("a listener");
    for _ in 0..connections {
        let (client, server) = pair(&listener);
        drop(server);
        drop(client);
    }
    exhibit.keep(listener);
    exhibit
}

/// Two callers wait to be accepted, the others' SYNs are not answered.
pub(crate) fn backlog() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let place = SocketAddr::from((Ipv4Addr::LOCALHOST, BACKLOG));
    let socket = stream(AddressFamily::INET, SocketFlags::CLOEXEC);
    sockopt::set_socket_reuseaddr(&socket, true).expect("SO_REUSEADDR");
    rustix::net::bind(&socket, &place).expect("a port");
    rustix::net::listen(&socket, 1).expect("a listener");
    exhibit.keep(socket);
    for _ in 0..CALLERS {
        let caller = stream(
            AddressFamily::INET,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        );
        match rustix::net::connect(&caller, &place) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => panic!("a call: {error}"),
        }
        exhibit.keep(caller);
    }
    exhibit
}

pub(crate) fn unread() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, UNREAD)).expect("a listener");
    let (mut client, server) = pair(&listener);
    client.write_all(&[b'z'; UNREAD_BYTES]).expect("written");
    exhibit.keep(server);
    exhibit.give("writer", client);
    exhibit.keep(listener);
    exhibit
}

pub(crate) fn odd_name() -> Exhibit {
    let mut exhibit = Exhibit::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ODD_NAME)).expect("a listener");
    exhibit.give(OsStr::from_bytes(ODD), listener);
    exhibit
}

/// A connection: the client's end, and the server's.
pub(crate) fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let place = listener.local_addr().expect("its address");
    let client = TcpStream::connect(place).expect("a client");
    let (server, _) = listener.accept().expect("its other end");
    (client, server)
}

/// Which families an IPv6 listener serves.
#[derive(Clone, Copy)]
enum Families {
    Both,
    Ipv6,
}

fn both_wildcards(port: u16) -> (OwnedFd, OwnedFd) {
    let six = listener((Ipv6Addr::UNSPECIFIED, port).into(), Families::Ipv6);
    let four = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("a listener");
    (six, four.into())
}

fn listener(place: SocketAddr, families: Families) -> OwnedFd {
    let socket = stream(AddressFamily::INET6, SocketFlags::CLOEXEC);
    let v6only = matches!(families, Families::Ipv6);
    sockopt::set_ipv6_v6only(&socket, v6only).expect("IPV6_V6ONLY");
    rustix::net::bind(&socket, &place).expect("a port");
    rustix::net::listen(&socket, 16).expect("a listener");
    socket
}

fn stream(family: AddressFamily, flags: SocketFlags) -> OwnedFd {
    rustix::net::socket_with(family, SocketType::STREAM, flags, None).expect("a socket")
}
