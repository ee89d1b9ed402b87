//! An endpoint: an address and a port.
//!
//! Takes addresses as the kernel reports them and displays them as people write them. The kernel
//! reports an IPv4 peer of a dual-stack socket as `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2);
//! [`Endpoint::address`] keeps that form, [`Endpoint::canonical_ip`] converts it to IPv4.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::port::Port;

/// The address family of a *socket*; a dual-stack socket is [`Family::Ipv6`] even where its peer is
/// IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// AF_INET, IPv4.
    Ipv4,
    /// AF_INET6, IPv6 and dual-stack.
    Ipv6,
}

impl Family {
    /// Returns the name used in filters and in JSON: `ipv4` or `ipv6`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

/// The scope of an address (RFC 6890 and RFC 4291, reduced to what matters in a socket table).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressScope {
    /// `0.0.0.0` or `::`: every address of this machine.
    Unspecified,
    /// `127.0.0.0/8` or `::1`: this machine only.
    Loopback,
    /// `169.254.0.0/16` or `fe80::/10`: this link only.
    LinkLocal,
    /// RFC 1918 and `fc00::/7`.
    Private,
    /// A multicast group (RFC 5771, RFC 4291 §2.7), not a host.
    Multicast,
    /// Every other address.
    Global,
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address as the kernel reports it; may be IPv4-mapped.
    pub address: IpAddr,
    /// The port; [`Port::NONE`] where there is none.
    pub port: Port,
}

impl Endpoint {
    /// Creates an endpoint.
    pub const fn new(address: IpAddr, port: Port) -> Self {
        Self { address, port }
    }

    /// Returns the address family of the socket this endpoint belongs to.
    pub const fn family(&self) -> Family {
        match self.address {
            IpAddr::V4(_) => Family::Ipv4,
            IpAddr::V6(_) => Family::Ipv6,
        }
    }

    /// Returns whether the endpoint belongs to an IPv6 socket.
    pub const fn is_ipv6(&self) -> bool {
        matches!(self.address, IpAddr::V6(_))
    }

    /// Returns the address as people write it: an IPv4-mapped IPv6 address becomes the IPv4
    /// address.
    pub fn canonical_ip(&self) -> IpAddr {
        self.address.to_canonical()
    }

    /// Returns whether this is an IPv4 address in an IPv6 socket (`::ffff:a.b.c.d`).
    pub fn is_ipv4_mapped(&self) -> bool {
        matches!(self.address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some())
    }

    /// Returns the endpoint with [`Endpoint::canonical_ip`] as its address, for comparing across
    /// families.
    pub fn canonical(&self) -> Self {
        Self::new(self.canonical_ip(), self.port)
    }

    /// Returns the scope of the address; an IPv4-mapped address has that of its IPv4 address.
    pub fn scope(&self) -> AddressScope {
        match self.canonical_ip() {
            IpAddr::V4(v4) => ipv4_scope(v4),
            IpAddr::V6(v6) => ipv6_scope(v6),
        }
    }
}

fn ipv4_scope(v4: Ipv4Addr) -> AddressScope {
    if v4.is_unspecified() {
        AddressScope::Unspecified
    } else if v4.is_loopback() {
        AddressScope::Loopback
    } else if v4.is_link_local() {
        AddressScope::LinkLocal
    } else if v4.is_private() {
        AddressScope::Private
    } else if v4.is_multicast() {
        AddressScope::Multicast
    } else {
        AddressScope::Global
    }
}

fn ipv6_scope(v6: Ipv6Addr) -> AddressScope {
    if v6.is_unspecified() {
        AddressScope::Unspecified
    } else if v6.is_loopback() {
        AddressScope::Loopback
    } else if v6.is_unicast_link_local() {
        AddressScope::LinkLocal
    } else if v6.is_unique_local() {
        AddressScope::Private
    } else if v6.is_multicast() {
        AddressScope::Multicast
    } else {
        AddressScope::Global
    }
}

impl fmt::Display for Endpoint {
    /// Formats the endpoint as `192.0.2.1:80` or `[2001:db8::1]:80`; an IPv4-mapped address as
    /// IPv4.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.canonical_ip() {
            IpAddr::V4(v4) => write!(f, "{v4}:{}", self.port),
            IpAddr::V6(v6) => write!(f, "[{v6}]:{}", self.port),
        }
    }
}
