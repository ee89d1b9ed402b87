//! The looks at a row and at a port: whole, each its own, and nothing sure that is guessed.

use super::*;

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
        // Every number is the row's own.
        if let Some(queues) = row.socket.queues {
            let told = format!("Recv-Q {}", queues.recv);
            assert!(kernel.contains(&told), "{told}: {kernel}");
            let told = format!("Send-Q {}", queues.send);
            assert!(kernel.contains(&told), "{told}: {kernel}");
        }
        if let Some(backlog) = row.socket.backlog {
            let told = format!("Recv-Q {} (finished calls", backlog.waiting);
            assert!(kernel.contains(&told), "{told}: {kernel}");
        }
        if row.is_closed() {
            assert!(calls.contains("Nothing: it is gone"), "{calls}");
            assert!(texts[0].contains("It ended 2s ago."), "{}", texts[0]);
        }
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
