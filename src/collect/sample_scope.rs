//! What is asked of a sample.
//!
//! In: the ports that somebody wants to know about, and whether owners and closes matter. Out: [`SampleScope`],
//! by which a source lists less and fewer owners are sought. Everything, unless told otherwise.

use crate::net::port::{Port, PortSet};
use crate::net::socket::Socket;

/// What a sample has to have. What it has besides is not wrong, only not complete: sockets of other
/// ports may or may not be there, and nothing follows from their absence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleScope {
    /// Every socket with one of these ports at either end; `None` for every socket. Whoever waits
    /// for others is there in any case, because on which side a connection is depends on who
    /// listens on its port.
    pub ports: Option<PortSet>,
    /// Whether the owners of those sockets are wanted.
    pub owners: OwnerMode,
    /// Whether sockets are wanted that closed since the sample before.
    pub close_events: CloseEvents,
}

/// Whether the ends of sockets are listened for, where the source can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CloseEvents {
    /// From the first sample on, so that the second and later ones have what closed meanwhile.
    #[default]
    On,
    /// Nobody listens: who looks once has no use for it.
    Off,
}

/// Whether owners are looked for. The look through all processes is what takes longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnerMode {
    /// Every process that has one of the sockets is found.
    #[default]
    Full,
    /// The same, but no sample waits until all processes were looked into for the first time: who
    /// was not gets his turn in the next one ([`OwnerCoverage::unvisited`](crate::net::snapshot::Sight)).
    Incremental,
    /// Nobody looks: the sample does not tell owners, and all that have a descriptor are
    /// `Untold`.
    Off,
}

impl SampleScope {
    /// Whether it is the demand for everything.
    pub fn is_unrestricted(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a socket with these ports is one of those asked for.
    pub(crate) fn includes(&self, local: Port, remote: Port) -> bool {
        self.ports
            .as_ref()
            .is_none_or(|ports| ports.contains(local) || ports.contains(remote))
    }

    /// Brings the sockets asked for to the front and returns them. Of both kinds the order stays:
    /// sockets that nothing tells apart are told apart by their order.
    pub(crate) fn partition_in_scope<'a>(&self, sockets: &'a mut [Socket]) -> &'a mut [Socket] {
        if self.ports.is_none() {
            return sockets;
        }
        let includes = |socket: &Socket| self.includes(socket.local.port, socket.remote_port());
        sockets.sort_by_key(|socket| !includes(socket));
        let end = sockets.partition_point(includes);
        sockets.get_mut(..end).unwrap_or_default()
    }

    /// Whether one of the sockets asked for may have an owner to be found: by its inode, or because
    /// the source told a pid.
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
