//! One exhibit after the other through the whole way: under which port, on which side and how that
//! is known, whose.

use std::collections::BTreeSet;
use std::time::Duration;

use portolan::history::{Evidence, Ownership, Side, Tracked};
use portolan::port::{PortKey, Protocol};
use portolan::query::{Answer, Group, Reach, Served};
use portolan::snapshot::SourceKind;
use portolan::socket::{Backlog, TcpState};

use crate::child::Holder;
use crate::network::own_network;
use crate::watch::{Watch, group, here, names, pids, rows, there};
use crate::zoo;

/// What the row is in one word each, for short assertions.
fn story(row: &Tracked) -> (Option<TcpState>, Side, Evidence) {
    (row.socket.tcp_state(), row.side, row.evidence)
}

/// How many rows tell each story.
fn count(rows: &[&Tracked], story_told: (TcpState, Side, Evidence)) -> usize {
    let (state, side, evidence) = story_told;
    rows.iter()
        .filter(|row| story(row) == (Some(state), side, evidence))
        .count()
}

fn reach(answer: &Answer, key: PortKey) -> Option<Reach> {
    group(answer, key).expect("a group").summary.reach
}

/// No port but these has a group: a number the kernel gave to a client is nobody's meeting place.
fn only_ports(answer: &Answer, ports: &[PortKey]) {
    let groups: Vec<_> = answer.groups.iter().map(Group::key).collect();
    let ports: Vec<_> = ports
        .iter()
        .map(|p| portolan::query::GroupKey::Port(*p))
        .collect();
    assert_eq!(groups, ports);
}

#[test]
fn a_dual_stack_port_gathers_the_clients_of_both_families() {
    let test = "exhibits::a_dual_stack_port_gathers_the_clients_of_both_families";
    own_network(test, || {
        let zoo = zoo::dual_stack();
        let (server, client) = (here(zoo::DUAL_STACK), there(zoo::DUAL_STACK));
        let answer = Watch::through(SourceKind::SockDiag).until(|a| a.matched == 5);
        only_ports(&answer, &[server, client]);
        assert_eq!(reach(&answer, server), Some(Reach::Everyone(Served::Both)));

        let served = rows(&answer, server);
        assert_eq!(
            served.iter().map(|row| story(row)).collect::<Vec<_>>(),
            [
                (Some(TcpState::Listen), Side::Listening, Evidence::State),
                (
                    Some(TcpState::Established),
                    Side::Serving,
                    Evidence::Listener
                ),
                (
                    Some(TcpState::Established),
                    Side::Serving,
                    Evidence::Listener
                ),
            ]
        );
        for row in &served {
            assert_eq!(pids(row), [std::process::id()], "{row:?}");
        }
        let mapped = |row: &&&Tracked| row.socket.local.is_mapped();
        assert_eq!(served.iter().filter(mapped).count(), 1, "the v4 client's");

        let dialled = rows(&answer, client);
        let dialler = (TcpState::Established, Side::Outgoing, Evidence::Counters);
        assert_eq!(count(&dialled, dialler), 2);
        let clients: BTreeSet<u32> = dialled.iter().flat_map(|row| pids(row)).collect();
        assert_eq!(clients, zoo.holders.iter().map(Holder::pid).collect());
        both_ends_are_named(&answer, &served[1..], &dialled);
    });
}

/// Every row of one end has the row of the other end, and that has it.
fn both_ends_are_named(answer: &Answer, here: &[&Tracked], there: &[&Tracked]) {
    assert_eq!(here.len(), there.len());
    for row in here {
        let other = answer.moment.peer_of(row).expect("the other end");
        assert!(there.iter().any(|t| t.slot == other.slot), "{other:?}");
        assert_eq!(other.peer, Some(row.slot));
        let (local, remote) = (row.socket.local, row.socket.remote.expect("remote"));
        assert_eq!(other.socket.local.canonical(), remote.canonical());
        assert_eq!(
            other.socket.remote.expect("remote").canonical(),
            local.canonical()
        );
    }
}

