//! Limits a sample to what is needed.
//!
//! A [`SampleScope`] names the ports of interest and whether owners and close events are needed, so
//! that a source lists less and fewer owners are searched for. The default is everything.

use crate::net::port::{Port, PortSet};
use crate::net::socket::Socket;

/// What a sample must contain. It may contain more: sockets of other ports may or may not be
/// listed, and nothing follows from their absence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleScope {
    /// Every socket with one of these ports on either side; `None` for every socket. Listening
    /// sockets are included in any case, because whether a connection is incoming depends on who
    /// listens on its port.
    pub ports: Option<PortSet>,
    /// Whether the owners of those sockets are searched for.
    pub owners: OwnerMode,
    /// Whether sockets destroyed since the previous sample are reported.
    pub close_events: CloseEvents,
}

/// Whether a sample reports the sockets that were destroyed, where the source can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CloseEvents {
    /// From the first sample on, so that later samples report what closed in between.
    #[default]
    On,
    /// Never: a single sample has no use for them.
    Off,
}

/// Whether owners are searched for. Reading all processes is what takes longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnerMode {
    /// Every process that holds one of the sockets is found.
    #[default]
    Full,
    /// Every process is found, but no sample waits until all processes have been read for the first
    /// time: those left over follow in the next one
    /// ([`OwnerCoverage::unscanned`](crate::net::snapshot::OwnerCoverage::unscanned)).
    Incremental,
    /// No search is made: the [`Holders`](crate::net::process::Holders) stay as the source gave
    /// them.
    Off,
}

impl SampleScope {
    /// Returns whether the scope is everything.
    pub fn is_unrestricted(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether a socket with these ports is in scope.
    pub(crate) fn includes(&self, local: Port, remote: Port) -> bool {
        self.ports
            .as_ref()
            .is_none_or(|ports| ports.contains(local) || ports.contains(remote))
    }

    /// Moves the sockets in scope to the front and returns them. Both parts keep their order:
    /// identical sockets are distinguished only by it.
    pub(crate) fn partition_in_scope<'a>(&self, sockets: &'a mut [Socket]) -> &'a mut [Socket] {
        if self.ports.is_none() {
            return sockets;
        }
        let includes = |socket: &Socket| self.includes(socket.local.port, socket.remote_port());
        sockets.sort_by_key(|socket| !includes(socket));
        let end = sockets.partition_point(includes);
        sockets.get_mut(..end).unwrap_or_default()
    }

    /// Returns whether a socket in scope may have an owner to find: because it has an inode, or
    /// because the source reported a pid.
    pub(crate) fn needs_owners(&self, in_scope: &[Socket]) -> bool {
        let may_be_owned =
            |socket: &Socket| socket.inode.is_some() || socket.holders.found().is_some();
        match self.owners {
            OwnerMode::Off => false,
            OwnerMode::Full | OwnerMode::Incremental => {
                self.ports.is_none() || in_scope.iter().any(may_be_owned)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::PortRange;
    use crate::net::socket::{Inode, TcpState, Transport};

    fn row(local: u16, remote: Option<u16>) -> Socket {
        let end = |port| Endpoint::new([127, 0, 0, 1].into(), Port(port));
        let state = Transport::Tcp(TcpState::Established);
        Socket::new(state, end(local), remote.map(end))
    }

    fn port_scope() -> SampleScope {
        let (first, last) = (Port(80), Port(81));
        SampleScope {
            ports: Some(PortSet::new([PortRange { first, last }])),
            ..SampleScope::default()
        }
    }

    #[test]
    fn sockets_in_scope_come_first_in_stable_order() {
        let mut sockets = [
            (1, None),
            (80, None),
            (2, Some(81)),
            (3, Some(4)),
            (81, None),
        ]
        .map(|(local, remote)| row(local, remote));
        let ports = |sockets: &[Socket]| sockets.iter().map(|s| s.local.port.0).collect::<Vec<_>>();
        assert_eq!(
            ports(port_scope().partition_in_scope(&mut sockets)),
            [80, 2, 81]
        );
        assert_eq!(ports(&sockets), [80, 2, 81, 1, 3]);
        assert_eq!(
            SampleScope::default()
                .partition_in_scope(&mut sockets)
                .len(),
            5
        );
    }

    #[test]
    fn owners_are_needed_only_when_enabled_and_possible() {
        let mut sockets = [row(80, None)];
        assert!(!port_scope().needs_owners(&sockets));
        assert!(SampleScope::default().needs_owners(&sockets));
        sockets[0].inode = NonZeroU64::new(7).map(Inode);
        assert!(port_scope().needs_owners(&sockets));
        let owners_off = SampleScope {
            owners: OwnerMode::Off,
            ..port_scope()
        };
        assert!(!owners_off.needs_owners(&sockets));
    }
}
