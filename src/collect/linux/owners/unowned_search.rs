//! Searches for owners where the numbers of descriptors say that nothing changed.
//!
//! Takes sockets without a known holder. Scans likely processes first, within a budget of
//! descriptors, and slowly re-reads all descriptors in turn.

use hashbrown::{HashMap, HashSet};

use super::access::{ScanContext, ScanDepth};
use super::process_table::VISIT_COST;
use super::procfs_owners::ProcfsOwners;
use crate::net::process::{Fd, Pid};
use crate::net::socket::Socket;

/// The descriptors read in one sample in search of unowned sockets, besides the likely processes:
/// about 4 µs each. The rest is read in the next sample.
const SEARCH_BUDGET: usize = 4096;

/// The fewest descriptors read again in one sample; more where there are many, so that everything
/// is read again within [`RECHECK_ROUND`] samples.
const MIN_RECHECK: usize = 192;

/// The number of samples in which every descriptor is read again once: two minutes at one a second.
const RECHECK_ROUND: usize = 120;

/// Whether the budget was enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RescanStatus {
    Complete,
    BudgetExhausted,
}

impl ProcfsOwners {
    /// Scans for the owners of unowned sockets where the numbers of descriptors did not change.
    /// Returns the indices of those still unowned.
    pub(crate) fn search_unowned(
        &mut self,
        context: ScanContext<'_>,
        sockets: &mut [Socket],
        mut unowned: Vec<usize>,
    ) -> Vec<usize> {
        // Processes never scanned come first, in the next samples.
        if self.process_table.unscanned() > 0 {
            return unowned;
        }
        let hidden = self.process_table.hidden();
        let newest_unowned = |owners: &Self, sockets: &[Socket], unowned: &[usize]| {
            let oldest_full_scan = owners.oldest_full_scan();
            let sockets = unowned.iter().filter_map(|&index| sockets.get(index));
            // Where a hidden process runs as the socket's user, scanning all the readable ones
            // again for each new connection would be in vain; unless that user is us, most of whose
            // processes are readable.
            let euid = Some(owners.euid);
            let sockets =
                sockets.filter(|socket| socket.uid == euid || !hidden.has_uid(socket.uid));
            let since = sockets
                .filter_map(|s| owners.unowned_since.get(&s.inode?))
                .max();
            since.copied().filter(|&since| since > oldest_full_scan)
        };
        if newest_unowned(self, sockets, &unowned).is_none() {
            return unowned;
        }
        let closed = self.closed_socket_pids();
        let same_port = self.same_port_pids(sockets, &unowned);
        for (candidates, depth) in [
            (&closed, ScanDepth::Quick),
            (&same_port, ScanDepth::Quick),
            (&closed, ScanDepth::Full),
            (&same_port, ScanDepth::Full),
        ] {
            let outcome = self.rescan_all(context, candidates, depth);
            unowned = self.apply_changes(sockets, unowned);
            if outcome == RescanStatus::BudgetExhausted
                || newest_unowned(self, sockets, &unowned).is_none()
            {
                return unowned;
            }
        }
        let mut others: Vec<_> = self
            .process_table
            .readable()
            .map(|(pid, _, at)| (at, pid))
            .collect();
        others.sort_unstable();
        let mut spent = 0;
        for (_, pid) in others {
            if spent >= SEARCH_BUDGET || newest_unowned(self, sockets, &unowned).is_none() {
                break;
            }
            spent += VISIT_COST
                + self
                    .process_table
                    .rescan(context, pid, ScanDepth::Full, &mut self.fd_index);
        }
        self.apply_changes(sockets, unowned)
    }

    /// Returns the sample of the oldest full scan among the readable processes: an unowned inode
    /// that is older has been searched for everywhere.
    pub(crate) fn oldest_full_scan(&self) -> u32 {
        self.process_table
            .readable()
            .map(|(_, _, last_full_scan)| last_full_scan)
            .min()
            .unwrap_or(self.sample)
    }

