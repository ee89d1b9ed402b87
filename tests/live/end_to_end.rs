//! Sends one fixture after the other through the whole pipeline: under which port each row is
//! grouped, its side, the evidence for it, and its owner.

use std::collections::BTreeSet;
use std::time::Duration;

use portolan::history::{Evidence, Ownership, Side, TrackedSocket};
use portolan::net::port::{PortKey, Protocol};
use portolan::net::snapshot::SourceKind;
use portolan::net::socket::{AcceptQueue, TcpState};
use portolan::query::{Group, QueryResult, Reach, WildcardFamilies};

use crate::fixtures;
use crate::holder_process::HolderProcess;
use crate::network_namespace::in_network_namespace;
use crate::pipeline::{
    LivePipeline, group_of_port, holder_names, holder_pids, local_port_key, remote_port_key,
    rows_of_port,
};

/// Returns the row's state, side and evidence, for short assertions.
fn state_side_evidence(row: &TrackedSocket) -> (Option<TcpState>, Side, Evidence) {
    (row.socket.tcp_state(), row.side, row.evidence)
}

/// Counts the rows with this state, side and evidence.
fn count_rows(rows: &[&TrackedSocket], wanted_row: (TcpState, Side, Evidence)) -> usize {
    let (state, side, evidence) = wanted_row;
    rows.iter()
        .filter(|row| state_side_evidence(row) == (Some(state), side, evidence))
        .count()
}

fn reach(result: &QueryResult, key: PortKey) -> Option<Reach> {
    group_of_port(result, key).expect("a group").summary.reach
}

/// Asserts that only these ports have a group: an ephemeral port of a client is shared by no other
/// socket.
fn assert_port_groups(result: &QueryResult, ports: &[PortKey]) {
    let groups: Vec<_> = result.groups.iter().map(Group::key).collect();
    let ports: Vec<_> = ports
        .iter()
        .map(|p| portolan::query::GroupKey::Port(*p))
        .collect();
    assert_eq!(groups, ports);
}

