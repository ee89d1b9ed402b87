//! Checks each rule below, at and above its threshold, and its sentence.

mod machine;

use std::time::Duration;

use super::*;
use crate::findings::tests::machine::{TestMachine, connections_to_port_80, listener, server, tcp};
use crate::net::port::PortKey;
use crate::net::port::{Port, PortRange, Protocol};
use crate::net::socket::{AcceptQueue, Queues, Socket, SocketTimer, TcpState, TimerKind};

#[test]
fn healthy_machine_has_no_finding() {
    let states = [TcpState::CloseWait, TcpState::LastAck, TcpState::FinWait2];
    for state in states.into_iter().chain([TcpState::TimeWait]) {
        let mut sockets = connections_to_port_80(TcpState::Established, 200);
        sockets.push(listener());
        sockets.push(tcp(state, "192.0.2.1:80", "203.0.113.9:50000"));
        assert_eq!(TestMachine::new(sockets).rules(2.0), [], "{state}");
    }
}

#[test]
fn close_wait_is_reported_once_old_enough() {
    let mut sockets = connections_to_port_80(TcpState::CloseWait, 1);
    sockets.extend(
        connections_to_port_80(TcpState::Established, 9)
            .into_iter()
            .skip(1),
    );
    sockets.push(listener());
    let machine = TestMachine::new(sockets);
    assert_eq!(machine.rules(59.0), []);
    assert_eq!(machine.rules(60.0), [Rule::CloseWaitLeak]);
    let found = machine.findings(61.0);
    assert_eq!(
        found[0].1,
        "1 connection in CLOSE-WAIT for at least 1m01s: the peer has closed and server 812 has not; only server 812 \
         can end it."
    );
}

#[test]
fn close_wait_majority_is_reported_in_the_first_sample() {
    for (leaked, others, expected) in [(4, 0, 0), (5, 0, 1), (6, 0, 1), (5, 5, 1), (5, 6, 0)] {
        let mut sockets = connections_to_port_80(TcpState::CloseWait, leaked);
        sockets.extend(
            connections_to_port_80(TcpState::Established, leaked + others).split_off(leaked.into()),
        );
        let found = TestMachine::new(sockets).rules(0.0);
        assert_eq!(found.len(), expected, "{leaked} of {others} others");
    }
}

#[test]
fn unread_input_is_reported_after_the_threshold() {
    let mut socket = tcp(TcpState::Established, "192.0.2.1:80", "203.0.113.7:50000");
    socket.queues = Some(Queues {
        recv: 4096,
        send: 0,
    });
    let machine = TestMachine::new(vec![listener(), socket.clone()]);
    assert_eq!(machine.rules(9.0), []);
    assert_eq!(machine.rules(10.0), [Rule::UnreadInput]);
    let sentence = &machine.findings(12.0)[0].1;
    assert!(
        sentence.starts_with("4,096 B unread in 1 socket for at least 12s: server 812 does not"),
        "{sentence}"
    );
    socket.queues = Some(Queues { recv: 0, send: 0 });
    assert_eq!(TestMachine::new(vec![listener(), socket]).rules(60.0), []);
}

#[test]
fn unread_fin_is_not_unread_data() {
    let mut socket = tcp(TcpState::CloseWait, "192.0.2.1:80", "203.0.113.7:50000");
    socket.queues = Some(Queues { recv: 1, send: 0 });
    let machine = TestMachine::new(vec![socket]);
    assert_eq!(machine.rules(61.0), [Rule::CloseWaitLeak]);
}

#[test]
fn unacknowledged_output_is_reported_with_its_reason() {
    let mut socket = tcp(TcpState::Established, "192.0.2.1:80", "203.0.113.7:50000");
    socket.queues = Some(Queues {
        recv: 0,
        send: 8192,
    });
    let timer = |kind| SocketTimer {
        kind,
        due: Duration::from_secs(100),
        retransmits: 3,
    };
    for (kind, reason) in [
        (TimerKind::ZeroWindowProbe, "its program does not read"),
        (TimerKind::Retransmit, "the peer acknowledges nothing"),
    ] {
        socket.timer = Some(timer(kind));
        let machine = TestMachine::new(vec![listener(), socket.clone()]);
        assert_eq!(machine.rules(9.0), []);
        assert_eq!(machine.rules(10.0), [Rule::UndrainedOutput]);
        let sentence = &machine.findings(11.0)[0].1;
        assert!(
            sentence.starts_with("8,192 B unacknowledged in 1 socket for at least 11s: "),
            "{sentence}"
        );
        assert!(sentence.contains(reason), "{sentence}");
    }
}

