//! Checks a row together with its peer's row, open and closed, in every state; and with findings.

use std::sync::LazyLock;

use super::*;
use crate::findings::Thresholds;

fn tcp(state: TcpState, local: &str, remote: &str) -> Socket {
    Socket::new(
        Transport::Tcp(state),
        endpoint(local),
        Some(endpoint(remote)),
    )
}

fn with_queues(mut socket: Socket, recv: u32, send: u32) -> Socket {
    socket.queues = Some(Queues { recv, send });
    socket
}

static SERVICES: LazyLock<Services> = LazyLock::new(Services::registry);

const HERE: &str = "127.0.0.1:40000";
const THERE: &str = "127.0.0.1:80";

/// Returns the text of the row with this local port, from one perspective.
fn text_for(moment: &Moment, local: u16, perspective: Perspective) -> String {
    let findings = Findings::default();
    let row = moment.rows().find(|row| row.local_port() == Port(local));
    let explanation = explain_row_from(
        row.unwrap(),
        perspective,
        context(moment, &SERVICES, &findings),
    );
    let phrases = explanation.sections.iter().flat_map(|p| &p.phrases);
    for phrase in phrases.clone() {
        assert!(is_complete_sentence(&phrase.text), "{:?}", phrase.text);
    }
    phrases.map(|p| format!("{} ", p.text)).collect()
}

#[test]
fn explanation_agrees_with_the_peer_row() {
    for here in STATES
        .into_iter()
        .filter(|state| *state != TcpState::Listen)
    {
        for there in STATES
            .into_iter()
            .filter(|state| *state != TcpState::Listen)
        {
            for send in [0, 1, 4096] {
                let local_socket = with_queues(tcp(here, HERE, THERE), 0, send);
                let peer_socket = with_queues(tcp(there, THERE, HERE), 0, 1);
                let mut history = History::default();
                history.apply(&mut snapshot(
                    vec![local_socket.clone(), peer_socket.clone()],
                    1,
                ));
                let open = history.apply(&mut snapshot(vec![local_socket.clone(), peer_socket], 2));
                let gone = history.apply(&mut snapshot(vec![local_socket], 4));
                let case = format!("{here} {send}, {there} there");
                for moment in [&open, &gone] {
                    for perspective in Perspective::ALL {
                        let text = text_for(moment, 40_000, perspective);
                        assert!(!text.contains("neither end"), "{case}: {text}");
                    }
                }
                let words = text_for(&open, 40_000, Perspective::Plain);
                let peer_text = format!("a row of its own, in {}", there.name());
                assert!(words.contains(&peer_text), "{case}: {words}");
                let closing = matches!(there, TcpState::Closing | TcpState::LastAck);
                if here == TcpState::FinWait2 {
                    let both = words.contains("was asked to close, too");
                    assert_eq!(both, closing, "{case}: {words}");
                    assert_eq!(words.contains("half of"), !closing, "{case}: {words}");
                }
                let wire = text_for(&open, 40_000, Perspective::Wire);
                let fin_sent = matches!(there, TcpState::FinWait1 | TcpState::FinWait2);
                if here == TcpState::Established {
                    let idle = wire.contains("nothing at all is on the wire");
                    assert_eq!(idle, !fin_sent, "{case}: {wire}");
                }
                // The peer is closed: nothing says that a process has it.
                let words = text_for(&gone, 40_000, Perspective::Plain);
                assert!(words.contains("It is gone: it ended"), "{case}: {words}");
                assert!(!words.contains("row of its own, in"), "{case}: {words}");
                let wire = text_for(&gone, 40_000, Perspective::Wire);
                assert!(!wire.contains("nothing at all is on"), "{case}: {wire}");
                assert!(!words.contains("half of"), "{case}: {words}");
            }
        }
    }
}

#[test]
fn fin_behind_data_is_not_reported_as_sent() {
    for state in [TcpState::FinWait1, TcpState::LastAck, TcpState::Closing] {
        for (send, behind) in [(1, false), (2, true), (9000, true)] {
            let socket = with_queues(tcp(state, "192.168.1.2:40000", "203.0.113.7:80"), 0, send);
            let moment = moment(vec![socket]);
            let words = text_for(&moment, 40_000, Perspective::Plain);
            assert_eq!(
                words.contains("behind the data before it"),
                behind,
                "{words}"
            );
            let wire = text_for(&moment, 40_000, Perspective::Wire);
            assert_eq!(wire.contains("may not be sent yet"), behind, "{wire}");
            assert_eq!(wire.contains("ACK of the data"), behind, "{wire}");
        }
    }
}

