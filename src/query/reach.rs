//! Determines from which addresses a port can be reached; firewalls are not considered.
//!
//! [`Reach`] is the widest reach of all listeners of a port, whether they match the filter or not.

use std::net::IpAddr;

use hashbrown::HashMap;

use crate::history::{Moment, TrackedSocket};
use crate::net::endpoint::{AddressScope, Family};
use crate::net::port::PortKey;
use crate::net::socket::InterfaceIndex;

/// From where the listeners of a port can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Bound to loopback addresses only.
    Loopback,
    /// Bound to one address of this machine.
    Address(IpAddr),
    /// Bound to several addresses, none of them the wildcard; the number of them.
    Addresses(u32),
    /// A UDP socket bound to the address of a multicast group.
    Multicast(IpAddr),
    /// Bound to one network interface (`SO_BINDTODEVICE`).
    Interface(InterfaceIndex),
    /// Bound to several network interfaces.
    Interfaces(u32),
    /// Bound to the wildcard address.
    Wildcard(WildcardFamilies),
}

/// Which families a wildcard listener accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WildcardFamilies {
    /// `0.0.0.0`.
    Ipv4,
    /// `::` with V6ONLY.
    Ipv6,
    /// `::`, and the source does not report whether IPv4 is accepted too.
    Ipv6MaybeIpv4,
    /// `::` for both, or both wildcards.
    Both,
}

/// Returns the reach of every port with a listener.
pub(crate) fn reach_by_port(moment: &Moment) -> HashMap<PortKey, Reach> {
    let mut ports: HashMap<PortKey, ReachBuilder> = HashMap::new();
    for row in moment.rows() {
        if row.socket.is_listening() && !row.is_closed() {
            ports.entry(row.port_key()).or_default().add(row);
        }
    }
    let summed = ports
        .into_iter()
        .filter_map(|(port, reaches)| Some((port, reaches.build()?)));
    summed.collect()
}

/// Combines the reach of several listeners.
#[derive(Default)]
struct ReachBuilder {
    ipv4: bool,
    ipv6: bool,
    /// A `::` listener of which V6ONLY is not known.
    maybe_ipv4: bool,
    interfaces: Vec<InterfaceIndex>,
    /// All bound addresses except wildcards, including loopback.
    addresses: Vec<IpAddr>,
}

impl ReachBuilder {
    fn add(&mut self, row: &TrackedSocket) {
        let socket = &row.socket;
        match (socket.local.scope(), socket.interface) {
            // A link-local address has an interface only to say which link is meant.
            (scope, Some(interface)) if scope != AddressScope::LinkLocal => {
                push_unique(&mut self.interfaces, interface);
            }
            (AddressScope::Unspecified, _) if socket.family() == Family::Ipv4 => self.ipv4 = true,
            (AddressScope::Unspecified, _) => {
                self.ipv6 = true;
                self.ipv4 |= socket.v6only == Some(false);
                self.maybe_ipv4 |= socket.v6only.is_none();
            }
            _ => push_unique(&mut self.addresses, socket.local.canonical_ip()),
        }
    }

    fn build(&self) -> Option<Reach> {
        let many = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Some(match (self.ipv4, self.ipv6, self.maybe_ipv4) {
            (true, true, _) => Reach::Wildcard(WildcardFamilies::Both),
            (true, false, _) => Reach::Wildcard(WildcardFamilies::Ipv4),
            (false, true, true) => Reach::Wildcard(WildcardFamilies::Ipv6MaybeIpv4),
            (false, true, false) => Reach::Wildcard(WildcardFamilies::Ipv6),
            (false, false, _) => match (&self.interfaces[..], &self.addresses[..]) {
                ([], []) => return None,
                ([], [one]) if one.is_multicast() => Reach::Multicast(*one),
                ([], all) if all.iter().all(IpAddr::is_loopback) => Reach::Loopback,
                ([], [one]) => Reach::Address(*one),
                ([], several) => Reach::Addresses(many(several.len())),
                ([one], []) => Reach::Interface(*one),
                (several, []) => Reach::Interfaces(many(several.len())),
                (interfaces, addresses) => {
                    Reach::Addresses(many(interfaces.len() + addresses.len()))
                }
            },
        })
    }
}

fn push_unique<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