#[test]
fn short_accept_queue_is_full_one_above_its_limit() {
    for (limit, waiting, expected) in [
        (0, 1, Some("is full")),
        (1, 1, None),
        (1, 2, Some("is full")),
        (4, 3, None),
        (4, 4, Some("nearly full")),
        (4, 5, Some("is full")),
    ] {
        let mut listener = listener();
        let accept_queue = AcceptQueue {
            waiting,
            limit: Some(limit),
        };
        listener.accept_queue = Some(accept_queue);
        assert_eq!(accept_queue.is_full(), expected == Some("is full"));
        let found = TestMachine::new(vec![listener]).findings(12.0);
        let sentence = found.first().map(|(_, sentence)| sentence.as_str());
        assert_eq!(
            sentence.is_some(),
            expected.is_some(),
            "{waiting} of {limit}"
        );
        assert!(sentence.is_none_or(|s| s.contains(expected.unwrap_or_default())));
    }
}

#[test]
fn accept_queue_is_reported_when_nearly_full() {
    // The queue holds 100: one more than its limit.
    for (waiting, expected) in [
        (79, None),
        (80, Some("nearly full")),
        (81, Some("nearly full")),
        (99, Some("nearly full")),
        (100, Some("is full")),
    ] {
        let mut listener = listener();
        listener.accept_queue = Some(AcceptQueue {
            waiting,
            limit: Some(99),
        });
        let found = TestMachine::new(vec![listener]).findings(12.0);
        assert_eq!(found.len(), usize::from(expected.is_some()), "{waiting}");
        if let Some((words, (rule, sentence))) = expected.zip(found.first()) {
            assert_eq!(*rule, Rule::BacklogNearFull);
            assert!(
                sentence.contains(words)
                    && sentence.contains(&format!("{waiting} connections wait")),
                "{sentence}"
            );
            assert!(
                sentence.contains("server 812 has accepted none for at least 12s"),
                "{sentence}"
            );
        }
    }
}

#[test]
fn unanswered_syn_is_reported_after_the_threshold() {
    let mut call = tcp(TcpState::SynSent, "192.0.2.1:40000", "203.0.113.7:443");
    call.queues = Some(Queues { recv: 0, send: 1 });
    assert_eq!(TestMachine::new(vec![call.clone()]).rules(2.0), []);
    assert_eq!(
        TestMachine::new(vec![call.clone()]).rules(3.0),
        [Rule::SynSentUnanswered]
    );
    assert_eq!(
        TestMachine::new(vec![call.clone()]).rules(4.0),
        [Rule::SynSentUnanswered]
    );
    // Three SYNs after the first took at least three seconds, also before the first sample.
    for (retransmits, expected) in [(2, 0), (3, 1), (4, 1)] {
        call.timer = Some(SocketTimer {
            kind: TimerKind::Retransmit,
            due: Duration::from_secs(100),
            retransmits,
        });
        let found = TestMachine::new(vec![call.clone()]).findings(0.0);
        assert_eq!(found.len(), expected, "{retransmits}");
        assert!(
            found
                .iter()
                .all(|(_, sentence)| sentence.contains("for at least ")),
            "{found:?}"
        );
    }
}

#[test]
fn syn_to_a_full_local_backlog_names_the_listener() {
    let mut full = tcp(TcpState::Listen, "127.0.0.1:80", "");
    full.accept_queue = Some(AcceptQueue {
        waiting: 2,
        limit: Some(1),
    });
    let call = tcp(TcpState::SynSent, "127.0.0.1:40000", "127.0.0.1:80");
    let found = TestMachine::new(vec![full, call]).findings(3.0);
    let sentence = found
        .iter()
        .find(|(rule, _)| *rule == Rule::SynSentUnanswered);
    let sentence = &sentence.expect("the call").1;
    assert!(
        sentence.ends_with("Only its program can fix that: server 812."),
        "{sentence}"
    );
}

