//! What the rules are judged by: the sockets of each shared port, counted in one pass.
//!
//! In: a moment and the limits. Out: a [`Tally`] for each port. The second pass, over the few ports
//! with more calls than most of the ephemeral range, tells destinations apart. Nothing is allocated
//! for a row.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use crate::endpoint::{Endpoint, Scope};
use crate::history::{Moment, Side, Since, Slot, Tracked};
use crate::port::{PortKey, PortSide};
use crate::process::ProcessKey;
use crate::socket::{Backlog, TcpState, TimerKind};
use crate::teach::findings::limits::Limits;

/// For how long something has been so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lasting {
    /// As long as it was seen.
    pub seen: Duration,
    /// Whether it may have begun before it was first seen.
    pub at_least: bool,
}

/// Whose the sockets are that a finding is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// Nobody's, or nobody knows.
    #[default]
    Nobodys,
    /// One process's.
    Of(ProcessKey),
    /// Of several.
    Several,
}

impl Whose {
    /// The same; where nobody was counted, whose this row is.
    pub(super) fn or(self, row: Option<&Arc<Tracked>>) -> Self {
        match (self, row) {
            (Self::Nobodys, Some(row)) => self.and(row, 0),
            _ => self,
        }
    }

    /// Adds one more socket to `count` of them.
    fn and(self, row: &Tracked, count: u32) -> Self {
        let own = row.ownership.holders();
        let own = own.and_then(|held| held.processes().next());
        let own = own.map_or(Self::Nobodys, Self::Of);
        match count {
            0 => own,
            _ if own == self => self,
            _ => Self::Several,
        }
    }
}

/// Sockets with one thing in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heap {
    pub(super) count: u32,
    /// What waits in all of them.
    pub(super) bytes: u64,
    /// How long the one has been so that has been so longest, and which it is.
    pub(super) longest: Option<(Lasting, Slot)>,
    pub(super) whose: Whose,
}

impl Heap {
    fn add(&mut self, row: &Tracked, lasting: Lasting, bytes: u32) {
        self.whose = self.whose.and(row, self.count);
        self.count += 1;
        self.bytes += u64::from(bytes);
        // Among equals the first: the order of the slots is the same in every moment.
        if self.longest.is_none_or(|(longest, _)| lasting > longest) {
            self.longest = Some((lasting, row.slot));
        }
    }
}

/// A destination that calls go to: this machine's address, and the other end.
pub(super) type Way = (IpAddr, Endpoint);

/// What was counted at one shared port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Connections in any state but TIME-WAIT.
    pub(super) connections: u32,
    pub(super) close_wait: Heap,
    /// Those of them that are old.
    pub(super) leaked: Heap,
    pub(super) unread: Heap,
    pub(super) undrained: Heap,
    pub(super) unanswered: Heap,
    pub(super) time_wait: u32,
    /// The fullest accept queue, and how long nothing was taken out of it.
    pub(super) fullest: Option<(Backlog, Slot, Lasting)>,
    /// A TCP listener on every address.
    pub(super) wildcard: Option<Slot>,
    /// Connections accepted here whose other end is this machine.
    pub(super) from_here: u32,
    /// Connections accepted here from elsewhere.
    pub(super) from_elsewhere: u32,
    /// Calls from a port of the ephemeral range.
    ephemeral: u32,
    /// The way with the most ports of the ephemeral range in use, and how many.
    pub(super) busiest: Option<(Way, u32)>,
}

/// Counts.
pub(super) fn tallies(moment: &Moment, limits: &Limits) -> HashMap<PortKey, Tally> {
    let mut ports: HashMap<PortKey, Tally> = HashMap::new();
    for row in moment.rows().filter(|row| !row.is_closed()) {
        let tally = ports.entry(row.port_key()).or_default();
        tally.add(row, moment, limits);
    }
    count_ways(&mut ports, moment, limits);
    ports
}

/// How many ports of the ephemeral range make one way worth a look.
pub(super) fn many_ways(moment: &Moment, limits: &Limits) -> Option<u32> {
    let range = moment.ephemeral;
    let size = u32::from(range.last.0.saturating_sub(range.first.0)) + 1;
    Some((size * limits.ephemeral_percent?).div_ceil(100).max(1))
}

fn count_ways(ports: &mut HashMap<PortKey, Tally>, moment: &Moment, limits: &Limits) {
    let Some(many) = many_ways(moment, limits) else {
        return;
    };
    if !ports.values().any(|tally| tally.ephemeral >= many) {
        return;
    }
    let mut ways: HashMap<(PortKey, Way), u32> = HashMap::new();
    for row in moment.rows().filter(|row| is_ephemeral(row, moment)) {
        let port = row.port_key();
        let candidate = ports.get(&port).is_some_and(|t| t.ephemeral >= many);
        if let Some(remote) = row.socket.remote.filter(|_| candidate) {
            let way = (row.socket.local.plain(), remote.canonical());
            *ways.entry((port, way)).or_default() += 1;
        }
    }
    for ((port, way), count) in ways {
        let Some(tally) = ports.get_mut(&port) else {
            continue;
        };
        // Among equals the lowest: a map has no order.
        let more = |(other, most): (Way, u32)| (count, other) > (most, way);
        if tally.busiest.is_none_or(more) {
            tally.busiest = Some((way, count));
        }
    }
}

