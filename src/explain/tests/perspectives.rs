//! Checks the perspectives on a row and on a port: complete, distinct, and a guess is never a fact.

use super::*;

#[test]
fn every_perspective_on_every_row_is_complete_and_distinct() {
    let (moment, services) = (moment(Vec::new()), Services::registry());
    let findings = Findings::default();
    let context = context(&moment, &services, &findings);
    for row in sample_rows() {
        let mut texts: Vec<String> = Vec::new();
        for perspective in Perspective::ALL {
            let explanation = explain_row_from(&row, perspective, context);
            assert!(!explanation.sections.is_empty(), "{perspective:?}: {row:?}");
            assert!(!explanation.commands.is_empty(), "{perspective:?}: {row:?}");
            let phrases = explanation.sections.iter().flat_map(|p| &p.phrases);
            for phrase in phrases.clone() {
                assert!(
                    is_complete_sentence(&phrase.text),
                    "{perspective:?}: {:?}",
                    phrase.text
                );
            }
            texts.push(phrases.map(|p| format!("{} ", p.text)).collect());
        }
        let [_, calls, kernel, wire, standard] = &texts[..] else {
            panic!("five perspectives");
        };
        let udp = row.socket.tcp_state().is_none();
        assert_eq!(calls.contains("SOCK_DGRAM"), udp, "{calls}");
        assert_eq!(standard.contains("RFC 768"), udp, "{standard}");
        // The text names no other state.
        if let Some(state) = row.socket.tcp_state() {
            let context = !matches!(state, TcpState::Other(_));
            assert_eq!(
                standard.contains(&format!("{}: ", state.name())),
                context,
                "{standard}"
            );
            for other in STATES.iter().filter(|other| **other != state) {
                assert!(
                    !standard.contains(&format!("{}: ", other.name())),
                    "{other}: {standard}"
                );
            }
        }
        // A socket not accepted yet has no descriptor, nor has one without an inode.
        let accepted = calls.contains("gave a program a new descriptor");
        assert!(
            !accepted || row.ownership != Ownership::Unaccepted,
            "{calls}"
        );
        assert!(
            kernel.contains("No inode") || kernel.contains("does not report its inode"),
            "{kernel}"
        );
        let callable = [
            "read() and write()",
            "accept() returns",
            "recvfrom()",
            "send() and recv()",
        ];
        let is_callable = callable.iter().any(|call| calls.contains(call));
        let is_unowned = matches!(
            row.ownership,
            Ownership::Unaccepted | Ownership::Kernel | Ownership::Former(_)
        );
        assert!(!(is_callable && is_unowned), "{calls}");
        // Every number is that of the row.
        if let Some(queues) = row.socket.queues {
            let queue_text = format!("Recv-Q {}", queues.recv);
            assert!(kernel.contains(&queue_text), "{queue_text}: {kernel}");
            let queue_text = format!("Send-Q {}", queues.send);
            assert!(kernel.contains(&queue_text), "{queue_text}: {kernel}");
        }
        if let Some(backlog) = row.socket.accept_queue {
            let queue_text = format!("Recv-Q {} (connections waiting", backlog.waiting);
            assert!(kernel.contains(&queue_text), "{queue_text}: {kernel}");
        }
        if row.is_closed() {
            assert!(calls.contains("Nothing: it is closed"), "{calls}");
            assert!(texts[0].contains("It ended 2s ago."), "{}", texts[0]);
        }
        // Both ports are in the headers, and nothing was captured.
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
fn guessed_side_is_an_inference_in_every_perspective() {
    let (moment, services) = (moment(Vec::new()), Services::registry());
    let findings = Findings::default();
    let context = context(&moment, &services, &findings);
    let guessed = |row: &TrackedSocket| row.evidence.is_guess() && row.side != Side::Listening;
    let connected = |row: &TrackedSocket| row.socket.tcp_state() == Some(TcpState::Established);
    let rows = sample_rows()
        .into_iter()
        .filter(|r| guessed(r) && connected(r));
    let mut seen = 0;
    for row in rows.filter(|row| row.socket.remote.is_some()) {
        seen += 1;
        for (perspective, heading) in [
            (Perspective::Syscalls, "How it was created"),
            (Perspective::Wire, "The handshake"),
        ] {
            let explanation = explain_row_from(&row, perspective, context);
            let section = explanation
                .sections
                .iter()
                .find(|p| p.heading == heading)
                .unwrap();
            let facts = section
                .phrases
                .iter()
                .filter(|p| p.certainty == Certainty::Fact);
            assert_eq!(facts.count(), 0, "{section:?}");
        }
    }
    assert!(seen > 0);
}

#[test]
fn every_perspective_on_every_port_is_complete() {
    let listen = Socket::new(
        Transport::Tcp(TcpState::Listen),
        endpoint("0.0.0.0:443"),
        None,
    );
    let call = |local: &str, remote: &str| {
        let state = Transport::Tcp(TcpState::Established);
        Socket::new(state, endpoint(local), Some(endpoint(remote)))
    };
    let sockets = vec![
        listen,
        call("192.168.1.2:443", "203.0.113.7:50000"),
        call("192.168.1.2:40000", "203.0.113.7:8443"),
        Socket::new(Transport::Udp, endpoint("127.0.0.1:53"), None),
    ];
    let (moment, services) = (moment(sockets), Services::registry());
    let findings = Findings::default();
    let context = context(&moment, &services, &findings);
    for number in [0, 1, 53, 80, 443, 8443, 9999, 40_000, 60_999, 65_535] {
        for protocol in [None, Some(Protocol::Tcp), Some(Protocol::Udp)] {
            for perspective in Perspective::ALL {
                let subject = ExplainSubject::Port(Port(number), protocol);
                let explanation = build_explanation(subject, perspective, context).unwrap();
                assert!(explanation.sections.len() > 1, "{number} {perspective:?}");
                for phrase in explanation.sections.iter().flat_map(|p| &p.phrases) {
                    assert!(
                        is_complete_sentence(&phrase.text),
                        "{perspective:?}: {:?}",
                        phrase.text
                    );
                }
            }
        }
    }
    let can_listen = |number, protocol| {
        let explanation = build_explanation(
            ExplainSubject::Port(Port(number), Some(protocol)),
            Perspective::Plain,
            context,
        )
        .unwrap();
        let heading = "Could a program listen there now?";
        let section = explanation
            .sections
            .into_iter()
            .find(|p| p.heading == heading);
        section.unwrap().phrases[0].text.clone()
    };
    assert!(can_listen(443, Protocol::Tcp).contains("probably not"));
    assert!(can_listen(443, Protocol::Udp).contains("no socket has it"));
    assert!(can_listen(53, Protocol::Udp).contains("not at 127.0.0.1"));
    assert!(can_listen(40_000, Protocol::Tcp).contains("its own port for outgoing connections"));
}
