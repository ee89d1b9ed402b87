//! Finds the other end of a connection among this machine's own sockets.
//!
//! In: connected rows as they come and go. Out: the slot of the mirror row, whose local endpoint
//! is this one's remote and the other way round. Only rows whose remote address is one of this
//! machine's are kept, so a server with remote clients costs nothing here.

use std::cmp::Ordering;
use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use super::slot::Slot;
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, Protocol};
use crate::net::socket::Socket;

/// The most local addresses remembered. A machine has a few; privacy addresses come and go.
const MAX_LOCAL_ADDRESSES: usize = 1024;

/// The two ends of a connection, from one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionTuple {
    protocol: Protocol,
    local: Endpoint,
    remote: Endpoint,
}

impl ConnectionTuple {
    /// Families are undone: an IPv4 client and the dual-stack server's IPv6 socket are one
    /// connection.
    pub(crate) fn from_socket(socket: &Socket) -> Option<Self> {
        let remote = socket.remote?.canonical();
        Some(Self {
            protocol: socket.protocol(),
            local: socket.local.canonical(),
            remote,
        })
    }

    pub(crate) const fn reversed(self) -> Self {
        Self {
            protocol: self.protocol,
            local: self.remote,
            remote: self.local,
        }
    }
}

/// How many rows have a port at their local, and at their remote end.
#[derive(Clone, Copy, Debug, Default)]
struct PortUseCounts {
    local: u32,
    remote: u32,
}

/// The index.
#[derive(Debug, Default)]
pub(crate) struct PeerIndex {
    port_uses: HashMap<(Protocol, Port), PortUseCounts>,
    rows: HashMap<ConnectionTuple, Slot>,
    local_addresses: HashSet<IpAddr>,
}

impl PeerIndex {
    /// Learns this machine's addresses; before [`PeerIndex::opened`] is asked for any row of a sample.
    pub(crate) fn add_local_address(&mut self, socket: &Socket) {
        let address = socket.local.canonical_ip();
        if !address.is_unspecified()
            && !address.is_loopback()
            && self.local_addresses.len() < MAX_LOCAL_ADDRESSES
        {
            self.local_addresses.insert(address);
        }
    }

    /// Takes up a row and returns its mirror, if that is there already.
    pub(crate) fn insert(&mut self, slot: Slot, socket: &Socket) -> Option<Slot> {
        let tuple = ConnectionTuple::from_socket(socket)?;
        self.port_uses
            .entry((tuple.protocol, tuple.local.port))
            .or_default()
            .local += 1;
        self.port_uses
            .entry((tuple.protocol, tuple.remote.port))
            .or_default()
            .remote += 1;
        if !self.is_local_address(tuple.remote.address) {
            return None;
        }
        self.rows.insert(tuple, slot);
        self.rows
            .get(&tuple.reversed())
            .copied()
            .filter(|peer| *peer != slot)
    }

    /// The open row of such ends, if its remote end is one of this machine's.
    pub(crate) fn get(&self, tuple: &ConnectionTuple) -> Option<Slot> {
        self.rows.get(tuple).copied()
    }

    pub(crate) fn remove(&mut self, slot: Slot, socket: &Socket) {
        let Some(tuple) = ConnectionTuple::from_socket(socket) else {
            return;
        };
        if self.rows.get(&tuple) == Some(&slot) {
            self.rows.remove(&tuple);
        }
        self.decrement_port_use((tuple.protocol, tuple.local.port), |uses| &mut uses.local);
        self.decrement_port_use((tuple.protocol, tuple.remote.port), |uses| &mut uses.remote);
    }

    fn decrement_port_use(
        &mut self,
        port: (Protocol, Port),
        end: impl FnOnce(&mut PortUseCounts) -> &mut u32,
    ) {
        if let Some(uses) = self.port_uses.get_mut(&port) {
            let count = end(uses);
            *count = count.saturating_sub(1);
            if uses.local == 0 && uses.remote == 0 {
                self.port_uses.remove(&port);
            }
        }
    }

    /// Which of a row's two ports more connections share at that end: `Greater` for the local one.
    pub(crate) fn compare_port_sharing(&self, socket: &Socket) -> Ordering {
        let uses = |port| {
            self.port_uses
                .get(&(socket.protocol(), port))
                .copied()
                .unwrap_or_default()
        };
        uses(socket.local.port)
            .local
            .cmp(&uses(socket.remote_port()).remote)
    }

    /// Whether the address is one of this machine's.
    pub(crate) fn is_local_address(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.local_addresses.contains(&address)
    }
}
