//! Tests that close events are merged with the samples: one row for each socket.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use portolan::history::state::History;
use portolan::history::{Evidence, Moment, ObservedSince, Ownership, Side, Totals, TrackedSocket};
use portolan::net::destroyed::Destroyed;
use portolan::net::endpoint::Endpoint;
use portolan::net::port::{Port, PortRange, Protocol};
use portolan::net::process::Pid;
use portolan::net::snapshot::{
    Directory, Observer, OwnerCoverage, SampleCost, Snapshot, SourceKind,
};
use portolan::net::socket::{Cookie, Inode, Socket, TcpState, Transport};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use support::text_recording::load_recording;

fn moments() -> Vec<Arc<Moment>> {
    moments_of_recording("close-events")
}

fn moments_of_recording(name: &str) -> Vec<Arc<Moment>> {
    let mut history = History::default();
    let samples = load_recording(name);
    let moments = samples.into_iter().map(|mut sample| {
        let moment = history.apply(&mut sample);
        assert!(sample.destroyed.is_empty(), "taken up");
        moment
    });
    moments.collect()
}

/// Returns the rows with this local and this remote port.
fn rows(moment: &Moment, local: u16, remote: u16) -> Vec<&TrackedSocket> {
    let rows = moment.rows().map(|row| &**row).filter(|row| {
        let socket = &row.socket;
        (socket.local.port, socket.remote_port()) == (Port(local), Port(remote))
    });
    rows.collect()
}

fn only_row(moment: &Moment, local: u16, remote: u16) -> &TrackedSocket {
    match rows(moment, local, remote)[..] {
        [row] => row,
        ref rows => panic!("{local} {remote}: {rows:#?}"),
    }
}

/// Returns the bytes sent and received.
fn bytes_sent_and_received(row: &TrackedSocket) -> (u64, u64) {
    let tcp = row.socket.tcp.expect("figures");
    let delivered = tcp.delivered.expect("of bytes");
    (tcp.sent.map_or(0, |sent| sent.bytes), delivered.received)
}

#[test]
fn closed_row_gets_its_final_counters() {
    let moments = moments();
    let row = only_row(&moments[1], 7000, 50_001);
    assert!(row.is_closed());
    assert_eq!(
        bytes_sent_and_received(row),
        (50, 100),
        "without the peer's FIN"
    );
    assert_eq!(
        row.first_seen,
        ObservedSince::BeforeFirstSample(Duration::ZERO)
    );
    let reset_bytes = |moment: &Moment| bytes_sent_and_received(only_row(moment, 7000, 50_005));
    assert_eq!(
        reset_bytes(&moments[0]),
        (5, 11),
        "of a later state than the row says"
    );
    assert_eq!(reset_bytes(&moments[1]), (5, 10));
}

#[test]
fn unsampled_connection_adds_a_closed_row_per_end_without_time_wait() {
    let moments = moments();
    let accepted_end = only_row(&moments[1], 7000, 40_001);
    assert!(accepted_end.is_closed());
    assert_eq!(
        accepted_end.first_seen,
        ObservedSince::Unsampled(Duration::from_secs(1))
    );
    assert_eq!(
        (accepted_end.side, accepted_end.evidence),
        (Side::Serving, Evidence::Listener)
    );
    assert_eq!(bytes_sent_and_received(accepted_end), (0, 4));
    let Ownership::FromListener(held) = &accepted_end.ownership else {
        panic!("{accepted_end:?}");
    };
    assert!(held.processes().map(|p| p.pid).eq([Pid(70)]));
    assert!(held.iter().all(|holder| holder.fd.is_none()));

    let connecting = only_row(&moments[1], 40_001, 7000);
    assert!(!connecting.is_closed());
    assert_eq!(connecting.socket.tcp_state(), Some(TcpState::TimeWait));
    assert_eq!(
        (connecting.side, bytes_sent_and_received(connecting)),
        (Side::Outgoing, (4, 0))
    );
    assert_eq!(connecting.peer, Some(accepted_end.slot));
    assert_eq!(accepted_end.peer, Some(connecting.slot));
    // Its counters are kept, also when the sample has none any more.
    assert_eq!(
        bytes_sent_and_received(only_row(&moments[2], 40_001, 7000)),
        (4, 0)
    );
    let gone = only_row(&moments[5], 40_001, 7000);
    assert!(gone.is_closed());
    assert_eq!(bytes_sent_and_received(gone), (4, 0));
}

