//! Queues ids whose names are not known yet.
//!
//! Takes ids from every sample again; returns those worth a lookup now: new ones, and after a while
//! those whose lookup failed.

use std::hash::Hash;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

/// The most failed ids remembered; then all are cleared and may be looked up once more.
const MAX_FAILED: usize = 4096;

/// The ids to look up, and those whose lookup failed.
#[derive(Debug)]
pub(crate) struct PendingLookups<Id> {
    retry_after: Duration,
    pending: HashSet<Id>,
    /// When to try each again.
    failed: HashMap<Id, Duration>,
}

impl<Id: Copy + Eq + Hash> PendingLookups<Id> {
    /// Creates an empty queue; a failed id is tried again after `retry_after`.
    pub(crate) fn with_retry_after(retry_after: Duration) -> Self {
        Self {
            retry_after,
            pending: HashSet::new(),
            failed: HashMap::new(),
        }
    }

    /// Queues `id`, unless its name is known or its lookup failed recently.
    pub(crate) fn queue(&mut self, now: Duration, id: Option<Id>, known: impl FnOnce(&Id) -> bool) {
        let Some(id) = id else { return };
        if known(&id) || self.failed.get(&id).is_some_and(|&retry_at| now < retry_at) {
            return;
        }
        self.pending.insert(id);
    }

    /// Returns whether no id is queued.
    #[cfg(any(target_os = "linux", test))]
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Removes and returns the queued ids.
    pub(crate) fn take(&mut self) -> HashSet<Id> {
        std::mem::take(&mut self.pending)
    }

    /// Records that the lookup of `id` failed.
    pub(crate) fn mark_failed(&mut self, now: Duration, id: Id) {
        if self.failed.len() >= MAX_FAILED {
            self.failed.clear();
        }
        self.failed.insert(id, now + self.retry_after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_id_is_retried_only_after_the_retry_interval() {
        let mut pending_lookups = PendingLookups::with_retry_after(Duration::from_secs(60));
        let secs = Duration::from_secs;
        pending_lookups.queue(secs(0), Some(7), |_| false);
        pending_lookups.queue(secs(0), Some(7), |_| false);
        pending_lookups.queue(secs(0), Some(8), |_| true);
        pending_lookups.queue(secs(0), None, |_| false);
        assert_eq!(pending_lookups.take(), HashSet::from([7]));
        pending_lookups.mark_failed(secs(0), 7);
        pending_lookups.queue(secs(59), Some(7), |_| false);
        assert!(pending_lookups.is_empty());
        pending_lookups.queue(secs(60), Some(7), |_| false);
        assert_eq!(pending_lookups.take(), HashSet::from([7]));
    }
}
