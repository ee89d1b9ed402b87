//! Endpoints of lessons, in which ports have names instead of numbers: `127.0.0.1:P`.
//!
//! The port numbers are known only when a lab runs ([`super::lab_names::LabNames`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// 127.0.0.1, the address that labs use by default.
pub const LOOPBACK_V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// 0.0.0.0, the IPv4 wildcard address (INADDR_ANY).
pub const WILDCARD_V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// ::1, the IPv6 loopback address.
pub const LOOPBACK_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// `::`, the IPv6 wildcard address.
pub const WILDCARD_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Returns 127.0.0.n, another loopback address.
pub const fn loopback_v4(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, n))
}

/// The name of a port or a socket in a lesson: `P`, `c`. A name that ends in `#` stands for
/// several, one for each repetition of an action: `C#` is `C1`, `C2`, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabName(pub &'static str);

impl LabName {
    /// Returns the name for the `n`-th repetition: `C#` becomes `C1` for `n` = 1.
    pub fn numbered(self, n: u8) -> String {
        match self.0.strip_suffix('#') {
            Some(stem) => format!("{stem}{n}"),
            None => self.0.to_owned(),
        }
    }

    /// Returns whether the name ends in `#`.
    pub fn is_numbered(self) -> bool {
        self.0.ends_with('#')
    }
}

/// The port of a [`LabEndpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabPort {
    /// Port 0: the kernel chooses (bind(2)).
    Ephemeral,
    /// The port that has this name when the call is made.
    Named(LabName),
    /// A fixed number, such as 80.
    Fixed(u16),
}

/// An address and a port that may still be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LabEndpoint {
    pub address: IpAddr,
    pub port: LabPort,
}

impl LabEndpoint {
    /// Returns this address with port 0.
    pub const fn with_ephemeral_port(address: IpAddr) -> Self {
        Self {
            address,
            port: LabPort::Ephemeral,
        }
    }

    /// Returns this address with a named port.
    pub const fn with_named_port(address: IpAddr, name: &'static str) -> Self {
        Self {
            address,
            port: LabPort::Named(LabName(name)),
        }
    }

    /// Formats the endpoint for the `n`-th repetition: `127.0.0.1:P`.
    pub fn text(self, n: u8) -> String {
        let port = match self.port {
            LabPort::Ephemeral => "0".to_owned(),
            LabPort::Named(name) => name.numbered(n),
            LabPort::Fixed(number) => number.to_string(),
        };
        match self.address {
            IpAddr::V4(v4) => format!("{v4}:{port}"),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => format!("[::ffff:{v4}]:{port}"),
                None => format!("[{v6}]:{port}"),
            },
        }
    }
}
