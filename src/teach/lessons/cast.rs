//! Who plays which part: the names of a lesson and what they stand for on this machine now.
//!
//! In: what a lab did. Out: [`Cast`], by which names become numbers, and the rows of the lab are told
//! from everybody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashSet;

use crate::endpoint::Endpoint;
use crate::history::{Moment, Tracked};
use crate::port::{Port, PortRange, PortSet, Protocol};
use crate::process::Pid;
use crate::socket::Socket;
use crate::teach::lessons::call::Actor;
use crate::teach::lessons::place::{Name, Number, Place};

/// A pair of ends that was in the table before the lab had the port: somebody's TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ghost {
    protocol: Protocol,
    local: Endpoint,
    remote: Option<Endpoint>,
}

impl From<&Socket> for Ghost {
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
pub struct Cast {
    ports: BTreeMap<String, Port>,
    /// Ports that are the lab's alone. An ephemeral port that the kernel gave a client is not: other
    /// connections, to other places, may have the same number.
    own: BTreeSet<(Protocol, Port)>,
    actors: BTreeMap<Actor, Pid>,
    ghosts: HashSet<Ghost>,
}

impl Cast {
    /// A process has come.
    pub fn enter(&mut self, actor: Actor, pid: Pid) {
        self.actors.insert(actor, pid);
    }

    /// From now on this name is this port.
    pub fn name(&mut self, name: String, port: Port) {
        self.ports.insert(name, port);
    }

    /// From now on this port is the lab's alone.
    pub fn own(&mut self, protocol: Protocol, port: Port) {
        self.own.insert((protocol, port));
    }

    /// Whether the port is the lab's alone.
    pub fn owns(&self, protocol: Protocol, port: Port) -> bool {
        self.own.contains(&(protocol, port))
    }

    /// Rows that have this port although the lab has done nothing with it yet are not the lab's.
    pub fn banish<'a>(
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
        let ghosts = sockets.into_iter().filter(has).map(Ghost::from);
        self.ghosts.extend(ghosts);
    }

    /// The lab has a connection between these ends now, whoever had it before.
    pub fn claim(&mut self, protocol: Protocol, one: Endpoint, other: Endpoint) {
        for (local, remote) in [(one, other), (other, one)] {
            self.ghosts.remove(&Ghost {
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
    pub fn name_of(&self, port: Port) -> Option<&str> {
        let mut named = self.ports().filter(|(_, p)| *p == port);
        named.next().map(|(name, _)| name)
    }

    /// The pid of a process of the lab.
    pub fn pid(&self, actor: Actor) -> Option<Pid> {
        self.actors.get(&actor).copied()
    }

    /// Which process of the lab has this pid.
    pub fn actor(&self, pid: Pid) -> Option<Actor> {
        let mut found = self.actors.iter().filter(|(_, p)| **p == pid);
        found.next().map(|(actor, _)| *actor)
    }

    /// Where a place is the n-th time; `None` while its name stands for nothing.
    pub fn endpoint(&self, place: Place, n: u8) -> Option<Endpoint> {
        let port = match place.port {
            Number::Chosen => Port::NONE,
            Number::Named(name) => self.nth(name, n)?,
            Number::Fixed(number) => Port(number),
        };
        Some(Endpoint::new(place.address, port))
    }

    fn nth(&self, name: Name, n: u8) -> Option<Port> {
        self.port(&name.nth(n))
    }

    /// Every port of the lab, to ask a sample or a table for.
    pub fn port_set(&self) -> PortSet {
        let own = self.own.iter().map(|(_, port)| *port);
        PortSet::new(own.map(|port| PortRange {
            first: port,
            last: port,
        }))
    }

    /// Whether the row is the lab's.
    pub fn has(&self, row: &Tracked) -> bool {
        let socket = &row.socket;
        !row.is_closed() && self.has_ends(socket.protocol(), socket.local, socket.remote)
    }

    /// Whether a socket with these ends is the lab's.
    pub fn has_ends(&self, protocol: Protocol, local: Endpoint, remote: Option<Endpoint>) -> bool {
        let own = |port| self.owns(protocol, port);
        let ghost = Ghost {
            protocol,
            local,
            remote,
        };
        (own(local.port) || remote.is_some_and(|end| own(end.port)))
            && !self.ghosts.contains(&ghost)
    }

    /// The lab's rows.
    pub fn rows<'a>(&self, moment: &'a Moment) -> Vec<&'a Arc<Tracked>> {
        moment.rows().filter(|row| self.has(row)).collect()
    }
}
