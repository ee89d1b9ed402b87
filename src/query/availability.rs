//! Whether a wished port can be had, and which sockets have a part of it.
//!
//! In: what trying to bind said, and a moment. Out: a [`Verdict`] and the rows, those in reach of
//! the wish and those beside it, in a steady order. What was tried decides; the rows explain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::collect::{BindError, ProbeResult};
use crate::history::{Moment, TrackedSocket};
use crate::net::bind_target::{BindAddr, BindScope, BindTarget};

/// Whether the port can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Free,
    /// Somebody has it.
    InUse,
    /// Nobody here ever can: the address or its family is not here.
    AddrNotAvailable,
    /// The system does not let this user, and does not say whether anybody has it.
    PermissionDenied,
}

/// The sockets with the wished port.
#[derive(Clone, Debug, Default)]
pub struct PortUsers {
    /// They have an address that is wished for, too. Listeners first.
    pub overlapping: Vec<Arc<TrackedSocket>>,
    /// They have the port at other addresses.
    pub unused_loopback: Vec<Arc<TrackedSocket>>,
}

impl PortUsers {
    /// Looks for them.
    pub fn for_target(wish: BindTarget, moment: &Moment) -> Self {
        let berths = wish.bind_addrs();
        let mut rows: Vec<Arc<TrackedSocket>> = moment
            .rows()
            .filter(|row| !row.is_closed())
            .filter(|row| row.socket.local.port == wish.port)
            .filter(|row| row.socket.protocol() == wish.protocol)
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
        let (meeting, beside) = rows
            .into_iter()
            .partition(|row| berths.iter().any(|berth| berth.overlaps(&row.socket)));
        Self {
            overlapping: meeting,
            unused_loopback: beside,
        }
    }

    /// Whether one of them shuts everybody else out, as far as a table can tell.
    pub fn has_listener(&self) -> bool {
        self.overlapping.iter().any(|row| row.socket.is_listening())
    }
}

impl Availability {
    /// Concludes.
    pub fn from_probes(probes: &[ProbeResult], users: &PortUsers) -> Self {
        // A family that is off takes nothing away from the other.
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

/// What else is worth trying when a wish without address is refused: IPv6 alone, and addresses
/// that nobody in the table has.
pub fn alternatives(wish: BindTarget, users: &PortUsers) -> Vec<BindAddr> {
    if wish.scope != BindScope::AllAddresses {
        return Vec::new();
    }
    let is_used = |address: &Ipv4Addr| {
        let mut rows = users.overlapping.iter();
        rows.any(|row| row.socket.local.canonical_ip() == IpAddr::V4(*address))
    };
    // All of 127.0.0.0/8 is this machine where Linux runs; elsewhere trying tells. Two of them: who
    // is in no table has one at most.
    let loopback = (1..=u8::MAX).map(|last| Ipv4Addr::new(127, 0, 0, last));
    let unused = loopback.filter(|address| !is_used(address)).take(2);
    let ipv6_only = wish.bind_addr(Ipv6Addr::UNSPECIFIED);
    let unused_loopback = unused.map(|address| wish.bind_addr(address));
    [ipv6_only].into_iter().chain(unused_loopback).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::port::Port;

    /// The verdict when the two wildcards were refused in these ways.
    fn availability(six: Result<(), BindError>, four: Result<(), BindError>) -> Availability {
        let wish: BindTarget = "80".parse().unwrap();
        let probes: Vec<ProbeResult> = wish
            .bind_addrs()
            .into_iter()
            .zip([six, four])
            .map(|(berth, usual)| ProbeResult {
                addr: berth,
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
