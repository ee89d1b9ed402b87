//! An endpoint: address and port.
//!
//! In: addresses as the kernel keeps them. Out: [`Endpoint`], shown and compared the way people
//! read it. An IPv4 peer of a dual-stack socket is kept by the kernel as `::ffff:a.b.c.d`
//! (RFC 4291 §2.5.5.2); [`Endpoint::address`] keeps that, [`Endpoint::plain`] undoes it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::port::Port;

/// The address family of a *socket*; a dual-stack socket is [`Family::Ipv6`] whoever is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// AF_INET.
    Ipv4,
    /// AF_INET6.
    Ipv6,
}

impl Family {
    /// The word used in filters and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

/// How far an address reaches (RFC 6890 and RFC 4291, as far as a reader of a socket table cares).
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
    /// A group, not a host.
    Multicast,
    /// Everything else.
    Global,
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// As the kernel keeps it, v4-mapped addresses included.
    pub address: IpAddr,
    /// The port, [`Port::NONE`] where there is none.
    pub port: Port,
}

impl Endpoint {
    /// Joins the two.
    pub const fn new(address: IpAddr, port: Port) -> Self {
        Self { address, port }
    }

    /// The family of the socket this endpoint belongs to.
    pub const fn family(&self) -> Family {
        match self.address {
            IpAddr::V4(_) => Family::Ipv4,
            IpAddr::V6(_) => Family::Ipv6,
        }
    }

    /// Whether it belongs to an IPv6 socket.
    pub const fn is_ipv6(&self) -> bool {
        matches!(self.address, IpAddr::V6(_))
    }

    /// The address as people write it: a v4-mapped IPv6 address becomes the IPv4 address it stands for.
    pub fn canonical_ip(&self) -> IpAddr {
        self.address.to_canonical()
    }

    /// Whether this is an IPv4 address inside an IPv6 socket.
    pub fn is_ipv4_mapped(&self) -> bool {
        matches!(self.address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some())
    }

    /// The same endpoint with [`Endpoint::plain`] as its address, for comparing across families.
    pub fn canonical(&self) -> Self {
        Self::new(self.canonical_ip(), self.port)
    }

    /// How far the address reaches.
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
    /// `192.0.2.1:80` or `[2001:db8::1]:80`; a mapped address as the IPv4 address it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.canonical_ip() {
            IpAddr::V4(v4) => write!(f, "{v4}:{}", self.port),
            IpAddr::V6(v6) => write!(f, "[{v6}]:{}", self.port),
        }
    }
}
