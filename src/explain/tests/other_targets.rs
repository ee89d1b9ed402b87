//! Checks hosts, sockets without a host or a process, and the comparison of socket and port.

use super::*;

#[test]
fn hosts_and_unowned_groups_are_explained() {
    let call = Transport::Tcp(TcpState::Established);
    let sockets = vec![
        Socket::new(
            Transport::Tcp(TcpState::Listen),
            endpoint("0.0.0.0:443"),
            None,
        ),
        Socket::new(
            call,
            endpoint("192.168.1.2:443"),
            Some(endpoint("203.0.113.7:50000")),
        ),
    ];
    let (moment, services) = (moment(sockets), Services::registry());
    let findings = Findings::default();
    let context = context(&moment, &services, &findings);
    let host = |text: &str| ExplainSubject::Host(text.parse().unwrap());
    for subject in [
        host("203.0.113.7"),
        ExplainSubject::NoHost,
        ExplainSubject::NoProcess(UnownedReason::Unaccepted),
        ExplainSubject::NoProcess(UnownedReason::Hidden(None)),
        ExplainSubject::SocketVsPort,
    ] {
        let explanation = build_explanation(subject, Perspective::Plain, context).unwrap();
        assert!(
            !explanation.title.is_empty() && !explanation.commands.is_empty(),
            "{explanation:?}"
        );
        for phrase in explanation.sections.iter().flat_map(|p| &p.phrases) {
            assert!(is_complete_sentence(&phrase.text), "{:?}", phrase.text);
        }
        for comparison in &explanation.comparisons {
            for words in [
                comparison.socket,
                comparison.port,
                &comparison.observed.text,
            ] {
                assert!(is_complete_sentence(words), "{words:?}");
            }
        }
    }
    assert_eq!(
        build_explanation(host("203.0.113.8"), Perspective::Plain, context),
        None
    );
    let closed_socket = ExplainSubject::Socket(
        SocketKey::Tuple {
            protocol: Protocol::Tcp,
            local: endpoint("127.0.0.1:1"),
            remote: None,
            interface: None,
            reuseport_id: 0,
        },
        Slot(0),
    );
    assert_eq!(
        build_explanation(closed_socket, Perspective::Plain, context),
        None
    );
}

#[test]
fn socket_vs_port_uses_counts_of_this_machine() {
    let call = |local: &str, remote: &str| {
        let state = Transport::Tcp(TcpState::Established);
        Socket::new(state, endpoint(local), Some(endpoint(remote)))
    };
    let mut sockets = vec![Socket::new(
        Transport::Tcp(TcpState::Listen),
        endpoint("0.0.0.0:443"),
        None,
    )];
    for port in 50_000..50_005 {
        sockets.push(call("192.168.1.2:443", &format!("203.0.113.7:{port}")));
    }
    sockets.push(Socket::new(Transport::Udp, endpoint("0.0.0.0:443"), None));
    let (moment, services) = (moment(sockets), Services::registry());
    let findings = Findings::default();
    let explanation = build_explanation(
        ExplainSubject::SocketVsPort,
        Perspective::Plain,
        context(&moment, &services, &findings),
    )
    .unwrap();
    let here = |label: &str| {
        let comparison = explanation.comparisons.iter().find(|c| c.label == label);
        comparison.unwrap().observed.text.clone()
    };
    assert_eq!(
        here("what it is"),
        "7 sockets here, with 2 different local port numbers."
    );
    assert_eq!(
        here("how many"),
        "443/tcp (https): 1 listener and 5 connections are 6 sockets on one port."
    );
    let text = format!("{explanation:?}");
    assert!(
        text.contains("443/tcp and 443/udp are both in use here"),
        "{text}"
    );
    assert!(
        text.contains("All 5 connections of 443/tcp have the local port 443"),
        "{text}"
    );
    // Without an example the text says so.
    assert_eq!(here("direction"), "There is none on this machine now.");
}

#[test]
fn connection_to_a_local_listener_names_it() {
    let mut listener = Socket::new(
        Transport::Tcp(TcpState::Listen),
        endpoint("127.0.0.1:80"),
        None,
    );
    let call = Transport::Tcp(TcpState::SynSent);
    let call = Socket::new(
        call,
        endpoint("127.0.0.1:40000"),
        Some(endpoint("127.0.0.1:80")),
    );
    let time_wait = Transport::Tcp(TcpState::TimeWait);
    let time_wait = Socket::new(
        time_wait,
        endpoint("127.0.0.1:40001"),
        Some(endpoint("127.0.0.1:80")),
    );
    let alone = Socket::new(Transport::Udp, endpoint("127.0.0.1:53"), None);
    let paired = Socket::new(
        Transport::Udp,
        endpoint("127.0.0.1:40002"),
        Some(endpoint("127.0.0.1:53")),
    );
    let no_peer = Socket::new(
        Transport::Udp,
        endpoint("127.0.0.1:40003"),
        Some(endpoint("127.0.0.1:54")),
    );
    for (waiting, expected) in [
        (2, "is full, so no answer comes"),
        (0, "has not answered yet"),
    ] {
        listener.accept_queue = Some(AcceptQueue {
            waiting,
            limit: Some(1),
        });
        let sockets = [&listener, &call, &time_wait, &alone, &paired, &no_peer];
        let moment = moment(sockets.map(Clone::clone).to_vec());
        let (services, findings) = (Services::registry(), Findings::default());
        let context = context(&moment, &services, &findings);
        let explanation = |local: u16| {
            let row = moment
                .rows()
                .find(|row| row.local_port() == Port(local))
                .unwrap();
            let explanation = explain_row(row, context);
            let section = explanation
                .sections
                .into_iter()
                .find(|p| p.heading == "The peer");
            section.unwrap().phrases.pop().unwrap().text
        };
        assert!(
            explanation(40_000).contains(expected),
            "{}",
            explanation(40_000)
        );
        assert!(
            explanation(40_001).contains("The peer's socket is gone"),
            "{}",
            explanation(40_001)
        );
        assert!(
            explanation(40_002).contains("the socket at 127.0.0.1:53"),
            "{}",
            explanation(40_002)
        );
        assert!(
            explanation(40_003).contains("no socket here is the peer"),
            "{}",
            explanation(40_003)
        );
        let port = format!("{:?}", explain_port(Port(53), Some(Protocol::Udp), context));
        assert!(
            port.contains("1 socket on this machine chose it as peer"),
            "{port}"
        );
    }
}
