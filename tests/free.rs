//! Tests `portolan free` with real sockets: its report, the holders it names, and its exit status.
#![cfg(target_os = "linux")]

#[path = "support/holder_process.rs"]
mod holder_process;
#[path = "support/network_namespace.rs"]
mod network_namespace;
#[path = "support/skip.rs"]
mod skip;
#[path = "support/spawn_lock.rs"]
mod spawn_lock;

use std::fs;
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket,
};
use std::os::fd::OwnedFd;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use holder_process::HolderProcess;
use network_namespace::in_network_namespace;
use skip::skip;

/// A port number that is safe only in the test's own network namespace.
const PORT: u16 = 18200;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portolan");

/// Runs the command and returns its exit status and output.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// Returns the exit status and the report on a target. Nothing may go to stderr, and `-q` must give
/// the same status without output.
fn free_output(target: &str) -> (Option<i32>, String) {
    let (status, out, err) = run(Command::new(PROGRAM).args(["free", target]));
    assert_eq!(err, "", "{target}: {out}");
    let quiet = run(Command::new(PROGRAM).args(["free", "--quiet", target]));
    assert_eq!(quiet, (status, String::new(), String::new()), "{target}");
    (status, out)
}

#[track_caller]
fn assert_free(target: &str, words: &[&str]) {
    let (status, out) = free_output(target);
    assert_eq!(status, Some(0), "{out}");
    assert!(out.lines().next().unwrap_or("").ends_with(" is free"));
    assert_contains(&out, words);
    if words.is_empty() {
        assert_eq!(out.lines().count(), 1, "{out}");
    }
}

#[track_caller]
fn assert_taken(target: &str, words: &[&str]) {
    let (status, out) = free_output(target);
    assert_eq!(status, Some(1), "{out}");
    assert!(out.lines().next().unwrap_or("").ends_with(" is taken"));
    assert_contains(&out, words);
}

#[track_caller]
fn assert_contains(out: &str, words: &[&str]) {
    for word in words {
        assert!(out.contains(word), "{word:?} in:\n{out}");
    }
}

#[derive(Clone, Copy)]
enum ReuseOption {
    Nothing,
    Address,
    Port,
}

/// Returns a socket that no child process inherits.
fn tcp_socket(family: AddressFamily) -> OwnedFd {
    let flags = SocketFlags::CLOEXEC;
    rustix::net::socket_with(family, SocketType::STREAM, flags, None).expect("a socket")
}

/// Returns a TCP socket that is only bound, with the [`ReuseOption`] a server may set.
fn bound_socket(address: impl Into<SocketAddr>, reuse: ReuseOption) -> OwnedFd {
    let address = address.into();
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = tcp_socket(family);
    match reuse {
        ReuseOption::Nothing => {}
        ReuseOption::Address => sockopt::set_socket_reuseaddr(&socket, true).expect("SO_REUSEADDR"),
        ReuseOption::Port => sockopt::set_socket_reuseport(&socket, true).expect("SO_REUSEPORT"),
    }
    rustix::net::bind(&socket, &address).expect("a port");
    socket
}

fn listener(address: impl Into<SocketAddr>, reuse: ReuseOption) -> TcpListener {
    let socket = bound_socket(address, reuse);
    rustix::net::listen(&socket, 16).expect("a listener");
    socket.into()
}

/// Returns the client's side and the server's.
fn connect_pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let address = listener.local_addr().expect("its address");
    let client = TcpStream::connect(address).expect("a client");
    (client, listener.accept().expect("its peer").0)
}

const LOOPBACK_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, PORT);

