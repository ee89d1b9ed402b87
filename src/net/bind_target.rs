//! Parses the target of `portolan free` and derives the addresses that bind(2) is tried on.
//!
//! Takes text such as `8080`, `53/udp`, `[::1]:80`. Returns a [`BindTarget`] and its [`BindAddr`]s:
//! each is the argument of one bind(2), and knows which sockets' addresses it overlaps.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::endpoint::Endpoint;
use super::port::{Port, Protocol};
use super::socket::Socket;

/// A port to bind, on all addresses or on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindTarget {
    /// The transport protocol; TCP where the text names none.
    pub protocol: Protocol,
    /// The port; never [`Port::NONE`].
    pub port: Port,
    /// The addresses to bind it on.
    pub scope: BindScope,
}

/// The addresses a port is to be bound on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindScope {
    /// The text has no address: all addresses, which is what servers bind when they are given only
    /// a port.
    AllAddresses,
    /// This address. A wildcard that was written out stands for all addresses of its own family.
    Address(IpAddr),
}

/// The reason why a text is not a bind target. Displayed after the text itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseBindTargetError {
    /// The port is 0, which bind(2) reads as "any free port".
    #[error("port 0 means \"any free port\"; give a port from 1 to 65535")]
    PortZero,
    /// The port is a number above 65535.
    #[error("the maximum is 65535")]
    PortTooHigh,
    /// What follows the slash is neither `tcp` nor `udp`.
    #[error("the protocol must be tcp or udp")]
    UnknownProtocol,
    /// An IPv6 address without brackets: `::1:80` can be read in two ways.
    #[error("write an IPv6 address in brackets, as in [::1]:80")]
    MissingBrackets,
    /// A link-local address: `fe80::1%eth0`, or `fe80::1`, which is ambiguous without its zone.
    #[error("link-local addresses (fe80::/10, or with a zone such as %eth0) cannot be checked")]
    LinkLocal,
    /// The text has none of the accepted forms.
    #[error("expected a port such as 8080, 53/udp, 127.0.0.1:80 or [::1]:80/tcp")]
    Malformed,
}

impl std::str::FromStr for BindTarget {
    type Err = ParseBindTargetError;

    fn from_str(text: &str) -> Result<Self, ParseBindTargetError> {
        let (address_and_port, protocol) = match text.rsplit_once('/') {
            None => (text, Protocol::Tcp),
            Some((address_and_port, name)) if name.eq_ignore_ascii_case("tcp") => {
                (address_and_port, Protocol::Tcp)
            }
            Some((address_and_port, name)) if name.eq_ignore_ascii_case("udp") => {
                (address_and_port, Protocol::Udp)
            }
            Some(_) => return Err(ParseBindTargetError::UnknownProtocol),
        };
        let (scope, port) = match address_and_port.rsplit_once(':') {
            None => (BindScope::AllAddresses, address_and_port),
            Some(("" | "*", port)) => (BindScope::AllAddresses, port),
            Some((address, port)) => (BindScope::Address(parse_address(address)?), port),
        };
        Ok(Self {
            protocol,
            port: parse_port(port)?,
            scope,
        })
    }
}

fn parse_address(text: &str) -> Result<IpAddr, ParseBindTargetError> {
    if text.contains('%') {
        return Err(ParseBindTargetError::LinkLocal);
    }
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match inner {
        Some(inner) => IpAddr::V6(inner.parse().map_err(|_| ParseBindTargetError::Malformed)?),
        None if text.contains(':') && !text.starts_with('[') => {
            return Err(ParseBindTargetError::MissingBrackets);
        }
        None => IpAddr::V4(text.parse().map_err(|_| ParseBindTargetError::Malformed)?),
    };
    if matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local()) {
        return Err(ParseBindTargetError::LinkLocal);
    }
    // A v4-mapped address is its IPv4 address: both are the same port of the same host.
    Ok(address.to_canonical())
}

fn parse_port(text: &str) -> Result<Port, ParseBindTargetError> {
    // Rust parses `+80` as a number; no other tool accepts it as a port.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ParseBindTargetError::Malformed);
    }
    match text.parse() {
        Ok(0) => Err(ParseBindTargetError::PortZero),
        Ok(number) => Ok(Port(number)),
        Err(_) => Err(ParseBindTargetError::PortTooHigh),
    }
}

impl fmt::Display for BindTarget {
    /// Formats the target as `8080/tcp` or `127.0.0.1:8080/tcp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            BindScope::AllAddresses => self.port.fmt(f)?,
            BindScope::Address(address) => Endpoint::new(address, self.port).fmt(f)?,
        }
        write!(f, "/{}", self.protocol)
    }
}

impl BindTarget {
    /// Returns the addresses that must all be free. A server that is given only a port binds `[::]`
    /// for both families or `0.0.0.0`, so both are tried.
    pub fn bind_addrs(self) -> Vec<BindAddr> {
        match self.scope {
            BindScope::AllAddresses => vec![
                self.dual_stack_addr(),
                self.bind_addr(Ipv4Addr::UNSPECIFIED),
            ],
            BindScope::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => vec![self.dual_stack_addr()],
            BindScope::Address(address) => vec![self.bind_addr(address)],
        }
    }

    /// Returns the same port on one address, for that address's family only.
    pub fn bind_addr(self, address: impl Into<IpAddr>) -> BindAddr {
        BindAddr {
            protocol: self.protocol,
            endpoint: Endpoint::new(address.into(), self.port),
            family_coverage: FamilyCoverage::OwnFamily,
        }
    }

    fn dual_stack_addr(self) -> BindAddr {
        BindAddr {
            family_coverage: FamilyCoverage::DualStack,
            ..self.bind_addr(Ipv6Addr::UNSPECIFIED)
        }
    }
}