#[test]
fn one_round_trip_is_only_stated_for_recent_closes() {
    let socket = with_queues(
        tcp(TcpState::FinWait1, "192.168.1.2:40000", "203.0.113.7:80"),
        0,
        1,
    );
    let mut history = History::default();
    history.apply(&mut snapshot(Vec::new(), 1));
    let young = history.apply(&mut snapshot(vec![socket.clone()], 2));
    let old = history.apply(&mut snapshot(vec![socket], 40));
    let words = text_for(&young, 40_000, Perspective::Plain);
    assert!(words.contains("normally takes one round trip"), "{words}");
    let words = text_for(&old, 40_000, Perspective::Plain);
    assert!(words.contains("this one has lasted 38s"), "{words}");
}

#[test]
fn syn_to_a_full_backlog_is_not_reported_as_lost() {
    let mut call = tcp(TcpState::SynSent, HERE, THERE);
    call.tcp = Some(crate::net::socket::TcpInfo {
        rtt_us: None,
        rtt_variation_us: 0,
        min_rtt_us: None,
        congestion_window: 1,
        send_mss: 536,
        total_retransmits: 2,
        delivered: None,
        sent: None,
        last_data: None,
        delivery_rate: None,
    });
    for (waiting, full) in [(2, true), (1, false)] {
        let mut listener = Socket::new(Transport::Tcp(TcpState::Listen), endpoint(THERE), None);
        let limit = Some(1);
        listener.accept_queue = Some(AcceptQueue { waiting, limit });
        let moment = moment(vec![listener, call.clone()]);
        let words = text_for(&moment, 40_000, Perspective::Plain);
        assert_eq!(words.contains("lost on the way"), !full, "{words}");
        assert_eq!(words.contains("filtered on the way"), !full, "{words}");
        assert_eq!(
            words.contains("the listener's accept queue is full"),
            full,
            "{words}"
        );
    }
}

#[test]
fn row_with_a_finding_is_not_called_normal() {
    let mut history = History::default();
    let datagrams = with_queues(
        Socket::new(Transport::Udp, endpoint("127.0.0.1:53"), None),
        900_000,
        0,
    );
    history.apply(&mut snapshot(vec![datagrams.clone()], 1));
    let moment = history.apply(&mut snapshot(vec![datagrams], 600));
    let (services, limits) = (Services::registry(), Thresholds::default());
    for (findings, clean) in [
        (Findings::from_moment(&moment, &limits), false),
        (Findings::default(), true),
    ] {
        assert_eq!(findings.all().is_empty(), clean);
        let row = moment.rows().next().unwrap();
        let explanation = explain_row(row, context(&moment, &services, &findings));
        let normal = explanation
            .sections
            .iter()
            .find(|p| p.heading == "Is that normal?")
            .unwrap();
        let text = &normal.phrases[0].text;
        assert!(!text.starts_with("Yes"), "{text}");
        assert_eq!(text.contains("see Problems below"), !clean, "{text}");
    }
}

#[test]
fn time_wait_is_not_counted_as_connected() {
    let mut sockets = Vec::new();
    for port in 50_000..50_003 {
        let remote = format!("203.0.113.7:{port}");
        sockets.push(tcp(TcpState::TimeWait, "192.168.1.2:443", &remote));
    }
    let findings = Findings::default();
    let text = |sockets: Vec<Socket>| {
        let moment = moment(sockets);
        let services = Services::registry();
        let context = context(&moment, &services, &findings);
        format!(
            "{:?}",
            explain_port(Port(443), Some(Protocol::Tcp), context)
        )
    };
    sockets.push(Socket::new(
        Transport::Tcp(TcpState::Listen),
        endpoint("0.0.0.0:443"),
        None,
    ));
    let closed_only = text(sockets.clone());
    assert!(
        closed_only.contains("None now. 3 closed connections"),
        "{closed_only}"
    );
    sockets.push(tcp(
        TcpState::Established,
        "192.168.1.2:443",
        "203.0.113.8:50000",
    ));
    let both = text(sockets);
    assert!(
        both.contains("1 connection (1 ESTABLISHED) and 3 closed"),
        "{both}"
    );
}

