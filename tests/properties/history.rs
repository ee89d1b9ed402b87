//! Snapshots → moments: no row is lost, duplicated, mixed up or changed afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use portolan::history::state::History;
use portolan::history::{
    BUCKET_COUNT, BUCKET_DURATION, Moment, Ownership, Rates, TRANSITION_TTL, TrackedSocket,
    Transition,
};
use portolan::net::endpoint::Endpoint;
use portolan::net::port::{Port, PortKey};
use portolan::net::process::distinct_processes;
use portolan::net::snapshot::{Gap, Snapshot};
use portolan::net::socket::{
    DeliveredBytes, SentBytes, Socket, SocketKey, TcpInfo, TcpState, Transport,
};
use proptest::prelude::*;

use crate::scenario::scenario;
use crate::support::text_recording::load_recording;

/// After this many consecutive partial samples, missing rows count as closed.
const MAX_PARTIAL_SAMPLES: u32 = 3;

fn open(moment: &Moment) -> impl Iterator<Item = &Arc<TrackedSocket>> {
    moment.rows().filter(|row| !row.is_closed())
}

/// The expected open sockets and totals, computed in the simplest way.
#[derive(Default)]
struct ExpectedState {
    open: BTreeMap<SocketKey, Socket>,
    first: usize,
    samples: usize,
    partial: u32,
    opened: u64,
    closed: u64,
    changed: u64,
}

impl ExpectedState {
    fn record(&mut self, snapshot: &Snapshot) {
        let now: BTreeMap<SocketKey, Socket> = snapshot
            .sockets
            .iter()
            .map(|socket| (socket.key(), socket.clone()))
            .collect();
        let is_partial = snapshot.gaps.iter().any(|g| matches!(g, Gap::Sockets(_)));
        self.partial = if is_partial { self.partial + 1 } else { 0 };
        let whole = self.partial == 0 || self.partial > MAX_PARTIAL_SAMPLES;
        if self.samples == 0 {
            self.first = now.len();
        } else {
            self.opened += now.keys().filter(|k| !self.open.contains_key(k)).count() as u64;
        }
        let changed = |(key, socket): (&SocketKey, &Socket)| {
            let visible_fields = |s: &Socket| (s.transport, s.local, s.remote);
            self.open
                .get(key)
                .is_some_and(|before| visible_fields(before) != visible_fields(socket))
        };
        self.changed += now.iter().filter(|pair| changed(*pair)).count() as u64;
        if whole {
            self.closed += self.open.keys().filter(|k| !now.contains_key(k)).count() as u64;
            self.open.retain(|key, _| now.contains_key(key));
        }
        self.open.extend(now);
        self.samples += 1;
    }
}

fn check_rows(moment: &Moment, expected_state: &ExpectedState) -> Result<(), TestCaseError> {
    let rows: Vec<(SocketKey, Socket)> = open(moment)
        .map(|row| (row.key, row.socket.clone()))
        .collect();
    let keys: BTreeSet<SocketKey> = rows.iter().map(|(key, _)| *key).collect();
    prop_assert_eq!(keys.len(), rows.len(), "duplicate key");
    prop_assert_eq!(
        &rows.into_iter().collect::<BTreeMap<_, _>>(),
        &expected_state.open
    );
    for row in moment.rows.iter() {
        let there = moment.row(row.slot);
        prop_assert!(there.is_some_and(|there| Arc::ptr_eq(there, row)));
    }
    for row in moment.rows() {
        if let Some(Transition::Closed(at)) = row.transition {
            prop_assert!(
                moment.elapsed - at < TRANSITION_TTL,
                "a closed row stays too long"
            );
        }
        prop_assert_eq!(row.states.last().copied(), row.socket.tcp_state());
        prop_assert!(row.states.windows(2).all(|pair| pair[0] != pair[1]));
    }
    let totals = moment.totals;
    prop_assert_eq!(
        (totals.opened, totals.closed, totals.changed),
        (
            expected_state.opened,
            expected_state.closed,
            expected_state.changed
        )
    );
    let remaining = expected_state.first as u64 + totals.opened - totals.closed;
    prop_assert_eq!(moment.open_rows as u64, remaining);
    Ok(())
}

fn check_counters(moment: &Moment) -> Result<(), TestCaseError> {
    prop_assert_eq!(moment.open_rows, open(moment).count());
    let hidden = open(moment).filter(|r| r.ownership == Ownership::Hidden);
    prop_assert_eq!(moment.hidden_rows, hidden.count());
    let ports: BTreeSet<PortKey> = open(moment).map(|row| row.port_key()).collect();
    prop_assert_eq!(moment.port_count, ports.len());
    let holders = open(moment).filter_map(|row| row.ownership.holders());
    let processes: BTreeSet<_> = holders.flat_map(|list| distinct_processes(list)).collect();
    prop_assert_eq!(moment.process_count, processes.len());
    Ok(())
}

