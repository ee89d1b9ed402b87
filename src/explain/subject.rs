//! The subjects that can be explained.

use std::net::IpAddr;

use crate::history::Slot;
use crate::net::port::{Port, Protocol};
use crate::net::process::ProcessKey;
use crate::net::socket::SocketKey;
use crate::query::{GroupKey, UnownedReason};

/// Something that can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExplainSubject {
    /// A port of one protocol, or of both where it is `None`.
    Port(Port, Option<Protocol>),
    Socket(SocketKey, Slot),
    Process(ProcessKey),
    /// All sockets that have no process for this reason.
    NoProcess(UnownedReason),
    Host(IpAddr),
    /// All sockets without a remote address.
    NoHost,
    /// The difference between a socket and a port.
    SocketVsPort,
}

impl ExplainSubject {
    /// Returns the subject of a group.
    pub const fn from_group(group: GroupKey) -> Self {
        match group {
            GroupKey::Port(key) => Self::Port(key.port, Some(key.protocol)),
            GroupKey::Process(key) => Self::Process(key),
            GroupKey::Unowned(reason) => Self::NoProcess(reason),
            GroupKey::Host(address) => Self::Host(address),
            GroupKey::NoHost => Self::NoHost,
        }
    }

    /// Returns whether it can be explained from each [`Perspective`](super::Perspective).
    pub const fn has_perspectives(self) -> bool {
        matches!(self, Self::Port(..) | Self::Socket(..))
    }
}
