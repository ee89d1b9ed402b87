//! A row beside the row of its other end, in every state there, open and gone; and beside findings.

use std::sync::LazyLock;

use super::*;
use crate::teach::Limits;

fn tcp(state: TcpState, local: &str, remote: &str) -> Socket {
    Socket::new(Transport::Tcp(state), end(local), Some(end(remote)))
}

fn queued(mut socket: Socket, recv: u32, send: u32) -> Socket {
    socket.queues = Some(Queues { recv, send });
    socket
}

static SERVICES: LazyLock<Services> = LazyLock::new(Services::registry);

const HERE: &str = "127.0.0.1:40000";
const THERE: &str = "127.0.0.1:80";

/// All that is said of the row with this own port, of every look.
fn said(moment: &Moment, local: u16, look: Look) -> String {
    let findings = Findings::default();
    let row = moment.rows().find(|row| row.local_port() == Port(local));
    let said = look_at_row(row.unwrap(), look, known(moment, &SERVICES, &findings));
    let phrases = said.passages.iter().flat_map(|p| &p.said);
    for phrase in phrases.clone() {
        assert!(is_whole(&phrase.text), "{:?}", phrase.text);
    }
    phrases.map(|p| format!("{} ", p.text)).collect()
}

#[test]
fn no_row_contradicts_its_other_end() {
    for here in STATES
        .into_iter()
        .filter(|state| *state != TcpState::Listen)
    {
        for there in STATES
            .into_iter()
            .filter(|state| *state != TcpState::Listen)
        {
            for send in [0, 1, 4096] {
                let near = queued(tcp(here, HERE, THERE), 0, send);
                let far = queued(tcp(there, THERE, HERE), 0, 1);
                let mut history = History::default();
                history.apply(&mut snapshot(vec![near.clone(), far.clone()], 1));
                let open = history.apply(&mut snapshot(vec![near.clone(), far], 2));
                let gone = history.apply(&mut snapshot(vec![near], 4));
                let case = format!("{here} {send}, {there} there");
                for moment in [&open, &gone] {
                    for look in Look::ALL {
                        let text = said(moment, 40_000, look);
                        assert!(!text.contains("neither end"), "{case}: {text}");
                    }
                }
                let words = said(&open, 40_000, Look::Words);
                let alive = format!("a row of its own, in {}", there.name());
                assert!(words.contains(&alive), "{case}: {words}");
                let closing = matches!(there, TcpState::Closing | TcpState::LastAck);
                if here == TcpState::FinWait2 {
                    let both = words.contains("was asked to close, too");
                    assert_eq!(both, closing, "{case}: {words}");
                    assert_eq!(words.contains("half of"), !closing, "{case}: {words}");
                }
                let wire = said(&open, 40_000, Look::Wire);
                let leaving = matches!(there, TcpState::FinWait1 | TcpState::FinWait2);
                if here == TcpState::Established {
                    let idle = wire.contains("nothing at all is on the wire");
                    assert_eq!(idle, !leaving, "{case}: {wire}");
                }
                // That end is gone, and nothing says that somebody has it.
                let words = said(&gone, 40_000, Look::Words);
                assert!(words.contains("It is gone: it ended"), "{case}: {words}");
                assert!(!words.contains("row of its own, in"), "{case}: {words}");
                let wire = said(&gone, 40_000, Look::Wire);
                assert!(!wire.contains("nothing at all is on"), "{case}: {wire}");
                assert!(!words.contains("half of"), "{case}: {words}");
            }
        }
    }
}

#[test]
fn a_goodbye_behind_data_is_not_said_to_be_sent() {
    for state in [TcpState::FinWait1, TcpState::LastAck, TcpState::Closing] {
        for (send, behind) in [(1, false), (2, true), (9000, true)] {
            let socket = queued(tcp(state, "192.168.1.2:40000", "203.0.113.7:80"), 0, send);
            let moment = moment(vec![socket]);
            let words = said(&moment, 40_000, Look::Words);
            assert_eq!(
                words.contains("behind the data before it"),
                behind,
                "{words}"
            );
            let wire = said(&moment, 40_000, Look::Wire);
            assert_eq!(
                wire.contains("or will once it may be sent"),
                behind,
                "{wire}"
            );
            assert_eq!(wire.contains("ACK of the data"), behind, "{wire}");
        }
    }
}

