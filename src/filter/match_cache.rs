//! Results of conditions remembered per process, name and port.

use std::hash::Hash;

use hashbrown::HashMap;

use crate::net::port::{PortKey, PortSide, Protocol};
use crate::net::process::{ProcessKey, Uid};
use crate::net::socket::CgroupId;

/// What one statement was found to say of those that rows share.
#[derive(Debug, Default)]
pub(crate) struct MatchCache {
    /// Of processes.
    pub(crate) processes: CachedResults<ProcessKey>,
    /// Of users.
    pub(crate) users: CachedResults<Uid>,
    /// Of cgroups.
    pub(crate) cgroups: CachedResults<CgroupId>,
    /// Of shared ports.
    pub(crate) ports: CachedPortResults,
}
/// Yes or no by key.
#[derive(Debug)]
pub(crate) struct CachedResults<K> {
    results: HashMap<K, bool>,
    /// The last one asked for: neighbours are often of one kind.
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
    /// The verdict on this key, decided when it is asked for the first time.
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
/// Yes or no by port: a place for each there is, because there may be nearly as many as rows.
/// Empty until the first is asked for.
#[derive(Debug, Default)]
pub(crate) struct CachedPortResults(Vec<Option<bool>>);
impl CachedPortResults {
    /// The verdict on this port, decided when it is asked for the first time.
    pub(crate) fn get_or_compute(&mut self, key: PortKey, compute: impl FnOnce() -> bool) -> bool {
        if self.0.is_empty() {
            self.0 = vec![None; 4 << 16];
        }
        let there = usize::from(key.side == PortSide::Remote);
        let udp = usize::from(key.protocol == Protocol::Udp);
        let index = (there << 1 | udp) << 16 | usize::from(key.port.number());
        match self.0.get_mut(index) {
            Some(result) => *result.get_or_insert_with(compute),
            None => compute(),
        }
    }
}
