//! Caches the result of one condition per process, user, cgroup and port.

use std::hash::Hash;

use hashbrown::HashMap;

use crate::net::port::{PortKey, PortSide, Protocol};
use crate::net::process::{ProcessKey, Uid};
use crate::net::socket::CgroupId;

/// The cached results of one condition.
#[derive(Debug, Default)]
pub(crate) struct MatchCache {
    pub(crate) processes: CachedResults<ProcessKey>,
    pub(crate) users: CachedResults<Uid>,
    pub(crate) cgroups: CachedResults<CgroupId>,
    pub(crate) ports: CachedPortResults,
}

/// Cached results by key.
#[derive(Debug)]
pub(crate) struct CachedResults<K> {
    results: HashMap<K, bool>,
    /// The last lookup: neighbouring rows often have the same key.
    last: Option<(K, bool)>,
}

impl<K> Default for CachedResults<K> {
    fn default() -> Self {
        Self {
            results: HashMap::new(),
            last: None,
        }
    }
}

impl<K: Copy + Eq + Hash> CachedResults<K> {
    /// Returns the result for this key, computed on first use.
    pub(crate) fn get_or_compute(&mut self, key: K, compute: impl FnOnce() -> bool) -> bool {
        match self.last {
            Some((last, result)) if last == key => result,
            _ => {
                let result = *self.results.entry(key).or_insert_with(compute);
                self.last = Some((key, result));
                result
            }
        }
    }
}

/// Cached results by port, in an array indexed by side, protocol and number, because there may be
/// nearly as many ports as rows. Not allocated until first used.
#[derive(Debug, Default)]
pub(crate) struct CachedPortResults(Vec<Option<bool>>);

impl CachedPortResults {
    /// Returns the result for this port, computed on first use.
    pub(crate) fn get_or_compute(&mut self, key: PortKey, compute: impl FnOnce() -> bool) -> bool {
        if self.0.is_empty() {
            self.0 = vec![None; 4 << 16];
        }
        let remote = usize::from(key.side == PortSide::Remote);
        let udp = usize::from(key.protocol == Protocol::Udp);
        let index = (remote << 1 | udp) << 16 | usize::from(key.port.number());
        match self.0.get_mut(index) {
            Some(result) => *result.get_or_insert_with(compute),
            None => compute(),
        }
    }
}