#[test]
fn one_round_trip_is_only_promised_to_what_is_young() {
    let socket = queued(
        tcp(TcpState::FinWait1, "192.168.1.2:40000", "203.0.113.7:80"),
        0,
        1,
    );
    let mut history = History::default();
    history.apply(&mut snapshot(Vec::new(), 1));
    let young = history.apply(&mut snapshot(vec![socket.clone()], 2));
    let old = history.apply(&mut snapshot(vec![socket], 40));
    let words = said(&young, 40_000, Look::Words);
    assert!(words.contains("normally over in one round trip"), "{words}");
    let words = said(&old, 40_000, Look::Words);
    assert!(words.contains("this one has lasted 38s"), "{words}");
}

#[test]
fn a_call_to_a_full_queue_was_not_lost_on_the_way() {
    let mut call = tcp(TcpState::SynSent, HERE, THERE);
    call.tcp = Some(crate::socket::TcpInfo {
        rtt_us: None,
        rtt_variation_us: 0,
        min_rtt_us: None,
        congestion_window: 1,
        send_mss: 536,
        total_retransmits: 2,
        delivered: None,
        sent: None,
    });
    for (waiting, full) in [(2, true), (1, false)] {
        let mut listener = Socket::new(Transport::Tcp(TcpState::Listen), end(THERE), None);
        let limit = Some(1);
        listener.backlog = Some(Backlog { waiting, limit });
        let moment = moment(vec![listener, call.clone()]);
        let words = said(&moment, 40_000, Look::Words);
        assert_eq!(words.contains("lost on the way"), !full, "{words}");
        assert_eq!(words.contains("filtered on the way"), !full, "{words}");
        assert_eq!(
            words.contains("takes no more into its queue"),
            full,
            "{words}"
        );
    }
}

#[test]
fn what_was_found_is_not_called_normal() {
    let mut history = History::default();
    let datagrams = queued(
        Socket::new(Transport::Udp, end("127.0.0.1:53"), None),
        900_000,
        0,
    );
    history.apply(&mut snapshot(vec![datagrams.clone()], 1));
    let moment = history.apply(&mut snapshot(vec![datagrams], 600));
    let (services, limits) = (Services::registry(), Limits::default());
    for (findings, clean) in [
        (Findings::of(&moment, &limits), false),
        (Findings::default(), true),
    ] {
        assert_eq!(findings.all().is_empty(), clean);
        let row = moment.rows().next().unwrap();
        let said = explain_row(row, known(&moment, &services, &findings));
        let normal = said
            .passages
            .iter()
            .find(|p| p.heading == "Is that normal?")
            .unwrap();
        let text = &normal.said[0].text;
        assert!(!text.starts_with("Yes"), "{text}");
        assert_eq!(text.contains("worth a look below"), !clean, "{text}");
    }
}

#[test]
fn what_is_finished_is_not_called_connected() {
    let mut sockets = Vec::new();
    for port in 50_000..50_003 {
        let remote = format!("203.0.113.7:{port}");
        sockets.push(tcp(TcpState::TimeWait, "192.168.1.2:443", &remote));
    }
    let findings = Findings::default();
    let text = |sockets: Vec<Socket>| {
        let moment = moment(sockets);
        let services = Services::registry();
        let known = known(&moment, &services, &findings);
        format!("{:?}", explain_port(Port(443), Some(Protocol::Tcp), known))
    };
    sockets.push(Socket::new(
        Transport::Tcp(TcpState::Listen),
        end("0.0.0.0:443"),
        None,
    ));
    let over = text(sockets.clone());
    assert!(over.contains("None now. 3 finished connections"), "{over}");
    sockets.push(tcp(
        TcpState::Established,
        "192.168.1.2:443",
        "203.0.113.8:50000",
    ));
    let both = text(sockets);
    assert!(
        both.contains("1 connection (1 ESTABLISHED) and 3 finished"),
        "{both}"
    );
}

