//! Ids that nobody has named yet.
//!
//! In: ids as they come up, in every sample again. Out: those worth asking for now: new ones, and
//! after a while those that nobody knew.

use std::hash::Hash;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

/// So many hopeless ids are remembered; then all are forgotten and may be asked for once more.
const MAX_FAILED: usize = 4096;

/// The ids to ask for, and those asked for in vain.
#[derive(Debug)]
pub(crate) struct PendingLookups<Id> {
    retry_after: Duration,
    pending: HashSet<Id>,
    /// When to ask again.
    failed: HashMap<Id, Duration>,
}

impl<Id: Copy + Eq + Hash> PendingLookups<Id> {
    /// Nothing yet; what nobody knew is asked for again after `retry`.
    pub(crate) fn with_retry_after(retry_after: Duration) -> Self {
        Self {
            retry_after,
            pending: HashSet::new(),
            failed: HashMap::new(),
        }
    }

    /// Wants a name for `id`, unless it is known or was asked for in vain lately.
    pub(crate) fn queue(&mut self, now: Duration, id: Option<Id>, known: impl FnOnce(&Id) -> bool) {
        let Some(id) = id else { return };
        if known(&id) || self.failed.get(&id).is_some_and(|&retry_at| now < retry_at) {
            return;
        }
        self.pending.insert(id);
    }

    /// Whether any name is wanted.
    #[cfg(any(target_os = "linux", test))]
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The ids wanted, which are then no longer.
    pub(crate) fn take(&mut self) -> HashSet<Id> {
        std::mem::take(&mut self.pending)
    }

    /// Remembers that nobody knows `id`.
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