#[test]
fn without_counters_a_dialler_is_known_by_its_mirror() {
    let test = "exhibits::without_counters_a_dialler_is_known_by_its_mirror";
    own_network(test, || {
        let _zoo = zoo::dual_stack();
        for source in [SourceKind::Procfs, SourceKind::Netstat2] {
            let answer = Watch::through(source).until(|a| a.matched == 5);
            let (server, client) = (here(zoo::DUAL_STACK), there(zoo::DUAL_STACK));
            only_ports(&answer, &[server, client]);
            let (served, dialled) = (rows(&answer, server), rows(&answer, client));
            let accepted = (TcpState::Established, Side::Serving, Evidence::Listener);
            let dialler = (TcpState::Established, Side::Outgoing, Evidence::Mirror);
            assert_eq!(count(&served, accepted), 2, "{source}: {served:?}");
            assert_eq!(count(&dialled, dialler), 2, "{source}: {dialled:?}");
            both_ends_are_named(&answer, &served[1..], &dialled);
        }
    });
}

#[test]
fn wildcards_of_two_processes_are_two_lines_of_one_process_one() {
    let test = "exhibits::wildcards_of_two_processes_are_two_lines_of_one_process_one";
    own_network(test, || {
        let _zoo = [zoo::two_families(), zoo::two_addresses(), zoo::six_only()];
        let answer = Watch::through(SourceKind::SockDiag).until(|a| a.matched == 5);
        let [apart, joined, alone] =
            [zoo::TWO_FAMILIES, zoo::TWO_ADDRESSES, zoo::SIX_ONLY].map(here);
        only_ports(&answer, &[apart, joined, alone]);

        let lines = rows(&answer, apart);
        let owners: BTreeSet<_> = lines.iter().flat_map(|row| names(&answer, row)).collect();
        assert_eq!(owners, ["four", "six"].map(String::from).into());
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|row| answer.twin(row.slot).is_none()));

        let lines = rows(&answer, joined);
        assert_eq!(lines.len(), 1, "one listener with two addresses");
        assert!(!lines[0].socket.local.is_ipv6());
        let twin = answer.twin(lines[0].slot).expect("the other address");
        assert_eq!(twin.socket.v6only, Some(true));
        assert_eq!(group(&answer, joined).expect("a group").summary.sockets, 2);

        let everyone = |served| Some(Reach::Everyone(served));
        assert_eq!(reach(&answer, apart), everyone(Served::Both));
        assert_eq!(reach(&answer, joined), everyone(Served::Both));
        assert_eq!(reach(&answer, alone), everyone(Served::Ipv6));
    });
}

#[test]
fn shards_are_three_rows_and_a_shared_listener_is_one() {
    let test = "exhibits::shards_are_three_rows_and_a_shared_listener_is_one";
    own_network(test, || {
        let (shards, shared) = (zoo::shards(), zoo::preforked());
        let answer = Watch::through(SourceKind::SockDiag).until(|a| a.matched == 4);

        let lines = rows(&answer, here(zoo::SHARDS));
        let mut owners: Vec<Vec<u32>> = lines.iter().map(|row| pids(row)).collect();
        owners.sort();
        let mut expected: Vec<_> = shards.holders.iter().map(|h| vec![h.pid()]).collect();
        expected.sort();
        assert_eq!(owners, expected, "a process each");
        let keys: BTreeSet<_> = lines.iter().map(|row| row.key).collect();
        assert_eq!(keys.len(), 3);
        let summary = &group(&answer, here(zoo::SHARDS)).expect("a group").summary;
        assert_eq!((summary.sockets, summary.processes[0].count), (3, 3));
        assert_eq!(summary.reach, Some(Reach::ThisMachine));

        let lines = rows(&answer, here(zoo::PREFORKED));
        assert_eq!(lines.len(), 1);
        let mut expected: Vec<u32> = shared.holders.iter().map(Holder::pid).collect();
        expected.push(std::process::id());
        expected.sort_unstable();
        assert_eq!(pids(lines[0]), expected, "five hold it");
        assert!(matches!(lines[0].ownership, Ownership::Known(_)));
    });
}

