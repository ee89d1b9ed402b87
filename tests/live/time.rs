//! Real sockets over several samples: a change is one row with a past, not two rows.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use portolan::history::{LINGER, Mark, Ownership, Since, Tracked};
use portolan::query::Answer;
use portolan::snapshot::SourceKind;
use portolan::socket::TcpState;

use crate::network::own_network;
use crate::watch::{Watch, here, pids, rows, there};
use crate::zoo;

/// Any port of one's own network.
const PORT: u16 = 18100;

/// The one connection of the port's listener, open or closed.
fn connection(answer: &Answer) -> Option<&Tracked> {
    let rows = rows(answer, here(PORT));
    rows.into_iter().find(|row| !row.socket.is_listening())
}

fn state(row: &Tracked) -> Option<TcpState> {
    row.socket.tcp_state()
}

fn is_in(state: TcpState) -> impl Fn(&Answer) -> bool {
    move |answer| connection(answer).is_some_and(|row| row.socket.tcp_state() == Some(state))
}

#[test]
fn a_change_of_state_is_one_row_that_remembers_its_path_and_owner() {
    let test = "time::a_change_of_state_is_one_row_that_remembers_its_path_and_owner";
    own_network(test, || {
        grows_old(SourceKind::SockDiag);
    });
}

/// Without cookies the endpoints must do.
#[test]
fn it_is_one_row_also_where_only_endpoints_name_it() {
    let test = "time::it_is_one_row_also_where_only_endpoints_name_it";
    own_network(test, || {
        grows_old(SourceKind::Procfs);
    });
}

fn grows_old(source: SourceKind) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).expect("a listener");
    let mut watch = Watch::through(source);
    let empty = watch.until(|a| rows(a, here(PORT)).len() == 1);
    assert!(connection(&empty).is_none(), "{source}");

    let (client, server) = zoo::pair(&listener);
    let young = watch.until(is_in(TcpState::Established));
    let row = connection(&young).expect("a row");
    assert!(matches!(row.first_seen, Since::Seen(_)), "{row:?}");
    assert!(matches!(row.mark, Some(Mark::Opened(_))), "{row:?}");
    assert_eq!(pids(row), [std::process::id()]);

    drop(server);
    let waiting = watch.until(is_in(TcpState::FinWait2));
    let half = connection(&waiting).expect("a row");
    assert_eq!((half.key, half.slot), (row.key, row.slot), "{source}");
    assert!(
        matches!(half.ownership, Ownership::Remembered(_)),
        "{half:?}"
    );

    drop(client);
    let old = watch.until(is_in(TcpState::TimeWait));
    let last = connection(&old).expect("a row");
    assert_eq!((last.key, last.slot), (row.key, row.slot), "{source}");
    let path = [
        TcpState::Established,
        TcpState::FinWait2,
        TcpState::TimeWait,
    ];
    // On a busy machine a sample may fall before the FIN is acknowledged.
    let seen = last.path.iter().filter(|s| **s != TcpState::FinWait1);
    assert!(seen.eq(&path), "{source}: {:?}", last.path);
    assert!(matches!(last.mark, Some(Mark::Changed(_))), "{last:?}");
    assert!(
        matches!(last.ownership, Ownership::Remembered(_)),
        "{last:?}"
    );
    assert_eq!(pids(last), [std::process::id()], "who had it");
    assert_eq!(last.first_seen, row.first_seen);
    let there_are = rows(&old, here(PORT)).len();
    assert_eq!(there_are, 2, "{source}: the listener and one row");
}

#[test]
fn a_closed_row_stays_for_a_while_and_then_goes() {
    let test = "time::a_closed_row_stays_for_a_while_and_then_goes";
    own_network(test, || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).expect("a listener");
        let (client, server) = zoo::pair(&listener);
        let mut watch = Watch::through(SourceKind::SockDiag);
        let before = watch.until(|a| a.matched == 3);
        assert_eq!(rows(&before, there(PORT)).len(), 1);

        // The server closes first, so the client's end leaves no TIME-WAIT behind.
        drop(server);
        drop(client);
        let closed = |a: &Answer| rows(a, there(PORT)).iter().any(|row| row.is_closed());
        let after = watch.until(closed);
        let row = rows(&after, there(PORT))[0];
        let Some(Mark::Closed(at)) = row.mark else {
            panic!("{row:?}")
        };
        assert!(state(row).is_some(), "its last state is still told");
        assert_eq!(pids(row), [std::process::id()], "and whose it was");
        assert_eq!(after.matched, 2, "a closed row is not counted");

        let soon = watch.look(LINGER / 2);
        assert_eq!(rows(&soon, there(PORT))[0].mark, Some(Mark::Closed(at)));
        let late = watch.look(LINGER + Duration::from_secs(30));
        assert_eq!(rows(&late, there(PORT)).len(), 0, "gone");
        assert_eq!(late.moment.totals.closed, 1);
    });
}
