//! What there is on this machine, counted in one pass: the numbers behind the difference.
//!
//! The examples are the first in the order of endpoints, so that they stay while they last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use crate::history::{Held, Moment, Ownership, Side, Slot, Tracked};
use crate::port::{Port, PortKey, PortSide, Protocol};
use crate::process::ProcessKey;
use crate::socket::{Socket, TcpState, TimerKind};
use crate::teach::explain::other_end::live_peer;

/// How a shared port is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) listeners: usize,
    pub(super) connections: usize,
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub(super) tcp: usize,
    pub(super) udp: usize,
    /// Sockets that wait for anybody.
    pub(super) waiting: usize,
    /// Ends of TCP connections that are not over.
    pub(super) ends: usize,
    /// Those of them whose other end is in the table as well.
    pub(super) paired: usize,
    pub(super) unaccepted: usize,
    /// Sockets that several processes hold.
    pub(super) shared: usize,
    /// Sockets that no process has, for a reason that is known.
    pub(super) ownerless: usize,
    /// Different local ports.
    pub(super) numbers: usize,
    /// The port of this machine with the most sockets.
    pub(super) busiest: Option<(PortKey, Used)>,
    /// A number that somebody waits at with TCP and with UDP.
    pub(super) twice: Option<Port>,
    /// UDP sockets with something in their queues, and how much memory that takes.
    pub(super) datagrams: (usize, u64),
    /// TCP sockets with unread bytes, and how many bytes.
    pub(super) unread: (usize, u64),
    /// TCP sockets with unconfirmed bytes, and how many bytes.
    pub(super) unconfirmed: (usize, u64),
    /// Rows in TIME-WAIT, and when the last of them is forgotten.
    pub(super) kept: (usize, Duration),
    largest: Option<(ProcessKey, usize, usize)>,
    example: Option<Slot>,
    pair: Option<Slot>,
    listener: Option<Slot>,
    call: Option<Slot>,
}

