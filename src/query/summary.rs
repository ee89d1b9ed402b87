//! Summarises the rows of a group: counts, and what all members have in common.

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;

use super::group::{GroupKey, UnownedReason, unowned_reason};
use super::reach;
use super::reach::Reach;
use crate::history::{HolderSet, Moment, Rates, TrackedSocket, Transition};
use crate::net::port::PortKey;
use crate::net::process::{Pid, ProcessKey};
use crate::net::socket::{CgroupId, TcpState};

/// Number of sockets in each TCP state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    counts: [u32; Self::ORDER.len()],
    udp: u32,
    other: u32,
}

impl StateCounts {
    /// Display order: normal states first, closing states last.
    const ORDER: [TcpState; 11] = [
        TcpState::Established,
        TcpState::Listen,
        TcpState::SynReceived,
        TcpState::SynSent,
        TcpState::CloseWait,
        TcpState::FinWait1,
        TcpState::FinWait2,
        TcpState::Closing,
        TcpState::LastAck,
        TcpState::TimeWait,
        TcpState::Closed,
    ];

    fn add(&mut self, state: Option<TcpState>) {
        match state {
            None => self.udp += 1,
            Some(state) => match Self::ORDER.iter().position(|s| *s == state) {
                Some(index) => self.counts[index] += 1,
                None => self.other += 1,
            },
        }
    }

    /// Iterates over the states that occur, with their counts; `None` is UDP, which has no states.
    pub fn iter(&self) -> impl Iterator<Item = (Option<TcpState>, u32)> + '_ {
        let tcp = Self::ORDER
            .iter()
            .zip(self.counts)
            .map(|(s, n)| (Some(*s), n));
        let rest = [(Some(TcpState::Other(0)), self.other), (None, self.udp)];
        tcp.chain(rest).filter(|(_, n)| *n > 0)
    }

    /// Returns the number of sockets in a state.
    pub fn count(&self, state: TcpState) -> u32 {
        Self::ORDER
            .iter()
            .position(|s| *s == state)
            .map_or(self.other, |i| self.counts[i])
    }
}

/// Whether processes hold the sockets now or held them last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HolderStatus {
    Current,
    /// They held them; the sockets are closing.
    Former,
}

/// The processes of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessNameCount {
    pub name: Arc<str>,
    pub count: u32,
    /// The lowest of their pids.
    pub pid: Pid,
    pub status: HolderStatus,
}

/// Counts and common properties of the rows of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupSummary {
    /// Number of open sockets.
    pub sockets: u32,
    /// Number of sockets closed within the last seconds, whose rows are still shown.
    pub recently_closed: u32,
    /// Number of open sockets opened within the last seconds.
    pub recently_opened: u32,
    /// Number of open sockets whose state changed within the last seconds.
    pub recently_changed: u32,
    /// Number of open sockets whose side, and so whose shared port, is only guessed.
    pub guessed_sides: u32,
    /// Number of listening sockets.
    pub listeners: u32,
    /// Open sockets by state.
    pub states: StateCounts,
    /// The processes that hold them, most numerous first; former holders only if there are no
    /// current ones.
    pub processes: Vec<ProcessNameCount>,
    /// Number of open sockets without a process, by reason.
    pub unowned: Vec<(UnownedReason, u32)>,
    /// From where the port can be reached, including listeners that do not match the filter. `None`
    /// without a listener, and for groups other than ports of this machine.
    pub reach: Option<Reach>,
    /// Number of distinct remote addresses.
    pub hosts: u32,
    /// The remote address, if there is only one.
    pub host: Option<IpAddr>,
    /// Bytes per second; `None` if no member has counters.
    pub rates: Option<Rates>,
    /// The systemd unit or container in which all members were created, if it is the same for all
    /// and known.
    pub unit: Option<Arc<str>>,
}

/// Builds a [`GroupSummary`]. Reused from group to group, so that nothing is allocated per row.
#[derive(Debug, Default)]
pub(crate) struct SummaryBuilder {
    reaches: HashMap<PortKey, Reach>,
    current_holders: Vec<ProcessKey>,
    former_holders: Vec<ProcessKey>,
    unowned: Vec<UnownedReason>,
    hosts: Vec<IpAddr>,
    names: HashMap<Arc<str>, (u32, Pid)>,
}

impl SummaryBuilder {
    /// Creates a builder for the groups of a moment.
    pub(crate) fn new(moment: &Moment) -> Self {
        Self {
            reaches: reach::reach_by_port(moment),
            ..Self::default()
        }
    }

