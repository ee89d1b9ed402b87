//! Ends of sockets, as they were announced, joined to what the samples had: one story each.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use portolan::destroyed::Destroyed;
use portolan::endpoint::Endpoint;
use portolan::history::{Evidence, History, Moment, Ownership, Side, Since, Totals, Tracked};
use portolan::port::{Port, PortRange, Protocol};
use portolan::process::Pid;
use portolan::snapshot::{Cost, Directory, Observer, Sight, Snapshot, SourceKind};
use portolan::socket::{Cookie, Inode, Socket, TcpState, Transport};
use proptest::prelude::*;
use support::scene::recording;

fn moments() -> Vec<Arc<Moment>> {
    moments_of("ends")
}

fn moments_of(name: &str) -> Vec<Arc<Moment>> {
    let mut history = History::default();
    let samples = recording(name);
    let moments = samples.into_iter().map(|mut sample| {
        let moment = history.apply(&mut sample);
        assert!(sample.destroyed.is_empty(), "taken up");
        moment
    });
    moments.collect()
}

/// The rows with this port at their local, and this one at their remote end.
fn rows(moment: &Moment, local: u16, remote: u16) -> Vec<&Tracked> {
    let rows = moment.rows().map(|row| &**row).filter(|row| {
        let socket = &row.socket;
        (socket.local.port, socket.remote_port()) == (Port(local), Port(remote))
    });
    rows.collect()
}

fn only(moment: &Moment, local: u16, remote: u16) -> &Tracked {
    match rows(moment, local, remote)[..] {
        [row] => row,
        ref rows => panic!("{local} {remote}: {rows:#?}"),
    }
}

/// Bytes sent and received.
fn bytes(row: &Tracked) -> (u64, u64) {
    let tcp = row.socket.tcp.expect("figures");
    let delivered = tcp.delivered.expect("of bytes");
    (tcp.sent.map_or(0, |sent| sent.bytes), delivered.received)
}

#[test]
fn a_row_that_closes_gets_its_final_figures() {
    let moments = moments();
    let row = only(&moments[1], 7000, 50_001);
    assert!(row.is_closed());
    assert_eq!(bytes(row), (50, 100), "without the FIN of the other end");
    assert_eq!(row.first_seen, Since::BeforeFirstLook(Duration::ZERO));
    let torn = |moment: &Moment| bytes(only(moment, 7000, 50_005));
    assert_eq!(
        torn(&moments[0]),
        (5, 11),
        "of a later state than the row says"
    );
    assert_eq!(torn(&moments[1]), (5, 10));
}

#[test]
fn a_connection_that_no_sample_had_is_a_closed_row_for_each_end_that_left_nothing() {
    let moments = moments();
    let served = only(&moments[1], 7000, 40_001);
    assert!(served.is_closed());
    assert_eq!(served.first_seen, Since::Unsampled(Duration::from_secs(1)));
    assert_eq!(
        (served.side, served.evidence),
        (Side::Serving, Evidence::Listener)
    );
    assert_eq!(bytes(served), (0, 4));
    let Ownership::OfListener(held) = &served.ownership else {
        panic!("{served:?}");
    };
    assert!(held.processes().map(|p| p.pid).eq([Pid(70)]));
    assert!(held.iter().all(|holder| holder.fd.is_none()));

    let dialled = only(&moments[1], 40_001, 7000);
    assert!(!dialled.is_closed());
    assert_eq!(dialled.socket.tcp_state(), Some(TcpState::TimeWait));
    assert_eq!((dialled.side, bytes(dialled)), (Side::Outgoing, (4, 0)));
    assert_eq!(dialled.peer, Some(served.slot));
    assert_eq!(served.peer, Some(dialled.slot));
    // Its figures stay with it, also when the sample has none any more.
    assert_eq!(bytes(only(&moments[2], 40_001, 7000)), (4, 0));
    let gone = only(&moments[5], 40_001, 7000);
    assert!(gone.is_closed());
    assert_eq!(bytes(gone), (4, 0));
}

#[test]
fn what_was_heard_after_the_look_began_waits_for_the_next() {
    let moments = moments();
    assert!(rows(&moments[1], 40_002, 7000).is_empty());
    assert!(rows(&moments[1], 7000, 40_002).is_empty());
    assert_eq!(bytes(only(&moments[2], 40_002, 7000)), (4, 0));
    assert_eq!(bytes(only(&moments[2], 7000, 40_002)), (0, 4));
    // One that the table still had closes in the next sample.
    let still = only(&moments[2], 7000, 50_002);
    assert_eq!((still.is_closed(), bytes(still)), (false, (0, 1)));
    let gone = only(&moments[3], 7000, 50_002);
    assert_eq!((gone.is_closed(), bytes(gone)), (true, (0, 77)));
}