/// Whether both endpoints are certainly on this machine; other local addresses have to be learned
/// first.
fn is_loopback_connection(row: &TrackedSocket) -> bool {
    let endpoints = [Some(row.socket.local), row.socket.remote];
    endpoints
        .into_iter()
        .all(|endpoint| endpoint.is_some_and(|e| e.canonical_ip().is_loopback()))
}

fn check_peers(moment: &Moment) -> Result<(), TestCaseError> {
    let pair = |row: &TrackedSocket| {
        Some((
            row.socket.protocol(),
            row.socket.local.canonical(),
            row.socket.remote?.canonical(),
        ))
    };
    let mirror =
        |row: &TrackedSocket| pair(row).map(|(protocol, local, remote)| (protocol, remote, local));
    let by_pair: HashMap<_, _> = open(moment)
        .filter_map(|row| Some((pair(row)?, row.slot)))
        .collect();
    for row in moment.rows() {
        if let Some(peer) = row.peer {
            let other = moment.row(peer);
            prop_assert!(other.is_some(), "{:?} points nowhere", row);
            let other = other.expect("checked");
            prop_assert_eq!(pair(other), mirror(row), "not the mirror");
            prop_assert_eq!(other.peer, Some(row.slot), "not symmetric");
        } else if !row.is_closed() && is_loopback_connection(row) {
            let found = mirror(row)
                .and_then(|m| by_pair.get(&m))
                .filter(|s| **s != row.slot);
            prop_assert_eq!(found, None, "{:?} has a mirror that was not found", row);
        }
    }
    Ok(())
}

/// The last bucket of every series, recounted.
#[derive(Default)]
struct ExpectedBuckets {
    number: u128,
    most: HashMap<PortKey, u32>,
}

impl ExpectedBuckets {
    fn check(&mut self, moment: &Moment) -> Result<(), TestCaseError> {
        let number = moment.elapsed.as_millis() / BUCKET_DURATION.as_millis();
        if number != self.number {
            self.most.clear();
            self.number = number;
        }
        let mut counts: HashMap<PortKey, u32> = HashMap::new();
        open(moment).for_each(|row| *counts.entry(row.port_key()).or_default() += 1);
        for (port, count) in counts {
            let most = self.most.entry(port).or_default();
            *most = count.max(*most);
            prop_assert!(moment.series.contains_key(&port));
        }
        for (port, series) in moment.series.iter() {
            let most = self.most.get(port).copied().unwrap_or(0);
            prop_assert_eq!(series.buckets[BUCKET_COUNT - 1], Some(most), "{}", port);
        }
        Ok(())
    }
}

/// An open row keeps its slot, and only a new row has a new age.
fn check_stability(before: &Moment, now: &Moment) -> Result<(), TestCaseError> {
    for old in open(before) {
        let Some(new) = now.row(old.slot) else {
            return Err(TestCaseError::fail("an open row left without being closed"));
        };
        prop_assert_eq!(old.key, new.key, "a slot is shared");
        prop_assert_eq!(old.first_seen, new.first_seen);
        let state_changed = old.socket.transport != new.socket.transport;
        if state_changed && !new.is_closed() {
            prop_assert_eq!(new.transition, Some(Transition::Changed(now.elapsed)));
        }
    }
    Ok(())
}

/// A copy that shares nothing with the moment.
fn deep_copy(moment: &Moment) -> (Vec<TrackedSocket>, String) {
    let rows = moment.rows.iter().map(|row| TrackedSocket::clone(row));
    let rest = format!(
        "{:?} {:?} {:?}",
        moment.totals,
        moment.gaps,
        (moment.open_rows, moment.port_count, moment.hidden_rows)
    );
    (rows.collect(), rest)
}

proptest! {
    #![proptest_config(crate::scenario::config_with_cases(256))]

    #[test]
    fn history_counters_match_a_recount(scenario in scenario(12, 8)) {
        let mut history = History::default();
        let (mut expected_state, mut buckets) = (ExpectedState::default(), ExpectedBuckets::default());
        let mut past: Vec<(Arc<Moment>, _)> = Vec::new();
        for mut snapshot in scenario.snapshots() {
            expected_state.record(&snapshot);
            let moment = history.apply(&mut snapshot);
            prop_assert!(snapshot.sockets.is_empty(), "the list is given back empty");
            check_rows(&moment, &expected_state)?;
            check_counters(&moment)?;
            check_peers(&moment)?;
            buckets.check(&moment)?;
            if let Some((before, _)) = past.last() {
                check_stability(before, &moment)?;
            }
            let copy = deep_copy(&moment);
            past.push((moment, copy));
        }
        for (moment, copy) in past {
            prop_assert_eq!(deep_copy(&moment), copy, "an old moment changed");
        }
    }

    #[test]
    fn history_is_independent_of_socket_order(scenario in scenario(10, 5), by in 0usize..10) {
        let usual = scenario.moments(|_| ());
        let reordered = scenario.moments(|sockets| {
            let by = by.min(sockets.len());
            sockets.rotate_left(by);
            sockets.reverse();
        });
        for (a, b) in usual.iter().zip(&reordered) {
            let rows = |moment: &Moment| {
                let rows = moment.rows().map(|row| {
                    let peer = moment.peer_of(row).map(|peer| peer.key);
                    let row = (row.side, row.evidence, row.socket.clone(), row.transition, row.ownership.clone());
                    ((row.2.key(), row.3.map(Transition::time)), (format!("{row:?}"), peer))
                });
                rows.map(|(key, row)| (format!("{key:?}"), row)).collect::<BTreeMap<_, _>>()
            };
            prop_assert_eq!(rows(a), rows(b));
            prop_assert_eq!(a.totals, b.totals);
        }
    }
}