/// The address families a bound socket covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyCoverage {
    /// The family of its address.
    OwnFamily,
    /// Both: `[::]` without IPV6_V6ONLY also covers IPv4.
    DualStack,
}

/// The argument of one bind(2): protocol, address, port and families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindAddr {
    /// The transport protocol. A TCP and a UDP port with the same number are independent.
    pub protocol: Protocol,
    /// The address and port to bind.
    pub endpoint: Endpoint,
    /// The families covered; only for an IPv6 wildcard can it be both.
    pub family_coverage: FamilyCoverage,
}

impl BindAddr {
    /// Returns whether the socket is bound to an address and port that this one would also cover.
    /// An overlap alone does not make bind(2) fail: that depends on the options both sockets set.
    pub fn overlaps(&self, socket: &Socket) -> bool {
        if socket.protocol() != self.protocol || socket.local.port != self.endpoint.port {
            return false;
        }
        let other_coverage = match socket.v6only {
            Some(true) => FamilyCoverage::OwnFamily,
            // Where the source does not report IPV6_V6ONLY, the usual default (off) is assumed.
            Some(false) | None => FamilyCoverage::DualStack,
        };
        let (a, b) = (self.endpoint.canonical_ip(), socket.local.canonical_ip());
        covers(a, self.family_coverage, b) || covers(b, other_coverage, a)
    }
}

/// Returns whether a socket bound to `bound` also covers `address`.
fn covers(bound: IpAddr, family_coverage: FamilyCoverage, address: IpAddr) -> bool {
    bound == address
        || bound.is_unspecified()
            && (bound.is_ipv4() == address.is_ipv4()
                || bound.is_ipv6() && family_coverage == FamilyCoverage::DualStack)
}

#[cfg(test)]
mod tests {
    use super::super::socket::{TcpState, Transport};
    use super::*;

    fn bind_target(text: &str) -> BindTarget {
        text.parse().unwrap()
    }

    #[test]
    fn bind_target_parses_port_address_and_protocol() {
        for (text, shown) in [
            ("8080", "8080/tcp"),
            (":8080", "8080/tcp"),
            ("*:8080", "8080/tcp"),
            ("8080/TCP", "8080/tcp"),
            ("53/udp", "53/udp"),
            ("127.0.0.1:80", "127.0.0.1:80/tcp"),
            ("127.0.0.1:80/udp", "127.0.0.1:80/udp"),
            ("0.0.0.0:80", "0.0.0.0:80/tcp"),
            ("[::1]:80", "[::1]:80/tcp"),
            ("[::]:65535/udp", "[::]:65535/udp"),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80/tcp"),
        ] {
            assert_eq!(bind_target(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn invalid_bind_targets_give_the_reason() {
        for (text, why) in [
            ("0", ParseBindTargetError::PortZero),
            ("127.0.0.1:0", ParseBindTargetError::PortZero),
            ("65536", ParseBindTargetError::PortTooHigh),
            ("99999999999999999999", ParseBindTargetError::PortTooHigh),
            ("80/sctp", ParseBindTargetError::UnknownProtocol),
            ("80/", ParseBindTargetError::UnknownProtocol),
            ("::1:80", ParseBindTargetError::MissingBrackets),
            ("[fe80::1%eth0]:80", ParseBindTargetError::LinkLocal),
            ("[fe80::1]:80", ParseBindTargetError::LinkLocal),
            ("", ParseBindTargetError::Malformed),
            ("http", ParseBindTargetError::Malformed),
            ("+80", ParseBindTargetError::Malformed),
            ("localhost:80", ParseBindTargetError::Malformed),
            ("127.0.0.1", ParseBindTargetError::Malformed),
            ("127.0.0.1:", ParseBindTargetError::Malformed),
            ("[::1]", ParseBindTargetError::Malformed),
            ("[::1]80", ParseBindTargetError::Malformed),
            ("[127.0.0.1]:80", ParseBindTargetError::Malformed),
            ("8000-8100", ParseBindTargetError::Malformed),
        ] {
            assert_eq!(text.parse::<BindTarget>(), Err(why), "{text}");
        }
    }

    fn listener(local: &str, v6only: Option<bool>) -> Socket {
        let local: std::net::SocketAddr = local.parse().unwrap();
        let local = Endpoint::new(local.ip(), Port(local.port()));
        let mut socket = Socket::new(Transport::Tcp(TcpState::Listen), local, None);
        socket.v6only = v6only;
        socket
    }

    #[test]
    fn bind_addrs_overlap_sockets_on_the_same_address_and_port() {
        let overlaps = |text, socket: &Socket| {
            bind_target(text)
                .bind_addrs()
                .iter()
                .any(|b| b.overlaps(socket))
        };
        let four = listener("0.0.0.0:80", None);
        let six = listener("[::]:80", Some(true));
        let both = listener("[::]:80", Some(false));
        let one = listener("127.0.0.1:80", None);
        let mapped = listener("[::ffff:127.0.0.1]:80", Some(false));
        for socket in [&four, &six, &both, &one, &mapped] {
            assert!(overlaps("80", socket), "{socket:?}");
            assert!(!overlaps("80/udp", socket) && !overlaps("81", socket));
        }
        for (text, expected) in [
            ("127.0.0.1:80", [true, false, true, true, true]),
            ("127.0.0.2:80", [true, false, true, false, false]),
            ("0.0.0.0:80", [true, false, true, true, true]),
            ("[::1]:80", [false, true, true, false, false]),
            ("[::]:80", [true, true, true, true, true]),
        ] {
            let actual = [&four, &six, &both, &one, &mapped].map(|socket| overlaps(text, socket));
            assert_eq!(actual, expected, "{text}");
        }
    }
}