#[test]
fn port_0_is_explained_as_unused() {
    let moment = moment(Vec::new());
    let (services, findings) = (Services::registry(), Findings::default());
    for protocol in [None, Some(Protocol::Tcp), Some(Protocol::Udp)] {
        let subject = ExplainSubject::Port(Port::NONE, protocol);
        let context = context(&moment, &services, &findings);
        let explanation = format!(
            "{:?}",
            build_explanation(subject, Perspective::Plain, context).unwrap()
        );
        assert!(explanation.contains("choose one for me"), "{explanation}");
        assert!(!explanation.contains("refused"), "{explanation}");
        let udp = protocol != Some(Protocol::Tcp);
        assert_eq!(explanation.contains("RFC 768"), udp, "{explanation}");
    }
}

#[test]
fn empty_machine_gives_no_zero_counts() {
    let moment = moment(Vec::new());
    let (services, findings) = (Services::registry(), Findings::default());
    let context = context(&moment, &services, &findings);
    let explanation =
        build_explanation(ExplainSubject::SocketVsPort, Perspective::Plain, context).unwrap();
    let heres = explanation.comparisons.iter().map(|c| &c.observed.text);
    let phrases = explanation
        .sections
        .iter()
        .flat_map(|p| &p.phrases)
        .map(|p| &p.text);
    for text in heres.chain(phrases) {
        assert!(is_complete_sentence(text), "{text:?}");
        let words: Vec<&str> = text.split([' ', '(']).collect();
        assert!(!words.contains(&"0"), "{text:?}");
    }
}

#[test]
fn udp_memory_is_not_added_to_tcp_bytes() {
    let sockets = vec![
        with_queues(tcp(TcpState::Established, HERE, "127.0.0.1:81"), 100, 0),
        with_queues(
            Socket::new(Transport::Udp, endpoint("127.0.0.1:53"), None),
            4828,
            0,
        ),
        tcp(TcpState::SynSent, "127.0.0.1:40001", "127.0.0.1:82"),
    ];
    let moment = moment(sockets);
    let (services, findings) = (Services::registry(), Findings::default());
    let context = context(&moment, &services, &findings);
    let explanation = format!(
        "{:?}",
        build_explanation(ExplainSubject::SocketVsPort, Perspective::Plain, context)
    );
    assert!(
        explanation.contains("100 B unread in 1 socket"),
        "{explanation}"
    );
    assert!(
        explanation.contains("1 UDP socket takes 4,828 B of memory"),
        "{explanation}"
    );
    assert!(
        explanation.contains("1 is an end of TCP connections"),
        "{explanation}"
    );
}

#[test]
fn side_is_a_fact_only_with_proof() {
    let moment = moment(Vec::new());
    let services = Services::registry();
    for row in sample_rows()
        .iter()
        .filter(|row| row.side != Side::Listening)
    {
        if row.socket.tcp_state().is_none() {
            continue;
        }
        let explanation = explain_row(row, context(&moment, &services, &Findings::default()));
        let sections = &explanation.sections;
        let side = sections.iter().find(|p| p.heading == "Which side");
        let first = &side.unwrap().phrases[0];
        let proved = matches!(row.evidence, Evidence::State | Evidence::Counters);
        assert_eq!(first.text.contains("We know"), proved, "{first:?}");
        assert_eq!(first.certainty == Certainty::Fact, proved, "{first:?}");
        let listener = matches!(row.evidence, Evidence::Listener | Evidence::PastListener);
        assert_eq!(first.text.contains("Very likely"), listener, "{first:?}");
        assert!(!first.text.contains("this one connection"), "{first:?}");
    }
}

#[test]
fn full_backlog_and_unknown_owner_are_stated() {
    let mut listener = Socket::new(
        Transport::Tcp(TcpState::Listen),
        endpoint("0.0.0.0:443"),
        None,
    );
    let limit = Some(1);
    listener.accept_queue = Some(AcceptQueue { waiting: 2, limit });
    let moment = moment(vec![listener]);
    let (services, findings) = (Services::registry(), Findings::default());
    let context = context(&moment, &services, &findings);
    let text = format!(
        "{:?}",
        explain_port(Port(443), Some(Protocol::Tcp), context)
    );
    assert!(
        text.contains("Its accept queue is full (2, limit 1)."),
        "{text}"
    );
    assert!(text.contains("An unknown process, "), "{text}");
    assert!(!text.contains("An unknown process ("), "{text}");
}