#[test]
fn dual_stack_port_groups_clients_of_both_families() {
    let test = "end_to_end::dual_stack_port_groups_clients_of_both_families";
    in_network_namespace(test, || {
        let fixtures = fixtures::dual_stack_listener();
        let (server, client) = (
            local_port_key(fixtures::DUAL_STACK_PORT),
            remote_port_key(fixtures::DUAL_STACK_PORT),
        );
        let result =
            LivePipeline::with_source(SourceKind::SockDiag).sample_until(|a| a.matched == 5);
        assert_port_groups(&result, &[server, client]);
        assert_eq!(
            reach(&result, server),
            Some(Reach::Wildcard(WildcardFamilies::Both))
        );

        let server_rows = rows_of_port(&result, server);
        assert_eq!(
            server_rows
                .iter()
                .map(|row| state_side_evidence(row))
                .collect::<Vec<_>>(),
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
        for row in &server_rows {
            assert_eq!(holder_pids(row), [std::process::id()], "{row:?}");
        }
        let mapped = |row: &&&TrackedSocket| row.socket.local.is_ipv4_mapped();
        assert_eq!(
            server_rows.iter().filter(mapped).count(),
            1,
            "the v4 client's"
        );

        let client_rows = rows_of_port(&result, client);
        let connecting_end = (TcpState::Established, Side::Outgoing, Evidence::Counters);
        assert_eq!(count_rows(&client_rows, connecting_end), 2);
        let clients: BTreeSet<u32> = client_rows
            .iter()
            .flat_map(|row| holder_pids(row))
            .collect();
        assert_eq!(
            clients,
            fixtures.holders.iter().map(HolderProcess::pid).collect()
        );
        assert_mutual_peers(&result, &server_rows[1..], &client_rows);
    });
}

/// Asserts that every row has its counterpart as peer, in both directions.
fn assert_mutual_peers(result: &QueryResult, here: &[&TrackedSocket], there: &[&TrackedSocket]) {
    assert_eq!(here.len(), there.len());
    for row in here {
        let other = result.moment.peer_of(row).expect("the peer");
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
fn without_counters_the_connecting_end_is_found_by_its_peer_row() {
    let test = "end_to_end::without_counters_the_connecting_end_is_found_by_its_peer_row";
    in_network_namespace(test, || {
        let _fixtures = fixtures::dual_stack_listener();
        for source in [SourceKind::Procfs, SourceKind::Netstat2] {
            let result = LivePipeline::with_source(source).sample_until(|a| a.matched == 5);
            let (server, client) = (
                local_port_key(fixtures::DUAL_STACK_PORT),
                remote_port_key(fixtures::DUAL_STACK_PORT),
            );
            assert_port_groups(&result, &[server, client]);
            let (server_rows, client_rows) =
                (rows_of_port(&result, server), rows_of_port(&result, client));
            let accepted = (TcpState::Established, Side::Serving, Evidence::Listener);
            let connecting_end = (TcpState::Established, Side::Outgoing, Evidence::Peer);
            assert_eq!(
                count_rows(&server_rows, accepted),
                2,
                "{source}: {server_rows:?}"
            );
            assert_eq!(
                count_rows(&client_rows, connecting_end),
                2,
                "{source}: {client_rows:?}"
            );
            assert_mutual_peers(&result, &server_rows[1..], &client_rows);
        }
    });
}

#[test]
fn wildcard_listeners_of_two_processes_are_two_rows_of_one_process_one() {
    let test = "end_to_end::wildcard_listeners_of_two_processes_are_two_rows_of_one_process_one";
    in_network_namespace(test, || {
        let _fixtures = [
            fixtures::separate_listeners_per_family(),
            fixtures::one_process_both_families(),
            fixtures::ipv6_only_listener(),
        ];
        let result =
            LivePipeline::with_source(SourceKind::SockDiag).sample_until(|a| a.matched == 5);
        let [separate, joined, single] = [
            fixtures::SEPARATE_LISTENERS_PORT,
            fixtures::ONE_PROCESS_BOTH_FAMILIES_PORT,
            fixtures::IPV6_ONLY_PORT,
        ]
        .map(local_port_key);
        assert_port_groups(&result, &[separate, joined, single]);

        let lines = rows_of_port(&result, separate);
        let owners: BTreeSet<_> = lines
            .iter()
            .flat_map(|row| holder_names(&result, row))
            .collect();
        assert_eq!(owners, ["four", "six"].map(String::from).into());
        assert_eq!(lines.len(), 2);
        assert!(
            lines
                .iter()
                .all(|row| result.dual_stack_twin(row.slot).is_none())
        );

        let lines = rows_of_port(&result, joined);
        assert_eq!(lines.len(), 1, "one listener with two addresses");
        assert!(!lines[0].socket.local.is_ipv6());
        let twin = result
            .dual_stack_twin(lines[0].slot)
            .expect("the other address");
        assert_eq!(twin.socket.v6only, Some(true));
        assert_eq!(
            group_of_port(&result, joined)
                .expect("a group")
                .summary
                .sockets,
            2
        );

        let everyone = |server_rows| Some(Reach::Wildcard(server_rows));
        assert_eq!(reach(&result, separate), everyone(WildcardFamilies::Both));
        assert_eq!(reach(&result, joined), everyone(WildcardFamilies::Both));
        assert_eq!(reach(&result, single), everyone(WildcardFamilies::Ipv6));
    });
}

#[test]
fn reuseport_listeners_are_three_rows_and_a_shared_listener_is_one() {
    let test = "end_to_end::reuseport_listeners_are_three_rows_and_a_shared_listener_is_one";
    in_network_namespace(test, || {
        let (shards, shared) = (
            fixtures::reuseport_listeners(),
            fixtures::preforked_listener(),
        );
        let result =
            LivePipeline::with_source(SourceKind::SockDiag).sample_until(|a| a.matched == 4);

        let lines = rows_of_port(&result, local_port_key(fixtures::REUSEPORT_PORT));
        let mut owners: Vec<Vec<u32>> = lines.iter().map(|row| holder_pids(row)).collect();
        owners.sort();
        let mut expected: Vec<_> = shards.holders.iter().map(|h| vec![h.pid()]).collect();
        expected.sort();
        assert_eq!(owners, expected, "a process each");
        let keys: BTreeSet<_> = lines.iter().map(|row| row.key).collect();
        assert_eq!(keys.len(), 3);
        let summary = &group_of_port(&result, local_port_key(fixtures::REUSEPORT_PORT))
            .expect("a group")
            .summary;
        assert_eq!((summary.sockets, summary.processes[0].count), (3, 3));
        assert_eq!(summary.reach, Some(Reach::Loopback));

        let lines = rows_of_port(&result, local_port_key(fixtures::PREFORKED_PORT));
        assert_eq!(lines.len(), 1);
        let mut expected: Vec<u32> = shared.holders.iter().map(HolderProcess::pid).collect();
        expected.push(std::process::id());
        expected.sort_unstable();
        assert_eq!(holder_pids(lines[0]), expected, "five hold it");
        assert!(matches!(lines[0].ownership, Ownership::Known(_)));
    });
}

/// Without cookies, too, three rows with the same endpoints stay three.
#[test]
fn reuseport_listeners_are_three_rows_for_every_source() {
    let test = "end_to_end::reuseport_listeners_are_three_rows_for_every_source";
    in_network_namespace(test, || {
        let _fixtures = fixtures::reuseport_listeners();
        for source in [SourceKind::Procfs, SourceKind::Netstat2] {
            let mut pipeline = LivePipeline::with_source(source);
            let mut seen: Vec<BTreeSet<_>> = Vec::new();
            for _ in 0..3 {
                let result = pipeline.sample_until(|a| a.matched == 3);
                let lines = rows_of_port(&result, local_port_key(fixtures::REUSEPORT_PORT));
                seen.push(
                    lines
                        .iter()
                        .map(|row| (row.key, row.slot, holder_pids(row)))
                        .collect(),
                );
            }
            assert_eq!(seen[0].len(), 3, "{source}");
            assert!(seen.iter().all(|s| *s == seen[0]), "{source}: {seen:?}");
        }
    });
}

#[test]
fn udp_socket_with_a_peer_is_outgoing_without_one_listening() {
    let test = "end_to_end::udp_socket_with_a_peer_is_outgoing_without_one_listening";
    in_network_namespace(test, || {
        let fixtures = fixtures::udp_sockets();
        let udp = |key: PortKey| PortKey {
            protocol: Protocol::Udp,
            ..key
        };
        let (waiting, connecting_key) = (
            udp(local_port_key(fixtures::UDP_PORT)),
            udp(remote_port_key(fixtures::UDP_PORT)),
        );
        for source in [SourceKind::SockDiag, SourceKind::Procfs] {
            let result = LivePipeline::with_source(source).sample_until(|a| a.matched == 2);
            assert_port_groups(&result, &[waiting, connecting_key]);
            let [single] = rows_of_port(&result, waiting)[..] else {
                panic!("one row")
            };
            assert_eq!(
                state_side_evidence(single),
                (None, Side::Listening, Evidence::State)
            );
            assert_eq!(holder_pids(single), [std::process::id()]);
            assert!(single.socket.queues.expect("queues").recv > 0, "unread");
            let [connected] = rows_of_port(&result, connecting_key)[..] else {
                panic!("one row")
            };
            assert_eq!(
                state_side_evidence(connected),
                (None, Side::Outgoing, Evidence::Peer)
            );
            assert_eq!(holder_pids(connected), [fixtures.holders[0].pid()]);
        }
    });
}

#[test]
fn close_wait_leak_shows_both_ends_with_their_owners() {
    let test = "end_to_end::close_wait_leak_shows_both_ends_with_their_owners";
    in_network_namespace(test, || {
        let _fixtures = fixtures::close_wait_leak();
        let (server, client) = (
            local_port_key(fixtures::CLOSE_WAIT_LEAK_PORT),
            remote_port_key(fixtures::CLOSE_WAIT_LEAK_PORT),
        );
        let leaked = fixtures::CLOSE_WAIT_LEAK_COUNT;
        let result = LivePipeline::with_source(SourceKind::SockDiag).sample_until(|a| {
            let states = |key| group_of_port(a, key).map(|g| g.summary.states);
            let of = |key, state| states(key).map_or(0, |s| s.count(state)) as usize;
            of(server, TcpState::CloseWait) == leaked && of(client, TcpState::FinWait2) == leaked
        });
        assert_port_groups(&result, &[server, client]);
        let (server_rows, client_rows) =
            (rows_of_port(&result, server), rows_of_port(&result, client));
        let waiting = (TcpState::CloseWait, Side::Serving, Evidence::Listener);
        let fin_wait2_end = (TcpState::FinWait2, Side::Outgoing, Evidence::Peer);
        assert_eq!(
            count_rows(&server_rows, waiting),
            leaked,
            "{server_rows:#?}"
        );
        assert_eq!(
            count_rows(&client_rows, fin_wait2_end),
            leaked,
            "{client_rows:#?}"
        );
        for row in server_rows.iter().chain(&client_rows) {
            assert!(matches!(row.ownership, Ownership::Known(_)), "{row:?}");
        }
        assert_mutual_peers(&result, &server_rows[1..], &client_rows);
    });
}

#[test]
fn full_backlog_shows_unaccepted_and_unanswered_clients() {
    let test = "end_to_end::full_backlog_shows_unaccepted_and_unanswered_clients";
    in_network_namespace(test, || {
        let _fixtures = fixtures::full_backlog();
        let (server, client) = (
            local_port_key(fixtures::FULL_BACKLOG_PORT),
            remote_port_key(fixtures::FULL_BACKLOG_PORT),
        );
        let result = LivePipeline::with_source(SourceKind::SockDiag).sample_until(|a| {
            rows_of_port(a, server).len() == 3
                && rows_of_port(a, client).len() == fixtures::BACKLOG_CLIENTS
        });
        assert_port_groups(&result, &[server, client]);
        let server_rows = rows_of_port(&result, server);
        let full = AcceptQueue {
            waiting: 2,
            limit: Some(1),
        };
        assert_eq!(server_rows[0].socket.accept_queue, Some(full), "2 of 1");
        assert!(full.is_full());
        for row in &server_rows[1..] {
            let accepted = (
                Some(TcpState::Established),
                Side::Serving,
                Evidence::Listener,
            );
            assert_eq!(state_side_evidence(row), accepted);
            assert_eq!(row.ownership, Ownership::Unaccepted);
        }
        let client_rows = rows_of_port(&result, client);
        let unanswered = (TcpState::SynSent, Side::Outgoing, Evidence::State);
        let through = (TcpState::Established, Side::Outgoing, Evidence::Counters);
        assert_eq!(
            count_rows(&client_rows, unanswered),
            fixtures::BACKLOG_CLIENTS - 2
        );
        assert_eq!(count_rows(&client_rows, through), 2);
        for row in &client_rows {
            assert_eq!(holder_pids(row), [std::process::id()], "{row:?}");
        }
    });
}

#[test]
fn unread_bytes_are_in_the_receive_queue_of_the_reader() {
    let test = "end_to_end::unread_bytes_are_in_the_receive_queue_of_the_reader";
    in_network_namespace(test, || {
        let fixtures = fixtures::unread_input();
        let result = LivePipeline::with_source(SourceKind::SockDiag).sample_until(|a| {
            let all_there = |row: &&TrackedSocket| {
                let queues = row.socket.queues;
                queues.is_some_and(|q| q.recv as usize == fixtures::UNREAD_BYTES)
            };
            rows_of_port(a, local_port_key(fixtures::UNREAD_INPUT_PORT))
                .iter()
                .any(all_there)
        });
        let [_, server] = rows_of_port(&result, local_port_key(fixtures::UNREAD_INPUT_PORT))[..]
        else {
            panic!("a listener and a connection")
        };
        let writer = result.moment.peer_of(server).expect("the peer");
        assert_eq!(holder_pids(writer), [fixtures.holders[0].pid()]);
        assert_eq!(holder_names(&result, writer), ["writer"]);
        let received = server.socket.tcp.expect("figures").delivered;
        assert_eq!(
            received.expect("counters").received as usize,
            fixtures::UNREAD_BYTES
        );
    });
}

#[test]
fn escape_sequences_in_process_names_are_escaped() {
    let test = "end_to_end::escape_sequences_in_process_names_are_escaped";
    in_network_namespace(test, || {
        let _fixtures = fixtures::escape_sequence_name();
        for source in [SourceKind::SockDiag, SourceKind::Netstat2] {
            let result = LivePipeline::with_source(source).sample_until(|a| a.matched == 1);
            let row = rows_of_port(&result, local_port_key(fixtures::ESCAPE_SEQUENCE_NAME_PORT))[0];
            assert_eq!(
                holder_names(&result, row),
                [r"od\e[31md é\n na"],
                "{source}"
            );
        }
    });
}

#[test]
fn time_wait_connection_is_owned_by_the_kernel_under_the_listener_port() {
    let test = "end_to_end::time_wait_connection_is_owned_by_the_kernel_under_the_listener_port";
    in_network_namespace(test, || {
        let _fixtures = fixtures::time_wait_connections(8);
        let server = local_port_key(fixtures::TIME_WAIT_PORT);
        for source in [SourceKind::SockDiag, SourceKind::Procfs] {
            let result = LivePipeline::with_source(source).sample_until(|a| {
                let states = group_of_port(a, server).map(|g| g.summary.states);
                a.matched == 9 && states.is_some_and(|s| s.count(TcpState::TimeWait) == 8)
            });
            assert_port_groups(&result, &[server]);
            for row in &rows_of_port(&result, server)[1..] {
                assert_eq!(
                    (row.side, row.evidence),
                    (Side::Serving, Evidence::Listener)
                );
                assert_eq!(row.ownership, Ownership::Kernel);
                assert_eq!(row.socket.uid, None, "0 would say root");
                let timer = row.socket.timer.expect("the kernel forgets it");
                let left = timer.due.saturating_sub(result.moment.elapsed);
                assert!(left <= Duration::from_secs(61), "{left:?}");
            }
        }
    });
}
