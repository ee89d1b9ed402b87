//! Past moments come back unchanged, and every closed socket is kept once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portolan::history::state::History;
use portolan::history::{Moment, RetentionLimits, Slot, TimePoint, Timeline, Transition};
use portolan::net::socket::{SocketKey, TcpState};
use proptest::prelude::*;

use crate::scenario::{config_with_cases, scenario};

const UNLIMITED: RetentionLimits = RetentionLimits {
    max_age: Duration::from_secs(3600),
    max_bytes: usize::MAX,
};

fn time_point(at: Duration, steps: i32) -> TimePoint {
    TimePoint {
        at,
        sample_offset: steps,
    }
}

fn is_same_moment(a: &Moment, b: &Moment) -> bool {
    let same_row = |slot: usize| match (a.row(Slot(slot as u32)), b.row(Slot(slot as u32))) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    (a.number, a.taken_at, a.open_rows, a.totals) == (b.number, b.taken_at, b.open_rows, b.totals)
        && a.rows.slot_count() == b.rows.slot_count()
        && (0..a.rows.slot_count() + 300).all(same_row)
        && (a.series == b.series && a.directory == b.directory && a.gaps == b.gaps)
}

proptest! {
    #![proptest_config(config_with_cases(200))]

    #[test]
    fn timeline_returns_every_moment_unchanged(
        scenario in scenario(10, 8),
        walk in proptest::collection::vec((0..8_usize, -9..9_i32), 0..12),
    ) {
        let moments = scenario.moments(|_| {});
        let mut timeline = Timeline::new(UNLIMITED);
        moments.iter().for_each(|moment| timeline.push(moment));
        prop_assert_eq!(timeline.len(), moments.len());
        // Going back and forth: the moment found before must not matter.
        for (from, steps) in walk {
            let from = from.min(moments.len() - 1);
            let wanted = from.saturating_add_signed(steps as isize).min(moments.len() - 1);
            let found = timeline.find(time_point(moments[from].elapsed, steps)).expect("a moment");
            prop_assert!(is_same_moment(&found, &moments[wanted]), "{} {}", from, steps);
        }
    }

    #[test]
    fn timeline_is_bounded_and_keeps_the_newest(
        scenario in scenario(10, 8),
        bytes in 0..20_000_usize,
        seconds in 0..8_u64,
    ) {
        let bounds = RetentionLimits { max_age: Duration::from_secs(seconds), max_bytes: bytes };
        let mut timeline = Timeline::new(bounds);
        for moment in scenario.moments(|_| {}) {
            timeline.push(&moment);
            prop_assert!(timeline.bytes() <= bytes);
            let oldest = timeline.find(time_point(Duration::ZERO, 0)).expect("a moment");
            prop_assert!(moment.elapsed - oldest.elapsed <= bounds.max_age);
            let newest = timeline.find(time_point(Duration::MAX, 0)).expect("a moment");
            prop_assert!(is_same_moment(&newest, &moment));
            let info = timeline.info(oldest.elapsed);
            prop_assert_eq!((info.oldest, info.newest), (oldest.elapsed, moment.elapsed));
            let most = info.counts.iter().flatten().max().copied();
            prop_assert!(most.is_some_and(|most| most >= moment.open_rows));
        }
    }

    #[test]
    fn closed_sockets_are_logged_once(scenario in scenario(12, 10)) {
        let mut history = History::with_closed_log(UNLIMITED);
        // How often each key closed without having been kept as TIME-WAIT before.
        let mut closed: BTreeMap<SocketKey, usize> = BTreeMap::new();
        for mut snapshot in scenario.snapshots() {
            let moment = history.apply(&mut snapshot);
            for row in moment.rows() {
                let was_kept = row.states.contains(&TcpState::TimeWait);
                if row.transition == Some(Transition::Closed(moment.elapsed)) && !was_kept {
                    *closed.entry(row.key).or_default() += 1;
                }
            }
            let ended = history.closed_sockets_at(&moment);
            prop_assert_eq!(ended.open_rows, history.closed_log_stats().sockets);
            let mut kept_counts: BTreeMap<SocketKey, usize> = BTreeMap::new();
            for row in ended.rows() {
                let here = ended.row(row.slot);
                prop_assert!(here.is_some_and(|here| Arc::ptr_eq(here, row)));
                prop_assert!(row.closed_at().is_some_and(|at| at <= moment.elapsed));
                if let Some(peer) = ended.peer_of(row) {
                    prop_assert_eq!(peer.peer, Some(row.slot));
                }
                if !row.states.contains(&TcpState::TimeWait) {
                    *kept_counts.entry(row.key).or_default() += 1;
                }
            }
            prop_assert_eq!(&kept_counts, &closed);
        }
    }

    #[test]
    fn dropped_closed_sockets_are_counted(scenario in scenario(12, 10), bytes in 0..6_000_usize) {
        let bounds = RetentionLimits { max_age: Duration::from_secs(3), max_bytes: bytes };
        let (mut all, mut some) = (History::with_closed_log(UNLIMITED), History::with_closed_log(bounds));
        for snapshot in scenario.snapshots() {
            let moment = all.apply(&mut snapshot.clone());
            some.apply(&mut snapshot.clone());
            let kept = some.closed_log_stats();
            prop_assert!(kept.bytes <= bytes);
            let sum = kept.sockets as u64 + kept.dropped_for_size + kept.dropped_for_age;
            prop_assert_eq!(sum, all.closed_log_stats().sockets as u64);
            let ended = some.closed_sockets_at(&moment);
            for row in ended.rows() {
                let ago = row.closed_at().map(|at| moment.elapsed - at);
                prop_assert!(ago.is_some_and(|ago| ago <= bounds.max_age));
                // No link leads to a missing row, or to another row's peer.
                let mutual = row.peer.is_none_or(|_| {
                    ended.peer_of(row).is_some_and(|peer| peer.peer == Some(row.slot))
                });
                prop_assert!(mutual);
            }
        }
    }
}
