//! What a group row says of its members; it never says what they do not.
//!
//! In: the rows of a group, one by one. Out: [`Summary`].

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::history::{Held, Mark, Moment, Rates, Tracked};
use crate::port::PortKey;
use crate::process::{Pid, ProcessKey};
use crate::query::group::{GroupKey, NoOwner, why_unowned};
use crate::query::reach::{self, Reach};
use crate::socket::{CgroupId, TcpState};

/// How many sockets are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    counts: [u32; Self::ORDER.len()],
    udp: u32,
    other: u32,
}

impl StateCounts {
    /// The order in which states are listed: what is normal first, what is on its way out last.
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

    /// The states that occur, with their counts; `None` stands for UDP, which has no states.
    pub fn iter(&self) -> impl Iterator<Item = (Option<TcpState>, u32)> + '_ {
        let tcp = Self::ORDER
            .iter()
            .zip(self.counts)
            .map(|(s, n)| (Some(*s), n));
        let rest = [(Some(TcpState::Other(0)), self.other), (None, self.udp)];
        tcp.chain(rest).filter(|(_, n)| *n > 0)
    }

    /// How many are in this state.
    pub fn of(&self, state: TcpState) -> u32 {
        Self::ORDER
            .iter()
            .position(|s| *s == state)
            .map_or(self.other, |i| self.counts[i])
    }
}

/// Whether processes have the sockets now or had them last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tense {
    /// They have them.
    Now,
    /// They had them; the kernel keeps what is left.
    Past,
}

/// Processes of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessName {
    /// The name they share.
    pub name: Arc<str>,
    /// How many.
    pub count: u32,
    /// The first of them.
    pub pid: Pid,
    /// Now or before.
    pub tense: Tense,
}

/// The sum of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Open sockets.
    pub sockets: u32,
    /// Rows of sockets that went a moment ago.
    pub closed: u32,
    /// Open sockets that came a moment ago.
    pub opened: u32,
    /// Open sockets whose state changed a moment ago.
    pub changed: u32,
    /// Open sockets whose side, and so whose shared port, is only guessed.
    pub guessed: u32,
    /// Listening sockets among the open ones.
    pub listeners: u32,
    /// The open ones by state.
    pub states: StateCounts,
    /// Who has them, the most processes first; who had them only where nobody has.
    pub processes: Vec<ProcessName>,
    /// How many open sockets have no process, by reason.
    pub unowned: Vec<(NoOwner, u32)>,
    /// Who can reach the port: by all its listeners, also those the filter leaves out. `None`
    /// where nobody listens, and for a group that is no port of this machine.
    pub reach: Option<Reach>,
    /// How many different remote addresses.
    pub hosts: u32,
    /// The remote address, where there is just one.
    pub host: Option<IpAddr>,
    /// Bytes per second; `None` where no member has counters.
    pub rates: Option<Rates>,
    /// The systemd unit or container all members were opened in, where it is one and known.
    pub unit: Option<Arc<str>>,
}

/// Gathers a [`Summary`]. Kept and reused from group to group, so that nothing is allocated per row.
#[derive(Debug, Default)]
pub(super) struct Summer {
    reaches: HashMap<PortKey, Reach>,
    now: Vec<ProcessKey>,
    past: Vec<ProcessKey>,
    unowned: Vec<NoOwner>,
    hosts: Vec<IpAddr>,
    names: HashMap<Arc<str>, (u32, Pid)>,
}

impl Summer {
    /// Ready for the groups of a moment.
    pub(super) fn new(moment: &Moment) -> Self {
        Self {
            reaches: reach::of_ports(moment),
            ..Self::default()
        }
    }

    pub(super) fn sum<'a>(
        &mut self,
        key: GroupKey,
        rows: impl Iterator<Item = &'a Arc<Tracked>>,
        moment: &Moment,
    ) -> Summary {
        self.clear();
        let mut summary = Summary::default();
        let mut units = Units::default();
        for row in rows {
            units.add(row);
            if row.is_closed() {
                summary.closed += 1;
                continue;
            }
            summary.sockets += 1;
            match row.fresh_mark(moment.elapsed) {
                Some(Mark::Opened(_)) => summary.opened += 1,
                Some(Mark::Changed(_)) => summary.changed += 1,
                Some(Mark::Closed(_)) | None => {}
            }
            summary.guessed += u32::from(row.evidence.is_guess());
            summary.states.add(row.socket.tcp_state());
            if row.socket.is_listening() {
                summary.listeners += 1;
            }
            if let Some(rates) = row.rates(moment.elapsed) {
                let sum = summary.rates.get_or_insert_default();
                sum.down += rates.down;
                sum.up += rates.up;
            }
            self.note_owner(row);
            if let Some(remote) = row.socket.remote {
                push_new(&mut self.hosts, remote.plain());
            }
        }
        if let GroupKey::Port(port) = key {
            summary.reach = self.reaches.get(&port).copied();
        }
        summary.unit = units.common(moment);
        self.finish(&mut summary, moment);
        summary
    }

    fn clear(&mut self) {
        self.now.clear();
        self.past.clear();
        self.unowned.clear();
        self.hosts.clear();
    }

    fn note_owner(&mut self, row: &Tracked) {
        if let Some(reason) = why_unowned(row) {
            self.unowned.push(reason);
            let holders = row.ownership.last_holders().into_iter();
            let processes = holders.flat_map(Held::processes);
            processes.for_each(|process| push_new(&mut self.past, process));
        } else if let Some(holders) = row.ownership.holders() {
            let processes = holders.processes();
            processes.for_each(|process| push_new(&mut self.now, process));
        }
    }

    fn finish(&mut self, summary: &mut Summary, moment: &Moment) {
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
        let (keys, tense) = if self.now.is_empty() {
            (&mut self.past, Tense::Past)
        } else {
            (&mut self.now, Tense::Now)
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
            .map(|(name, (count, pid))| ProcessName {
                name,
                count,
                pid,
                tense,
            })
            .collect();
        summary
            .processes
            .sort_unstable_by(|a, b| (b.count, &a.name).cmp(&(a.count, &b.name)));
    }
}

/// Pushes unless it was the last one pushed; neighbours are mostly alike.
fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.last() != Some(&item) {
        list.push(item);
    }
}

/// The cgroups of the members, as far as they are known.
#[derive(Default)]
struct Units {
    first: Option<CgroupId>,
    differ: bool,
}

impl Units {
    fn add(&mut self, row: &Tracked) {
        let Some(cgroup) = row.socket.cgroup else {
            return;
        };
        self.differ |= *self.first.get_or_insert(cgroup) != cgroup;
    }

    fn common(&self, moment: &Moment) -> Option<Arc<str>> {
        let cgroup = self.first.filter(|_| !self.differ)?;
        let cgroup = moment.directory.cgroups.get(&cgroup)?;
        cgroup.container.clone().or_else(|| cgroup.unit.clone())
    }
}
