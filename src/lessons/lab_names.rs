//! Who plays which part: the names of a lesson and what they stand for on this machine now.
//!
//! In: what a lab did. Out: [`LabNames`], by which names become numbers, and the rows of the lab are told
//! from everybody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashSet;

use super::call::LabRole;
use super::lab_endpoint::{LabEndpoint, LabName, LabPort};
use crate::history::{Moment, TrackedSocket};
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, PortRange, PortSet, Protocol};
use crate::net::process::Pid;
use crate::net::socket::Socket;

/// A pair of ends that was in the table before the lab had the port: somebody's TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StaleTuple {
    protocol: Protocol,
    local: Endpoint,
    remote: Option<Endpoint>,
}

impl From<&Socket> for StaleTuple {
    fn from(socket: &Socket) -> Self {
        Self {
            protocol: socket.protocol(),
            local: socket.local,
            remote: socket.remote,
        }
    }
}

/// Names and what they stand for. A copy is cheap enough to be sent to whoever draws.
#[derive(Clone, Debug, Default)]
pub struct LabNames {
    ports: BTreeMap<String, Port>,
    /// Ports that are the lab's alone. An ephemeral port that the kernel gave a client is not: other
    /// connections, to other places, may have the same number.
    own_ports: BTreeSet<(Protocol, Port)>,
    pids: BTreeMap<LabRole, Pid>,
    stale_tuples: HashSet<StaleTuple>,
}

impl LabNames {
    /// A process has come.
    pub fn insert_process(&mut self, role: LabRole, pid: Pid) {
        self.pids.insert(role, pid);
    }

    /// From now on this name is this port.
    pub fn insert_port(&mut self, name: String, port: Port) {
        self.ports.insert(name, port);
    }

    /// From now on this port is the lab's alone.
    pub fn add_own_port(&mut self, protocol: Protocol, port: Port) {
        self.own_ports.insert((protocol, port));
    }

    /// Whether the port is the lab's alone.
    pub fn owns_port(&self, protocol: Protocol, port: Port) -> bool {
        self.own_ports.contains(&(protocol, port))
    }

    /// Rows that have this port although the lab has done nothing with it yet are not the lab's.
    pub fn ignore_existing<'a>(
        &mut self,
        protocol: Protocol,
        port: Port,
        sockets: impl IntoIterator<Item = &'a Socket>,
    ) {
        let has = |s: &&Socket| {
            s.protocol() == protocol
                && s.remote.is_some()
                && (s.local.port == port || s.remote_port() == port)
        };
        let stale = sockets.into_iter().filter(has).map(StaleTuple::from);
        self.stale_tuples.extend(stale);
    }

    /// The lab has a connection between these ends now, whoever had it before.
    pub fn forget_stale_tuple(&mut self, protocol: Protocol, one: Endpoint, other: Endpoint) {
        for (local, remote) in [(one, other), (other, one)] {
            self.stale_tuples.remove(&StaleTuple {
                protocol,
                local,
                remote: Some(remote),
            });
        }
    }

    /// The port of this name.
    pub fn port(&self, name: &str) -> Option<Port> {
        self.ports.get(name).copied()
    }

    /// Every name with its port.
    pub fn ports(&self) -> impl Iterator<Item = (&str, Port)> {
        self.ports.iter().map(|(name, port)| (&**name, *port))
    }

    /// What the lesson calls this port.
    pub fn port_name(&self, port: Port) -> Option<&str> {
        let mut named = self.ports().filter(|(_, p)| *p == port);
        named.next().map(|(name, _)| name)
    }

    /// The pid of a process of the lab.
    pub fn pid(&self, role: LabRole) -> Option<Pid> {
        self.pids.get(&role).copied()
    }

    /// Which process of the lab has this pid.
    pub fn role(&self, pid: Pid) -> Option<LabRole> {
        let mut found = self.pids.iter().filter(|(_, p)| **p == pid);
        found.next().map(|(role, _)| *role)
    }

    /// Where a place is the n-th time; `None` while its name stands for nothing.
    pub fn endpoint(&self, lab_endpoint: LabEndpoint, n: u8) -> Option<Endpoint> {
        let port = match lab_endpoint.port {
            LabPort::Ephemeral => Port::NONE,
            LabPort::Named(name) => self.numbered_port(name, n)?,
            LabPort::Fixed(number) => Port(number),
        };
        Some(Endpoint::new(lab_endpoint.address, port))
    }

    fn numbered_port(&self, name: LabName, n: u8) -> Option<Port> {
        self.port(&name.numbered(n))
    }

    /// Every port of the lab, to ask a sample or a table for.
    pub fn port_set(&self) -> PortSet {
        let own = self.own_ports.iter().map(|(_, port)| *port);
        PortSet::new(own.map(|port| PortRange {
            first: port,
            last: port,
        }))
    }

    /// Whether the row is the lab's.
    pub fn is_lab_row(&self, row: &TrackedSocket) -> bool {
        let socket = &row.socket;
        !row.is_closed() && self.is_lab_socket(socket.protocol(), socket.local, socket.remote)
    }

    /// Whether a socket with these ends is the lab's.
    pub fn is_lab_socket(
        &self,
        protocol: Protocol,
        local: Endpoint,
        remote: Option<Endpoint>,
    ) -> bool {
        let own = |port| self.owns_port(protocol, port);
        let stale = StaleTuple {
            protocol,
            local,
            remote,
        };
        (own(local.port) || remote.is_some_and(|end| own(end.port)))
            && !self.stale_tuples.contains(&stale)
    }

    /// The lab's rows.
    pub fn lab_rows<'a>(&self, moment: &'a Moment) -> Vec<&'a Arc<TrackedSocket>> {
        moment.rows().filter(|row| self.is_lab_row(row)).collect()
    }
}