/// Whether it is a call from a port of the range that the system hands out.
fn is_ephemeral(row: &Tracked, moment: &Moment) -> bool {
    row.side == Side::Outgoing && !row.is_closed() && moment.ephemeral.contains(row.local_port())
}

impl Tally {
    fn add(&mut self, row: &Tracked, moment: &Moment, limits: &Limits) {
        let socket = &row.socket;
        let state = socket.tcp_state();
        match state {
            Some(TcpState::Listen) => self.add_listener(row, moment),
            Some(TcpState::TimeWait) => self.time_wait += 1,
            Some(TcpState::CloseWait) => {
                let lasting = in_state(row, moment);
                let unread = socket.queues.map_or(0, |queues| queues.recv);
                self.close_wait.add(row, lasting, unread);
                if limits.close_wait_age.is_some_and(|age| lasting.seen >= age) {
                    self.leaked.add(row, lasting, unread);
                }
            }
            Some(TcpState::SynSent) => {
                let lasting = unanswered(row, moment);
                if limits.syn_sent_age.is_some_and(|age| lasting.seen >= age) {
                    self.unanswered.add(row, lasting, 0);
                }
            }
            _ => {}
        }
        if row.port_key().side == PortSide::There {
            self.ephemeral += u32::from(is_ephemeral(row, moment));
        } else if !socket.is_listening() && state != Some(TcpState::TimeWait) {
            match is_from_here(row) {
                true => self.from_here += 1,
                false => self.from_elsewhere += 1,
            }
        }
        if socket.is_listening() && state.is_some() || state == Some(TcpState::TimeWait) {
            return;
        }
        self.connections += u32::from(!socket.is_listening());
        let queues = socket
            .queues
            .unwrap_or(crate::socket::Queues { recv: 0, send: 0 });
        if let Some(lasting) = stalled(row, row.stall.input, limits.unread_age, moment) {
            self.unread.add(row, lasting, queues.recv);
        }
        if let Some(lasting) = stalled(row, row.stall.output, limits.undrained_age, moment) {
            self.undrained.add(row, lasting, queues.send);
        }
    }

    fn add_listener(&mut self, row: &Tracked, moment: &Moment) {
        if row.socket.local.scope() == Scope::Unspecified && row.socket.interface.is_none() {
            self.wildcard.get_or_insert(row.slot);
        }
        let Some(backlog) = row.socket.backlog.filter(|b| b.waiting > 0) else {
            return;
        };
        let fuller = |(other, ..): (Backlog, Slot, Lasting)| fullness(backlog) > fullness(other);
        if self.fullest.is_none_or(fuller) {
            let since = row.stall.input.unwrap_or(moment.elapsed);
            self.fullest = Some((backlog, row.slot, lasting(row, since, moment)));
        }
    }
}

/// How full a queue is, in hundredths: the kernel lets one more in than the limit says.
pub(super) fn fullness(backlog: Backlog) -> u32 {
    let Some(limit) = backlog.limit else { return 0 };
    let share = u64::from(backlog.waiting) * 100 / (u64::from(limit) + 1);
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// How long the row has been in its state.
fn in_state(row: &Tracked, moment: &Moment) -> Lasting {
    Lasting {
        seen: moment.elapsed.saturating_sub(row.state_since.at()),
        at_least: matches!(row.state_since, Since::BeforeFirstLook(_)),
    }
}

/// How long a call has had no answer. Between two SYNs there is a second or more, so their number
/// tells of the time before the first look as well.
fn unanswered(row: &Tracked, moment: &Moment) -> Lasting {
    let seen = in_state(row, moment);
    let timer = row.socket.timer;
    let again = timer.filter(|timer| timer.kind == TimerKind::Retransmit);
    let known = again.map_or(0, |timer| u64::from(timer.retransmits));
    seen.max(Lasting {
        seen: Duration::from_secs(known),
        at_least: true,
    })
}

/// Something that was so when the row was first seen may have been so before.
fn lasting(row: &Tracked, since: Duration, moment: &Moment) -> Lasting {
    let first = matches!(row.first_seen, Since::BeforeFirstLook(at) if at == since);
    Lasting {
        seen: moment.elapsed.saturating_sub(since),
        at_least: first,
    }
}

fn stalled(
    row: &Tracked,
    since: Option<Duration>,
    limit: Option<Duration>,
    moment: &Moment,
) -> Option<Lasting> {
    let lasting = lasting(row, since?, moment);
    (lasting.seen >= limit?).then_some(lasting)
}

/// Whether the other end of an accepted connection is this machine.
fn is_from_here(row: &Tracked) -> bool {
    let remote = row.socket.remote;
    let own = |remote: Endpoint| {
        remote.scope() == Scope::Loopback || remote.plain() == row.socket.local.plain()
    };
    row.peer.is_some() || remote.is_some_and(own)
}