/// Waits until a socket with this local port is in this state (its number in
/// `include/net/tcp_states.h`, as in /proc/net/tcp): the kernel changes states in its own time.
fn wait_for_state(state: &str) {
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
fn unused_port_is_free() {
    in_network_namespace("unused_port_is_free", || {
        let all = [
            "18200",
            ":18200",
            "18200/udp",
            "127.0.0.1:18200",
            "[::1]:18200",
            "0.0.0.0:18200/udp",
            "[::]:18200/tcp",
        ];
        for target in all {
            assert_free(target, &[]);
        }
        let (status, out) = free_output("192.0.2.1:18200");
        assert_eq!(status, Some(1), "{out}");
        assert_contains(&out, &["is not an address of this machine"]);
    });
}

#[test]
fn wildcard_listener_takes_every_address_of_its_family() {
    in_network_namespace(
        "wildcard_listener_takes_every_address_of_its_family",
        || {
            let server = listener((Ipv4Addr::UNSPECIFIED, PORT), ReuseOption::Address);
            let holder = HolderProcess::spawn("server", server.into());
            let name = format!("server {} listens at 0.0.0.0:18200", holder.pid());
            let ipv4_words = [&*name, "every IPv4 address"];
            assert_taken(
                "18200",
                &[&ipv4_words[..], &["free for IPv6 only"]].concat(),
            );
            assert_taken("127.0.0.1:18200", &ipv4_words);
            assert_free("[::1]:18200", &[&name, "elsewhere", "no conflict"]);
            assert_free("18200/udp", &[]);
        },
    );
}

#[test]
fn a_dual_stack_listener_takes_both_families() {
    in_network_namespace("a_dual_stack_listener_takes_both_families", || {
        let address = (Ipv6Addr::UNSPECIFIED, PORT);
        let _server = listener(address, ReuseOption::Address);
        let words = ["listens at [::]:18200, every address, IPv4 and IPv6"];
        for target in ["18200", "127.0.0.1:18200", "[::1]:18200", "0.0.0.0:18200"] {
            assert_taken(target, &words);
        }
        assert!(!free_output("18200").1.contains("free for"));
    });
}

#[test]
fn v6only_listener_leaves_ipv4_free() {
    in_network_namespace("v6only_listener_leaves_ipv4_free", || {
        let socket = tcp_socket(AddressFamily::INET6);
        sockopt::set_ipv6_v6only(&socket, true).expect("IPV6_V6ONLY");
        let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT));
        rustix::net::bind(&socket, &address).expect("a port");
        rustix::net::listen(&socket, 16).expect("a listener");
        let ipv6_text = "every IPv6 address, not IPv4";
        assert_taken("18200", &[ipv6_text, "free for IPv4 only: 0.0.0.0:18200"]);
        assert_taken("[::1]:18200", &[ipv6_text]);
        assert_free("0.0.0.0:18200", &[ipv6_text, "no conflict"]);
        assert_free("127.0.0.1:18200", &[ipv6_text, "no conflict"]);
    });
}

#[test]
fn listener_on_one_address_leaves_the_others_free() {
    in_network_namespace("listener_on_one_address_leaves_the_others_free", || {
        let _server = listener(LOOPBACK_PORT, ReuseOption::Address);
        let one = "listens at 127.0.0.1:18200, that address only";
        let others = "other addresses are free, such as 127.0.0.2:18200";
        assert_taken("18200", &[one, others]);
        assert_taken("127.0.0.1:18200", &[one]);
        assert_free("127.0.0.2:18200", &["elsewhere", one, "no conflict"]);
    });
}

#[test]
fn more_than_ten_conflicting_sockets_are_counted() {
    in_network_namespace("more_than_ten_conflicting_sockets_are_counted", || {
        let places = (1..=12).map(|last| (IpAddr::from([127, 0, 0, last]), PORT));
        let _servers: Vec<_> = places
            .map(|at| listener(at, ReuseOption::Address))
            .collect();
        let words = ["and 2 more sockets", "such as 127.0.0.13:18200"];
        assert_taken("18200", &words);
    });
}

#[test]
fn reuseport_listeners_are_one_line() {
    in_network_namespace("reuseport_listeners_are_one_line", || {
        let holders = ["one", "two"].map(|name| {
            let socket = listener(LOOPBACK_PORT, ReuseOption::Port);
            HolderProcess::spawn(name, socket.into())
        });
        let [one, two] = holders.each_ref().map(HolderProcess::pid);
        let (one, two) = (format!("one {one}"), format!("two {two}"));
        let shared = "2 sockets share 127.0.0.1:18200";
        let join = "sets SO_REUSEPORT can join them";
        assert_taken("18200", &[shared, "(SO_REUSEPORT)", &one, &two, join]);
    });
}

/// A socket with SO_REUSEADDR can be bound beside one in TIME-WAIT, if that had set it too.
#[test]
fn time_wait_with_reuseaddr_is_free_for_reuseaddr_binders() {
    in_network_namespace(
        "time_wait_with_reuseaddr_is_free_for_reuseaddr_binders",
        || {
            let server = listener(LOOPBACK_PORT, ReuseOption::Address);
            let (client, accepted) = connect_pair(&server);
            drop((accepted, client, server));
            wait_for_state("06");
            let still = "1 connection in TIME-WAIT still has it, expires in ";
            let can = "a server that sets SO_REUSEADDR, as nearly all do, can bind";
            assert_free("18200", &[still, can, "one that does not can in "]);
            assert_free("127.0.0.2:18200", &["elsewhere", "no conflict"]);
        },
    );
}

#[test]
fn time_wait_without_reuseaddr_is_taken() {
    in_network_namespace("time_wait_without_reuseaddr_is_taken", || {
        let server = listener(LOOPBACK_PORT, ReuseOption::Nothing);
        let (client, accepted) = connect_pair(&server);
        drop((accepted, client, server));
        wait_for_state("06");
        let why = "opened without SO_REUSEADDR and holds it until it expires, in ";
        assert_taken("18200", &["1 connection in TIME-WAIT still has it", why]);
    });
}