/// The rates at which the counters grew between two consecutive samples; `None` where one of them
/// has no counters.
fn expected_rates(before: &Socket, now: &Socket, interval: Duration) -> Option<Rates> {
    let (before, now) = (before.tcp?, now.tcp?);
    let grown = |a: u64, b: u64| b.saturating_sub(a) as f64 / interval.as_secs_f64();
    Some(Rates {
        down: grown(before.delivered?.received, now.delivered?.received),
        up: grown(before.sent?.bytes, now.sent?.bytes),
    })
}

proptest! {
    #![proptest_config(crate::scenario::config_with_cases(256))]

    #[test]
    fn rates_are_measured_between_consecutive_samples(scenario in scenario(6, 8)) {
        let mut history = History::default();
        // The sockets of the previous sample, and the newest state of every socket.
        let (mut last, mut latest): (BTreeMap<SocketKey, Socket>, BTreeMap<_, Socket>) = Default::default();
        let mut before = Duration::ZERO;
        for mut snapshot in scenario.snapshots() {
            let now: BTreeMap<_, _> = snapshot.sockets.iter().map(|s| (s.key(), s.clone())).collect();
            let moment = history.apply(&mut snapshot);
            for row in open(&moment).filter(|row| now.contains_key(&row.key)) {
                let (rates, socket) = (row.rates(moment.elapsed), &now[&row.key]);
                match (last.get(&row.key), rates) {
                    (Some(last), rates) => {
                        let expected = expected_rates(last, socket, moment.elapsed - before);
                        prop_assert_eq!(rates, expected, "{:?}", row);
                    }
                    (None, None) => {}
                    // It is not in the previous sample: then only unchanged counters give a rate, zero.
                    (None, Some(rates)) => {
                        let same = latest.get(&row.key).is_some_and(|l| l.tcp == socket.tcp);
                        prop_assert!(rates.is_idle() && same, "{:?}", row);
                    }
                }
            }
            latest.extend(now.clone());
            (last, before) = (now, moment.elapsed);
        }
    }
}

/// The third sample is partial and lacks the socket.
#[test]
fn bytes_over_an_unknown_time_give_no_rate() {
    let mut history = History::default();
    let mut moments = Vec::new();
    for (second, received) in [
        (0, Some(0)),
        (1, Some(500)),
        (2, None),
        (3, Some(9_000)),
        (4, Some(9_100)),
    ] {
        let mut snapshot = load_recording("empty").remove(0);
        snapshot.elapsed = Duration::from_secs(second);
        snapshot.gaps.clear();
        snapshot.sockets = received.map(connection_with_received).into_iter().collect();
        if received.is_none() {
            snapshot.gaps.push(Gap::Sockets("interrupted".into()));
        }
        moments.push(history.apply(&mut snapshot));
    }
    let down = moments.iter().map(|moment| {
        let row = open(moment).next().expect("one connection");
        row.rates(moment.elapsed).map(|rates| rates.down)
    });
    let down: Vec<_> = down.collect();
    assert_eq!((down[0], down[1]), (None, Some(500.0)));
    assert_eq!((down[3], down[4]), (None, Some(100.0)));
}

/// A connection that has received this many bytes.
fn connection_with_received(received: u64) -> Socket {
    let end = |port| Endpoint::new([127, 0, 0, 1].into(), Port(port));
    let state = Transport::Tcp(TcpState::Established);
    let mut socket = Socket::new(state, end(80), Some(end(40_000)));
    socket.tcp = Some(TcpInfo {
        delivery_rate: None,
        last_data: None,
        rtt_us: None,
        rtt_variation_us: 0,
        min_rtt_us: None,
        congestion_window: 10,
        send_mss: 1448,
        total_retransmits: 0,
        delivered: Some(DeliveredBytes {
            acknowledged: 1,
            received,
        }),
        sent: Some(SentBytes {
            bytes: 0,
            retransmitted: 0,
        }),
    });
    socket
}

#[test]
fn linger_is_five_seconds() {
    let seconds = Duration::from_secs;
    assert_eq!(TRANSITION_TTL, seconds(5), "the help says: a few seconds");
}
