//! Where to look when the numbers say that nothing changed.
//!
//! In: sockets that no process is known to have. Out: walks, likely processes first, within a
//! budget of descriptors; and the slow re-reading of everything in turn.

use hashbrown::HashSet;

use super::procfs::ProcWalk;
use super::standing::{Depth, Look};
use crate::process::{Fd, Pid};
use crate::socket::Socket;

/// Descriptors read in one sample in search of strangers, besides the likely processes: about
/// 4 µs each. What is left over is read in the next sample.
const SEARCH: usize = 4096;

/// Descriptors read again in one sample, at least; more where there are many, so that everything
/// is read again within [`ROUND`] samples.
const RECHECK: usize = 192;

/// Samples in which every descriptor is read again once: two minutes at one a second.
const ROUND: usize = 120;

/// What going to another process costs, in descriptors.
const VISIT: usize = 4;

impl ProcWalk {
    /// Looks for strangers where the numbers say that nothing changed.
    pub(super) fn search(
        &mut self,
        look: Look<'_>,
        sockets: &mut [Socket],
        mut strangers: Vec<usize>,
    ) -> Vec<usize> {
        // Who was never looked into comes first, in the next samples.
        if self.census.unvisited() > 0 {
            return strangers;
        }
        let hidden = self.census.hidden();
        let sought = |walk: &Self, sockets: &[Socket], strangers: &[usize]| {
            let horizon = walk.horizon();
            let sockets = strangers.iter().filter_map(|&index| sockets.get(index));
            // Where a closed process runs as the socket's user, walking all the open ones again
            // for each new connection would be in vain; unless that user is us, most of whose
            // processes are open.
            let us = Some(walk.us);
            let sockets = sockets.filter(|socket| socket.uid == us || !hidden.runs_as(socket.uid));
            let since = sockets.filter_map(|s| walk.strangers.get(&s.inode?)).max();
            since.copied().filter(|&since| since > horizon)
        };
        if sought(self, sockets, &strangers).is_none() {
            return strangers;
        }
        let likely = self.likely(sockets, &strangers);
        for depth in [Depth::Quick, Depth::Full] {
            let pids: Vec<_> = self.census.readable().collect();
            for (pid, looked, walked) in pids {
                let last = if depth == Depth::Quick {
                    looked
                } else {
                    walked
                };
                if last != self.sample && likely.contains(&pid) {
                    self.census.walk(look, pid, depth, &mut self.ledger);
                }
            }
            strangers = self.settle(sockets, strangers);
            if sought(self, sockets, &strangers).is_none() {
                return strangers;
            }
        }
        let mut others: Vec<_> = self
            .census
            .readable()
            .map(|(pid, _, at)| (at, pid))
            .collect();
        others.sort_unstable();
        let mut spent = 0;
        for (_, pid) in others {
            if spent >= SEARCH || sought(self, sockets, &strangers).is_none() {
                break;
            }
            spent += VISIT + self.census.walk(look, pid, Depth::Full, &mut self.ledger);
        }
        self.settle(sockets, strangers)
    }

    /// The sample by which every readable process had been walked in full since: a stranger that
    /// is older was looked for everywhere.
    pub(super) fn horizon(&self) -> u32 {
        self.census
            .readable()
            .map(|(_, _, walked)| walked)
            .min()
            .unwrap_or(self.sample)
    }

    /// Processes likely to have the strangers: those with sockets on the same local port (a
    /// listener for what it accepted), and those one of whose sockets has just gone.
    fn likely(&self, sockets: &[Socket], strangers: &[usize]) -> HashSet<Pid> {
        let ports: HashSet<_> = strangers
            .iter()
            .filter_map(|&index| sockets.get(index))
            .map(|s| s.local.port)
            .collect();
        let here = sockets
            .iter()
            .filter(|socket| ports.contains(&socket.local.port));
        let here = here.filter_map(|socket| socket.holders.found());
        let gone = self
            .ledger
            .all()
            .filter(|held| held.seen + 1 == self.sample && held.seen > 0);
        let holders = here
            .chain(gone.map(|held| &held.holders))
            .flat_map(|holders| holders.iter());
        holders.map(|holder| holder.process.pid).collect()
    }

    /// Reads the next few descriptors again, whatever is known of them, and returns the processes
    /// that were read to the end.
    pub(super) fn recheck(&mut self, look: Look<'_>) -> Vec<Pid> {
        // In the first sample everything has just been read.
        if self.horizon() == self.sample {
            return Vec::new();
        }
        let mut left = RECHECK.max(self.ledger.descriptors() / ROUND);
        let mut done = Vec::new();
        for _ in 0..self.census.pids().len() {
            let (pid, from) = self.cursor;
            let at = self.census.pids().partition_point(|&listed| listed < pid);
            let Some(&next) = self.census.pids().get(at) else {
                self.cursor = (Pid(0), Fd(0));
                continue;
            };
            let from = if next == pid { from } else { Fd(0) };
            let (listed, rest) = self
                .census
                .walk_some(look, (next, from), left, &mut self.ledger);
            self.cursor = match rest {
                Some(fd) => (next, fd),
                None => (Pid(next.0.saturating_add(1)), Fd(0)),
            };
            if rest.is_none() {
                done.push(next);
            }
            let spent = if listed == 0 { 1 } else { listed + VISIT };
            left = left.saturating_sub(spent);
            if left == 0 {
                break;
            }
        }
        done
    }
}
