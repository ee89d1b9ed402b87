//! Hosts, sockets without a host or a process, and the difference between a socket and a port.

use super::*;

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
fn a_call_to_this_machine_names_who_waits_there() {
    let mut listener = Socket::new(Transport::Tcp(TcpState::Listen), end("127.0.0.1:80"), None);
    let call = Transport::Tcp(TcpState::SynSent);
    let call = Socket::new(call, end("127.0.0.1:40000"), Some(end("127.0.0.1:80")));
    let over = Transport::Tcp(TcpState::TimeWait);
    let over = Socket::new(over, end("127.0.0.1:40001"), Some(end("127.0.0.1:80")));
    let alone = Socket::new(Transport::Udp, end("127.0.0.1:53"), None);
    let paired = Socket::new(
        Transport::Udp,
        end("127.0.0.1:40002"),
        Some(end("127.0.0.1:53")),
    );
    let nobody = Socket::new(
        Transport::Udp,
        end("127.0.0.1:40003"),
        Some(end("127.0.0.1:54")),
    );
    for (waiting, expected) in [
        (2, "is full, and that is why no answer comes"),
        (0, "has not answered yet"),
    ] {
        listener.backlog = Some(Backlog {
            waiting,
            limit: Some(1),
        });
        let sockets = [&listener, &call, &over, &alone, &paired, &nobody];
        let moment = moment(sockets.map(Clone::clone).to_vec());
        let (services, findings) = (Services::registry(), Findings::default());
        let known = known(&moment, &services, &findings);
        let said = |local: u16| {
            let row = moment
                .rows()
                .find(|row| row.local_port() == Port(local))
                .unwrap();
            let said = explain_row(row, known);
            let passage = said
                .passages
                .into_iter()
                .find(|p| p.heading == "The other end");
            passage.unwrap().said.pop().unwrap().text
        };
        assert!(said(40_000).contains(expected), "{}", said(40_000));
        assert!(
            said(40_001).contains("The socket at that end is gone"),
            "{}",
            said(40_001)
        );
        assert!(
            said(40_002).contains("the socket that waits at 127.0.0.1:53"),
            "{}",
            said(40_002)
        );
        assert!(
            said(40_003).contains("no socket here is that end"),
            "{}",
            said(40_003)
        );
        let port = format!("{:?}", explain_port(Port(53), Some(Protocol::Udp), known));
        assert!(
            port.contains("1 socket on this machine chose it as peer"),
            "{port}"
        );
    }
}