#[test]
fn port_0_is_nobodys() {
    let moment = moment(Vec::new());
    let (services, findings) = (Services::registry(), Findings::default());
    for protocol in [None, Some(Protocol::Tcp), Some(Protocol::Udp)] {
        let subject = Subject::Port(Port::NONE, protocol);
        let known = known(&moment, &services, &findings);
        let said = format!("{:?}", explain(subject, Look::Words, known).unwrap());
        assert!(said.contains("choose one for me"), "{said}");
        assert!(!said.contains("refused"), "{said}");
        let udp = protocol != Some(Protocol::Tcp);
        assert_eq!(said.contains("RFC 768"), udp, "{said}");
    }
}

#[test]
fn nothing_proves_nothing() {
    let moment = moment(Vec::new());
    let (services, findings) = (Services::registry(), Findings::default());
    let known = known(&moment, &services, &findings);
    let said = explain(Subject::Difference, Look::Words, known).unwrap();
    let heres = said.contrasts.iter().map(|c| &c.here.text);
    let phrases = said.passages.iter().flat_map(|p| &p.said).map(|p| &p.text);
    for text in heres.chain(phrases) {
        assert!(is_whole(text), "{text:?}");
        let words: Vec<&str> = text.split([' ', '(']).collect();
        assert!(!words.contains(&"0"), "{text:?}");
    }
}

#[test]
fn memory_of_datagrams_is_not_added_to_bytes() {
    let sockets = vec![
        queued(tcp(TcpState::Established, HERE, "127.0.0.1:81"), 100, 0),
        queued(
            Socket::new(Transport::Udp, end("127.0.0.1:53"), None),
            4828,
            0,
        ),
        tcp(TcpState::SynSent, "127.0.0.1:40001", "127.0.0.1:82"),
    ];
    let moment = moment(sockets);
    let (services, findings) = (Services::registry(), Findings::default());
    let known = known(&moment, &services, &findings);
    let said = format!("{:?}", explain(Subject::Difference, Look::Words, known));
    assert!(said.contains("100 B is to be read in 1 socket"), "{said}");
    assert!(
        said.contains("1 UDP socket takes 4,828 B of memory"),
        "{said}"
    );
    assert!(said.contains("1 is an end of TCP connections"), "{said}");
}

#[test]
fn a_side_is_known_only_where_a_socket_proved_it() {
    let moment = moment(Vec::new());
    let services = Services::registry();
    for row in rows().iter().filter(|row| row.side != Side::Listening) {
        if row.socket.tcp_state().is_none() {
            continue;
        }
        let said = explain_row(row, known(&moment, &services, &Findings::default()));
        let passages = &said.passages;
        let side = passages.iter().find(|p| p.heading == "Which end this is");
        let first = &side.unwrap().said[0];
        let proved = matches!(row.evidence, Evidence::State | Evidence::Counters);
        assert_eq!(first.text.contains("We know"), proved, "{first:?}");
        assert_eq!(first.certainty == Certainty::Fact, proved, "{first:?}");
        let listener = matches!(row.evidence, Evidence::Listener | Evidence::PastListener);
        assert_eq!(first.text.contains("Very likely"), listener, "{first:?}");
        assert!(!first.text.contains("this one connection"), "{first:?}");
    }
}

#[test]
fn a_full_queue_is_said_to_be_full_and_an_unknown_holder_is_somebody() {
    let mut listener = Socket::new(Transport::Tcp(TcpState::Listen), end("0.0.0.0:443"), None);
    let limit = Some(1);
    listener.backlog = Some(Backlog { waiting: 2, limit });
    let moment = moment(vec![listener]);
    let (services, findings) = (Services::registry(), Findings::default());
    let known = known(&moment, &services, &findings);
    let text = format!("{:?}", explain_port(Port(443), Some(Protocol::Tcp), known));
    assert!(
        text.contains("Its queue is full: 2 wait to be accepted."),
        "{text}"
    );
    assert!(text.contains("Somebody, "), "{text}");
    assert!(!text.contains("Somebody ("), "{text}");
}
