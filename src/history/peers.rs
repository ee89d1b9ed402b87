//! Finds the peer of a connection among this machine's own sockets.
//!
//! The peer's row has the same two endpoints with local and remote swapped. Only rows whose remote
//! address is one of this machine's are indexed, so a server with remote clients costs nothing
//! here.

use std::cmp::Ordering;
use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use super::slot::Slot;
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, Protocol};
use crate::net::socket::Socket;

/// Maximum number of local addresses kept. A machine has a few, but temporary IPv6 addresses (RFC
/// 8981) come and go.
const MAX_LOCAL_ADDRESSES: usize = 1024;

/// Protocol and both endpoints of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionTuple {
    protocol: Protocol,
    local: Endpoint,
    remote: Endpoint,
}

impl ConnectionTuple {
    /// Converts IPv4-mapped addresses to IPv4: an IPv4 client and the dual-stack server's IPv6
    /// socket are one connection.
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

/// How many rows have a port as their local and as their remote port.
#[derive(Clone, Copy, Debug, Default)]
struct PortUseCounts {
    local: u32,
    remote: u32,
}

/// Open rows by connection tuple, and how often each port is used.
#[derive(Debug, Default)]
pub(crate) struct PeerIndex {
    port_uses: HashMap<(Protocol, Port), PortUseCounts>,
    rows: HashMap<ConnectionTuple, Slot>,
    local_addresses: HashSet<IpAddr>,
}

impl PeerIndex {
    /// Adds an address of this machine; to be called before [`PeerIndex::get`] for any row of a
    /// sample.
    pub(crate) fn add_local_address(&mut self, socket: &Socket) {
        let address = socket.local.canonical_ip();
        if !address.is_unspecified()
            && !address.is_loopback()
            && self.local_addresses.len() < MAX_LOCAL_ADDRESSES
        {
            self.local_addresses.insert(address);
        }
    }

    /// Adds a row and returns the row of its peer, if that is already there.
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

    /// Returns the open row with this tuple, if its remote address is one of this machine's.
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
        side: impl FnOnce(&mut PortUseCounts) -> &mut u32,
    ) {
        if let Some(uses) = self.port_uses.get_mut(&port) {
            let count = side(uses);
            *count = count.saturating_sub(1);
            if uses.local == 0 && uses.remote == 0 {
                self.port_uses.remove(&port);
            }
        }
    }

    /// Compares how many connections share the local port and the remote port: `Greater` if more
    /// share the local one.
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

    /// Returns whether the address is one of this machine's.
    pub(crate) fn is_local_address(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.local_addresses.contains(&address)
    }
}