/// Without cookies, too, three rows with the same endpoints stay three.
#[test]
fn shards_are_three_rows_for_every_source() {
    let test = "exhibits::shards_are_three_rows_for_every_source";
    own_network(test, || {
        let _zoo = zoo::shards();
        for source in [SourceKind::Procfs, SourceKind::Netstat2] {
            let mut watch = Watch::through(source);
            let mut seen: Vec<BTreeSet<_>> = Vec::new();
            for _ in 0..3 {
                let answer = watch.until(|a| a.matched == 3);
                let lines = rows(&answer, here(zoo::SHARDS));
                seen.push(
                    lines
                        .iter()
                        .map(|row| (row.key, row.slot, pids(row)))
                        .collect(),
                );
            }
            assert_eq!(seen[0].len(), 3, "{source}");
            assert!(seen.iter().all(|s| *s == seen[0]), "{source}: {seen:?}");
        }
    });
}

#[test]
fn datagrams_with_a_peer_are_outgoing_and_without_one_listening() {
    let test = "exhibits::datagrams_with_a_peer_are_outgoing_and_without_one_listening";
    own_network(test, || {
        let zoo = zoo::datagrams();
        let udp = |key: PortKey| PortKey {
            protocol: Protocol::Udp,
            ..key
        };
        let (waits, dials) = (udp(here(zoo::DATAGRAMS)), udp(there(zoo::DATAGRAMS)));
        for source in [SourceKind::SockDiag, SourceKind::Procfs] {
            let answer = Watch::through(source).until(|a| a.matched == 2);
            only_ports(&answer, &[waits, dials]);
            let [alone] = rows(&answer, waits)[..] else {
                panic!("one row")
            };
            assert_eq!(story(alone), (None, Side::Listening, Evidence::State));
            assert_eq!(pids(alone), [std::process::id()]);
            assert!(alone.socket.queues.expect("queues").recv > 0, "unread");
            let [paired] = rows(&answer, dials)[..] else {
                panic!("one row")
            };
            assert_eq!(story(paired), (None, Side::Outgoing, Evidence::Mirror));
            assert_eq!(pids(paired), [zoo.holders[0].pid()]);
        }
    });
}

#[test]
fn a_leak_is_five_served_and_five_dialled_with_their_owners() {
    let test = "exhibits::a_leak_is_five_served_and_five_dialled_with_their_owners";
    own_network(test, || {
        let _zoo = zoo::leak();
        let (server, client) = (here(zoo::LEAK), there(zoo::LEAK));
        let leaked = zoo::LEAKED;
        let answer = Watch::through(SourceKind::SockDiag).until(|a| {
            let states = |key| group(a, key).map(|g| g.summary.states);
            let of = |key, state| states(key).map_or(0, |s| s.of(state)) as usize;
            of(server, TcpState::CloseWait) == leaked && of(client, TcpState::FinWait2) == leaked
        });
        only_ports(&answer, &[server, client]);
        let (served, dialled) = (rows(&answer, server), rows(&answer, client));
        let waits = (TcpState::CloseWait, Side::Serving, Evidence::Listener);
        let hung_up = (TcpState::FinWait2, Side::Outgoing, Evidence::Mirror);
        assert_eq!(count(&served, waits), leaked, "{served:#?}");
        assert_eq!(count(&dialled, hung_up), leaked, "{dialled:#?}");
        for row in served.iter().chain(&dialled) {
            assert!(matches!(row.ownership, Ownership::Known(_)), "{row:?}");
        }
        both_ends_are_named(&answer, &served[1..], &dialled);
    });
}

