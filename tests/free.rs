//! `portolan free` among real sockets: what it answers, whom it names, and how it ends.
#![cfg(target_os = "linux")]

#[path = "support/child.rs"]
mod child;
#[path = "support/network.rs"]
mod network;
#[path = "support/turn.rs"]
mod turn;

use std::fs;
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket,
};
use std::os::fd::OwnedFd;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use child::Holder;
use network::{own_network, skip};

/// A port that is only safe to name in a network of one's own.
const PORT: u16 = 18200;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portolan");

/// The exit status and what was said.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// The answer to a wish, which must come without complaint and be said by `-q` only in the status.
fn free(wish: &str) -> (Option<i32>, String) {
    let (status, out, err) = run(Command::new(PROGRAM).args(["free", wish]));
    assert_eq!(err, "", "{wish}: {out}");
    let quiet = run(Command::new(PROGRAM).args(["free", "--quiet", wish]));
    assert_eq!(quiet, (status, String::new(), String::new()), "{wish}");
    (status, out)
}

#[track_caller]
fn is_free(wish: &str, words: &[&str]) {
    let (status, out) = free(wish);
    assert_eq!(status, Some(0), "{out}");
    assert!(out.lines().next().unwrap_or("").ends_with(" is free"));
    contains(&out, words);
    if words.is_empty() {
        assert_eq!(out.lines().count(), 1, "{out}");
    }
}

#[track_caller]
fn is_taken(wish: &str, words: &[&str]) {
    let (status, out) = free(wish);
    assert_eq!(status, Some(1), "{out}");
    assert!(out.lines().next().unwrap_or("").ends_with(" is taken"));
    contains(&out, words);
}

#[track_caller]
fn contains(out: &str, words: &[&str]) {
    for word in words {
        assert!(out.contains(word), "{word:?} in:\n{out}");
    }
}

#[derive(Clone, Copy)]
enum Reuse {
    Nothing,
    Address,
    Port,
}

/// A socket that no program started from here gets, too.
fn stream(family: AddressFamily) -> OwnedFd {
    let flags = SocketFlags::CLOEXEC;
    rustix::net::socket_with(family, SocketType::STREAM, flags, None).expect("a socket")
}

/// A TCP socket that is bound and no more; [`Reuse`] as a server may set it.
fn bound(place: impl Into<SocketAddr>, reuse: Reuse) -> OwnedFd {
    let place = place.into();
    let family = match place {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = stream(family);
    match reuse {
        Reuse::Nothing => {}
        Reuse::Address => sockopt::set_socket_reuseaddr(&socket, true).expect("SO_REUSEADDR"),
        Reuse::Port => sockopt::set_socket_reuseport(&socket, true).expect("SO_REUSEPORT"),
    }
    rustix::net::bind(&socket, &place).expect("a port");
    socket
}

fn listener(place: impl Into<SocketAddr>, reuse: Reuse) -> TcpListener {
    let socket = bound(place, reuse);
    rustix::net::listen(&socket, 16).expect("a listener");
    socket.into()
}

/// The client's end and the server's.
fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let place = listener.local_addr().expect("its address");
    let client = TcpStream::connect(place).expect("a client");
    (client, listener.accept().expect("its other end").0)
}

const LOCAL: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, PORT);

/// Until the kernel has brought a socket with this local port into this state (its number in
/// `include/net/tcp_states.h`, as /proc/net/tcp has it): it does so in its own time.
fn until_state(state: &str) {
    let ends = format!(":{PORT:04X}");
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        let table = fs::read_to_string("/proc/net/tcp").expect("a table");
        let is_there = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.get(1).is_some_and(|local| local.ends_with(&ends)) && words.get(3) == Some(&state)
        };
        if table.lines().any(is_there) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("no socket came into state {state}");
}

#[test]
fn where_nobody_is_it_is_free() {
    own_network("where_nobody_is_it_is_free", || {
        let all = [
            "18200",
            ":18200",
            "18200/udp",
            "127.0.0.1:18200",
            "[::1]:18200",
            "0.0.0.0:18200/udp",
            "[::]:18200/tcp",
        ];
        for wish in all {
            is_free(wish, &[]);
        }
        let (status, out) = free("192.0.2.1:18200");
        assert_eq!(status, Some(1), "{out}");
        contains(&out, &["none of this machine's addresses"]);
    });
}

