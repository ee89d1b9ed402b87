//! Keeps past moments within limits of age and size.
//!
//! The newest moment is kept whole; of each one before it only what the next one does not have.
//! Going back starts at the newest and undoes the changes sample by sample.

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

/// A moment, given by a time and an offset in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimePoint {
    /// The time of the newest sample not later than this.
    pub at: Duration,
    /// Number of samples after it; negative for before.
    pub sample_offset: i32,
}

/// The range of kept moments around the one shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineInfo {
    /// Time of the oldest moment kept.
    pub oldest: Duration,
    /// Time of the newest moment.
    pub newest: Duration,
    /// Time of the moment shown.
    pub shown: Duration,
    /// The maximum number of open sockets in each part of the time between, oldest first; `None`
    /// for parts without a sample.
    pub counts: Vec<Option<usize>>,
    /// Whether older moments were dropped because of the size limit rather than their age.
    pub is_truncated: bool,
}

/// Number of parts in [`TimelineInfo::counts`]: more than a terminal has columns is useless.
const TIMELINE_BUCKETS: usize = 240;

/// A moment before the newest, as a difference to the next one.
#[derive(Debug)]
struct MomentDelta {
    /// The moment without its rows.
    moment: Moment,
    /// The rows that differ in the next moment.
    rows: Vec<(Slot, Option<Arc<TrackedSocket>>)>,
    /// Its number of slots.
    slots: usize,
    bytes: usize,
}

/// Past moments within the retention limits.
#[derive(Debug)]
pub struct Timeline {
    limits: RetentionLimits,
    deltas: VecDeque<MomentDelta>,
    newest: Option<Arc<Moment>>,
    bytes: usize,
    is_truncated: bool,
    /// The moment found last, with its index.
    last_found: Option<(usize, Arc<Moment>)>,
}

impl Timeline {
    /// Creates an empty timeline.
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

    /// Returns the approximate size in bytes of the moments before the newest.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of moments.
    pub fn len(&self) -> usize {
        self.deltas.len() + usize::from(self.newest.is_some())
    }

    /// Returns whether there are no moments.
    pub const fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// Adds the newest moment and drops what exceeds the limits.
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

    /// Returns the difference that turns a moment into the previous one.
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

    /// Returns the moment at a time point, or the nearest one kept.
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

    /// Returns the range of kept moments around the given time.
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
