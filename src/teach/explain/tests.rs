//! Every state, protocol, owner, scope and evidence gets text that fits it.

mod ends;
mod looks;
mod others;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::endpoint::Endpoint;
use crate::history::{
    Evidence, Flow, Held, History, Mark, Moment, Ownership, Side, Since, Slot, Stall, Tracked,
};
use crate::port::{Port, PortRange, Protocol};
use crate::process::{Holder, Pid, ProcessKey, StartTime};
use crate::query::NoOwner;
use crate::services::Services;
use crate::snapshot::{Cost, Directory, Observer, Sight, Snapshot, SourceKind};
use crate::socket::{Backlog, Queues, Socket, SocketKey, TcpState, Timer, TimerKind, Transport};
use crate::teach::Certainty;

const STATES: [TcpState; 12] = [
    TcpState::Established,
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::TimeWait,
    TcpState::Closed,
    TcpState::CloseWait,
    TcpState::LastAck,
    TcpState::Listen,
    TcpState::Closing,
    TcpState::Other(99),
];

const ADDRESSES: [&str; 8] = [
    "0.0.0.0:80",
    "[::]:80",
    "127.0.0.1:80",
    "[::ffff:127.0.0.1]:80",
    "192.168.1.2:80",
    "169.254.1.1:80",
    "224.0.0.251:80",
    "[2001:db8::1]:80",
];

const EVIDENCE: [Evidence; 6] = [
    Evidence::State,
    Evidence::Listener,
    Evidence::PastListener,
    Evidence::Counters,
    Evidence::Mirror,
    Evidence::PortRange,
];

fn end(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), Port(address.port()))
}

fn moment(sockets: Vec<Socket>) -> Arc<Moment> {
    History::default().apply(&mut snapshot(sockets, 60))
}

/// What was seen so many seconds after the start.
fn snapshot(sockets: Vec<Socket>, elapsed: u64) -> Snapshot {
    Snapshot {
        taken_at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: Duration::from_secs(elapsed),
        source: SourceKind::SockDiag,
        sockets,
        destroyed: Vec::new(),
        directory: Arc::new(Directory::default()),
        sight: Sight {
            unvisited: 0,
            readable: 1,
            hidden: 0,
        },
        observer: Observer {
            uid: None,
            pid: Pid(1),
        },
        ephemeral: PortRange::LINUX,
        gaps: Vec::new(),
        cost: Cost::default(),
        interval: Duration::from_secs(1),
    }
}

fn owners() -> Vec<Ownership> {
    let holder = |pid| Holder {
        process: ProcessKey {
            pid: Pid(pid),
            start: StartTime(1),
        },
        fd: None,
    };
    let held = |pids: &[u32]| Held::by(pids.iter().map(|pid| holder(*pid)).collect()).unwrap();
    vec![
        Ownership::Known(held(&[812])),
        Ownership::Known(held(&[812, 813])),
        Ownership::Remembered(held(&[812])),
        Ownership::OfListener(held(&[812])),
        Ownership::Unaccepted,
        Ownership::Kernel,
        Ownership::Hidden,
        Ownership::Vanished,
        Ownership::NotYet,
        Ownership::Untold,
    ]
}

/// Every row there can be, roughly.
fn rows() -> Vec<Tracked> {
    let transports = STATES
        .map(Transport::Tcp)
        .into_iter()
        .chain([Transport::Udp]);
    let mut rows = Vec::new();
    for transport in transports {
        for local in ADDRESSES {
            for remote in [None, Some("203.0.113.7:51234"), Some("127.0.0.1:40000")] {
                for (index, ownership) in owners().into_iter().enumerate() {
                    let mut socket = Socket::new(transport, end(local), remote.map(end));
                    let number = rows.len() as u32;
                    socket.queues = Some(Queues {
                        recv: number % 3,
                        send: number % 5,
                    });
                    if socket.is_listening() && socket.tcp_state().is_some() {
                        socket.queues = None;
                        socket.backlog = Some(Backlog {
                            waiting: number % 4,
                            limit: Some(2),
                        });
                    }
                    socket.timer = Some(Timer {
                        kind: TimerKind::Retransmit,
                        due: Duration::from_secs(61),
                        retransmits: (number % 2) as u8,
                    });
                    rows.push(Tracked {
                        key: socket.key(),
                        slot: Slot(0),
                        side: match (socket.is_listening(), number % 2) {
                            (true, _) => Side::Listening,
                            (false, 0) => Side::Serving,
                            (false, _) => Side::Outgoing,
                        },
                        evidence: EVIDENCE[index % EVIDENCE.len()],
                        first_seen: Since::Seen(Duration::from_secs(1)),
                        state_since: Since::Seen(Duration::from_secs(1)),
                        path: socket.tcp_state().into_iter().collect(),
                        peer: None,
                        flow: Flow::default(),
                        stall: Stall::default(),
                        mark: None,
                        ownership,
                        socket,
                    });
                }
            }
        }
    }
    // And some of them when they are gone.
    let gone = rows.iter().step_by(3).map(|row| Tracked {
        mark: Some(Mark::Closed(Duration::from_secs(58))),
        ..row.clone()
    });
    let gone: Vec<Tracked> = gone.collect();
    rows.extend(gone);
    rows
}

