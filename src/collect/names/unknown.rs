//! Ids that nobody has named yet.
//!
//! In: ids as they come up, in every sample again. Out: those worth asking for now: new ones, and
//! after a while those that nobody knew.

use std::hash::Hash;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

/// So many hopeless ids are remembered; then all are forgotten and may be asked for once more.
const MOST: usize = 4096;

/// The ids to ask for, and those asked for in vain.
#[derive(Debug)]
pub(super) struct Unknown<Id> {
    retry: Duration,
    wanted: HashSet<Id>,
    /// When to ask again.
    hopeless: HashMap<Id, Duration>,
}

impl<Id: Copy + Eq + Hash> Unknown<Id> {
    /// Nothing yet; what nobody knew is asked for again after `retry`.
    pub(super) fn retried_after(retry: Duration) -> Self {
        Self {
            retry,
            wanted: HashSet::new(),
            hopeless: HashMap::new(),
        }
    }

    /// Wants a name for `id`, unless it is known or was asked for in vain lately.
    pub(super) fn note(&mut self, now: Duration, id: Option<Id>, known: impl FnOnce(&Id) -> bool) {
        let Some(id) = id else { return };
        if known(&id) || self.hopeless.get(&id).is_some_and(|&again| now < again) {
            return;
        }
        self.wanted.insert(id);
    }

    /// Whether any name is wanted.
    #[cfg(any(target_os = "linux", test))]
    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// The ids wanted, which are then no longer.
    pub(super) fn take(&mut self) -> HashSet<Id> {
        std::mem::take(&mut self.wanted)
    }

    /// Remembers that nobody knows `id`.
    pub(super) fn remember(&mut self, now: Duration, id: Id) {
        if self.hopeless.len() >= MOST {
            self.hopeless.clear();
        }
        self.hopeless.insert(id, now + self.retry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_asked_for_once_and_again_only_after_a_while() {
        let mut unknown = Unknown::retried_after(Duration::from_secs(60));
        let at = Duration::from_secs;
        unknown.note(at(0), Some(7), |_| false);
        unknown.note(at(0), Some(7), |_| false);
        unknown.note(at(0), Some(8), |_| true);
        unknown.note(at(0), None, |_| false);
        assert_eq!(unknown.take(), HashSet::from([7]));
        unknown.remember(at(0), 7);
        unknown.note(at(59), Some(7), |_| false);
        assert!(unknown.is_empty());
        unknown.note(at(60), Some(7), |_| false);
        assert_eq!(unknown.take(), HashSet::from([7]));
    }
}