#[test]
fn what_is_heard_late_is_not_another_connection() {
    let moments = moments();
    assert_eq!(bytes(only(&moments[3], 7000, 50_003)), (0, 1));
    assert_eq!(bytes(only(&moments[4], 7000, 50_003)), (0, 88));
    assert!(rows(&moments[5], 7000, 50_004).is_empty());
}

#[test]
fn who_dialled_is_told_by_counters_or_guessed() {
    let moments = moments();
    let reset = only(&moments[1], 41_000, 443);
    assert_eq!(
        (reset.side, reset.evidence),
        (Side::Outgoing, Evidence::PortRange)
    );
    assert_eq!(
        bytes(reset),
        (9, 7),
        "no FIN was acknowledged, so none is left out"
    );
    assert_eq!(reset.ownership, Ownership::Vanished);
    let lookup = only(&moments[1], 42_000, 53);
    assert_eq!((lookup.side, lookup.socket.tcp), (Side::Outgoing, None));
}

#[test]
fn the_totals_count_what_no_sample_had() {
    let totals: Vec<Totals> = moments().iter().map(|moment| moment.totals).collect();
    // A TIME-WAIT row, and three that came and went; two more went that had been there.
    assert_eq!((totals[1].opened, totals[1].closed), (4, 5));
    assert_eq!((totals[2].opened, totals[2].closed), (4 + 5, 5 + 1));
    assert_eq!((totals[5].opened, totals[5].closed), (9, 10));
}

#[test]
fn rows_that_no_sample_had_stay_five_seconds_or_until_there_are_too_many() {
    let mut history = History::default();
    let mut look = |second: u64, ends: u16| {
        let end = |port| Life { port, ..LIFE }.destroyed(Duration::from_millis(second * 1000 - 1));
        let mut snapshot = snapshot(second * 1000, Vec::new());
        snapshot.destroyed = (0..ends).map(|n| end(1000 + n)).collect();
        history.apply(&mut snapshot).rows().count()
    };
    assert_eq!(
        look(1, 9),
        0,
        "what went before the second look is not told"
    );
    assert_eq!(
        (look(2, 20_000), look(3, 1), look(7, 0)),
        (20_000, 5_001, 1)
    );
    assert_eq!(look(8, 0), 0);
}

#[test]
fn a_connection_to_which_the_kernel_gave_two_names_is_one_row() {
    let moments = moments_of("cookies");
    let accepted = only(&moments[2], 7000, 40_001);
    assert_eq!(accepted.first_seen, Since::Seen(Duration::from_secs(1)));
    let path = [TcpState::SynReceived, TcpState::Established];
    assert_eq!(
        (&accepted.path[..], accepted.is_closed()),
        (&path[..], false)
    );
    assert!(accepted.ownership.holders().is_some());

    let heard = only(&moments[2], 7000, 40_002);
    assert_eq!((heard.is_closed(), bytes(heard)), (true, (0, 4)));
    assert!(only(&moments[2], 7000, 40_003).socket.tcp.is_none());
    let late = only(&moments[3], 7000, 40_003);
    assert_eq!((late.is_closed(), bytes(late)), (true, (0, 4)));

    let kept = only(&moments[2], 40_004, 7000);
    let path = [TcpState::FinWait2, TcpState::TimeWait];
    assert_eq!((&kept.path[..], bytes(kept)), (&path[..], (4, 0)));

    assert_eq!(rows(&moments[2], 40_005, 7000).len(), 2, "used again");
    let Totals { opened, closed, .. } = moments[3].totals;
    assert_eq!((opened, closed), (6, 3));
    assert_eq!(moments[3].open, 4);
}

/// A connection's end here: when it opens and closes, how much later that is heard, whether it
/// leaves a TIME-WAIT row, and of which number its cookies are.
#[derive(Clone, Debug)]
struct Life {
    port: u16,
    opens: u64,
    lives: u64,
    heard_after: u64,
    closes_first: bool,
}

const LIFE: Life = Life {
    port: 1000,
    opens: 0,
    lives: 0,
    heard_after: 1,
    closes_first: false,
};

const TIME_WAIT: u64 = 6_000;

