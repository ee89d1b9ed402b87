//! Counts the sockets of each shared port in one pass, as input for the rules.
//!
//! In: a moment and the thresholds. Out: [`PortStats`] for each port. A second pass counts
//! connections by destination, only for the few ports with as many connections as the ephemeral
//! threshold. Allocates nothing per row.

use std::net::IpAddr;
use std::time::Duration;

use hashbrown::HashMap;

use super::finding::{FindingOwner, ObservedDuration};
use super::thresholds::Thresholds;
use crate::history::{Moment, ObservedSince, Side, Slot, TrackedSocket};
use crate::net::endpoint::{AddressScope, Endpoint};
use crate::net::port::{PortKey, PortSide};
use crate::net::socket::{AcceptQueue, TcpState, TimerKind};

/// Counts of sockets with one property in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Aggregate {
    pub(crate) count: u32,
    /// Bytes in the queue concerned, of all of them.
    pub(crate) bytes: u64,
    /// The longest duration, and the socket that has it.
    pub(crate) longest: Option<(ObservedDuration, Slot)>,
    pub(crate) owner: FindingOwner,
}

impl Aggregate {
    fn add(&mut self, row: &TrackedSocket, duration: ObservedDuration, bytes: u32) {
        self.owner = self.owner.merge(row, self.count);
        self.count += 1;
        self.bytes += u64::from(bytes);
        // On a tie the first wins: slots have the same order in every moment.
        if self.longest.is_none_or(|(longest, _)| duration > longest) {
            self.longest = Some((duration, row.slot));
        }
    }
}

/// Local address and remote endpoint of connections to one destination.
pub(crate) type FlowPath = (IpAddr, Endpoint);

/// The counts at one shared port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortStats {
    /// Connections in any state except TIME-WAIT.
    pub(crate) connections: u32,
    pub(crate) close_wait: Aggregate,
    /// Those older than [`Thresholds::close_wait_age`].
    pub(crate) old_close_wait: Aggregate,
    pub(crate) unread: Aggregate,
    pub(crate) unacknowledged: Aggregate,
    pub(crate) unanswered: Aggregate,
    pub(crate) time_wait: u32,
    /// The fullest accept queue, its listener, and for how long nothing was accepted from it.
    pub(crate) fullest_backlog: Option<(AcceptQueue, Slot, ObservedDuration)>,
    /// The first TCP listener on every address.
    pub(crate) wildcard_listener: Option<Slot>,
    /// Connections accepted here from this machine.
    pub(crate) local_clients: u32,
    /// Connections accepted here from elsewhere.
    pub(crate) remote_clients: u32,
    /// Outgoing sockets with a local port of the ephemeral range.
    ephemeral_sockets: u32,
    /// The path with the most ephemeral ports in use, and their number.
    pub(crate) busiest_path: Option<(FlowPath, u32)>,
}

/// Counts the open sockets of a moment by shared port.
pub(crate) fn collect_port_stats(
    moment: &Moment,
    thresholds: &Thresholds,
) -> HashMap<PortKey, PortStats> {
    let mut ports: HashMap<PortKey, PortStats> = HashMap::new();
    for row in moment.rows().filter(|row| !row.is_closed()) {
        let stats = ports.entry(row.port_key()).or_default();
        stats.add_row(row, moment, thresholds);
    }
    count_flow_paths(&mut ports, moment, thresholds);
    ports
}

/// Returns how many ephemeral ports on one path make a finding; `None` if the rule is disabled.
pub(crate) fn flow_path_threshold(moment: &Moment, thresholds: &Thresholds) -> Option<u32> {
    let range = moment.ephemeral;
    let size = u32::from(range.last.0.saturating_sub(range.first.0)) + 1;
    Some((size * thresholds.ephemeral_percent?).div_ceil(100).max(1))
}

fn count_flow_paths(
    ports: &mut HashMap<PortKey, PortStats>,
    moment: &Moment,
    thresholds: &Thresholds,
) {
    let Some(threshold) = flow_path_threshold(moment, thresholds) else {
        return;
    };
    if !ports
        .values()
        .any(|stats| stats.ephemeral_sockets >= threshold)
    {
        return;
    }
    let mut paths: HashMap<(PortKey, FlowPath), u32> = HashMap::new();
    for row in moment.rows().filter(|row| is_ephemeral(row, moment)) {
        let port = row.port_key();
        let candidate = ports
            .get(&port)
            .is_some_and(|t| t.ephemeral_sockets >= threshold);
        if let Some(remote) = row.socket.remote.filter(|_| candidate) {
            let path = (row.socket.local.canonical_ip(), remote.canonical());
            *paths.entry((port, path)).or_default() += 1;
        }
    }
    for ((port, path), count) in paths {
        let Some(stats) = ports.get_mut(&port) else {
            continue;
        };
        // On a tie the lowest path wins: a hash map has no stable order.
        let more = |(other, most): (FlowPath, u32)| (count, other) > (most, path);
        if stats.busiest_path.is_none_or(more) {
            stats.busiest_path = Some((path, count));
        }
    }
}

