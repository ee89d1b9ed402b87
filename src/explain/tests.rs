//! Checks that every state, protocol, owner, scope and evidence gets correct text.

mod other_targets;
mod peer;
mod perspectives;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::findings::Findings;
use crate::history::state::History;
use crate::history::{
    Evidence, HolderSet, Moment, ObservedSince, Ownership, Side, Slot, Stall, Throughput,
    TrackedSocket, Transition,
};
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, PortRange, Protocol};
use crate::net::process::{Holder, Pid, ProcessKey, StartTime};
use crate::net::services::Services;
use crate::net::snapshot::{Directory, Observer, OwnerCoverage, SampleCost, Snapshot, SourceKind};
use crate::net::socket::{
    AcceptQueue, Queues, Socket, SocketKey, SocketTimer, TcpState, TimerKind, Transport,
};
use crate::query::UnownedReason;
use crate::text::phrase::Certainty;

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
    Evidence::Peer,
    Evidence::PortRange,
];

fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), Port(address.port()))
}

fn moment(sockets: Vec<Socket>) -> Arc<Moment> {
    History::default().apply(&mut snapshot(sockets, 60))
}

/// Makes a snapshot taken `elapsed` seconds after the start.
fn snapshot(sockets: Vec<Socket>, elapsed: u64) -> Snapshot {
    Snapshot {
        taken_at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: Duration::from_secs(elapsed),
        source: SourceKind::SockDiag,
        sockets,
        destroyed: Vec::new(),
        directory: Arc::new(Directory::default()),
        owner_coverage: OwnerCoverage {
            unscanned: 0,
            readable: 1,
            hidden: 0,
        },
        observer: Observer {
            uid: None,
            pid: Pid(1),
        },
        ephemeral: PortRange::LINUX_DEFAULT,
        gaps: Vec::new(),
        cost: SampleCost::default(),
        interval: Duration::from_secs(1),
    }
}

fn all_ownerships() -> Vec<Ownership> {
    let holder = |pid| Holder {
        process: ProcessKey {
            pid: Pid(pid),
            start: StartTime(1),
        },
        fd: None,
    };
    let held = |pids: &[u32]| {
        HolderSet::from_holders(pids.iter().map(|pid| holder(*pid)).collect()).unwrap()
    };
    vec![
        Ownership::Known(held(&[812])),
        Ownership::Known(held(&[812, 813])),
        Ownership::Former(held(&[812])),
        Ownership::FromListener(held(&[812])),
        Ownership::Unaccepted,
        Ownership::Kernel,
        Ownership::Hidden,
        Ownership::NotFound,
        Ownership::Pending,
        Ownership::Unsupported,
    ]
}

/// Makes rows with nearly every combination of state, address, peer and owner.
fn sample_rows() -> Vec<TrackedSocket> {
    let transports = STATES
        .map(Transport::Tcp)
        .into_iter()
        .chain([Transport::Udp]);
    let mut rows = Vec::new();
    for transport in transports {
        for local in ADDRESSES {
            for remote in [None, Some("203.0.113.7:51234"), Some("127.0.0.1:40000")] {
                for (index, ownership) in all_ownerships().into_iter().enumerate() {
                    let mut socket = Socket::new(transport, endpoint(local), remote.map(endpoint));
                    let number = rows.len() as u32;
                    socket.queues = Some(Queues {
                        recv: number % 3,
                        send: number % 5,
                    });
                    if socket.is_listening() && socket.tcp_state().is_some() {
                        socket.queues = None;
                        socket.accept_queue = Some(AcceptQueue {
                            waiting: number % 4,
                            limit: Some(2),
                        });
                    }
                    socket.timer = Some(SocketTimer {
                        kind: TimerKind::Retransmit,
                        due: Duration::from_secs(61),
                        retransmits: (number % 2) as u8,
                    });
                    rows.push(TrackedSocket {
                        key: socket.key(),
                        slot: Slot(0),
                        side: match (socket.is_listening(), number % 2) {
                            (true, _) => Side::Listening,
                            (false, 0) => Side::Serving,
                            (false, _) => Side::Outgoing,
                        },
                        evidence: EVIDENCE[index % EVIDENCE.len()],
                        first_seen: ObservedSince::Sampled(Duration::from_secs(1)),
                        state_since: ObservedSince::Sampled(Duration::from_secs(1)),
                        states: socket.tcp_state().into_iter().collect(),
                        peer: None,
                        throughput: Throughput::default(),
                        stall: Stall::default(),
                        transition: None,
                        ownership,
                        socket,
                    });
                }
            }
        }
    }
    // A third of them once more, closed.
    let closed = rows.iter().step_by(3).map(|row| TrackedSocket {
        transition: Some(Transition::Closed(Duration::from_secs(58))),
        ..row.clone()
    });
    let closed: Vec<TrackedSocket> = closed.collect();
    rows.extend(closed);
    rows
}