/// Whether it is an end of a TCP connection: after the handshake, and not over.
fn is_connection(socket: &Socket) -> bool {
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

impl Census {
    pub(super) fn of(moment: &Moment) -> Self {
        let mut census = Self::default();
        let mut ports: HashMap<PortKey, Used> = HashMap::new();
        let mut numbers: BTreeMap<Protocol, BTreeSet<Port>> = BTreeMap::new();
        let mut waiting: [BTreeSet<Port>; 2] = Default::default();
        let mut processes: HashMap<ProcessKey, (usize, BTreeSet<PortKey>)> = HashMap::new();
        for row in moment.rows().filter(|row| !row.is_closed()) {
            let socket = &row.socket;
            let protocol = socket.protocol();
            numbers
                .entry(protocol)
                .or_default()
                .insert(socket.local.port);
            if socket.is_listening() {
                let of = usize::from(protocol == Protocol::Udp);
                waiting[of].insert(socket.local.port);
            }
            let used = ports.entry(row.port_key()).or_default();
            match socket.is_listening() {
                true => used.listeners += 1,
                false => used.connections += usize::from(is_connection(socket)),
            }
            for process in row
                .ownership
                .holders()
                .into_iter()
                .flat_map(Held::processes)
            {
                let (sockets, ports) = processes.entry(process).or_default();
                *sockets += 1;
                ports.insert(row.port_key());
            }
            census.add(row, moment);
        }
        census.numbers = numbers.values().map(BTreeSet::len).sum();
        let here = ports
            .into_iter()
            .filter(|(key, _)| key.side == PortSide::Here);
        census.busiest = here.max_by_key(|(key, used)| {
            let sockets = used.listeners + used.connections;
            (sockets, std::cmp::Reverse(*key))
        });
        let [tcp, udp] = &waiting;
        census.twice = tcp.intersection(udp).next().copied();
        let most = processes
            .into_iter()
            .max_by_key(|(key, (sockets, ports))| (ports.len(), *sockets, std::cmp::Reverse(*key)));
        census.largest = most.map(|(key, (sockets, ports))| (key, sockets, ports.len()));
        census
    }

    fn add(&mut self, row: &Tracked, moment: &Moment) {
        let socket = &row.socket;
        match socket.protocol() {
            Protocol::Tcp => self.tcp += 1,
            Protocol::Udp => self.udp += 1,
        }
        self.waiting += usize::from(socket.is_listening());
        let state = socket.tcp_state();
        if is_connection(socket) {
            self.ends += 1;
            let peer = live_peer(row, moment);
            self.paired += usize::from(peer.is_some_and(|peer| is_connection(&peer.socket)));
        }
        match &row.ownership {
            Ownership::Known(held) => self.shared += usize::from(held.processes().nth(1).is_some()),
            Ownership::Unaccepted => {
                self.unaccepted += 1;
                self.ownerless += 1;
            }
            Ownership::Kernel | Ownership::Remembered(_) => self.ownerless += 1,
            _ => {}
        }
        // SYN and FIN take a number each, and are no data.
        let calling = matches!(state, Some(TcpState::SynSent | TcpState::SynReceived));
        let queues = socket.queues.filter(|_| !calling);
        if let Some(queues) = queues.filter(|_| state.is_none()) {
            let bytes = u64::from(queues.recv) + u64::from(queues.send);
            self.datagrams.0 += usize::from(bytes > 0);
            self.datagrams.1 += bytes;
        }
        if let (Some(mut queues), Some(state)) = (queues, state) {
            let heard = matches!(
                state,
                TcpState::CloseWait | TcpState::LastAck | TcpState::Closing
            );
            let said = matches!(
                state,
                TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing
            );
            queues.recv = queues.recv.saturating_sub(u32::from(heard));
            queues.send = queues.send.saturating_sub(u32::from(said));
            for (sum, bytes) in [
                (&mut self.unread, queues.recv),
                (&mut self.unconfirmed, queues.send),
            ] {
                sum.0 += usize::from(bytes > 0);
                sum.1 += u64::from(bytes);
            }
        }
        if socket.tcp_state() == Some(TcpState::TimeWait) {
            let due = socket
                .timer
                .filter(|timer| timer.kind == TimerKind::TimeWait);
            self.kept.0 += 1;
            self.kept.1 = self
                .kept
                .1
                .max(due.map_or(Duration::ZERO, |timer| timer.due));
        }
        let first = |place: &mut Option<Slot>| {
            let name = |row: &Tracked| (row.socket.local, row.socket.remote, row.key);
            let before = place.and_then(|slot| moment.row(slot));
            if before.is_none_or(|before| name(row) < name(before)) {
                *place = Some(row.slot);
            }
        };
        let established = socket.tcp_state() == Some(TcpState::Established);
        let known = matches!(row.ownership, Ownership::Known(_));
        if established && socket.inode.is_some() {
            first(&mut self.example);
        }
        if established
            && row.side == Side::Serving
            && live_peer(row, moment).is_some_and(|peer| peer.slot != row.slot)
        {
            first(&mut self.pair);
        }
        if socket.tcp_state() == Some(TcpState::Listen) && known {
            first(&mut self.listener);
        }
        if established && row.side == Side::Outgoing {
            first(&mut self.call);
        }
    }

    /// A connection with an inode.
    pub(super) fn example<'a>(&self, moment: &'a Moment) -> Option<&'a Arc<Tracked>> {
        moment.row(self.example?)
    }

    /// Both ends of a connection within this machine.
    pub(super) fn pair<'a>(
        &self,
        moment: &'a Moment,
    ) -> Option<(&'a Arc<Tracked>, &'a Arc<Tracked>)> {
        let here = moment.row(self.pair?)?;
        Some((here, live_peer(here, moment)?))
    }

    /// A listener whose process is known.
    pub(super) fn listener<'a>(&self, moment: &'a Moment) -> Option<&'a Arc<Tracked>> {
        moment.row(self.listener?)
    }

    /// A connection that was dialled from here.
    pub(super) fn call<'a>(&self, moment: &'a Moment) -> Option<&'a Arc<Tracked>> {
        moment.row(self.call?)
    }

    /// The process with the most ports: its name, its sockets, its shared ports.
    pub(super) fn largest(&self, moment: &Moment) -> Option<(String, usize, usize)> {
        let (key, sockets, ports) = self.largest?;
        let name = moment.directory.processes.get(&key);
        let name = name.map_or_else(
            || format!("pid {}", key.pid),
            |p| format!("{} {}", p.name, key.pid),
        );
        Some((name, sockets, ports))
    }
}
