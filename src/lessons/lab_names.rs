//! Maps the names of a lesson to the ports and pids of a running lab.
//!
//! [`LabNames`] turns names into numbers, and tells the lab's rows from all other rows of the
//! table.

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

/// The tuple of a socket that was in the table before the lab used the port, such as a TIME-WAIT.
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

/// Ports and pids by name. Small enough to be cloned for the thread that draws.
#[derive(Clone, Debug, Default)]
pub struct LabNames {
    ports: BTreeMap<String, Port>,
    /// Ports that only the lab uses. An ephemeral port of a client is not one of them: connections
    /// to other destinations may have the same number.
    own_ports: BTreeSet<(Protocol, Port)>,
    pids: BTreeMap<LabRole, Pid>,
    stale_tuples: HashSet<StaleTuple>,
}

impl LabNames {
    /// Records the pid of a process of the lab.
    pub fn insert_process(&mut self, role: LabRole, pid: Pid) {
        self.pids.insert(role, pid);
    }

    /// Assigns a port to a name.
    pub fn insert_port(&mut self, name: String, port: Port) {
        self.ports.insert(name, port);
    }

    /// Marks a port as used only by the lab.
    pub fn add_own_port(&mut self, protocol: Protocol, port: Port) {
        self.own_ports.insert((protocol, port));
    }

    /// Returns whether only the lab uses the port.
    pub fn owns_port(&self, protocol: Protocol, port: Port) -> bool {
        self.own_ports.contains(&(protocol, port))
    }

    /// Excludes the connected sockets that have this port before the lab uses it: they are not the
    /// lab's.
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

    /// Counts the connection between these endpoints as the lab's, even if it was excluded before.
    pub fn forget_stale_tuple(&mut self, protocol: Protocol, one: Endpoint, other: Endpoint) {
        for (local, remote) in [(one, other), (other, one)] {
            self.stale_tuples.remove(&StaleTuple {
                protocol,
                local,
                remote: Some(remote),
            });
        }
    }

    /// Returns the port with this name.
    pub fn port(&self, name: &str) -> Option<Port> {
        self.ports.get(name).copied()
    }

    /// Iterates over the names and their ports.
    pub fn ports(&self) -> impl Iterator<Item = (&str, Port)> {
        self.ports.iter().map(|(name, port)| (&**name, *port))
    }

    /// Returns the name of this port.
    pub fn port_name(&self, port: Port) -> Option<&str> {
        let mut named = self.ports().filter(|(_, p)| *p == port);
        named.next().map(|(name, _)| name)
    }

    /// Returns the pid of a process of the lab.
    pub fn pid(&self, role: LabRole) -> Option<Pid> {
        self.pids.get(&role).copied()
    }

    /// Returns the process of the lab that has this pid.
    pub fn role(&self, pid: Pid) -> Option<LabRole> {
        let mut found = self.pids.iter().filter(|(_, p)| **p == pid);
        found.next().map(|(role, _)| *role)
    }

    /// Resolves the endpoint for the `n`-th repetition; `None` while its name has no port.
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

    /// Returns the ports that only the lab uses, as a scope for samples and queries.
    pub fn port_set(&self) -> PortSet {
        let own = self.own_ports.iter().map(|(_, port)| *port);
        PortSet::new(own.map(|port| PortRange {
            first: port,
            last: port,
        }))
    }

    /// Returns whether the row is open and belongs to the lab.
    pub fn is_lab_row(&self, row: &TrackedSocket) -> bool {
        let socket = &row.socket;
        !row.is_closed() && self.is_lab_socket(socket.protocol(), socket.local, socket.remote)
    }

    /// Returns whether a socket with these endpoints belongs to the lab.
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

    /// Returns the lab's rows of a moment.
    pub fn lab_rows<'a>(&self, moment: &'a Moment) -> Vec<&'a Arc<TrackedSocket>> {
        moment.rows().filter(|row| self.is_lab_row(row)).collect()
    }
}