    /// Scans these processes, unless that was done in this sample, as far as the budget goes: the
    /// one scanned longest ago comes first.
    fn rescan_all(
        &mut self,
        context: ScanContext<'_>,
        candidates: &HashSet<Pid>,
        depth: ScanDepth,
    ) -> RescanStatus {
        let mut pids: Vec<(u32, Pid)> = self
            .process_table
            .readable()
            .filter(|(pid, ..)| candidates.contains(pid))
            .map(|(pid, last_scan, last_full_scan)| match depth {
                ScanDepth::Quick => (last_scan, pid),
                ScanDepth::Full => (last_full_scan, pid),
            })
            .filter(|(last, _)| *last != self.sample)
            .collect();
        pids.sort_unstable();
        for (_, pid) in pids {
            if self.process_table.over_budget() {
                return RescanStatus::BudgetExhausted;
            }
            self.process_table
                .rescan(context, pid, depth, &mut self.fd_index);
        }
        RescanStatus::Complete
    }

    /// Returns the processes one of whose sockets has disappeared and that were not scanned since:
    /// the descriptor may refer to another socket now.
    fn closed_socket_pids(&self) -> HashSet<Pid> {
        let last_scan: HashMap<Pid, u32> = self
            .process_table
            .readable()
            .map(|(pid, last_scan, _)| (pid, last_scan))
            .collect();
        let closed = self
            .fd_index
            .values()
            .filter(|entry| (1..self.sample).contains(&entry.last_sample));
        closed
            .flat_map(|entry| {
                let last_scan = &last_scan;
                let pids = entry.holders.iter().map(|holder| holder.process.pid);
                pids.filter(|pid| {
                    last_scan
                        .get(pid)
                        .is_some_and(|last_scan| *last_scan <= entry.last_sample)
                })
            })
            .collect()
    }

    /// Returns the processes with sockets on the same local port as an unowned one: the listener's,
    /// for connections it accepted.
    fn same_port_pids(&self, sockets: &[Socket], unowned: &[usize]) -> HashSet<Pid> {
        let ports: HashSet<_> = unowned
            .iter()
            .filter_map(|&index| sockets.get(index))
            .map(|s| s.local.port)
            .collect();
        let on_port = sockets
            .iter()
            .filter(|socket| ports.contains(&socket.local.port));
        let holders = on_port.filter_map(|socket| socket.holders.found());
        let holders = holders.flat_map(|holders| holders.iter());
        holders.map(|holder| holder.process.pid).collect()
    }

    /// Reads the next few descriptors again, known or not. Returns the processes that were read to
    /// the end.
    pub(crate) fn recheck_fds(&mut self, context: ScanContext<'_>) -> Vec<Pid> {
        // In the first sample everything has just been read.
        if self.oldest_full_scan() == self.sample {
            return Vec::new();
        }
        let mut left = MIN_RECHECK.max(self.fd_index.fd_count() / RECHECK_ROUND);
        let mut done = Vec::new();
        for _ in 0..self.process_table.pids().len() {
            let (pid, from) = self.recheck_cursor;
            let at = self
                .process_table
                .pids()
                .partition_point(|&listed| listed < pid);
            let Some(&next) = self.process_table.pids().get(at) else {
                self.recheck_cursor = (Pid(0), Fd(0));
                continue;
            };
            let from = if next == pid { from } else { Fd(0) };
            let (listed, rest) =
                self.process_table
                    .rescan_range(context, (next, from), left, &mut self.fd_index);
            self.recheck_cursor = match rest {
                Some(fd) => (next, fd),
                None => (Pid(next.0.saturating_add(1)), Fd(0)),
            };
            if rest.is_none() {
                done.push(next);
            }
            let spent = if listed == 0 { 1 } else { listed + VISIT_COST };
            left = left.saturating_sub(spent);
            if left == 0 {
                break;
            }
        }
        done
    }
}