/// Returns whether it is an open outgoing socket with an ephemeral local port.
fn is_ephemeral(row: &TrackedSocket, moment: &Moment) -> bool {
    row.side == Side::Outgoing && !row.is_closed() && moment.ephemeral.contains(row.local_port())
}

impl PortStats {
    fn add_row(&mut self, row: &TrackedSocket, moment: &Moment, thresholds: &Thresholds) {
        let socket = &row.socket;
        let state = socket.tcp_state();
        match state {
            Some(TcpState::Listen) => self.add_listener(row, moment),
            Some(TcpState::TimeWait) => self.time_wait += 1,
            Some(TcpState::CloseWait) => {
                let duration = time_in_state(row, moment);
                let unread = socket.queues.map_or(0, |queues| queues.recv);
                self.close_wait.add(row, duration, unread);
                if thresholds
                    .close_wait_age
                    .is_some_and(|age| duration.observed >= age)
                {
                    self.old_close_wait.add(row, duration, unread);
                }
            }
            Some(TcpState::SynSent) => {
                let duration = time_unanswered(row, moment);
                if thresholds
                    .syn_sent_age
                    .is_some_and(|age| duration.observed >= age)
                {
                    self.unanswered.add(row, duration, 0);
                }
            }
            _ => {}
        }
        if row.port_key().side == PortSide::Remote {
            self.ephemeral_sockets += u32::from(is_ephemeral(row, moment));
        } else if !socket.is_listening() && state != Some(TcpState::TimeWait) {
            match is_local_client(row) {
                true => self.local_clients += 1,
                false => self.remote_clients += 1,
            }
        }
        if socket.is_listening() && state.is_some() || state == Some(TcpState::TimeWait) {
            return;
        }
        self.connections += u32::from(!socket.is_listening());
        let queues = socket
            .queues
            .unwrap_or(crate::net::socket::Queues { recv: 0, send: 0 });
        if let Some(duration) = stalled_for(row, row.stall.input, thresholds.unread_age, moment) {
            self.unread.add(row, duration, queues.recv);
        }
        if let Some(duration) = stalled_for(row, row.stall.output, thresholds.undrained_age, moment)
        {
            self.unacknowledged.add(row, duration, queues.send);
        }
    }

    fn add_listener(&mut self, row: &TrackedSocket, moment: &Moment) {
        if row.socket.local.scope() == AddressScope::Unspecified && row.socket.interface.is_none() {
            self.wildcard_listener.get_or_insert(row.slot);
        }
        let Some(backlog) = row.socket.accept_queue.filter(|b| b.waiting > 0) else {
            return;
        };
        let fuller = |(other, ..): (AcceptQueue, Slot, ObservedDuration)| {
            fill_percent(backlog) > fill_percent(other)
        };
        if self.fullest_backlog.is_none_or(fuller) {
            let since = row.stall.input.unwrap_or(moment.elapsed);
            self.fullest_backlog = Some((backlog, row.slot, duration_since(row, since, moment)));
        }
    }
}

/// Returns how full a queue is, in percent: the kernel lets in one more than the limit.
pub(crate) fn fill_percent(backlog: AcceptQueue) -> u32 {
    let Some(limit) = backlog.limit else { return 0 };
    let share = u64::from(backlog.waiting) * 100 / (u64::from(limit) + 1);
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// Returns how long the row has been in its state.
fn time_in_state(row: &TrackedSocket, moment: &Moment) -> ObservedDuration {
    ObservedDuration {
        observed: moment.elapsed.saturating_sub(row.state_since.time()),
        at_least: matches!(row.state_since, ObservedSince::BeforeFirstSample(_)),
    }
}

/// Returns how long a SYN has had no answer. Two SYNs are a second or more apart, so their number
/// also measures the time before the first sample.
fn time_unanswered(row: &TrackedSocket, moment: &Moment) -> ObservedDuration {
    let seen = time_in_state(row, moment);
    let timer = row.socket.timer;
    let again = timer.filter(|timer| timer.kind == TimerKind::Retransmit);
    let seconds = again.map_or(0, |timer| u64::from(timer.retransmits));
    seen.max(ObservedDuration {
        observed: Duration::from_secs(seconds),
        at_least: true,
    })
}

/// Returns the time since `since`; `at_least` if that is the first sample, for it may have begun
/// before.
fn duration_since(row: &TrackedSocket, since: Duration, moment: &Moment) -> ObservedDuration {
    let at_least = matches!(row.first_seen, ObservedSince::BeforeFirstSample(at) if at == since);
    ObservedDuration {
        observed: moment.elapsed.saturating_sub(since),
        at_least,
    }
}

fn stalled_for(
    row: &TrackedSocket,
    since: Option<Duration>,
    limit: Option<Duration>,
    moment: &Moment,
) -> Option<ObservedDuration> {
    let duration = duration_since(row, since?, moment);
    (duration.observed >= limit?).then_some(duration)
}

/// Returns whether the peer of an accepted connection is on this machine.
fn is_local_client(row: &TrackedSocket) -> bool {
    let remote = row.socket.remote;
    let own = |remote: Endpoint| {
        remote.scope() == AddressScope::Loopback
            || remote.canonical_ip() == row.socket.local.canonical_ip()
    };
    row.peer.is_some() || remote.is_some_and(own)
}
