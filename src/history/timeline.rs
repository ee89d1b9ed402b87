//! The moments before this one.
//!
//! In: one moment after another. Out: any of them again. The newest is kept whole; of each one
//! before it only what the next one does not have: going back takes the newest and undoes what
//! happened, sample by sample. Bounded by time and by bytes.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use super::closed_log::{RetentionLimits, approx_bytes};
use super::moment::Moment;
use super::rows::SocketRows;
use super::series::Series;
use super::slot::Slot;
use super::tracked_socket::TrackedSocket;

/// A moment, told by when it was and by how many samples one is away from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimePoint {
    /// The last sample that was not later than this.
    pub at: Duration,
    /// So many samples after it; before it where negative.
    pub sample_offset: i32,
}

/// What lies before and after the moment that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineInfo {
    /// When the oldest moment was that is kept.
    pub oldest: Duration,
    /// When the newest was.
    pub newest: Duration,
    /// When the one was that is shown.
    pub shown: Duration,
    /// The most open sockets in each part of the time between, the oldest first; `None` where no
    /// sample fell into it.
    pub counts: Vec<Option<usize>>,
    /// Whether older ones were dropped for want of room, rather than because of their age.
    pub is_truncated: bool,
}

/// In how many parts a track tells its counts: more than any terminal has columns is no use.
const TIMELINE_BUCKETS: usize = 240;

/// One moment that is not the newest.
#[derive(Debug)]
struct MomentDelta {
    /// Without its rows.
    moment: Moment,
    /// What it has where the next one has something else.
    rows: Vec<(Slot, Option<Arc<TrackedSocket>>)>,
    /// How many slots it has.
    slots: usize,
    bytes: usize,
}

/// The moments, the oldest first.
#[derive(Debug)]
pub struct Timeline {
    limits: RetentionLimits,
    deltas: VecDeque<MomentDelta>,
    newest: Option<Arc<Moment>>,
    bytes: usize,
    is_truncated: bool,
    /// The one that was last asked for.
    last_found: Option<(usize, Arc<Moment>)>,
}

impl Timeline {
    /// An empty one.
    pub const fn new(bounds: RetentionLimits) -> Self {
        Self {
            limits: bounds,
            deltas: VecDeque::new(),
            newest: None,
            bytes: 0,
            is_truncated: false,
            last_found: None,
        }
    }

    /// About how many bytes the moments before the newest take.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many moments there are.
    pub fn len(&self) -> usize {
        self.deltas.len() + usize::from(self.newest.is_some())
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// Takes up the newest moment.
    pub fn push(&mut self, moment: &Arc<Moment>) {
        self.last_found = None;
        if let Some(before) = self.newest.replace(Arc::clone(moment)) {
            let delta = self.reverse_delta(&before, moment);
            self.bytes += delta.bytes;
            self.deltas.push_back(delta);
        }
        let limit = moment.elapsed.checked_sub(self.limits.max_age);
        while let Some(oldest) = self.deltas.front() {
            let is_old = limit.is_some_and(|limit| oldest.moment.elapsed < limit);
            if !is_old && self.bytes <= self.limits.max_bytes {
                break;
            }
            self.is_truncated = !is_old;
            self.bytes -= oldest.bytes;
            self.deltas.pop_front();
        }
    }

    /// What has to be undone to come from a moment to the one before it.
    fn reverse_delta(&self, before: &Moment, after: &Moment) -> MomentDelta {
        let diff = before.rows.diff(&after.rows);
        let mut rows: Vec<_> = diff.map(|at| (at.slot, at.row.cloned())).collect();
        rows.shrink_to_fit();
        let weights = rows
            .iter()
            .flat_map(|(_, row)| row)
            .map(|row| approx_bytes(row));
        let mut bytes =
            size_of::<MomentDelta>() + size_of_val(rows.as_slice()) + weights.sum::<usize>();
        let mut moment = before.with_rows(SocketRows::default());
        let last = self.deltas.back().map(|last| &last.moment);
        match last.filter(|last| last.series == moment.series) {
            Some(last) => moment.series = Arc::clone(&last.series),
            None => bytes += moment.series.len() * (size_of::<Series>() + 16),
        }
        if !last.is_some_and(|last| Arc::ptr_eq(&last.directory, &moment.directory)) {
            bytes += moment.directory.processes.len() * 48;
        }
        MomentDelta {
            moment,
            rows,
            slots: before.rows.slot_count(),
            bytes,
        }
    }

    /// The moment at a spot: the nearest one that is kept.
    pub fn find(&mut self, point: TimePoint) -> Option<Arc<Moment>> {
        let newest = self.newest.clone()?;
        let last = self.deltas.len();
        let later = self
            .deltas
            .partition_point(|b| b.moment.elapsed <= point.at);
        let here = match newest.elapsed <= point.at {
            true => last,
            false => later.saturating_sub(1),
        };
        let steps = isize::try_from(point.sample_offset).unwrap_or_default();
        let index = here.saturating_add_signed(steps).min(last);
        if index == last {
            return Some(newest);
        }
        match &self.last_found {
            Some((shown, moment)) if *shown == index => return Some(Arc::clone(moment)),
            _ => {}
        }
        let (from, mut rows) = match &self.last_found {
            Some((shown, moment)) if *shown > index => (*shown, moment.rows.clone()),
            _ => (last, newest.rows.clone()),
        };
        for before in self.deltas.range(index..from).rev() {
            for (slot, row) in &before.rows {
                if let Some(place) = rows.entry_mut(*slot) {
                    place.clone_from(row);
                }
            }
            rows.truncate(before.slots);
        }
        let moment = Arc::new(self.deltas.get(index)?.moment.with_rows(rows));
        self.last_found = Some((index, Arc::clone(&moment)));
        Some(moment)
    }

    /// What lies around the given time.
    pub fn info(&self, at: Duration) -> TimelineInfo {
        let Some(newest) = &self.newest else {
            return TimelineInfo::default();
        };
        let oldest = self.deltas.front();
        let oldest = oldest.map_or(newest.elapsed, |b| b.moment.elapsed);
        let all = self
            .deltas
            .iter()
            .map(|b| (b.moment.elapsed, b.moment.open_rows));
        let all = all.chain([(newest.elapsed, newest.open_rows)]);
        let span = newest.elapsed.saturating_sub(oldest).as_secs_f64();
        let mut counts = vec![None; TIMELINE_BUCKETS];
        for (elapsed, open) in all {
            let share = elapsed.saturating_sub(oldest).as_secs_f64() / span.max(f64::MIN_POSITIVE);
            let part = (share * (TIMELINE_BUCKETS - 1) as f64) as usize;
            if let Some(count) = counts.get_mut(part) {
                *count = (*count).max(Some(open));
            }
        }
        TimelineInfo {
            oldest,
            newest: newest.elapsed,
            shown: at,
            counts,
            is_truncated: self.is_truncated,
        }
    }
}