#[test]
fn close_events_after_the_sample_start_are_applied_to_the_next_sample() {
    let moments = moments();
    assert!(rows(&moments[1], 40_002, 7000).is_empty());
    assert!(rows(&moments[1], 7000, 40_002).is_empty());
    assert_eq!(
        bytes_sent_and_received(only_row(&moments[2], 40_002, 7000)),
        (4, 0)
    );
    assert_eq!(
        bytes_sent_and_received(only_row(&moments[2], 7000, 40_002)),
        (0, 4)
    );
    // A socket that the table still had closes in the next sample.
    let still = only_row(&moments[2], 7000, 50_002);
    assert_eq!(
        (still.is_closed(), bytes_sent_and_received(still)),
        (false, (0, 1))
    );
    let gone = only_row(&moments[3], 7000, 50_002);
    assert_eq!(
        (gone.is_closed(), bytes_sent_and_received(gone)),
        (true, (0, 77))
    );
}

#[test]
fn late_close_event_does_not_add_a_row() {
    let moments = moments();
    assert_eq!(
        bytes_sent_and_received(only_row(&moments[3], 7000, 50_003)),
        (0, 1)
    );
    assert_eq!(
        bytes_sent_and_received(only_row(&moments[4], 7000, 50_003)),
        (0, 88)
    );
    assert!(rows(&moments[5], 7000, 50_004).is_empty());
}

#[test]
fn side_of_an_unsampled_socket_comes_from_counters_or_port_range() {
    let moments = moments();
    let reset = only_row(&moments[1], 41_000, 443);
    assert_eq!(
        (reset.side, reset.evidence),
        (Side::Outgoing, Evidence::PortRange)
    );
    assert_eq!(
        bytes_sent_and_received(reset),
        (9, 7),
        "no FIN was acknowledged, so none is left out"
    );
    assert_eq!(reset.ownership, Ownership::NotFound);
    let lookup = only_row(&moments[1], 42_000, 53);
    assert_eq!((lookup.side, lookup.socket.tcp), (Side::Outgoing, None));
}

#[test]
fn totals_count_unsampled_connections() {
    let totals: Vec<Totals> = moments().iter().map(|moment| moment.totals).collect();
    // A TIME-WAIT row, and three that opened and closed between samples; two earlier ones closed
    // too.
    assert_eq!((totals[1].opened, totals[1].closed), (4, 5));
    assert_eq!((totals[2].opened, totals[2].closed), (4 + 5, 5 + 1));
    assert_eq!((totals[5].opened, totals[5].closed), (9, 10));
}

#[test]
fn unsampled_rows_linger_five_seconds_up_to_the_limit() {
    let mut history = History::default();
    let mut sample_at = |second: u64, ends: u16| {
        let end = |port| {
            ConnectionSpec {
                port,
                ..DEFAULT_CONNECTION
            }
            .destroyed(Duration::from_millis(second * 1000 - 1))
        };
        let mut snapshot = snapshot(second * 1000, Vec::new());
        snapshot.destroyed = (0..ends).map(|n| end(1000 + n)).collect();
        history.apply(&mut snapshot).rows().count()
    };
    assert_eq!(
        sample_at(1, 9),
        0,
        "what closed before the second sample is not reported"
    );
    assert_eq!(
        (sample_at(2, 20_000), sample_at(3, 1), sample_at(7, 0)),
        (20_000, 5_001, 1)
    );
    assert_eq!(sample_at(8, 0), 0);
}

#[test]
fn rows_with_two_cookies_are_merged() {
    let moments = moments_of_recording("cookies");
    let accepted = only_row(&moments[2], 7000, 40_001);
    assert_eq!(
        accepted.first_seen,
        ObservedSince::Sampled(Duration::from_secs(1))
    );
    let path = [TcpState::SynReceived, TcpState::Established];
    assert_eq!(
        (&accepted.states[..], accepted.is_closed()),
        (&path[..], false)
    );
    assert!(accepted.ownership.holders().is_some());

    let close_reported = only_row(&moments[2], 7000, 40_002);
    assert_eq!(
        (
            close_reported.is_closed(),
            bytes_sent_and_received(close_reported)
        ),
        (true, (0, 4))
    );
    assert!(only_row(&moments[2], 7000, 40_003).socket.tcp.is_none());
    let late = only_row(&moments[3], 7000, 40_003);
    assert_eq!(
        (late.is_closed(), bytes_sent_and_received(late)),
        (true, (0, 4))
    );

    let kept = only_row(&moments[2], 40_004, 7000);
    let path = [TcpState::FinWait2, TcpState::TimeWait];
    assert_eq!(
        (&kept.states[..], bytes_sent_and_received(kept)),
        (&path[..], (4, 0))
    );

    assert_eq!(rows(&moments[2], 40_005, 7000).len(), 2, "used again");
    let Totals { opened, closed, .. } = moments[3].totals;
    assert_eq!((opened, closed), (6, 3));
    assert_eq!(moments[3].open_rows, 4);
}

