//! Tracks real sockets over several samples: a change is one row with a past, not two rows.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use portolan::history::{ObservedSince, Ownership, TRANSITION_TTL, TrackedSocket, Transition};
use portolan::net::snapshot::SourceKind;
use portolan::net::socket::TcpState;
use portolan::query::QueryResult;

use crate::fixtures;
use crate::network_namespace::in_network_namespace;
use crate::pipeline::{LivePipeline, holder_pids, local_port_key, remote_port_key, rows_of_port};

/// A port number that is safe only in the test's own network namespace.
const PORT: u16 = 18100;

/// Returns the one connection of the port's listener, open or closed.
fn connection(result: &QueryResult) -> Option<&TrackedSocket> {
    let rows = rows_of_port(result, local_port_key(PORT));
    rows.into_iter().find(|row| !row.socket.is_listening())
}

fn state(row: &TrackedSocket) -> Option<TcpState> {
    row.socket.tcp_state()
}

fn is_in(state: TcpState) -> impl Fn(&QueryResult) -> bool {
    move |result| connection(result).is_some_and(|row| row.socket.tcp_state() == Some(state))
}

#[test]
fn state_changes_keep_one_row_with_its_path_and_owner() {
    let test = "state_changes::state_changes_keep_one_row_with_its_path_and_owner";
    in_network_namespace(test, || {
        assert_states_are_one_row(SourceKind::SockDiag);
    });
}

/// Without cookies the row is identified by its endpoints.
#[test]
fn state_changes_keep_one_row_without_cookies() {
    let test = "state_changes::state_changes_keep_one_row_without_cookies";
    in_network_namespace(test, || {
        assert_states_are_one_row(SourceKind::Procfs);
    });
}

fn assert_states_are_one_row(source: SourceKind) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).expect("a listener");
    let mut pipeline = LivePipeline::with_source(source);
    let empty = pipeline.sample_until(|a| rows_of_port(a, local_port_key(PORT)).len() == 1);
    assert!(connection(&empty).is_none(), "{source}");

    let (client, server) = fixtures::connect_pair(&listener);
    let established = pipeline.sample_until(is_in(TcpState::Established));
    let row = connection(&established).expect("a row");
    assert!(
        matches!(row.first_seen, ObservedSince::Sampled(_)),
        "{row:?}"
    );
    assert!(
        matches!(row.transition, Some(Transition::Opened(_))),
        "{row:?}"
    );
    assert_eq!(holder_pids(row), [std::process::id()]);

    drop(server);
    let fin_wait2 = pipeline.sample_until(is_in(TcpState::FinWait2));
    let half_closed = connection(&fin_wait2).expect("a row");
    assert_eq!(
        (half_closed.key, half_closed.slot),
        (row.key, row.slot),
        "{source}"
    );
    assert!(
        matches!(half_closed.ownership, Ownership::Former(_)),
        "{half_closed:?}"
    );

    drop(client);
    let time_wait = pipeline.sample_until(is_in(TcpState::TimeWait));
    let last = connection(&time_wait).expect("a row");
    assert_eq!((last.key, last.slot), (row.key, row.slot), "{source}");
    let path = [
        TcpState::Established,
        TcpState::FinWait2,
        TcpState::TimeWait,
    ];
    // On a busy machine a sample may fall before the FIN is acknowledged.
    let seen = last.states.iter().filter(|s| **s != TcpState::FinWait1);
    assert!(seen.eq(&path), "{source}: {:?}", last.states);
    assert!(
        matches!(last.transition, Some(Transition::Changed(_))),
        "{last:?}"
    );
    assert!(matches!(last.ownership, Ownership::Former(_)), "{last:?}");
    assert_eq!(holder_pids(last), [std::process::id()], "who had it");
    assert_eq!(last.first_seen, row.first_seen);
    let row_count = rows_of_port(&time_wait, local_port_key(PORT)).len();
    assert_eq!(row_count, 2, "{source}: the listener and one row");
}

#[test]
fn closed_row_lingers_and_then_disappears() {
    let test = "state_changes::closed_row_lingers_and_then_disappears";
    in_network_namespace(test, || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).expect("a listener");
        let (client, server) = fixtures::connect_pair(&listener);
        let mut pipeline = LivePipeline::with_source(SourceKind::SockDiag);
        let before = pipeline.sample_until(|a| a.matched == 3);
        assert_eq!(rows_of_port(&before, remote_port_key(PORT)).len(), 1);

        // The server closes first, so the client's side leaves no TIME-WAIT behind.
        drop(server);
        drop(client);
        let closed = |a: &QueryResult| {
            rows_of_port(a, remote_port_key(PORT))
                .iter()
                .any(|row| row.is_closed())
        };
        let after = pipeline.sample_until(closed);
        let row = rows_of_port(&after, remote_port_key(PORT))[0];
        let Some(Transition::Closed(at)) = row.transition else {
            panic!("{row:?}")
        };
        assert!(state(row).is_some(), "its last state is still known");
        assert_eq!(holder_pids(row), [std::process::id()], "and whose it was");
        assert_eq!(after.matched, 2, "a closed row is not counted");

        let within_linger = pipeline.sample_and_query_after(TRANSITION_TTL / 2);
        assert_eq!(
            rows_of_port(&within_linger, remote_port_key(PORT))[0].transition,
            Some(Transition::Closed(at))
        );
        let after_linger =
            pipeline.sample_and_query_after(TRANSITION_TTL + Duration::from_secs(30));
        assert_eq!(
            rows_of_port(&after_linger, remote_port_key(PORT)).len(),
            0,
            "gone"
        );
        assert_eq!(after_linger.moment.totals.closed, 1);
    });
}
