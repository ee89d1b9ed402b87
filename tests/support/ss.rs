//! Converts the output of `ss` (iproute2) into this program's terms.
//!
//! Its spelling: `ESTAB` and `SYN-RECV`; `UNCONN` for UDP without a peer; `*` for the wildcard of a
//! dual-stack socket; `[::ffff:192.0.2.1]` for IPv4 in an IPv6 socket; `%lo` after an address for
//! the interface; process names unescaped, newlines included.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::process::Command;

use portolan::net::endpoint::Endpoint;
use portolan::net::port::Port;
use portolan::net::process::{Holders, distinct_processes};
use portolan::net::socket::{Socket, TcpState, Transport};

/// What both ss and every source can report of a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SsRow {
    pub(crate) transport: Transport,
    pub(crate) local: Endpoint,
    pub(crate) remote: Option<Endpoint>,
    pub(crate) pids: BTreeSet<u32>,
}

impl From<&Socket> for SsRow {
    fn from(socket: &Socket) -> Self {
        let holders = match &socket.holders {
            Holders::Found(holders) => &**holders,
            _ => &[],
        };
        Self {
            transport: socket.transport,
            local: socket.local,
            remote: socket.remote,
            pids: distinct_processes(holders).map(|p| p.pid.0).collect(),
        }
    }
}

/// Returns every TCP and UDP socket of this network namespace, sorted.
pub(crate) fn rows() -> Vec<SsRow> {
    let output = Command::new("ss").arg("-tunapH").output().expect("ss");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut rows: Vec<SsRow> = join_lines(&text)
        .iter()
        .map(|line| parse_row(line))
        .collect();
    rows.sort();
    rows
}

/// Joins the lines of each socket: a process name may contain newlines.
fn join_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in text.lines() {
        match lines.last_mut() {
            Some(line) if !piece.starts_with("tcp ") && !piece.starts_with("udp ") => {
                line.push_str(piece);
            }
            _ => lines.push(piece.to_owned()),
        }
    }
    lines
}

fn parse_row(line: &str) -> SsRow {
    let mut words = line.split_whitespace();
    let mut word = || {
        words
            .next()
            .unwrap_or_else(|| panic!("too short: {line:?}"))
    };
    let (protocol, state, _, _) = (word(), word(), word(), word());
    let (local, remote) = (parse_endpoint(word()), parse_endpoint(word()));
    let transport = match protocol {
        "tcp" => Transport::Tcp(self::parse_state(state)),
        "udp" => Transport::Udp,
        other => panic!("a protocol, not {other:?}"),
    };
    // `users:(("name",pid=812,fd=5),…)`; the name may contain anything but the end of an entry.
    let pids = line.split("\",pid=").skip(1).map(|rest| {
        let digits = rest.split(',').next().unwrap_or_default();
        digits.parse().expect("a pid")
    });
    SsRow {
        transport,
        local,
        remote: Some(remote).filter(|r| r.port != Port::NONE),
        pids: pids.collect(),
    }
}

/// Parses the port after the last colon (`*` for none) and the address before it.
fn parse_endpoint(text: &str) -> Endpoint {
    let (address, port) = text.rsplit_once(':').expect("a port");
    let port = match port {
        "*" => 0,
        digits => digits.parse().expect("a port"),
    };
    let address = address.split('%').next().unwrap_or_default();
    let address: IpAddr = match address.trim_matches(['[', ']']) {
        "*" => Ipv6Addr::UNSPECIFIED.into(),
        plain => plain.parse().expect("an address"),
    };
    Endpoint::new(address, Port(port))
}

fn parse_state(name: &str) -> TcpState {
    match name {
        "ESTAB" => TcpState::Established,
        "SYN-SENT" => TcpState::SynSent,
        "SYN-RECV" => TcpState::SynReceived,
        "FIN-WAIT-1" => TcpState::FinWait1,
        "FIN-WAIT-2" => TcpState::FinWait2,
        "TIME-WAIT" => TcpState::TimeWait,
        "UNCONN" => TcpState::Closed,
        "CLOSE-WAIT" => TcpState::CloseWait,
        "LAST-ACK" => TcpState::LastAck,
        "LISTEN" => TcpState::Listen,
        "CLOSING" => TcpState::Closing,
        other => panic!("a state, not {other:?}"),
    }
}