impl Life {
    fn socket(&self, state: TcpState) -> Socket {
        let end = |port| Endpoint::new([10, 0, 0, 1].into(), Port(port));
        let elsewhere = Endpoint::new([203, 0, 113, 7].into(), Port(50_000));
        Socket::new(Transport::Tcp(state), end(self.port), Some(elsewhere))
    }

    fn cookie(&self, nth: u64) -> Option<Cookie> {
        NonZeroU64::new(u64::from(self.port) * 2 + nth).map(Cookie)
    }

    fn destroyed(&self, at: Duration) -> Destroyed {
        let Socket { local, remote, .. } = self.socket(TcpState::Closed);
        Destroyed {
            at,
            protocol: Protocol::Tcp,
            local,
            remote,
            interface: None,
            cookie: self.cookie(0),
            unread: 0,
            tcp: None,
        }
    }

    /// How the table has it at a time; `looks` are the times it was read before.
    fn row(&self, at: u64, looks: &[u64]) -> Option<Socket> {
        let closes = self.opens + self.lives;
        if (self.opens..closes).contains(&at) {
            let mut socket = self.socket(TcpState::Established);
            socket.cookie = self.cookie(0);
            socket.inode = NonZeroU64::new(self.port.into()).map(Inode);
            return Some(socket);
        }
        let waits = self.closes_first && (closes..closes + TIME_WAIT).contains(&at);
        waits.then(|| {
            let was_seen = looks.iter().any(|look| (self.opens..closes).contains(look));
            let mut socket = self.socket(TcpState::TimeWait);
            socket.cookie = self.cookie(u64::from(!was_seen));
            socket
        })
    }
}

fn snapshot(at: u64, sockets: Vec<Socket>) -> Snapshot {
    Snapshot {
        taken_at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: Duration::from_millis(at),
        source: SourceKind::SockDiag,
        sockets,
        destroyed: Vec::new(),
        directory: Arc::new(Directory::default()),
        sight: Sight::default(),
        observer: Observer {
            uid: None,
            pid: Pid(1),
        },
        ephemeral: PortRange::LINUX,
        gaps: Vec::new(),
        cost: Cost::default(),
        interval: Duration::from_secs(1),
    }
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    let life = (1_000..20_000_u64, 0..3_000_u64, 0..700_u64, any::<bool>());
    proptest::collection::vec(life, 1..30).prop_map(|lives| {
        let numbered = lives.into_iter().zip(1000..);
        let life = |((opens, lives, heard_after, closes_first), port)| Life {
            port,
            opens,
            lives,
            heard_after,
            closes_first,
        };
        numbered.map(life).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whenever it is looked, however long the look takes and however late an end is heard: every
    /// connection is there exactly once.
    #[test]
    fn every_connection_is_one_row(
        lives in lives(),
        pauses in proptest::collection::vec((1..1_500_u64, 0..400_u64, 0..400_u64), 40),
    ) {
        let mut history = History::default();
        let mut told: BTreeMap<Port, BTreeSet<String>> = BTreeMap::new();
        let (mut now, mut heard_until, mut looks) = (0, 0, Vec::new());
        let mut totals = Totals::default();
        let mut open = 0;
        for (pause, read_after, took) in pauses.into_iter().chain([(30_000, 0, 0), (1, 0, 0)]) {
            let (read, end) = (now + read_after, now + read_after + took);
            let rows = lives.iter().filter_map(|life| life.row(read, &looks));
            let mut sample = snapshot(now, rows.collect());
            looks.push(read);
            let heard = |life: &Life| life.opens + life.lives + life.heard_after;
            let mut ends: Vec<&Life> = lives
                .iter()
                .filter(|life| (heard_until..end).contains(&heard(life)))
                .collect();
            ends.sort_by_key(|life| heard(life));
            sample.destroyed = ends
                .into_iter()
                .map(|life| life.destroyed(Duration::from_millis(heard(life))))
                .collect();
            heard_until = end;
            let moment = history.apply(&mut sample);
            for row in moment.rows() {
                let identity = format!("{:?} {:?}", row.key, row.first_seen);
                told.entry(row.socket.local.port).or_default().insert(identity);
            }
            totals = moment.totals;
            open = moment.open;
            now = end + pause;
        }
        for life in &lives {
            let rows = told.get(&Port(life.port));
            prop_assert_eq!(rows.map(BTreeSet::len), Some(1), "{:?}: {:?}", life, rows);
        }
        prop_assert_eq!((open, totals.opened, totals.closed), (0, lives.len() as u64, lives.len() as u64));
    }
}