#[test]
fn a_wildcard_takes_every_address_of_its_family() {
    own_network("a_wildcard_takes_every_address_of_its_family", || {
        let server = listener((Ipv4Addr::UNSPECIFIED, PORT), Reuse::Address);
        let holder = Holder::start("harbour", server.into());
        let name = format!("harbour {} listens at 0.0.0.0:18200", holder.pid());
        let four = [&*name, "every IPv4 address"];
        is_taken("18200", &[&four[..], &["free for IPv6 alone"]].concat());
        is_taken("127.0.0.1:18200", &four);
        is_free("[::1]:18200", &[&name, "elsewhere", "not in the way"]);
        is_free("18200/udp", &[]);
    });
}

#[test]
fn a_dual_stack_listener_takes_both_families() {
    own_network("a_dual_stack_listener_takes_both_families", || {
        let place = (Ipv6Addr::UNSPECIFIED, PORT);
        let _server = listener(place, Reuse::Address);
        let words = ["listens at [::]:18200, every address, IPv4 and IPv6"];
        for wish in ["18200", "127.0.0.1:18200", "[::1]:18200", "0.0.0.0:18200"] {
            is_taken(wish, &words);
        }
        assert!(!free("18200").1.contains("free for"));
    });
}

#[test]
fn ipv6_alone_leaves_ipv4_free() {
    own_network("ipv6_alone_leaves_ipv4_free", || {
        let socket = stream(AddressFamily::INET6);
        sockopt::set_ipv6_v6only(&socket, true).expect("IPV6_V6ONLY");
        let place = SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT));
        rustix::net::bind(&socket, &place).expect("a port");
        rustix::net::listen(&socket, 16).expect("a listener");
        let six = "every IPv6 address, not IPv4";
        is_taken("18200", &[six, "free for IPv4 alone: 0.0.0.0:18200"]);
        is_taken("[::1]:18200", &[six]);
        is_free("0.0.0.0:18200", &[six, "not in the way"]);
        is_free("127.0.0.1:18200", &[six, "not in the way"]);
    });
}

#[test]
fn one_address_leaves_the_others_free() {
    own_network("one_address_leaves_the_others_free", || {
        let _server = listener(LOCAL, Reuse::Address);
        let one = "listens at 127.0.0.1:18200, that address alone";
        let others = "other addresses are free, such as 127.0.0.2:18200";
        is_taken("18200", &[one, others]);
        is_taken("127.0.0.1:18200", &[one]);
        is_free("127.0.0.2:18200", &["elsewhere", one, "not in the way"]);
    });
}

#[test]
fn many_obstacles_are_counted() {
    own_network("many_obstacles_are_counted", || {
        let places = (1..=12).map(|last| (IpAddr::from([127, 0, 0, last]), PORT));
        let _servers: Vec<_> = places.map(|at| listener(at, Reuse::Address)).collect();
        let words = ["and 2 more sockets", "such as 127.0.0.13:18200"];
        is_taken("18200", &words);
    });
}

#[test]
fn sockets_that_share_a_place_are_one_line() {
    own_network("sockets_that_share_a_place_are_one_line", || {
        let holders = ["one", "two"].map(|name| {
            let socket = listener(LOCAL, Reuse::Port);
            Holder::start(name, socket.into())
        });
        let [one, two] = holders.each_ref().map(Holder::pid);
        let (one, two) = (format!("one {one}"), format!("two {two}"));
        let shared = "2 sockets share 127.0.0.1:18200";
        let join = "sets SO_REUSEPORT can join them";
        is_taken("18200", &[shared, "(SO_REUSEPORT)", &one, &two, join]);
    });
}

/// Who sets SO_REUSEADDR gets by what is in TIME-WAIT, if that had set it, too.
#[test]
fn time_wait_is_in_the_way_of_some() {
    own_network("time_wait_is_in_the_way_of_some", || {
        let server = listener(LOCAL, Reuse::Address);
        let (client, accepted) = pair(&server);
        drop((accepted, client, server));
        until_state("06");
        let still = "1 connection in TIME-WAIT still has it, forgotten in ";
        let can = "a server that sets SO_REUSEADDR, as nearly all do, can bind";
        is_free("18200", &[still, can, "one that does not can in "]);
        is_free("127.0.0.2:18200", &["elsewhere", "not in the way"]);
    });
}

#[test]
fn time_wait_without_reuse_is_in_the_way_of_all() {
    own_network("time_wait_without_reuse_is_in_the_way_of_all", || {
        let server = listener(LOCAL, Reuse::Nothing);
        let (client, accepted) = pair(&server);
        drop((accepted, client, server));
        until_state("06");
        let why = "opened without SO_REUSEADDR, and keeps it until it is forgotten, in ";
        is_taken("18200", &["1 connection in TIME-WAIT still has it", why]);
    });
}