fn known<'a>(moment: &'a Moment, services: &'a Services, findings: &'a Findings) -> Known<'a> {
    Known {
        moment,
        services,
        findings,
    }
}

/// The sentence ends as one, and no hole was left in it.
fn is_whole(text: &str) -> bool {
    let ends = text.ends_with(['.', '!', '?']);
    let starts = !text.starts_with([' ', ',', '.', ';', ':']);
    let holes = ["  ", " ,", " .", "..", "{", "}", ": ."];
    ends && starts && !holes.iter().any(|hole| text.contains(hole))
}

#[test]
fn every_row_is_explained_in_whole_sentences() {
    let (moment, services) = (moment(Vec::new()), Services::registry());
    for row in rows() {
        let said = explain_row(&row, known(&moment, &services, &Findings::default()));
        let headings: Vec<&str> = said.passages.iter().map(|p| p.heading).collect();
        for heading in [
            "What it is",
            "Who has it",
            "Which end this is",
            "The other end",
            "Is that normal?",
        ] {
            assert!(headings.contains(&heading), "{heading}: {row:?}");
        }
        for passage in &said.passages {
            assert!(!passage.said.is_empty(), "{}: {row:?}", passage.heading);
            for phrase in &passage.said {
                assert!(is_whole(&phrase.text), "{:?}", phrase.text);
            }
        }
        assert!(!said.commands.is_empty());
    }
}

#[test]
fn what_is_said_does_not_contradict_the_row() {
    let (moment, services) = (moment(Vec::new()), Services::registry());
    for row in rows() {
        let said = explain_row(&row, known(&moment, &services, &Findings::default()));
        let text: String = said
            .passages
            .iter()
            .flat_map(|p| &p.said)
            .map(|p| format!("{} ", p.text))
            .collect();
        if let Some(state) = row.socket.tcp_state() {
            let names = STATES
                .iter()
                .filter(|s| **s != state && !matches!(s, TcpState::Other(_)));
            for other in names.map(|s| format!("{}:", s.name())) {
                assert!(!text.contains(&format!(" {other}")), "{other} in {text}");
            }
        }
        let owned = matches!(row.ownership, Ownership::Known(_));
        assert_eq!(text.contains("descriptor"), owned, "{text}");
        let guessed = row.evidence.is_guess() && row.side != Side::Listening;
        if guessed {
            let side = said
                .passages
                .iter()
                .find(|p| p.heading == "Which end this is")
                .unwrap();
            assert_eq!(side.said[0].certainty, Certainty::Inference, "{text}");
        }
        let local = row.socket.local.plain().to_string();
        assert!(text.contains(&local), "{text}");
        if let Some(remote) = row.socket.remote {
            assert!(text.contains(&remote.plain().to_string()), "{text}");
        }
    }
}

#[test]
fn a_port_is_explained_by_what_uses_it() {
    let listen = Socket::new(Transport::Tcp(TcpState::Listen), end("0.0.0.0:443"), None);
    let mut sockets = vec![listen];
    for host in 1..=8 {
        let remote = format!("203.0.113.{host}:50000");
        let connection = Transport::Tcp(TcpState::Established);
        sockets.push(Socket::new(
            connection,
            end("192.168.1.2:443"),
            Some(end(&remote)),
        ));
    }
    let moment = moment(sockets);
    let said = explain_port(
        Port(443),
        None,
        known(&moment, &Services::registry(), &Findings::default()),
    );
    let text = format!("{said:?}");
    assert!(
        text.contains("8 connections from 8 addresses (8 ESTABLISHED)"),
        "{text}"
    );
    assert!(text.contains("registered as https"), "{text}");
    assert!(text.contains("listens at 0.0.0.0:443"), "{text}");
    let nobody = explain_port(
        Port(9),
        Some(Protocol::Tcp),
        known(&moment, &Services::registry(), &Findings::default()),
    );
    assert!(
        format!("{nobody:?}").contains("No socket of this machine has 9"),
        "{nobody:?}"
    );
    for passage in said.passages.iter().chain(&nobody.passages) {
        for phrase in &passage.said {
            assert!(is_whole(&phrase.text), "{:?}", phrase.text);
        }
    }
}

#[test]
fn every_key_is_one_row() {
    // The rows made here are not all alike: the tests above would prove nothing.
    let mut keys: Vec<SocketKey> = rows().iter().map(|row| row.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert!(keys.len() > 40, "{}", keys.len());
}