    pub(crate) fn summarize<'a>(
        &mut self,
        key: GroupKey,
        rows: impl Iterator<Item = &'a Arc<TrackedSocket>>,
        moment: &Moment,
    ) -> GroupSummary {
        self.clear();
        let mut summary = GroupSummary::default();
        let mut common_cgroup = CommonCgroup::default();
        for row in rows {
            common_cgroup.add(row);
            if row.is_closed() {
                summary.recently_closed += 1;
                continue;
            }
            summary.sockets += 1;
            match row.recent_transition(moment.elapsed) {
                Some(Transition::Opened(_)) => summary.recently_opened += 1,
                Some(Transition::Changed(_)) => summary.recently_changed += 1,
                Some(Transition::Closed(_)) | None => {}
            }
            summary.guessed_sides += u32::from(row.evidence.is_guess());
            summary.states.add(row.socket.tcp_state());
            if row.socket.is_listening() {
                summary.listeners += 1;
            }
            if let Some(rates) = row.rates(moment.elapsed) {
                let sum = summary.rates.get_or_insert_default();
                sum.down += rates.down;
                sum.up += rates.up;
            }
            self.add_owner(row);
            if let Some(remote) = row.socket.remote {
                push_unless_last(&mut self.hosts, remote.canonical_ip());
            }
        }
        if let GroupKey::Port(port) = key {
            summary.reach = self.reaches.get(&port).copied();
        }
        summary.unit = common_cgroup.label(moment);
        self.finish(&mut summary, moment);
        summary
    }

    fn clear(&mut self) {
        self.current_holders.clear();
        self.former_holders.clear();
        self.unowned.clear();
        self.hosts.clear();
    }

    fn add_owner(&mut self, row: &TrackedSocket) {
        if let Some(reason) = unowned_reason(row) {
            self.unowned.push(reason);
            let holders = row.ownership.last_holders().into_iter();
            let processes = holders.flat_map(HolderSet::processes);
            processes.for_each(|process| push_unless_last(&mut self.former_holders, process));
        } else if let Some(holders) = row.ownership.holders() {
            let processes = holders.processes();
            processes.for_each(|process| push_unless_last(&mut self.current_holders, process));
        }
    }

    fn finish(&mut self, summary: &mut GroupSummary, moment: &Moment) {
        self.hosts.sort_unstable();
        self.hosts.dedup();
        summary.hosts = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        if let [host] = self.hosts[..] {
            summary.host = Some(host);
        }
        self.unowned.sort_unstable();
        summary.unowned = self
            .unowned
            .chunk_by(PartialEq::eq)
            .map(|c| (c[0], u32::try_from(c.len()).unwrap_or(u32::MAX)))
            .collect();
        let (keys, status) = if self.current_holders.is_empty() {
            (&mut self.former_holders, HolderStatus::Former)
        } else {
            (&mut self.current_holders, HolderStatus::Current)
        };
        keys.sort_unstable();
        keys.dedup();
        self.names.clear();
        for key in keys.iter() {
            let Some(process) = moment.directory.processes.get(key) else {
                continue;
            };
            let entry = self
                .names
                .entry(Arc::clone(&process.name))
                .or_insert((0, key.pid));
            entry.0 += 1;
        }
        summary.processes = self
            .names
            .drain()
            .map(|(name, (count, pid))| ProcessNameCount {
                name,
                count,
                pid,
                status,
            })
            .collect();
        summary
            .processes
            .sort_unstable_by(|a, b| (b.count, &a.name).cmp(&(a.count, &b.name)));
    }
}

/// Pushes unless equal to the last item; neighbours are mostly equal.
fn push_unless_last<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.last() != Some(&item) {
        list.push(item);
    }
}

/// The cgroup shared by the members, as far as known.
#[derive(Default)]
struct CommonCgroup {
    first: Option<CgroupId>,
    differ: bool,
}

impl CommonCgroup {
    fn add(&mut self, row: &TrackedSocket) {
        let Some(cgroup) = row.socket.cgroup else {
            return;
        };
        self.differ |= *self.first.get_or_insert(cgroup) != cgroup;
    }

    fn label(&self, moment: &Moment) -> Option<Arc<str>> {
        let cgroup = self.first.filter(|_| !self.differ)?;
        let cgroup = moment.directory.cgroups.get(&cgroup)?;
        cgroup.container.clone().or_else(|| cgroup.unit.clone())
    }
}
