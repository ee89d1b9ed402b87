//! Every state, protocol, owner, scope and evidence gets text that fits it.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::endpoint::Endpoint;
use crate::history::{
    Evidence, Flow, Held, History, Moment, Ownership, Side, Since, Slot, Stall, Tracked,
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
    let mut snapshot = Snapshot {
        taken_at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: Duration::from_secs(60),
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
    };
    History::default().apply(&mut snapshot)
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
fn every_look_at_every_row_is_whole_and_its_own() {
    let (moment, services) = (moment(Vec::new()), Services::registry());
    let findings = Findings::default();
    let known = known(&moment, &services, &findings);
    for row in rows() {
        let mut texts: Vec<String> = Vec::new();
        for look in Look::ALL {
            let said = look_at_row(&row, look, known);
            assert!(!said.passages.is_empty(), "{look:?}: {row:?}");
            assert!(!said.commands.is_empty(), "{look:?}: {row:?}");
            let phrases = said.passages.iter().flat_map(|p| &p.said);
            for phrase in phrases.clone() {
                assert!(is_whole(&phrase.text), "{look:?}: {:?}", phrase.text);
            }
            texts.push(phrases.map(|p| format!("{} ", p.text)).collect());
        }
        let [_, calls, kernel, wire, standard] = &texts[..] else {
            panic!("five looks");
        };
        let udp = row.socket.tcp_state().is_none();
        assert_eq!(calls.contains("SOCK_DGRAM"), udp, "{calls}");
        assert_eq!(standard.contains("RFC 768"), udp, "{standard}");
        // No other state is taken for this one.
        if let Some(state) = row.socket.tcp_state() {
            let known = !matches!(state, TcpState::Other(_));
            assert_eq!(
                standard.contains(&format!("{}: ", state.name())),
                known,
                "{standard}"
            );
            for other in STATES.iter().filter(|other| **other != state) {
                assert!(
                    !standard.contains(&format!("{}: ", other.name())),
                    "{other}: {standard}"
                );
            }
        }
        // What nobody has accepted has not been given out, and what has no inode no descriptor.
        let accepted = calls.contains("gave a program a new descriptor");
        assert!(
            !accepted || row.ownership != Ownership::Unaccepted,
            "{calls}"
        );
        assert!(
            kernel.contains("No inode") || kernel.contains("not told"),
            "{kernel}"
        );
        let callable = [
            "read() and write()",
            "accept() takes",
            "recvfrom()",
            "send() and recv()",
        ];
        let may = callable.iter().any(|call| calls.contains(call));
        let nobodys = matches!(
            row.ownership,
            Ownership::Unaccepted | Ownership::Kernel | Ownership::Remembered(_)
        );
        assert!(!(may && nobodys), "{calls}");
        // Both numbers stand in the headers, and nothing was captured.
        if let Some(remote) = row.socket.remote {
            let ports = format!(
                "source port {}, destination port {}",
                row.socket.local.port, remote.port
            );
            assert!(wire.contains(&ports), "{wire}");
        }
        assert!(wire.contains("captures nothing"), "{wire}");
        let fins = wire.matches(" FIN: ").count();
        let expected = match row.socket.tcp_state() {
            Some(TcpState::TimeWait | TcpState::Closing | TcpState::LastAck) => 2,
            Some(TcpState::FinWait1) => 1,
            Some(TcpState::FinWait2 | TcpState::CloseWait) => 2,
            _ => 0,
        };
        assert_eq!(fins, expected, "{wire}");
    }
}

#[test]
fn a_guess_stays_a_guess_in_every_look() {
    let (moment, services) = (moment(Vec::new()), Services::registry());
    let findings = Findings::default();
    let known = known(&moment, &services, &findings);
    let guessed = |row: &Tracked| row.evidence.is_guess() && row.side != Side::Listening;
    let connected = |row: &Tracked| row.socket.tcp_state() == Some(TcpState::Established);
    let rows = rows().into_iter().filter(|r| guessed(r) && connected(r));
    let mut seen = 0;
    for row in rows.filter(|row| row.socket.remote.is_some()) {
        seen += 1;
        for (look, heading) in [
            (Look::Calls, "How it came to be"),
            (Look::Wire, "The handshake"),
        ] {
            let said = look_at_row(&row, look, known);
            let passage = said.passages.iter().find(|p| p.heading == heading).unwrap();
            let sure = passage
                .said
                .iter()
                .filter(|p| p.certainty == Certainty::Fact);
            assert_eq!(sure.count(), 0, "{passage:?}");
        }
    }
    assert!(seen > 0);
}

#[test]
fn every_look_at_every_kind_of_port_is_whole() {
    let listen = Socket::new(Transport::Tcp(TcpState::Listen), end("0.0.0.0:443"), None);
    let call = |local: &str, remote: &str| {
        let state = Transport::Tcp(TcpState::Established);
        Socket::new(state, end(local), Some(end(remote)))
    };
    let sockets = vec![
        listen,
        call("192.168.1.2:443", "203.0.113.7:50000"),
        call("192.168.1.2:40000", "203.0.113.7:8443"),
        Socket::new(Transport::Udp, end("127.0.0.1:53"), None),
    ];
    let (moment, services) = (moment(sockets), Services::registry());
    let findings = Findings::default();
    let known = known(&moment, &services, &findings);
    for number in [0, 1, 53, 80, 443, 8443, 9999, 40_000, 60_999, 65_535] {
        for protocol in [None, Some(Protocol::Tcp), Some(Protocol::Udp)] {
            for look in Look::ALL {
                let subject = Subject::Port(Port(number), protocol);
                let said = explain(subject, look, known).unwrap();
                assert!(said.passages.len() > 1, "{number} {look:?}");
                for phrase in said.passages.iter().flat_map(|p| &p.said) {
                    assert!(is_whole(&phrase.text), "{look:?}: {:?}", phrase.text);
                }
            }
        }
    }
    let could = |number, protocol| {
        let said = explain(
            Subject::Port(Port(number), Some(protocol)),
            Look::Words,
            known,
        )
        .unwrap();
        let heading = "Could a program listen there now?";
        let passage = said.passages.into_iter().find(|p| p.heading == heading);
        passage.unwrap().said[0].text.clone()
    };
    assert!(could(443, Protocol::Tcp).contains("probably not"));
    assert!(could(443, Protocol::Udp).contains("no socket has it"));
    assert!(could(53, Protocol::Udp).contains("not at 127.0.0.1"));
    assert!(could(40_000, Protocol::Tcp).contains("the own number of a call"));
}

#[test]
fn what_is_not_a_row_is_explained_as_well() {
    let call = Transport::Tcp(TcpState::Established);
    let sockets = vec![
        Socket::new(Transport::Tcp(TcpState::Listen), end("0.0.0.0:443"), None),
        Socket::new(call, end("192.168.1.2:443"), Some(end("203.0.113.7:50000"))),
    ];
    let (moment, services) = (moment(sockets), Services::registry());
    let findings = Findings::default();
    let known = known(&moment, &services, &findings);
    let host = |text: &str| Subject::Host(text.parse().unwrap());
    for subject in [
        host("203.0.113.7"),
        Subject::NoHost,
        Subject::NoProcess(NoOwner::Unaccepted),
        Subject::NoProcess(NoOwner::Hidden(None)),
        Subject::Difference,
    ] {
        let said = explain(subject, Look::Words, known).unwrap();
        assert!(
            !said.title.is_empty() && !said.commands.is_empty(),
            "{said:?}"
        );
        for phrase in said.passages.iter().flat_map(|p| &p.said) {
            assert!(is_whole(&phrase.text), "{:?}", phrase.text);
        }
        for contrast in &said.contrasts {
            for words in [contrast.socket, contrast.port, &contrast.here.text] {
                assert!(is_whole(words), "{words:?}");
            }
        }
    }
    assert_eq!(explain(host("203.0.113.8"), Look::Words, known), None);
    let gone = Subject::Row(
        SocketKey::Tuple {
            protocol: Protocol::Tcp,
            local: end("127.0.0.1:1"),
            remote: None,
            interface: None,
            twin: 0,
        },
        Slot(0),
    );
    assert_eq!(explain(gone, Look::Words, known), None);
}

#[test]
fn the_difference_is_told_with_what_is_here() {
    let call = |local: &str, remote: &str| {
        let state = Transport::Tcp(TcpState::Established);
        Socket::new(state, end(local), Some(end(remote)))
    };
    let mut sockets = vec![Socket::new(
        Transport::Tcp(TcpState::Listen),
        end("0.0.0.0:443"),
        None,
    )];
    for port in 50_000..50_005 {
        sockets.push(call("192.168.1.2:443", &format!("203.0.113.7:{port}")));
    }
    sockets.push(Socket::new(Transport::Udp, end("0.0.0.0:443"), None));
    let (moment, services) = (moment(sockets), Services::registry());
    let findings = Findings::default();
    let said = explain(
        Subject::Difference,
        Look::Words,
        known(&moment, &services, &findings),
    )
    .unwrap();
    let here = |label: &str| {
        let contrast = said.contrasts.iter().find(|c| c.label == label);
        contrast.unwrap().here.text.clone()
    };
    assert_eq!(
        here("what it is"),
        "7 sockets here, with 2 different local port numbers."
    );
    assert_eq!(
        here("how many"),
        "443/tcp (https): 1 listener and 5 connections are 6 sockets on one port."
    );
    let text = format!("{said:?}");
    assert!(
        text.contains("443/tcp and 443/udp are both in use here"),
        "{text}"
    );
    assert!(
        text.contains("All 5 connections of 443/tcp have the local port 443"),
        "{text}"
    );
    // Nothing is made up where there is nothing to show.
    assert_eq!(here("direction"), "There is none on this machine now.");
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
