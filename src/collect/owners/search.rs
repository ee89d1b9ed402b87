//! Where to look when the numbers say that nothing changed.
//!
//! In: sockets that no process is known to have. Out: walks, likely processes first, within a
//! budget of descriptors; and the slow re-reading of everything in turn.

use hashbrown::{HashMap, HashSet};

use super::census::VISIT;
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

/// How far a budget went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walked {
    All,
    Some,
}

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
        let gone = self.lost_one();
        let sharing = self.sharing(sockets, &strangers);
        for (likely, depth) in [
            (&gone, Depth::Quick),
            (&sharing, Depth::Quick),
            (&gone, Depth::Full),
            (&sharing, Depth::Full),
        ] {
            let outcome = self.walk_all(look, likely, depth);
            strangers = self.settle(sockets, strangers);
            if outcome == Walked::Some || sought(self, sockets, &strangers).is_none() {
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

    /// Walks these processes, unless that was done in this sample, as far as the budget goes: whoever
    /// was not looked at for longest comes first.
    fn walk_all(&mut self, look: Look<'_>, likely: &HashSet<Pid>, depth: Depth) -> Walked {
        let mut pids: Vec<(u32, Pid)> = self
            .census
            .readable()
            .filter(|(pid, ..)| likely.contains(pid))
            .map(|(pid, looked, walked)| match depth {
                Depth::Quick => (looked, pid),
                Depth::Full => (walked, pid),
            })
            .filter(|(last, _)| *last != self.sample)
            .collect();
        pids.sort_unstable();
        for (_, pid) in pids {
            if self.census.is_tired() {
                return Walked::Some;
            }
            self.census.walk(look, pid, depth, &mut self.ledger);
        }
        Walked::All
    }

    /// Processes one of whose sockets has gone, and who were not looked at since: the descriptor may
    /// be another socket's now.
    fn lost_one(&self) -> HashSet<Pid> {
        let looked: HashMap<Pid, u32> = self
            .census
            .readable()
            .map(|(pid, looked, _)| (pid, looked))
            .collect();
        let gone = self
            .ledger
            .all()
            .filter(|held| (1..self.sample).contains(&held.seen));
        gone.flat_map(|held| {
            let looked = &looked;
            let pids = held.holders.iter().map(|holder| holder.process.pid);
            pids.filter(|pid| looked.get(pid).is_some_and(|looked| *looked <= held.seen))
        })
        .collect()
    }

    /// Processes with sockets on the same local port as a stranger: the listener's, for what it
    /// accepted.
    fn sharing(&self, sockets: &[Socket], strangers: &[usize]) -> HashSet<Pid> {
        let ports: HashSet<_> = strangers
            .iter()
            .filter_map(|&index| sockets.get(index))
            .map(|s| s.local.port)
            .collect();
        let here = sockets
            .iter()
            .filter(|socket| ports.contains(&socket.local.port));
        let holders = here.filter_map(|socket| socket.holders.found());
        let holders = holders.flat_map(|holders| holders.iter());
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