/// One side of a connection: when it opens and closes, how much later its close event is read,
/// whether it leaves a TIME-WAIT row, and the number its cookies are made from.
#[derive(Clone, Debug)]
struct ConnectionSpec {
    port: u16,
    opens_at: u64,
    lifetime: u64,
    event_delay: u64,
    closes_first: bool,
}

const DEFAULT_CONNECTION: ConnectionSpec = ConnectionSpec {
    port: 1000,
    opens_at: 0,
    lifetime: 0,
    event_delay: 1,
    closes_first: false,
};

const TIME_WAIT_MS: u64 = 6_000;

impl ConnectionSpec {
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

    /// Returns its row in the table at a time; `sample_times` are the times the table was read
    /// before.
    fn row_at(&self, at: u64, sample_times: &[u64]) -> Option<Socket> {
        let closes = self.opens_at + self.lifetime;
        if (self.opens_at..closes).contains(&at) {
            let mut socket = self.socket(TcpState::Established);
            socket.cookie = self.cookie(0);
            socket.inode = NonZeroU64::new(self.port.into()).map(Inode);
            return Some(socket);
        }
        let waits = self.closes_first && (closes..closes + TIME_WAIT_MS).contains(&at);
        waits.then(|| {
            let was_seen = sample_times
                .iter()
                .any(|sample_at| (self.opens_at..closes).contains(sample_at));
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
        owner_coverage: OwnerCoverage::default(),
        observer: Observer {
            uid: None,
            pid: Pid(1),
        },
        ephemeral: PortRange::LINUX_DEFAULT,
        gaps: Vec::new(),
        cost: SampleCost::default(),
        interval: Duration::from_secs(1),
    }
}

fn connection_specs() -> impl Strategy<Value = Vec<ConnectionSpec>> {
    let spec = (1_000..20_000_u64, 0..3_000_u64, 0..700_u64, any::<bool>());
    proptest::collection::vec(spec, 1..30).prop_map(|lives| {
        let numbered = lives.into_iter().zip(1000..);
        let spec = |((opens, lives, heard_after, closes_first), port)| ConnectionSpec {
            port,
            opens_at: opens,
            lifetime: lives,
            event_delay: heard_after,
            closes_first,
        };
        numbered.map(spec).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/close_events.txt"))),
        ..ProptestConfig::default()
    })]

    /// Whenever samples are taken, however long they take and however late close events are read:
    /// every connection is there exactly once.
    #[test]
    fn every_connection_is_exactly_one_row(
        lives in connection_specs(),
        pauses in proptest::collection::vec((1..1_500_u64, 0..400_u64, 0..400_u64), 40),
    ) {
        let mut history = History::default();
        let mut identities_by_port: BTreeMap<Port, BTreeSet<String>> = BTreeMap::new();
        let (mut now, mut events_until, mut sample_times) = (0, 0, Vec::new());
        let mut totals = Totals::default();
        let mut open = 0;
        for (pause, read_after, took) in pauses.into_iter().chain([(30_000, 0, 0), (1, 0, 0)]) {
            let (read, end) = (now + read_after, now + read_after + took);
            let rows = lives.iter().filter_map(|spec| spec.row_at(read, &sample_times));
            let mut sample = snapshot(now, rows.collect());
            sample_times.push(read);
            let close_reported = |spec: &ConnectionSpec| spec.opens_at + spec.lifetime + spec.event_delay;
            let mut ends: Vec<&ConnectionSpec> = lives
                .iter()
                .filter(|spec| (events_until..end).contains(&close_reported(spec)))
                .collect();
            ends.sort_by_key(|spec| close_reported(spec));
            sample.destroyed = ends
                .into_iter()
                .map(|spec| spec.destroyed(Duration::from_millis(close_reported(spec))))
                .collect();
            events_until = end;
            let moment = history.apply(&mut sample);
            for row in moment.rows() {
                let identity = format!("{:?} {:?}", row.key, row.first_seen);
                identities_by_port.entry(row.socket.local.port).or_default().insert(identity);
            }
            totals = moment.totals;
            open = moment.open_rows;
            now = end + pause;
        }
        for spec in &lives {
            let rows = identities_by_port.get(&Port(spec.port));
            prop_assert_eq!(rows.map(BTreeSet::len), Some(1), "{:?}: {:?}", spec, rows);
        }
        prop_assert_eq!((open, totals.opened, totals.closed), (0, lives.len() as u64, lives.len() as u64));
    }
}