#[test]
fn ephemeral_exhaustion_is_counted_per_destination() {
    for (calls, expected) in [(79, 0), (80, 1), (81, 1)] {
        let call = |n: u16| {
            let state = if n.is_multiple_of(2) {
                TcpState::Established
            } else {
                TcpState::TimeWait
            };
            tcp(
                state,
                &format!("192.0.2.1:{}", 40_000 + n),
                "203.0.113.7:443",
            )
        };
        let mut sockets: Vec<Socket> = (0..calls).map(call).collect();
        // The same port of another host has ephemeral ports of its own.
        let other = |n: u16| {
            tcp(
                TcpState::Established,
                &format!("192.0.2.1:{}", 40_000 + n),
                "203.0.113.8:443",
            )
        };
        sockets.extend((0..50).map(other));
        let machine = TestMachine {
            ephemeral: PortRange {
                first: Port(40_000),
                last: Port(40_099),
            },
            sockets,
        };
        let found = machine.findings(0.0);
        assert_eq!(found.len(), expected, "{calls}");
        for (rule, sentence) in found {
            assert_eq!(rule, Rule::EphemeralNearlyUsedUp);
            let begin = format!(
                "{calls} of the 100 ephemeral ports (40000 to 40099) are in use from 192.0.2.1 to 203.0.113.7:443"
            );
            assert!(sentence.starts_with(&begin), "{sentence}");
        }
    }
    let mut elsewhere = Vec::new();
    for host in 0..4 {
        let other = |n: u16| {
            tcp(
                TcpState::Established,
                &format!("192.0.2.1:{}", 40_000 + n),
                &format!("203.0.113.{host}:443"),
            )
        };
        elsewhere.extend((0..50).map(other));
    }
    let machine = TestMachine {
        ephemeral: PortRange {
            first: Port(40_000),
            last: Port(40_099),
        },
        sockets: elsewhere,
    };
    assert_eq!(machine.rules(0.0), [], "200 calls, but 50 to each");
}

#[test]
fn time_wait_count_is_reported_at_the_threshold() {
    let moment = |count| {
        let mut sockets = connections_to_port_80(TcpState::TimeWait, count);
        sockets.push(listener());
        TestMachine::new(sockets).moment_after(0.0)
    };
    let thresholds = Thresholds {
        time_wait_count: Some(100),
        ..Thresholds::DEFAULT
    };
    for (count, expected) in [(99, 0), (100, 1), (101, 1)] {
        let moment = moment(count);
        let found = Findings::from_moment(&moment, &thresholds);
        assert_eq!(found.all().len(), expected, "{count}");
        assert!(found.all().iter().all(|f| f.id.rule == Rule::TimeWaitPile));
    }
    let never = Thresholds {
        time_wait_count: None,
        ..Thresholds::DEFAULT
    };
    assert_eq!(Findings::from_moment(&moment(101), &never).all(), []);
}

#[test]
fn wildcard_listener_with_only_local_clients_is_reported() {
    let machine = |local: u16, foreign: u16, bound: &str| {
        let mut sockets = vec![tcp(TcpState::Listen, bound, "")];
        let own = |n| {
            tcp(
                TcpState::Established,
                "127.0.0.1:80",
                &format!("127.0.0.1:{}", 50_000 + n),
            )
        };
        sockets.extend((0..local).map(own));
        sockets.extend(connections_to_port_80(TcpState::Established, foreign));
        TestMachine::new(sockets)
    };
    for (local, foreign, bound, expected) in [
        (4, 0, "0.0.0.0:80", 0),
        (5, 0, "0.0.0.0:80", 1),
        (6, 0, "0.0.0.0:80", 1),
        (6, 1, "0.0.0.0:80", 0),
        (6, 0, "127.0.0.1:80", 0),
    ] {
        let found = machine(local, foreign, bound).findings(0.0);
        assert_eq!(found.len(), expected, "{local} {foreign} {bound}");
        for (rule, sentence) in found {
            assert_eq!(rule, Rule::EveryAddressLocalClients);
            assert!(
                sentence.contains("server 812 listens on every address"),
                "{sentence}"
            );
            assert!(sentence.contains("probably"), "{sentence}");
        }
    }
}

#[test]
fn finding_selects_its_sockets() {
    let sockets = connections_to_port_80(TcpState::CloseWait, 6);
    let moment = TestMachine::new([vec![listener()], sockets].concat()).moment_after(0.0);
    let findings = Findings::from_moment(&moment, &Thresholds::DEFAULT);
    let [finding] = findings.all() else {
        panic!("{findings:?}");
    };
    let concerned = moment.rows().filter(|row| finding.concerns(row)).count();
    assert_eq!((concerned, finding.count), (6, 6));
    assert_eq!(findings.for_process(server()).count(), 1);
    assert_eq!(findings.position(finding.id), Some(0));
    let elsewhere = PortKey {
        protocol: Protocol::Udp,
        ..finding.id.port
    };
    assert_eq!(findings.for_port(elsewhere).count(), 0);
}

#[test]
fn rules_are_sorted_by_severity() {
    let rules: Vec<Rule> = RULES.iter().map(|row| row.rule).collect();
    assert!(rules.is_sorted());
    assert!(RULES.is_sorted_by_key(|row| row.severity));
    for row in RULES {
        assert_eq!(RuleSpec::for_rule(row.rule).name, row.name);
        assert!(row.label.len() <= 7, "{}", row.label);
    }
}
