//! The moments before this one.
//!
//! In: one moment after another. Out: any of them again. The newest is kept whole; of each one
//! before it only what the next one does not have: going back takes the newest and undoes what
//! happened, sample by sample. Bounded by time and by bytes.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use crate::history::chronicle::{Bounds, weight};
use crate::history::moment::Moment;
use crate::history::rows::Rows;
use crate::history::series::Series;
use crate::history::tracked::{Slot, Tracked};

/// A moment, told by when it was and by how many samples one is away from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The last sample that was not later than this.
    pub at: Duration,
    /// So many samples after it; before it where negative.
    pub steps: i32,
}

/// What lies before and after the moment that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// When the oldest moment was that is kept.
    pub oldest: Duration,
    /// When the newest was.
    pub newest: Duration,
    /// When the one was that is shown.
    pub at: Duration,
    /// The most open sockets in each part of the time between, the oldest first; `None` where no
    /// sample fell into it.
    pub counts: Vec<Option<usize>>,
    /// Whether older ones were dropped for want of room, rather than because of their age.
    pub is_short: bool,
}

/// In how many parts a track tells its counts: more than any terminal has columns is no use.
const PARTS: usize = 240;

/// One moment that is not the newest.
#[derive(Debug)]
struct Before {
    /// Without its rows.
    moment: Moment,
    /// What it has where the next one has something else.
    rows: Vec<(Slot, Option<Arc<Tracked>>)>,
    /// How many slots it has.
    slots: usize,
    bytes: usize,
}

/// The moments, the oldest first.
#[derive(Debug)]
pub struct Past {
    bounds: Bounds,
    before: VecDeque<Before>,
    newest: Option<Arc<Moment>>,
    bytes: usize,
    is_short: bool,
    /// The one that was last asked for.
    shown: Option<(usize, Arc<Moment>)>,
}

impl Past {
    /// An empty one.
    pub const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            before: VecDeque::new(),
            newest: None,
            bytes: 0,
            is_short: false,
            shown: None,
        }
    }

    /// About how many bytes the moments before the newest take.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many moments there are.
    pub fn len(&self) -> usize {
        self.before.len() + usize::from(self.newest.is_some())
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// Takes up the newest moment.
    pub fn push(&mut self, moment: &Arc<Moment>) {
        self.shown = None;
        if let Some(before) = self.newest.replace(Arc::clone(moment)) {
            let kept = self.undone(&before, moment);
            self.bytes += kept.bytes;
            self.before.push_back(kept);
        }
        let limit = moment.elapsed.checked_sub(self.bounds.time);
        while let Some(oldest) = self.before.front() {
            let is_old = limit.is_some_and(|limit| oldest.moment.elapsed < limit);
            if !is_old && self.bytes <= self.bounds.bytes {
                break;
            }
            self.is_short = !is_old;
            self.bytes -= oldest.bytes;
            self.before.pop_front();
        }
    }

    /// What has to be undone to come from a moment to the one before it.
    fn undone(&self, before: &Moment, after: &Moment) -> Before {
        let unlike = before.rows.unlike(&after.rows);
        let mut rows: Vec<_> = unlike.map(|at| (at.slot, at.here.cloned())).collect();
        rows.shrink_to_fit();
        let weights = rows.iter().flat_map(|(_, row)| row).map(|row| weight(row));
        let mut bytes = size_of::<Before>() + size_of_val(rows.as_slice()) + weights.sum::<usize>();
        let mut moment = before.with_rows(Rows::default());
        let last = self.before.back().map(|last| &last.moment);
        match last.filter(|last| last.series == moment.series) {
            Some(last) => moment.series = Arc::clone(&last.series),
            None => bytes += moment.series.len() * (size_of::<Series>() + 16),
        }
        if !last.is_some_and(|last| Arc::ptr_eq(&last.directory, &moment.directory)) {
            bytes += moment.directory.processes.len() * 48;
        }
        Before {
            moment,
            rows,
            slots: before.rows.slots(),
            bytes,
        }
    }

    /// The moment at a spot: the nearest one that is kept.
    pub fn find(&mut self, spot: Spot) -> Option<Arc<Moment>> {
        let newest = self.newest.clone()?;
        let last = self.before.len();
        let later = self.before.partition_point(|b| b.moment.elapsed <= spot.at);
        let here = match newest.elapsed <= spot.at {
            true => last,
            false => later.saturating_sub(1),
        };
        let steps = isize::try_from(spot.steps).unwrap_or_default();
        let index = here.saturating_add_signed(steps).min(last);
        if index == last {
            return Some(newest);
        }
        match &self.shown {
            Some((shown, moment)) if *shown == index => return Some(Arc::clone(moment)),
            _ => {}
        }
        let (from, mut rows) = match &self.shown {
            Some((shown, moment)) if *shown > index => (*shown, moment.rows.clone()),
            _ => (last, newest.rows.clone()),
        };
        for before in self.before.range(index..from).rev() {
            for (slot, row) in &before.rows {
                if let Some(place) = rows.place(*slot) {
                    place.clone_from(row);
                }
            }
            rows.truncate(before.slots);
        }
        let moment = Arc::new(self.before.get(index)?.moment.with_rows(rows));
        self.shown = Some((index, Arc::clone(&moment)));
        Some(moment)
    }

    /// What lies around the given time.
    pub fn track(&self, at: Duration) -> Track {
        let Some(newest) = &self.newest else {
            return Track::default();
        };
        let oldest = self.before.front();
        let oldest = oldest.map_or(newest.elapsed, |b| b.moment.elapsed);
        let all = self
            .before
            .iter()
            .map(|b| (b.moment.elapsed, b.moment.open));
        let all = all.chain([(newest.elapsed, newest.open)]);
        let span = newest.elapsed.saturating_sub(oldest).as_secs_f64();
        let mut counts = vec![None; PARTS];
        for (elapsed, open) in all {
            let share = elapsed.saturating_sub(oldest).as_secs_f64() / span.max(f64::MIN_POSITIVE);
            let part = (share * (PARTS - 1) as f64) as usize;
            if let Some(count) = counts.get_mut(part) {
                *count = (*count).max(Some(open));
            }
        }
        Track {
            oldest,
            newest: newest.elapsed,
            at,
            counts,
            is_short: self.is_short,
        }
    }
}