#[test]
fn connections_outlive_their_listener() {
    own_network("connections_outlive_their_listener", || {
        for reuse in [Reuse::Nothing, Reuse::Address] {
            let server = listener(LOCAL, reuse);
            let (client, accepted) = pair(&server);
            let holder = Holder::start("server", accepted.into());
            drop(server);
            client.shutdown(Shutdown::Write).expect("half closed");
            until_state("08");
            let owner = format!("server {}", holder.pid());
            let left = "1 connection left over from a listener that is gone, CLOSE-WAIT";
            match reuse {
                Reuse::Nothing => {
                    let why = "opened without SO_REUSEADDR, and keeps it until it is closed";
                    is_taken("18200", &[left, &owner, why]);
                }
                _ => is_free("18200", &[left, &owner, "can bind all the same"]),
            }
        }
    });
}

#[test]
fn who_dialled_from_the_port_has_it() {
    own_network("who_dialled_from_the_port_has_it", || {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let (client, _accepted) = pair(&server);
        let place = client.local_addr().expect("its address");
        let holder = Holder::start("caller", client.into());
        let owner = format!("caller {}", holder.pid());
        let words = ["1 connection dialled from it, ESTABLISHED", &owner];
        is_taken(&place.port().to_string(), &words);
        is_taken(&place.to_string(), &words);
    });
}

#[test]
fn datagrams_have_ports_of_their_own() {
    own_network("datagrams_have_ports_of_their_own", || {
        let socket = UdpSocket::bind(LOCAL).expect("a socket");
        let holder = Holder::start("names", socket.into());
        let words = format!("names {} receives at 127.0.0.1:18200", holder.pid());
        is_taken("18200/udp", &[&words, "other addresses are free"]);
        is_taken("127.0.0.1:18200/udp", &[&words]);
        is_free("18200", &[]);

        let paired = UdpSocket::bind((Ipv4Addr::LOCALHOST, PORT + 1)).expect("a socket");
        paired.connect((Ipv4Addr::LOCALHOST, 53)).expect("a peer");
        is_taken(
            "18201/udp",
            &["1 UDP socket with a peer, 127.0.0.1:18201 ⇄"],
        );
    });
}

/// No table lists such a socket; only trying finds it.
#[test]
fn a_socket_that_is_bound_and_no_more_is_told_of() {
    own_network("a_socket_that_is_bound_and_no_more_is_told_of", || {
        let socket = bound(LOCAL, Reuse::Nothing);
        let nobody = "the table does not list: bound, and neither listening nor connected";
        let others = "other addresses are free, such as 127.0.0.2";
        is_taken("18200", &["taken by a socket that", nobody, others]);
        drop(socket);
        let _socket = bound(LOCAL, Reuse::Address);
        is_free("18200", &[nobody, "one that does not cannot"]);
    });
}

#[test]
fn a_privileged_port_is_not_told_to_everybody() {
    let test = "a_privileged_port_is_not_told_to_everybody";
    own_network(test, || {
        let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
        let as_nobody = || {
            let mut command = Command::new("setpriv");
            command.args(nobody).arg(PROGRAM);
            command
        };
        let probe = as_nobody().arg("--version").stderr(Stdio::null()).output();
        if !probe.is_ok_and(|output| output.status.success()) {
            return skip(test, "nobody cannot run the program");
        }
        let (status, out, _) = run(as_nobody().args(["free", "80"]));
        assert_eq!(status, Some(1), "{out}");
        let words = [
            "80/tcp cannot be bound by this user",
            "CAP_NET_BIND_SERVICE",
            "sudo",
        ];
        contains(&out, &words);

        // What the table shows is told all the same.
        let place = (Ipv4Addr::LOCALHOST, 80);
        let _server = listener(place, Reuse::Address);
        let (status, out, _) = run(as_nobody().args(["free", "80"]));
        assert_eq!(status, Some(1), "{out}");
        contains(
            &out,
            &["80/tcp is taken", "hidden", "may not bind ports below"],
        );
    });
}

#[test]
fn a_wrong_port_is_one_sentence() {
    for (wish, word) in [
        ("0", "any port that is free"),
        ("99999", "65535"),
        ("80/sctp", "tcp or udp"),
        ("::1:80", "[::1]:80"),
        ("http", "expected a port"),
        ("\x1b]0;owned\x07", "expected a port"),
        ("", "expected a port"),
    ] {
        let (status, out, err) = run(Command::new(PROGRAM).args(["free", wish]));
        assert_eq!((status, &*out), (Some(2), ""), "{wish}: {err}");
        assert!(err.contains(word) && err.lines().count() == 1, "{err}");
        assert!(!err.trim_end().contains(char::is_control), "{err:?}");
    }
    assert_eq!(run(Command::new(PROGRAM).arg("free")).0, Some(2));
}