#[test]
fn connections_of_a_closed_listener_are_reported() {
    in_network_namespace("connections_of_a_closed_listener_are_reported", || {
        for reuse in [ReuseOption::Nothing, ReuseOption::Address] {
            let server = listener(LOOPBACK_PORT, reuse);
            let (client, accepted) = connect_pair(&server);
            let holder = HolderProcess::spawn("server", accepted.into());
            drop(server);
            client.shutdown(Shutdown::Write).expect("half closed");
            wait_for_state("08");
            let owner = format!("server {}", holder.pid());
            let left = "1 connection left over from a closed listener, CLOSE-WAIT";
            match reuse {
                ReuseOption::Nothing => {
                    let why = "opened without SO_REUSEADDR and holds it until it is closed";
                    assert_taken("18200", &[left, &owner, why]);
                }
                _ => assert_free("18200", &[left, &owner, "can bind anyway"]),
            }
        }
    });
}

#[test]
fn local_port_of_an_outgoing_connection_is_taken() {
    in_network_namespace("local_port_of_an_outgoing_connection_is_taken", || {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let (client, _accepted) = connect_pair(&server);
        let address = client.local_addr().expect("its address");
        let holder = HolderProcess::spawn("client", client.into());
        let owner = format!("client {}", holder.pid());
        let words = ["1 connection opened from it, ESTABLISHED", &owner];
        assert_taken(&address.port().to_string(), &words);
        assert_taken(&address.to_string(), &words);
    });
}

#[test]
fn udp_ports_are_separate_from_tcp_ports() {
    in_network_namespace("udp_ports_are_separate_from_tcp_ports", || {
        let socket = UdpSocket::bind(LOOPBACK_PORT).expect("a socket");
        let holder = HolderProcess::spawn("names", socket.into());
        let words = format!("names {} receives at 127.0.0.1:18200", holder.pid());
        assert_taken("18200/udp", &[&words, "other addresses are free"]);
        assert_taken("127.0.0.1:18200/udp", &[&words]);
        assert_free("18200", &[]);

        let paired = UdpSocket::bind((Ipv4Addr::LOCALHOST, PORT + 1)).expect("a socket");
        paired.connect((Ipv4Addr::LOCALHOST, 53)).expect("a peer");
        assert_taken(
            "18201/udp",
            &["1 UDP socket with a peer, 127.0.0.1:18201 ⇄"],
        );
    });
}

/// No table lists such a socket; only bind(2) finds it.
#[test]
fn bound_but_not_listening_socket_is_reported() {
    in_network_namespace("bound_but_not_listening_socket_is_reported", || {
        let socket = bound_socket(LOOPBACK_PORT, ReuseOption::Nothing);
        let unlisted = "the table does not list: bound, but neither listening nor connected";
        let others = "other addresses are free, such as 127.0.0.2";
        assert_taken("18200", &["taken by a socket that", unlisted, others]);
        drop(socket);
        let _socket = bound_socket(LOOPBACK_PORT, ReuseOption::Address);
        assert_free("18200", &[unlisted, "one that does not cannot"]);
    });
}

#[test]
fn privileged_port_cannot_be_bound_without_the_capability() {
    let test = "privileged_port_cannot_be_bound_without_the_capability";
    in_network_namespace(test, || {
        let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
        let as_nobody = || {
            let mut command = Command::new("setpriv");
            command.args(nobody).arg(PROGRAM);
            command
        };
        let probe = as_nobody().arg("--version").stderr(Stdio::null()).output();
        if !probe.is_ok_and(|output| output.status.success()) {
            return skip("user nobody cannot run the program");
        }
        let (status, out, _) = run(as_nobody().args(["free", "80"]));
        assert_eq!(status, Some(1), "{out}");
        let words = [
            "80/tcp cannot be bound by this user",
            "CAP_NET_BIND_SERVICE",
            "sudo",
        ];
        assert_contains(&out, &words);

        // What the table shows is reported all the same.
        let address = (Ipv4Addr::LOCALHOST, 80);
        let _server = listener(address, ReuseOption::Address);
        let (status, out, _) = run(as_nobody().args(["free", "80"]));
        assert_eq!(status, Some(1), "{out}");
        assert_contains(
            &out,
            &["80/tcp is taken", "hidden", "may not bind ports below"],
        );
    });
}

#[test]
fn invalid_target_exits_2_with_one_sentence() {
    for (target, word) in [
        ("0", "any free port"),
        ("99999", "65535"),
        ("80/sctp", "tcp or udp"),
        ("::1:80", "[::1]:80"),
        ("http", "expected a port"),
        ("\x1b]0;owned\x07", "expected a port"),
        ("", "expected a port"),
    ] {
        let (status, out, err) = run(Command::new(PROGRAM).args(["free", target]));
        assert_eq!((status, &*out), (Some(2), ""), "{target}: {err}");
        assert!(err.contains(word) && err.lines().count() == 1, "{err}");
        assert!(!err.trim_end().contains(char::is_control), "{err:?}");
    }
    assert_eq!(run(Command::new(PROGRAM).arg("free")).0, Some(2));
}
