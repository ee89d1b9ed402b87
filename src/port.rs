//! A port: a number, per protocol. Not a socket, not a connection.
//!
//! In: 16-bit numbers as the kernel and the user give them. Out: [`Port`], [`Protocol`] and
//! [`PortKey`], the name of the thing that many sockets share.

use std::fmt;

/// A transport protocol whose sockets have ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Transmission Control Protocol (RFC 9293).
    Tcp,
    /// User Datagram Protocol (RFC 768).
    Udp,
}

impl Protocol {
    /// The lower-case name used in `443/tcp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A port number, 0–65535. Port 0 is never on the wire; the kernel uses it for "none".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port(pub u16);

impl Port {
    /// "No port": a listener's remote side, or a socket that is not bound yet.
    pub const NONE: Self = Self(0);

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// The lowest.
    pub first: Port,
    /// The highest.
    pub last: Port,
}

impl PortRange {
    /// Linux's default ephemeral range (`net.ipv4.ip_local_port_range`, ip(7)).
    pub const LINUX: Self = Self {
        first: Port(32768),
        last: Port(60999),
    };
    /// IANA's dynamic range (RFC 6335 §6), the default of most other systems.
    pub const IANA: Self = Self {
        first: Port(49152),
        last: Port(65535),
    };

    /// Whether the port lies in the range.
    pub fn contains(self, port: Port) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

/// On which side of the sockets the shared port lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortSide {
    /// The port is this machine's: its listeners and the connections they accepted.
    Here,
    /// The port is the other end's: connections that were dialled from here.
    There,
}

/// One shared port. 443 here and 443 over there are two different keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortKey {
    /// First, so that the sections of the chart come in this order.
    pub side: PortSide,
    /// The number that is shared.
    pub port: Port,
    /// TCP and UDP ports with the same number are different ports.
    pub protocol: Protocol,
}

impl fmt::Display for PortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol)
    }
}