#[test]
fn a_full_backlog_shows_who_waits_and_who_is_not_answered() {
    let test = "exhibits::a_full_backlog_shows_who_waits_and_who_is_not_answered";
    own_network(test, || {
        let _zoo = zoo::backlog();
        let (server, client) = (here(zoo::BACKLOG), there(zoo::BACKLOG));
        let answer = Watch::through(SourceKind::SockDiag)
            .until(|a| rows(a, server).len() == 3 && rows(a, client).len() == zoo::CALLERS);
        only_ports(&answer, &[server, client]);
        let served = rows(&answer, server);
        let full = Backlog {
            waiting: 2,
            limit: Some(1),
        };
        assert_eq!(served[0].socket.backlog, Some(full), "2 of 1");
        assert!(full.is_full());
        for row in &served[1..] {
            let accepted = (
                Some(TcpState::Established),
                Side::Serving,
                Evidence::Listener,
            );
            assert_eq!(story(row), accepted);
            assert_eq!(row.ownership, Ownership::Unaccepted);
        }
        let dialled = rows(&answer, client);
        let unanswered = (TcpState::SynSent, Side::Outgoing, Evidence::State);
        let through = (TcpState::Established, Side::Outgoing, Evidence::Counters);
        assert_eq!(count(&dialled, unanswered), zoo::CALLERS - 2);
        assert_eq!(count(&dialled, through), 2);
        for row in &dialled {
            assert_eq!(pids(row), [std::process::id()], "{row:?}");
        }
    });
}

#[test]
fn unread_bytes_are_counted_at_the_end_that_does_not_read() {
    let test = "exhibits::unread_bytes_are_counted_at_the_end_that_does_not_read";
    own_network(test, || {
        let zoo = zoo::unread();
        let answer = Watch::through(SourceKind::SockDiag).until(|a| {
            let all_there = |row: &&Tracked| {
                let queues = row.socket.queues;
                queues.is_some_and(|q| q.recv as usize == zoo::UNREAD_BYTES)
            };
            rows(a, here(zoo::UNREAD)).iter().any(all_there)
        });
        let [_, server] = rows(&answer, here(zoo::UNREAD))[..] else {
            panic!("a listener and a connection")
        };
        let writer = answer.moment.peer_of(server).expect("the other end");
        assert_eq!(pids(writer), [zoo.holders[0].pid()]);
        assert_eq!(names(&answer, writer), ["writer"]);
        let received = server.socket.tcp.expect("figures").delivered;
        assert_eq!(
            received.expect("counters").received as usize,
            zoo::UNREAD_BYTES
        );
    });
}

#[test]
fn a_name_that_would_act_on_a_terminal_is_made_readable() {
    let test = "exhibits::a_name_that_would_act_on_a_terminal_is_made_readable";
    own_network(test, || {
        let _zoo = zoo::odd_name();
        for source in [SourceKind::SockDiag, SourceKind::Netstat2] {
            let answer = Watch::through(source).until(|a| a.matched == 1);
            let row = rows(&answer, here(zoo::ODD_NAME))[0];
            assert_eq!(names(&answer, row), [r"od\e[31md é\n na"], "{source}");
        }
    });
}

#[test]
fn a_finished_connection_is_the_kernels_and_still_the_listeners() {
    let test = "exhibits::a_finished_connection_is_the_kernels_and_still_the_listeners";
    own_network(test, || {
        let _zoo = zoo::ended(8);
        let server = here(zoo::ENDED);
        for source in [SourceKind::SockDiag, SourceKind::Procfs] {
            let answer = Watch::through(source).until(|a| {
                let states = group(a, server).map(|g| g.summary.states);
                a.matched == 9 && states.is_some_and(|s| s.of(TcpState::TimeWait) == 8)
            });
            only_ports(&answer, &[server]);
            for row in &rows(&answer, server)[1..] {
                assert_eq!(
                    (row.side, row.evidence),
                    (Side::Serving, Evidence::Listener)
                );
                assert_eq!(row.ownership, Ownership::Kernel);
                assert_eq!(row.socket.uid, None, "0 would say root");
                let timer = row.socket.timer.expect("the kernel forgets it");
                let left = timer.due.saturating_sub(answer.moment.elapsed);
                assert!(left <= Duration::from_secs(61), "{left:?}");
            }
        }
    });
}
