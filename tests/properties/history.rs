//! Snapshots → moments: nothing is lost, doubled, mixed up or changed afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use portolan::history::{BUCKET, BUCKETS, History, LINGER, Mark, Moment, Ownership, Tracked};
use portolan::port::PortKey;
use portolan::process::distinct_processes;
use portolan::snapshot::{Gap, Snapshot};
use portolan::socket::{Socket, SocketKey};
use proptest::prelude::*;

use crate::world::world;

/// After so many samples in a row that were not whole, missing rows are believed to be gone.
const BELIEVED: u32 = 3;

fn open(moment: &Moment) -> impl Iterator<Item = &Arc<Tracked>> {
    moment.rows().filter(|row| !row.is_closed())
}

/// What should be open, and the totals, worked out in the plainest way.
#[derive(Default)]
struct Ledger {
    open: BTreeMap<SocketKey, Socket>,
    first: usize,
    samples: usize,
    partial: u32,
    opened: u64,
    closed: u64,
    changed: u64,
}

impl Ledger {
    fn take_up(&mut self, snapshot: &Snapshot) {
        let now: BTreeMap<SocketKey, Socket> = snapshot
            .sockets
            .iter()
            .map(|socket| (socket.key(), socket.clone()))
            .collect();
        let is_partial = snapshot.gaps.iter().any(|g| matches!(g, Gap::Sockets(_)));
        self.partial = if is_partial { self.partial + 1 } else { 0 };
        let whole = self.partial == 0 || self.partial > BELIEVED;
        if self.samples == 0 {
            self.first = now.len();
        } else {
            self.opened += now.keys().filter(|k| !self.open.contains_key(k)).count() as u64;
        }
        let changed = |(key, socket): (&SocketKey, &Socket)| {
            let story = |s: &Socket| (s.transport, s.local, s.remote);
            self.open
                .get(key)
                .is_some_and(|before| story(before) != story(socket))
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

fn check_rows(moment: &Moment, ledger: &Ledger) -> Result<(), TestCaseError> {
    let rows: Vec<(SocketKey, Socket)> = open(moment)
        .map(|row| (row.key, row.socket.clone()))
        .collect();
    let keys: BTreeSet<SocketKey> = rows.iter().map(|(key, _)| *key).collect();
    prop_assert_eq!(keys.len(), rows.len(), "a key stands twice");
    prop_assert_eq!(&rows.into_iter().collect::<BTreeMap<_, _>>(), &ledger.open);
    for row in moment.rows.iter() {
        let there = moment.row(row.slot);
        prop_assert!(there.is_some_and(|there| Arc::ptr_eq(there, row)));
    }
    for row in moment.rows() {
        if let Some(Mark::Closed(at)) = row.mark {
            prop_assert!(moment.elapsed - at < LINGER, "a closed row stays too long");
        }
        prop_assert_eq!(row.path.last().copied(), row.socket.tcp_state());
        prop_assert!(row.path.windows(2).all(|pair| pair[0] != pair[1]));
    }
    let totals = moment.totals;
    prop_assert_eq!(
        (totals.opened, totals.closed, totals.changed),
        (ledger.opened, ledger.closed, ledger.changed)
    );
    let remaining = ledger.first as u64 + totals.opened - totals.closed;
    prop_assert_eq!(moment.open as u64, remaining);
    Ok(())
}

fn check_counters(moment: &Moment) -> Result<(), TestCaseError> {
    prop_assert_eq!(moment.open, open(moment).count());
    let hidden = open(moment).filter(|r| r.ownership == Ownership::Hidden);
    prop_assert_eq!(moment.hidden_rows, hidden.count());
    let ports: BTreeSet<PortKey> = open(moment).map(|row| row.port_key()).collect();
    prop_assert_eq!(moment.ports, ports.len());
    let holders = open(moment).filter_map(|row| row.ownership.holders());
    let processes: BTreeSet<_> = holders.flat_map(|list| distinct_processes(list)).collect();
    prop_assert_eq!(moment.processes, processes.len());
    Ok(())
}

/// Both ends are surely on this machine; of other addresses that has to be learned first.
fn is_inside(row: &Tracked) -> bool {
    let ends = [Some(row.socket.local), row.socket.remote];
    ends.into_iter()
        .all(|end| end.is_some_and(|e| e.plain().is_loopback()))
}

fn check_peers(moment: &Moment) -> Result<(), TestCaseError> {
    let pair = |row: &Tracked| {
        Some((
            row.socket.protocol(),
            row.socket.local.canonical(),
            row.socket.remote?.canonical(),
        ))
    };
    let mirror =
        |row: &Tracked| pair(row).map(|(protocol, local, remote)| (protocol, remote, local));
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
        } else if !row.is_closed() && is_inside(row) {
            let found = mirror(row)
                .and_then(|m| by_pair.get(&m))
                .filter(|s| **s != row.slot);
            prop_assert_eq!(found, None, "{:?} has a mirror that was not found", row);
        }
    }
    Ok(())
}

/// The last bucket of every series, counted again.
#[derive(Default)]
struct Buckets {
    number: u128,
    most: HashMap<PortKey, u32>,
}

impl Buckets {
    fn check(&mut self, moment: &Moment) -> Result<(), TestCaseError> {
        let number = moment.elapsed.as_millis() / BUCKET.as_millis();
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
            prop_assert_eq!(series.buckets[BUCKETS - 1], Some(most), "{}", port);
        }
        Ok(())
    }
}

