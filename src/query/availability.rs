//! Determines whether a port is free, and which sockets use it.
//!
//! Combines the results of bind probes with the socket table. The probes decide, the rows explain.
//! Rows are in a stable order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::collect::{BindError, ProbeResult};
use crate::history::{Moment, TrackedSocket};
use crate::net::bind_target::{BindAddr, BindScope, BindTarget};

/// Whether a port can be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    Free,
    InUse,
    /// The address, or its family, does not exist on this machine.
    AddrNotAvailable,
    /// This user may not bind the port, and the system does not say whether it is in use.
    PermissionDenied,
}

/// The sockets that have the target port.
#[derive(Clone, Debug, Default)]
pub struct PortUsers {
    /// Sockets at an address of the target. Listeners first.
    pub overlapping: Vec<Arc<TrackedSocket>>,
    /// Sockets with the port at other addresses.
    pub unused_loopback: Vec<Arc<TrackedSocket>>,
}

impl PortUsers {
    /// Finds the sockets with the port of `target`.
    pub fn for_target(target: BindTarget, moment: &Moment) -> Self {
        let addrs = target.bind_addrs();
        let mut rows: Vec<Arc<TrackedSocket>> = moment
            .rows()
            .filter(|row| !row.is_closed())
            .filter(|row| row.socket.local.port == target.port)
            .filter(|row| row.socket.protocol() == target.protocol)
            .cloned()
            .collect();
        rows.sort_by_key(|row| {
            let socket = &row.socket;
            (
                row.side,
                socket.transport,
                socket.local,
                socket.remote,
                row.key,
            )
        });
        let (overlapping, others) = rows
            .into_iter()
            .partition(|row| addrs.iter().any(|addr| addr.overlaps(&row.socket)));
        Self {
            overlapping,
            unused_loopback: others,
        }
    }

    /// Returns whether one of them is a listener, which prevents other binds as far as the table shows.
    pub fn has_listener(&self) -> bool {
        self.overlapping.iter().any(|row| row.socket.is_listening())
    }
}

impl Availability {
    /// Combines probe results and socket table.
    pub fn from_probes(probes: &[ProbeResult], users: &PortUsers) -> Self {
        // A disabled family does not make the other one unavailable.
        let errors = || {
            let any_family = probes
                .iter()
                .any(|t| t.server_default != Err(BindError::FamilyUnsupported));
            probes
                .iter()
                .filter_map(|probe| probe.server_default.as_ref().err())
                .filter(move |error| !any_family || **error != BindError::FamilyUnsupported)
        };
        let is_inconclusive =
            |r: &BindError| matches!(r, BindError::PrivilegedPort(_) | BindError::Other(_));
        if errors().any(|error| *error == BindError::AddrInUse) {
            Self::InUse
        } else if errors().any(is_inconclusive) {
            match users.has_listener() {
                true => Self::InUse,
                false => Self::PermissionDenied,
            }
        } else if errors().any(|error| *error == BindError::ProbeUnsupported) {
            match users.has_listener() {
                true => Self::InUse,
                false => Self::Free,
            }
        } else if errors().next().is_some() {
            Self::AddrNotAvailable
        } else {
            Self::Free
        }
    }
}

/// Returns what else to try when a target without address is refused: IPv6 only, and loopback
/// addresses not in the table.
pub fn alternatives(target: BindTarget, users: &PortUsers) -> Vec<BindAddr> {
    if target.scope != BindScope::AllAddresses {
        return Vec::new();
    }
    let is_used = |address: &Ipv4Addr| {
        let mut rows = users.overlapping.iter();
        rows.any(|row| row.socket.local.canonical_ip() == IpAddr::V4(*address))
    };
    // On Linux all of 127.0.0.0/8 is local; elsewhere the probe shows it. Two of them, because a
    // socket missing from the table occupies at most one.
    let loopback = (1..=u8::MAX).map(|last| Ipv4Addr::new(127, 0, 0, last));
    let unused = loopback.filter(|address| !is_used(address)).take(2);
    let ipv6_only = target.bind_addr(Ipv6Addr::UNSPECIFIED);
    let unused_loopback = unused.map(|address| target.bind_addr(address));
    [ipv6_only].into_iter().chain(unused_loopback).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::port::Port;

    /// Returns the availability for these probe results of the two wildcard addresses.
    fn availability(six: Result<(), BindError>, four: Result<(), BindError>) -> Availability {
        let target: BindTarget = "80".parse().unwrap();
        let probes: Vec<ProbeResult> = target
            .bind_addrs()
            .into_iter()
            .zip([six, four])
            .map(|(addr, usual)| ProbeResult {
                addr,
                exclusive: usual.clone(),
                server_default: usual,
            })
            .collect();
        Availability::from_probes(&probes, &PortUsers::default())
    }

    #[test]
    fn one_wildcard_in_use_is_enough() {
        assert_eq!(availability(Ok(()), Ok(())), Availability::Free);
        assert_eq!(
            availability(Err(BindError::AddrInUse), Ok(())),
            Availability::InUse
        );
        let privileged = || Err(BindError::PrivilegedPort(Port(1024)));
        assert_eq!(
            availability(Err(BindError::AddrInUse), privileged()),
            Availability::InUse
        );
        assert_eq!(
            availability(privileged(), privileged()),
            Availability::PermissionDenied
        );
    }

    #[test]
    fn disabled_family_is_ignored() {
        let off = || Err(BindError::FamilyUnsupported);
        assert_eq!(availability(off(), Ok(())), Availability::Free);
        assert_eq!(
            availability(off(), Err(BindError::AddrInUse)),
            Availability::InUse
        );
        assert_eq!(availability(off(), off()), Availability::AddrNotAvailable);
        assert_eq!(
            availability(Err(BindError::AddrNotAvailable), off()),
            Availability::AddrNotAvailable
        );
    }

    #[test]
    fn without_a_probe_the_socket_table_decides() {
        let untried = || Err(BindError::ProbeUnsupported);
        assert_eq!(availability(untried(), untried()), Availability::Free);
    }
}
