//! Each rule below, at and above its threshold, and what it says.

mod machine;

use machine::{Machine, calls, listener, server, tcp};

use super::*;
use crate::port::{Port, PortRange, Protocol};
use crate::socket::{Backlog, Queues, Socket, TcpState, Timer, TimerKind};

#[test]
fn a_healthy_machine_has_no_finding() {
    let states = [TcpState::CloseWait, TcpState::LastAck, TcpState::FinWait2];
    for state in states.into_iter().chain([TcpState::TimeWait]) {
        let mut sockets = calls(TcpState::Established, 200);
        sockets.push(listener());
        sockets.push(tcp(state, "192.0.2.1:80", "203.0.113.9:50000"));
        assert_eq!(Machine::with(sockets).rules(2.0), [], "{state}");
    }
}

#[test]
fn a_close_wait_is_a_leak_when_it_is_old() {
    let mut sockets = calls(TcpState::CloseWait, 1);
    sockets.extend(calls(TcpState::Established, 9).into_iter().skip(1));
    sockets.push(listener());
    let machine = Machine::with(sockets);
    assert_eq!(machine.rules(59.0), []);
    assert_eq!(machine.rules(60.0), [Rule::CloseWaitLeak]);
    let found = machine.found(61.0);
    assert_eq!(
        found[0].1,
        "1 connection in CLOSE-WAIT for at least 1m01s: the other end has hung up and server 812 has not closed; only server 812 \
         can end it."
    );
}

#[test]
fn many_close_waits_are_a_leak_at_first_sight_where_they_are_the_most() {
    for (leaked, others, expected) in [(4, 0, 0), (5, 0, 1), (6, 0, 1), (5, 5, 1), (5, 6, 0)] {
        let mut sockets = calls(TcpState::CloseWait, leaked);
        sockets.extend(calls(TcpState::Established, leaked + others).split_off(leaked.into()));
        let found = Machine::with(sockets).rules(0.0);
        assert_eq!(found.len(), expected, "{leaked} of {others} others");
    }
}

#[test]
fn what_nobody_reads_is_found_after_a_while() {
    let mut socket = tcp(TcpState::Established, "192.0.2.1:80", "203.0.113.7:50000");
    socket.queues = Some(Queues {
        recv: 4096,
        send: 0,
    });
    let machine = Machine::with(vec![listener(), socket.clone()]);
    assert_eq!(machine.rules(9.0), []);
    assert_eq!(machine.rules(10.0), [Rule::UnreadInput]);
    let said = &machine.found(12.0)[0].1;
    assert!(
        said.starts_with("4,096 B lie unread in 1 socket for at least 12s: server 812 does not"),
        "{said}"
    );
    socket.queues = Some(Queues { recv: 0, send: 0 });
    assert_eq!(Machine::with(vec![listener(), socket]).rules(60.0), []);
}

#[test]
fn a_hang_up_that_nobody_reads_is_no_unread_data() {
    let mut socket = tcp(TcpState::CloseWait, "192.0.2.1:80", "203.0.113.7:50000");
    socket.queues = Some(Queues { recv: 1, send: 0 });
    let machine = Machine::with(vec![socket]);
    assert_eq!(machine.rules(61.0), [Rule::CloseWaitLeak]);
}

