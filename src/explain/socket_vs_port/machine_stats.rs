//! Counts this machine's sockets in one pass, for the comparison of socket and port.
//!
//! An example is the first match in the order of endpoints, so that it does not change while it
//! exists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use crate::explain::peer::open_peer;
use crate::history::{HolderSet, Moment, Ownership, Side, Slot, TrackedSocket};
use crate::net::port::{Port, PortKey, PortSide, Protocol};
use crate::net::process::ProcessKey;
use crate::net::socket::{Socket, TcpState, TimerKind};

/// The sockets of one shared port: listeners, and ends of TCP connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortUsage {
    pub(crate) listeners: usize,
    pub(crate) connections: usize,
}

/// Counts and examples from the open rows of a moment.
#[derive(Debug, Default)]
pub(crate) struct MachineStats {
    pub(crate) tcp: usize,
    pub(crate) udp: usize,
    /// Listeners, and UDP sockets without a peer.
    pub(crate) listening: usize,
    /// Ends of open TCP connections ([`is_tcp_connection`]).
    pub(crate) connection_ends: usize,
    /// Those of them whose peer is in the table as well.
    pub(crate) paired_ends: usize,
    pub(crate) unaccepted: usize,
    /// Sockets held by several processes.
    pub(crate) shared_sockets: usize,
    /// Sockets without a process, for a known reason.
    pub(crate) unowned: usize,
    /// Distinct local ports, TCP and UDP counted separately.
    pub(crate) local_ports: usize,
    /// The local shared port with the most sockets.
    pub(crate) busiest_port: Option<(PortKey, PortUsage)>,
    /// A port number with a TCP listener and an unconnected UDP socket.
    pub(crate) tcp_and_udp_port: Option<Port>,
    /// UDP sockets with non-empty queues, and the bytes of memory these take.
    pub(crate) udp_queued: (usize, u64),
    /// TCP sockets with unread data, and its bytes.
    pub(crate) tcp_unread: (usize, u64),
    /// TCP sockets with unacknowledged data, and its bytes.
    pub(crate) tcp_unacknowledged: (usize, u64),
    /// Rows in TIME-WAIT, and when the last of them expires, on the collector's clock.
    pub(crate) time_wait: (usize, Duration),
    largest_process: Option<(ProcessKey, usize, usize)>,
    example_connection: Option<Slot>,
    example_pair: Option<Slot>,
    example_listener: Option<Slot>,
    example_outgoing: Option<Slot>,
}

/// Returns whether a socket is an end of an open TCP connection: after the handshake, before
/// TIME-WAIT.
fn is_tcp_connection(socket: &Socket) -> bool {
    socket.tcp_state().is_some_and(|state| {
        matches!(
            state,
            TcpState::Established
                | TcpState::FinWait1
                | TcpState::FinWait2
                | TcpState::CloseWait
                | TcpState::LastAck
                | TcpState::Closing
        )
    })
}

impl MachineStats {
    pub(crate) fn from_moment(moment: &Moment) -> Self {
        let mut stats = Self::default();
        let mut ports: HashMap<PortKey, PortUsage> = HashMap::new();
        let mut numbers: BTreeMap<Protocol, BTreeSet<Port>> = BTreeMap::new();
        let mut unconnected: [BTreeSet<Port>; 2] = Default::default();
        let mut processes: HashMap<ProcessKey, (usize, BTreeSet<PortKey>)> = HashMap::new();
        for row in moment.rows().filter(|row| !row.is_closed()) {
            let socket = &row.socket;
            let protocol = socket.protocol();
            numbers
                .entry(protocol)
                .or_default()
                .insert(socket.local.port);
            if socket.is_listening() {
                let protocol_index = usize::from(protocol == Protocol::Udp);
                unconnected[protocol_index].insert(socket.local.port);
            }
            let usage = ports.entry(row.port_key()).or_default();
            match socket.is_listening() {
                true => usage.listeners += 1,
                false => usage.connections += usize::from(is_tcp_connection(socket)),
            }
            for process in row
                .ownership
                .holders()
                .into_iter()
                .flat_map(HolderSet::processes)
            {
                let (sockets, ports) = processes.entry(process).or_default();
                *sockets += 1;
                ports.insert(row.port_key());
            }
            stats.add_row(row, moment);
        }
        stats.local_ports = numbers.values().map(BTreeSet::len).sum();
        let local = ports
            .into_iter()
            .filter(|(key, _)| key.side == PortSide::Local);
        stats.busiest_port = local.max_by_key(|(key, usage)| {
            let sockets = usage.listeners + usage.connections;
            (sockets, std::cmp::Reverse(*key))
        });
        let [tcp, udp] = &unconnected;
        stats.tcp_and_udp_port = tcp.intersection(udp).next().copied();
        let most = processes
            .into_iter()
            .max_by_key(|(key, (sockets, ports))| (ports.len(), *sockets, std::cmp::Reverse(*key)));
        stats.largest_process = most.map(|(key, (sockets, ports))| (key, sockets, ports.len()));
        stats
    }