/// A row keeps its slot for as long as it is open, and only a new one has a new age.
fn check_stability(before: &Moment, now: &Moment) -> Result<(), TestCaseError> {
    for old in open(before) {
        let Some(new) = now.row(old.slot) else {
            return Err(TestCaseError::fail("an open row left without being closed"));
        };
        prop_assert_eq!(old.key, new.key, "a slot is shared");
        prop_assert_eq!(old.first_seen, new.first_seen);
        let state_changed = old.socket.transport != new.socket.transport;
        if state_changed && !new.is_closed() {
            prop_assert_eq!(new.mark, Some(Mark::Changed(now.elapsed)));
        }
    }
    Ok(())
}

/// A copy that shares nothing with the moment.
fn deep(moment: &Moment) -> (Vec<Tracked>, String) {
    let rows = moment.rows.iter().map(|row| Tracked::clone(row));
    let rest = format!(
        "{:?} {:?} {:?}",
        moment.totals,
        moment.gaps,
        (moment.open, moment.ports, moment.hidden_rows)
    );
    (rows.collect(), rest)
}

proptest! {
    #![proptest_config(crate::world::cases(256))]

    #[test]
    fn history_keeps_the_books_right(world in world(12, 8)) {
        let mut history = History::default();
        let (mut ledger, mut buckets) = (Ledger::default(), Buckets::default());
        let mut past: Vec<(Arc<Moment>, _)> = Vec::new();
        for mut snapshot in world.snapshots() {
            ledger.take_up(&snapshot);
            let moment = history.apply(&mut snapshot);
            prop_assert!(snapshot.sockets.is_empty(), "the list is given back empty");
            check_rows(&moment, &ledger)?;
            check_counters(&moment)?;
            check_peers(&moment)?;
            buckets.check(&moment)?;
            if let Some((before, _)) = past.last() {
                check_stability(before, &moment)?;
            }
            let copy = deep(&moment);
            past.push((moment, copy));
        }
        for (moment, copy) in past {
            prop_assert_eq!(deep(&moment), copy, "an old moment changed");
        }
    }

    #[test]
    fn the_order_of_a_sample_does_not_matter(world in world(10, 5), by in 0usize..10) {
        let usual = world.moments(|_| ());
        let turned = world.moments(|sockets| {
            let by = by.min(sockets.len());
            sockets.rotate_left(by);
            sockets.reverse();
        });
        for (a, b) in usual.iter().zip(&turned) {
            let rows = |moment: &Moment| {
                let rows = moment.rows().map(|row| {
                    let peer = moment.peer_of(row).map(|peer| peer.key);
                    let row = (row.side, row.evidence, row.socket.clone(), row.mark, row.ownership.clone());
                    ((row.2.key(), row.3.map(Mark::at)), (format!("{row:?}"), peer))
                });
                rows.map(|(key, row)| (format!("{key:?}"), row)).collect::<BTreeMap<_, _>>()
            };
            prop_assert_eq!(rows(a), rows(b));
            prop_assert_eq!(a.totals, b.totals);
        }
    }
}

#[test]
fn closed_rows_are_gone_after_a_while() {
    let seconds = Duration::from_secs;
    assert_eq!(LINGER, seconds(5), "the help says: a few seconds");
}
