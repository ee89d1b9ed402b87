//! A port: a number, per protocol. Neither a socket nor a connection.
//!
//! Defines [`Port`], [`Protocol`], [`PortSet`], and [`PortKey`], which identifies the port that
//! many sockets share.

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
    /// Returns the lower-case name, as in `443/tcp`.
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
    /// "No port": the remote port of a listener, or the local port of a socket that is not bound.
    pub const NONE: Self = Self(0);

    /// Returns the port as an integer.
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
    /// The lowest port in the range.
    pub first: Port,
    /// The highest port in the range.
    pub last: Port,
}

impl PortRange {
    /// Linux's default ephemeral range (`net.ipv4.ip_local_port_range`, ip(7)).
    pub const LINUX_DEFAULT: Self = Self {
        first: Port(32768),
        last: Port(60999),
    };
    /// IANA's dynamic range (RFC 6335 §6), the default of most other systems.
    pub const IANA_DYNAMIC: Self = Self {
        first: Port(49152),
        last: Port(65535),
    };

    /// Returns whether the port is in the range.
    pub fn contains(self, port: Port) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

/// A set of ports, stored as ranges. [`Port::NONE`] is in no set: it is not a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSet {
    /// Ascending; between two ranges at least one port is in neither.
    ranges: Vec<PortRange>,
}

impl PortSet {
    /// Creates the set of the ports in all ranges, given in any order. A range whose first port is
    /// above its last is empty.
    pub fn new(ranges: impl IntoIterator<Item = PortRange>) -> Self {
        let valid = ranges.into_iter().map(|range| PortRange {
            first: range.first.max(Port(1)),
            last: range.last,
        });
        let mut valid: Vec<PortRange> = valid.filter(|range| range.first <= range.last).collect();
        valid.sort_unstable_by_key(|range| range.first);
        let mut ranges: Vec<PortRange> = Vec::new();
        for range in valid {
            match ranges.last_mut() {
                Some(before) if range.first.0 <= before.last.0.saturating_add(1) => {
                    before.last = before.last.max(range.last);
                }
                _ => ranges.push(range),
            }
        }
        Self { ranges }
    }

    /// Returns the ranges: ascending, and as few as possible.
    pub fn ranges(&self) -> &[PortRange] {
        &self.ranges
    }

    /// Returns whether the port is in the set.
    pub fn contains(&self, port: Port) -> bool {
        let at = self.ranges.partition_point(|range| range.last < port);
        self.ranges
            .get(at)
            .is_some_and(|range| range.contains(port))
    }

    /// Returns the number of ports in the set.
    pub fn len(&self) -> usize {
        let lengths = self.ranges.iter();
        lengths
            .map(|range| usize::from(range.last.0 - range.first.0) + 1)
            .sum()
    }

    /// Returns whether the set has no ports.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

/// The side of the connection on which the shared port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortSide {
    /// The local port: the listeners on it and the connections they accepted.
    Local,
    /// The remote port: connections that this machine opened to it.
    Remote,
}

/// One shared port. Local port 443 and remote port 443 are two different keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortKey {
    /// The side; the first field, because it orders the groups in the table.
    pub side: PortSide,
    /// The number of the shared port.
    pub port: Port,
    /// The protocol: TCP and UDP ports with the same number are different ports.
    pub protocol: Protocol,
}

impl fmt::Display for PortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn port_set_contains_its_ranges_and_merges_adjacent_ones(
            ranges in proptest::collection::vec((0..40_u16, 0..12_u16), 0..8),
            far in any::<u16>(),
        ) {
            let ranges = ranges.into_iter().chain([(far, 3), (u16::MAX, 0)]);
            let ranges: Vec<_> = ranges
                .map(|(first, more)| PortRange {
                    first: Port(first),
                    last: Port(first.saturating_add(more)),
                })
                .collect();
            let set = PortSet::new(ranges.iter().copied());
            let expected = |port| port != Port::NONE && ranges.iter().any(|r| r.contains(port));
            let all = || (0..=u16::MAX).map(Port);
            prop_assert!(all().all(|port| set.contains(port) == expected(port)));
            prop_assert_eq!(set.len(), all().filter(|port| expected(*port)).count());
            prop_assert!(set.ranges().windows(2).all(|w| w[0].last.0 + 1 < w[1].first.0));
        }
    }

    #[test]
    fn port_zero_is_in_no_set() {
        let range = |first, last| PortRange {
            first: Port(first),
            last: Port(last),
        };
        assert!(PortSet::new([range(0, 0), range(9, 8)]).is_empty());
        let all = PortSet::new([range(0, u16::MAX)]);
        assert_eq!(all.ranges(), [range(1, u16::MAX)]);
        assert!(!all.contains(Port::NONE));
    }
}
