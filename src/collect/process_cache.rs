//! Keeps the descriptions of processes in the directory.
//!
//! A process stays in `directory.processes` for a while after its last socket, because closed rows
//! and history still name it.

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use crate::net::process::{Process, ProcessKey};
use crate::net::snapshot::Directory;

/// How long a process without sockets is kept: as long as history goes back.
const RETENTION: Duration = Duration::from_secs(600);

/// The most processes without sockets that are kept. A build or a crawler starts thousands of
/// processes a minute.
const MAX_IDLE: usize = 4096;

/// How often the processes that hold sockets are listed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// When each process in the directory last held a socket.
#[derive(Debug, Default)]
pub(crate) struct ProcessCache {
    last_held: HashMap<ProcessKey, Duration>,
    last_sweep: Duration,
}

impl ProcessCache {
    /// Inserts a process that holds a socket now. The directory is copied only if the description
    /// is new.
    pub(crate) fn insert(
        &mut self,
        now: Duration,
        process: Process,
        directory: &mut Arc<Directory>,
    ) {
        self.last_held.insert(process.key, now);
        if directory
            .processes
            .get(&process.key)
            .is_some_and(|known| **known == process)
        {
            return;
        }
        Arc::make_mut(directory)
            .processes
            .insert(process.key, Arc::new(process));
    }

    /// Returns whether it is time for [`ProcessCache::evict_idle`].
    pub(crate) fn is_sweep_due(&self, now: Duration) -> bool {
        now >= self.last_sweep + SWEEP_INTERVAL || self.last_held.len() > 2 * MAX_IDLE
    }

    /// Removes processes that have long held no socket from the directory; `holding` are those that
    /// hold one now.
    pub(crate) fn evict_idle(
        &mut self,
        now: Duration,
        holding: impl Iterator<Item = ProcessKey>,
        directory: &mut Arc<Directory>,
    ) {
        self.last_sweep = now;
        for key in holding {
            self.last_held.insert(key, now);
        }
        self.last_held
            .retain(|_, last| now.saturating_sub(*last) < RETENTION);
        let mut idle: Vec<_> = self
            .last_held
            .iter()
            .filter(|(_, last)| **last < now)
            .map(|(k, l)| (*l, *k))
            .collect();
        if let Some(surplus) = idle.len().checked_sub(MAX_IDLE).filter(|&n| n > 0) {
            idle.sort_unstable();
            for (_, key) in idle.iter().take(surplus) {
                self.last_held.remove(key);
            }
        }
        let last_held = &self.last_held;
        if directory
            .processes
            .keys()
            .any(|key| !last_held.contains_key(key))
        {
            Arc::make_mut(directory)
                .processes
                .retain(|key, _| last_held.contains_key(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::process::{Pid, StartTime};

    fn process(pid: u32) -> Process {
        let key = ProcessKey {
            pid: Pid(pid),
            start: StartTime(1),
        };
        let name = "x".into();
        Process {
            key,
            name,
            executable: None,
            command: None,
            uid: None,
            parent: None,
        }
    }

    const fn minutes(n: u64) -> Duration {
        Duration::from_secs(n * 60)
    }

    #[test]
    fn process_is_kept_ten_minutes_after_its_last_socket() {
        let (mut process_cache, mut directory) = (ProcessCache::default(), Arc::default());
        process_cache.insert(minutes(0), process(1), &mut directory);
        process_cache.insert(minutes(0), process(2), &mut directory);
        process_cache.evict_idle(minutes(5), [process(1).key].into_iter(), &mut directory);
        assert_eq!(directory.processes.len(), 2);
        process_cache.evict_idle(minutes(10), std::iter::empty(), &mut directory);
        assert_eq!(
            directory.processes.keys().collect::<Vec<_>>(),
            [&process(1).key]
        );
        process_cache.evict_idle(minutes(15), std::iter::empty(), &mut directory);
        assert!(directory.processes.is_empty());
    }

    #[test]
    fn longest_idle_processes_are_evicted_first() {
        let (mut process_cache, mut directory) = (ProcessCache::default(), Arc::default());
        let many = u32::try_from(MAX_IDLE).unwrap() + 10;
        for pid in 0..many {
            let now = Duration::from_millis(u64::from(pid));
            process_cache.insert(now, process(pid), &mut directory);
        }
        let holding = process(0).key; // The oldest, but it holds one.
        process_cache.evict_idle(minutes(1), [holding].into_iter(), &mut directory);
        assert_eq!(directory.processes.len(), MAX_IDLE + 1);
        assert!(directory.processes.contains_key(&holding));
        assert!(!directory.processes.contains_key(&process(1).key));
    }

    #[test]
    fn unchanged_process_leaves_the_directory_shared() {
        let (mut process_cache, mut directory) = (ProcessCache::default(), Arc::default());
        process_cache.insert(minutes(0), process(1), &mut directory);
        let shared = Arc::clone(&directory);
        process_cache.insert(minutes(1), process(1), &mut directory);
        process_cache.evict_idle(minutes(2), [process(1).key].into_iter(), &mut directory);
        assert!(Arc::ptr_eq(&shared, &directory));
    }
}
