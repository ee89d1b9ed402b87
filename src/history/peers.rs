//! Finds the other end of a connection among this machine's own sockets.
//!
//! In: connected rows as they come and go. Out: the slot of the mirror row, whose local endpoint
//! is this one's remote and the other way round. Only rows whose remote address is one of this
//! machine's are kept, so a server with remote clients costs nothing here.

use std::cmp::Ordering;
use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use crate::endpoint::Endpoint;
use crate::history::tracked::Slot;
use crate::port::{Port, Protocol};
use crate::socket::Socket;

/// The most local addresses remembered. A machine has a few; privacy addresses come and go.
const MOST_ADDRESSES: usize = 1024;

/// The two ends of a connection, from one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    protocol: Protocol,
    local: Endpoint,
    remote: Endpoint,
}

impl Pair {
    /// Families are undone: an IPv4 client and the dual-stack server's IPv6 socket are one
    /// connection.
    pub(super) fn of(socket: &Socket) -> Option<Self> {
        let remote = socket.remote?.canonical();
        Some(Self {
            protocol: socket.protocol(),
            local: socket.local.canonical(),
            remote,
        })
    }

    pub(super) const fn mirrored(self) -> Self {
        Self {
            protocol: self.protocol,
            local: self.remote,
            remote: self.local,
        }
    }
}

/// How many rows have a port at their local, and at their remote end.
#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    local: u32,
    remote: u32,
}

/// The index.
#[derive(Debug, Default)]
pub(super) struct Peers {
    uses: HashMap<(Protocol, Port), Uses>,
    rows: HashMap<Pair, Slot>,
    own_addresses: HashSet<IpAddr>,
}

impl Peers {
    /// Learns this machine's addresses; before [`Peers::opened`] is asked for any row of a sample.
    pub(super) fn learn_address(&mut self, socket: &Socket) {
        let address = socket.local.plain();
        if !address.is_unspecified()
            && !address.is_loopback()
            && self.own_addresses.len() < MOST_ADDRESSES
        {
            self.own_addresses.insert(address);
        }
    }

    /// Takes up a row and returns its mirror, if that is there already.
    pub(super) fn opened(&mut self, slot: Slot, socket: &Socket) -> Option<Slot> {
        let pair = Pair::of(socket)?;
        self.uses
            .entry((pair.protocol, pair.local.port))
            .or_default()
            .local += 1;
        self.uses
            .entry((pair.protocol, pair.remote.port))
            .or_default()
            .remote += 1;
        if !self.is_own(pair.remote.address) {
            return None;
        }
        self.rows.insert(pair, slot);
        self.rows
            .get(&pair.mirrored())
            .copied()
            .filter(|mirror| *mirror != slot)
    }

    /// The open row of such ends, if its remote end is one of this machine's.
    pub(super) fn row(&self, pair: &Pair) -> Option<Slot> {
        self.rows.get(pair).copied()
    }

    pub(super) fn closed(&mut self, slot: Slot, socket: &Socket) {
        let Some(pair) = Pair::of(socket) else { return };
        if self.rows.get(&pair) == Some(&slot) {
            self.rows.remove(&pair);
        }
        self.unuse((pair.protocol, pair.local.port), |uses| &mut uses.local);
        self.unuse((pair.protocol, pair.remote.port), |uses| &mut uses.remote);
    }

    fn unuse(&mut self, port: (Protocol, Port), end: impl FnOnce(&mut Uses) -> &mut u32) {
        if let Some(uses) = self.uses.get_mut(&port) {
            let count = end(uses);
            *count = count.saturating_sub(1);
            if uses.local == 0 && uses.remote == 0 {
                self.uses.remove(&port);
            }
        }
    }

    /// Which of a row's two ports more connections share at that end: `Greater` for the local one.
    pub(super) fn more_shared(&self, socket: &Socket) -> Ordering {
        let uses = |port| {
            self.uses
                .get(&(socket.protocol(), port))
                .copied()
                .unwrap_or_default()
        };
        uses(socket.local.port)
            .local
            .cmp(&uses(socket.remote_port()).remote)
    }

    /// Whether the address is one of this machine's.
    pub(super) fn is_own(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.own_addresses.contains(&address)
    }
}
