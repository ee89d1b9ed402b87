//! Names and places, before the names stand for numbers.
//!
//! In: nothing; this is what lessons are written in. Out: `127.0.0.1:P`, whatever P will be.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// 127.0.0.1: this machine, and where labs are unless another address is the point.
pub const LOOPBACK_V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// 0.0.0.0: every IPv4 address of this machine.
pub const WILDCARD_V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// ::1: this machine, IPv6.
pub const LOOPBACK_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
/// `::`: every address of this machine.
pub const WILDCARD_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Another address of the same machine: 127.0.0.n.
pub const fn loopback_v4(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, n))
}

/// What a lesson calls a port or a socket: `P`, `c`. One that ends in `#` stands for several, one
/// for each time a deed is done: `C#` is `C1`, `C2`, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabName(pub &'static str);

impl LabName {
    /// The name the n-th time.
    pub fn numbered(self, n: u8) -> String {
        match self.0.strip_suffix('#') {
            Some(stem) => format!("{stem}{n}"),
            None => self.0.to_owned(),
        }
    }

    /// Whether it stands for several.
    pub fn is_numbered(self) -> bool {
        self.0.ends_with('#')
    }
}

/// The port of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabPort {
    /// 0: the kernel chooses.
    Ephemeral,
    /// The one that has this name by now.
    Named(LabName),
    /// This one.
    Fixed(u16),
}

/// An address and a port, before the port has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LabEndpoint {
    /// The address.
    pub address: IpAddr,
    /// The port.
    pub port: LabPort,
}

impl LabEndpoint {
    /// This address; the kernel chooses the port.
    pub const fn with_ephemeral_port(address: IpAddr) -> Self {
        Self {
            address,
            port: LabPort::Ephemeral,
        }
    }

    /// This address, the port of this name.
    pub const fn with_named_port(address: IpAddr, name: &'static str) -> Self {
        Self {
            address,
            port: LabPort::Named(LabName(name)),
        }
    }

    /// As it is written the n-th time: `127.0.0.1:P`.
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