fn context<'a>(
    moment: &'a Moment,
    services: &'a Services,
    findings: &'a Findings,
) -> ExplainContext<'a> {
    ExplainContext {
        moment,
        services,
        findings,
    }
}

/// Returns whether the text ends like a sentence and has no gap left by an empty value.
fn is_complete_sentence(text: &str) -> bool {
    let ends = text.ends_with(['.', '!', '?']);
    let starts = !text.starts_with([' ', ',', '.', ';', ':']);
    let holes = ["  ", " ,", " .", "..", "{", "}", ": ."];
    ends && starts && !holes.iter().any(|hole| text.contains(hole))
}

#[test]
fn every_row_gets_complete_sentences() {
    let (moment, services) = (moment(Vec::new()), Services::registry());
    for row in sample_rows() {
        let explanation = explain_row(&row, context(&moment, &services, &Findings::default()));
        let headings: Vec<&str> = explanation.sections.iter().map(|p| p.heading).collect();
        for heading in [
            "What it is",
            "Owner",
            "Which side",
            "The peer",
            "Is that normal?",
        ] {
            assert!(headings.contains(&heading), "{heading}: {row:?}");
        }
        for section in &explanation.sections {
            assert!(!section.phrases.is_empty(), "{}: {row:?}", section.heading);
            for phrase in &section.phrases {
                assert!(is_complete_sentence(&phrase.text), "{:?}", phrase.text);
            }
        }
        assert!(!explanation.commands.is_empty());
    }
}

#[test]
fn explanation_agrees_with_the_row() {
    let (moment, services) = (moment(Vec::new()), Services::registry());
    for row in sample_rows() {
        let explanation = explain_row(&row, context(&moment, &services, &Findings::default()));
        let text: String = explanation
            .sections
            .iter()
            .flat_map(|p| &p.phrases)
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
            let side = explanation
                .sections
                .iter()
                .find(|p| p.heading == "Which side")
                .unwrap();
            assert_eq!(side.phrases[0].certainty, Certainty::Inference, "{text}");
        }
        let local = row.socket.local.canonical_ip().to_string();
        assert!(text.contains(&local), "{text}");
        if let Some(remote) = row.socket.remote {
            assert!(text.contains(&remote.canonical_ip().to_string()), "{text}");
        }
    }
}

#[test]
fn port_explanation_lists_its_sockets() {
    let listen = Socket::new(
        Transport::Tcp(TcpState::Listen),
        endpoint("0.0.0.0:443"),
        None,
    );
    let mut sockets = vec![listen];
    for host in 1..=8 {
        let remote = format!("203.0.113.{host}:50000");
        let connection = Transport::Tcp(TcpState::Established);
        sockets.push(Socket::new(
            connection,
            endpoint("192.168.1.2:443"),
            Some(endpoint(&remote)),
        ));
    }
    let moment = moment(sockets);
    let explanation = explain_port(
        Port(443),
        None,
        context(&moment, &Services::registry(), &Findings::default()),
    );
    let text = format!("{explanation:?}");
    assert!(
        text.contains("8 connections from 8 addresses (8 ESTABLISHED)"),
        "{text}"
    );
    assert!(text.contains("registered as https"), "{text}");
    assert!(text.contains("listens at 0.0.0.0:443"), "{text}");
    let unused_port = explain_port(
        Port(9),
        Some(Protocol::Tcp),
        context(&moment, &Services::registry(), &Findings::default()),
    );
    assert!(
        format!("{unused_port:?}").contains("No socket of this machine has 9"),
        "{unused_port:?}"
    );
    for section in explanation.sections.iter().chain(&unused_port.sections) {
        for phrase in &section.phrases {
            assert!(is_complete_sentence(&phrase.text), "{:?}", phrase.text);
        }
    }
}

#[test]
fn sample_rows_have_many_distinct_keys() {
    // Were these rows all alike, the tests above would prove nothing.
    let mut keys: Vec<SocketKey> = sample_rows().iter().map(|row| row.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert!(keys.len() > 40, "{}", keys.len());
}
