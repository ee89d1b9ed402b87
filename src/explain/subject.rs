//! What can be explained.

use std::net::IpAddr;

use crate::history::Slot;
use crate::net::port::{Port, Protocol};
use crate::net::process::ProcessKey;
use crate::net::socket::SocketKey;
use crate::query::{GroupKey, UnownedReason};

/// What can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExplainSubject {
    /// A port, of one protocol or of both.
    Port(Port, Option<Protocol>),
    /// A socket.
    Socket(SocketKey, Slot),
    /// A process.
    Process(ProcessKey),
    /// The sockets that no process has, for one reason.
    NoProcess(UnownedReason),
    /// A remote address.
    Host(IpAddr),
    /// The sockets that have no remote end.
    NoHost,
    /// The difference between a socket and a port.
    SocketVsPort,
}
impl ExplainSubject {
    /// What a group is about.
    pub const fn from_group(group: GroupKey) -> Self {
        match group {
            GroupKey::Port(key) => Self::Port(key.port, Some(key.protocol)),
            GroupKey::Process(key) => Self::Process(key),
            GroupKey::Unowned(reason) => Self::NoProcess(reason),
            GroupKey::Host(address) => Self::Host(address),
            GroupKey::NoHost => Self::NoHost,
        }
    }

    /// Whether there is more than one look at it.
    pub const fn has_perspectives(self) -> bool {
        matches!(self, Self::Port(..) | Self::Socket(..))
    }
}
