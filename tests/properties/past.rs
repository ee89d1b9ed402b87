//! What was seen can be seen again: moments come back as they were, and what ended is kept once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portolan::history::{Bounds, History, Mark, Moment, Past, Slot, Spot};
use portolan::socket::{SocketKey, TcpState};
use proptest::prelude::*;

use crate::world::{cases, world};

const PLENTY: Bounds = Bounds {
    time: Duration::from_secs(3600),
    bytes: usize::MAX,
};

fn at(at: Duration, steps: i32) -> Spot {
    Spot { at, steps }
}

fn same(a: &Moment, b: &Moment) -> bool {
    let same_row = |slot: usize| match (a.row(Slot(slot as u32)), b.row(Slot(slot as u32))) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    (a.number, a.taken_at, a.open, a.totals) == (b.number, b.taken_at, b.open, b.totals)
        && a.rows.slots() == b.rows.slots()
        && (0..a.rows.slots() + 300).all(same_row)
        && (a.series == b.series && a.directory == b.directory && a.gaps == b.gaps)
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn every_moment_comes_back_as_it_was(
        world in world(10, 8),
        walk in proptest::collection::vec((0..8_usize, -9..9_i32), 0..12),
    ) {
        let moments = world.moments(|_| {});
        let mut past = Past::new(PLENTY);
        moments.iter().for_each(|moment| past.push(moment));
        prop_assert_eq!(past.len(), moments.len());
        // One goes to and fro: what was looked at before must not matter.
        for (from, steps) in walk {
            let from = from.min(moments.len() - 1);
            let wanted = from.saturating_add_signed(steps as isize).min(moments.len() - 1);
            let found = past.find(at(moments[from].elapsed, steps)).expect("a moment");
            prop_assert!(same(&found, &moments[wanted]), "{} {}", from, steps);
        }
    }

    #[test]
    fn the_past_is_bounded_and_the_newest_always_there(
        world in world(10, 8),
        bytes in 0..20_000_usize,
        seconds in 0..8_u64,
    ) {
        let bounds = Bounds { time: Duration::from_secs(seconds), bytes };
        let mut past = Past::new(bounds);
        for moment in world.moments(|_| {}) {
            past.push(&moment);
            prop_assert!(past.bytes() <= bytes);
            let oldest = past.find(at(Duration::ZERO, 0)).expect("a moment");
            prop_assert!(moment.elapsed - oldest.elapsed <= bounds.time);
            let newest = past.find(at(Duration::MAX, 0)).expect("a moment");
            prop_assert!(same(&newest, &moment));
            let track = past.track(oldest.elapsed);
            prop_assert_eq!((track.oldest, track.newest), (oldest.elapsed, moment.elapsed));
            let most = track.counts.iter().flatten().max().copied();
            prop_assert!(most.is_some_and(|most| most >= moment.open));
        }
    }

    #[test]
    fn what_ended_is_kept_once(world in world(12, 10)) {
        let mut history = History::keeping(PLENTY);
        // How often each name closed without having been kept as TIME-WAIT before.
        let mut closed: BTreeMap<SocketKey, usize> = BTreeMap::new();
        for mut snapshot in world.snapshots() {
            let moment = history.apply(&mut snapshot);
            for row in moment.rows() {
                let was_kept = row.path.contains(&TcpState::TimeWait);
                if row.mark == Some(Mark::Closed(moment.elapsed)) && !was_kept {
                    *closed.entry(row.key).or_default() += 1;
                }
            }
            let ended = history.ended(&moment);
            prop_assert_eq!(ended.open, history.kept().sockets);
            let mut stories: BTreeMap<SocketKey, usize> = BTreeMap::new();
            for row in ended.rows() {
                let here = ended.row(row.slot);
                prop_assert!(here.is_some_and(|here| Arc::ptr_eq(here, row)));
                prop_assert!(row.ended().is_some_and(|at| at <= moment.elapsed));
                if let Some(peer) = ended.peer_of(row) {
                    prop_assert_eq!(peer.peer, Some(row.slot));
                }
                if !row.path.contains(&TcpState::TimeWait) {
                    *stories.entry(row.key).or_default() += 1;
                }
            }
            prop_assert_eq!(&stories, &closed);
        }
    }

    #[test]
    fn what_is_dropped_is_counted(world in world(12, 10), bytes in 0..6_000_usize) {
        let bounds = Bounds { time: Duration::from_secs(3), bytes };
        let (mut all, mut some) = (History::keeping(PLENTY), History::keeping(bounds));
        for snapshot in world.snapshots() {
            let moment = all.apply(&mut snapshot.clone());
            some.apply(&mut snapshot.clone());
            let kept = some.kept();
            prop_assert!(kept.bytes <= bytes);
            let sum = kept.sockets as u64 + kept.for_room + kept.for_age;
            prop_assert_eq!(sum, all.kept().sockets as u64);
            let ended = some.ended(&moment);
            for row in ended.rows() {
                let ago = row.ended().map(|at| moment.elapsed - at);
                prop_assert!(ago.is_some_and(|ago| ago <= bounds.time));
                // Nothing leads to a row that is not there, or to another's.
                let mutual = row.peer.is_none_or(|_| {
                    ended.peer_of(row).is_some_and(|peer| peer.peer == Some(row.slot))
                });
                prop_assert!(mutual);
            }
        }
    }
}