#[test]
fn what_nobody_confirms_is_found_after_a_while_with_its_reason() {
    let mut socket = tcp(TcpState::Established, "192.0.2.1:80", "203.0.113.7:50000");
    socket.queues = Some(Queues {
        recv: 0,
        send: 8192,
    });
    let timer = |kind| Timer {
        kind,
        due: Duration::from_secs(100),
        retransmits: 3,
    };
    for (kind, reason) in [
        (TimerKind::Probe, "its program does not read"),
        (TimerKind::Retransmit, "the other end confirms nothing"),
    ] {
        socket.timer = Some(timer(kind));
        let machine = Machine::with(vec![listener(), socket.clone()]);
        assert_eq!(machine.rules(9.0), []);
        assert_eq!(machine.rules(10.0), [Rule::UndrainedOutput]);
        let said = &machine.found(11.0)[0].1;
        assert!(
            said.starts_with("8,192 B in 1 socket stay unconfirmed for at least 11s: "),
            "{said}"
        );
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn a_queue_is_found_when_it_is_nearly_full() {
    // It holds 100: one more than its limit.
    for (waiting, expected) in [
        (79, None),
        (80, Some("nearly full")),
        (81, Some("nearly full")),
        (99, Some("nearly full")),
        (100, Some("is full")),
    ] {
        let mut listener = listener();
        listener.backlog = Some(Backlog {
            waiting,
            limit: Some(99),
        });
        let found = Machine::with(vec![listener]).found(12.0);
        assert_eq!(found.len(), usize::from(expected.is_some()), "{waiting}");
        if let Some((words, (rule, said))) = expected.zip(found.first()) {
            assert_eq!(*rule, Rule::BacklogNearFull);
            assert!(
                said.contains(words) && said.contains(&format!("{waiting} calls wait")),
                "{said}"
            );
            assert!(
                said.contains("server 812 has accepted none for at least 12s"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_call_without_an_answer_is_found_after_a_while() {
    let mut call = tcp(TcpState::SynSent, "192.0.2.1:40000", "203.0.113.7:443");
    call.queues = Some(Queues { recv: 0, send: 1 });
    assert_eq!(Machine::with(vec![call.clone()]).rules(2.0), []);
    assert_eq!(
        Machine::with(vec![call.clone()]).rules(3.0),
        [Rule::SynSentUnanswered]
    );
    assert_eq!(
        Machine::with(vec![call.clone()]).rules(4.0),
        [Rule::SynSentUnanswered]
    );
    // Three SYNs after the first took three seconds at least, also before the first look.
    for (retransmits, expected) in [(2, 0), (3, 1), (4, 1)] {
        call.timer = Some(Timer {
            kind: TimerKind::Retransmit,
            due: Duration::from_secs(100),
            retransmits,
        });
        let found = Machine::with(vec![call.clone()]).found(0.0);
        assert_eq!(found.len(), expected, "{retransmits}");
        assert!(
            found.iter().all(|(_, said)| said.contains("for at least ")),
            "{found:?}"
        );
    }
}

#[test]
fn a_call_to_a_full_queue_of_this_machine_has_its_reason() {
    let mut full = tcp(TcpState::Listen, "127.0.0.1:80", "");
    full.backlog = Some(Backlog {
        waiting: 2,
        limit: Some(1),
    });
    let call = tcp(TcpState::SynSent, "127.0.0.1:40000", "127.0.0.1:80");
    let found = Machine::with(vec![full, call]).found(3.0);
    let said = found
        .iter()
        .find(|(rule, _)| *rule == Rule::SynSentUnanswered);
    let said = &said.expect("the call").1;
    assert!(
        said.ends_with("Only its program can mend that: server 812."),
        "{said}"
    );
}

#[test]
fn the_ephemeral_range_is_found_nearly_used_up_to_one_destination_only() {
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
        // The same port of another host has numbers of its own.
        let other = |n: u16| {
            tcp(
                TcpState::Established,
                &format!("192.0.2.1:{}", 40_000 + n),
                "203.0.113.8:443",
            )
        };
        sockets.extend((0..50).map(other));
        let machine = Machine {
            ephemeral: PortRange {
                first: Port(40_000),
                last: Port(40_099),
            },
            sockets,
        };
        let found = machine.found(0.0);
        assert_eq!(found.len(), expected, "{calls}");
        for (rule, said) in found {
            assert_eq!(rule, Rule::EphemeralNearlyUsedUp);
            let begin = format!(
                "{calls} of the 100 ephemeral ports (40000 to 40099) are in use from 192.0.2.1 to 203.0.113.7:443"
            );
            assert!(said.starts_with(&begin), "{said}");
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
    let machine = Machine {
        ephemeral: PortRange {
            first: Port(40_000),
            last: Port(40_099),
        },
        sockets: elsewhere,
    };
    assert_eq!(machine.rules(0.0), [], "200 calls, but 50 to each");
}

#[test]
fn a_pile_of_time_waits_is_found_by_its_size() {
    let moment = |count| {
        let mut sockets = calls(TcpState::TimeWait, count);
        sockets.push(listener());
        Machine::with(sockets).after(0.0)
    };
    let limits = Limits {
        time_wait_count: Some(100),
        ..Limits::USUAL
    };
    for (count, expected) in [(99, 0), (100, 1), (101, 1)] {
        let moment = moment(count);
        let found = Findings::of(&moment, &limits);
        assert_eq!(found.all().len(), expected, "{count}");
        assert!(found.all().iter().all(|f| f.id.rule == Rule::TimeWaitPile));
    }
    let never = Limits {
        time_wait_count: None,
        ..Limits::USUAL
    };
    assert_eq!(Findings::of(&moment(101), &never).all(), []);
}

#[test]
fn a_listener_on_every_address_with_none_but_local_clients_is_found() {
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
        sockets.extend(calls(TcpState::Established, foreign));
        Machine::with(sockets)
    };
    for (local, foreign, bound, expected) in [
        (4, 0, "0.0.0.0:80", 0),
        (5, 0, "0.0.0.0:80", 1),
        (6, 0, "0.0.0.0:80", 1),
        (6, 1, "0.0.0.0:80", 0),
        (6, 0, "127.0.0.1:80", 0),
    ] {
        let found = machine(local, foreign, bound).found(0.0);
        assert_eq!(found.len(), expected, "{local} {foreign} {bound}");
        for (rule, said) in found {
            assert_eq!(rule, Rule::EveryAddressLocalClients);
            assert!(
                said.contains("server 812 listens on every address"),
                "{said}"
            );
            assert!(said.contains("probably"), "{said}");
        }
    }
}

#[test]
fn a_finding_names_the_sockets_it_concerns() {
    let sockets = calls(TcpState::CloseWait, 6);
    let moment = Machine::with([vec![listener()], sockets].concat()).after(0.0);
    let findings = Findings::of(&moment, &Limits::USUAL);
    let [finding] = findings.all() else {
        panic!("{findings:?}");
    };
    let concerned = moment.rows().filter(|row| finding.concerns(row)).count();
    assert_eq!((concerned, finding.count), (6, 6));
    assert_eq!(findings.of_process(server()).count(), 1);
    assert_eq!(findings.position(finding.id), Some(0));
    let elsewhere = PortKey {
        protocol: Protocol::Udp,
        ..finding.id.port
    };
    assert_eq!(findings.at(elsewhere).count(), 0);
}

#[test]
fn the_rules_stand_in_the_order_of_their_urgency() {
    let rules: Vec<Rule> = RULES.iter().map(|row| row.rule).collect();
    assert!(rules.is_sorted());
    assert!(RULES.is_sorted_by_key(|row| row.gravity));
    for row in RULES {
        assert_eq!(RuleRow::of(row.rule).name, row.name);
        assert!(row.mark.len() <= 7, "{}", row.mark);
    }
}