    fn add_row(&mut self, row: &TrackedSocket, moment: &Moment) {
        let socket = &row.socket;
        match socket.protocol() {
            Protocol::Tcp => self.tcp += 1,
            Protocol::Udp => self.udp += 1,
        }
        self.listening += usize::from(socket.is_listening());
        let state = socket.tcp_state();
        if is_tcp_connection(socket) {
            self.connection_ends += 1;
            let peer = open_peer(row, moment);
            self.paired_ends +=
                usize::from(peer.is_some_and(|peer| is_tcp_connection(&peer.socket)));
        }
        match &row.ownership {
            Ownership::Known(holders) => {
                self.shared_sockets += usize::from(holders.processes().nth(1).is_some());
            }
            Ownership::Unaccepted => {
                self.unaccepted += 1;
                self.unowned += 1;
            }
            Ownership::Kernel | Ownership::Former(_) => self.unowned += 1,
            _ => {}
        }
        // SYN and FIN take a sequence number each, and are not data.
        let is_handshake = matches!(state, Some(TcpState::SynSent | TcpState::SynReceived));
        let queues = socket.queues.filter(|_| !is_handshake);
        if let Some(queues) = queues.filter(|_| state.is_none()) {
            let bytes = u64::from(queues.recv) + u64::from(queues.send);
            self.udp_queued.0 += usize::from(bytes > 0);
            self.udp_queued.1 += bytes;
        }
        if let (Some(mut queues), Some(state)) = (queues, state) {
            let fin_received = matches!(
                state,
                TcpState::CloseWait | TcpState::LastAck | TcpState::Closing
            );
            let fin_sent = matches!(
                state,
                TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing
            );
            queues.recv = queues.recv.saturating_sub(u32::from(fin_received));
            queues.send = queues.send.saturating_sub(u32::from(fin_sent));
            for (sum, bytes) in [
                (&mut self.tcp_unread, queues.recv),
                (&mut self.tcp_unacknowledged, queues.send),
            ] {
                sum.0 += usize::from(bytes > 0);
                sum.1 += u64::from(bytes);
            }
        }
        if socket.tcp_state() == Some(TcpState::TimeWait) {
            let due = socket
                .timer
                .filter(|timer| timer.kind == TimerKind::TimeWait);
            self.time_wait.0 += 1;
            self.time_wait.1 = self
                .time_wait
                .1
                .max(due.map_or(Duration::ZERO, |timer| timer.due));
        }
        let keep_first = |example: &mut Option<Slot>| {
            let order = |row: &TrackedSocket| (row.socket.local, row.socket.remote, row.key);
            let current = example.and_then(|slot| moment.row(slot));
            if current.is_none_or(|current| order(row) < order(current)) {
                *example = Some(row.slot);
            }
        };
        let established = socket.tcp_state() == Some(TcpState::Established);
        let is_known = matches!(row.ownership, Ownership::Known(_));
        if established && socket.inode.is_some() {
            keep_first(&mut self.example_connection);
        }
        if established
            && row.side == Side::Serving
            && open_peer(row, moment).is_some_and(|peer| peer.slot != row.slot)
        {
            keep_first(&mut self.example_pair);
        }
        if socket.tcp_state() == Some(TcpState::Listen) && is_known {
            keep_first(&mut self.example_listener);
        }
        if established && row.side == Side::Outgoing {
            keep_first(&mut self.example_outgoing);
        }
    }

    /// Returns an established connection with an inode.
    pub(crate) fn example_connection<'a>(
        &self,
        moment: &'a Moment,
    ) -> Option<&'a Arc<TrackedSocket>> {
        moment.row(self.example_connection?)
    }

    /// Returns both ends of a connection within this machine, the serving end first.
    pub(crate) fn example_pair<'a>(
        &self,
        moment: &'a Moment,
    ) -> Option<(&'a Arc<TrackedSocket>, &'a Arc<TrackedSocket>)> {
        let here = moment.row(self.example_pair?)?;
        Some((here, open_peer(here, moment)?))
    }

    /// Returns a TCP listener whose process is known.
    pub(crate) fn example_listener<'a>(
        &self,
        moment: &'a Moment,
    ) -> Option<&'a Arc<TrackedSocket>> {
        moment.row(self.example_listener?)
    }

    /// Returns an established connection opened from this machine.
    pub(crate) fn example_outgoing<'a>(
        &self,
        moment: &'a Moment,
    ) -> Option<&'a Arc<TrackedSocket>> {
        moment.row(self.example_outgoing?)
    }

    /// Returns the process with the most shared ports: name and pid, sockets, shared ports.
    pub(crate) fn largest_process(&self, moment: &Moment) -> Option<(String, usize, usize)> {
        let (key, sockets, ports) = self.largest_process?;
        let name = moment.directory.processes.get(&key);
        let name = name.map_or_else(
            || format!("pid {}", key.pid),
            |p| format!("{} {}", p.name, key.pid),
        );
        Some((name, sockets, ports))
    }
}
