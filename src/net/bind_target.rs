//! What somebody would like to have: a port, everywhere or at one address.
//!
//! In: text such as `8080`, `53/udp`, `[::1]:80`. Out: a [`Wish`], and the [`Berth`]s it comes to:
//! each is what one bind(2) asks for, and tells which sockets have a part of it already.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::endpoint::Endpoint;
use super::port::{Port, Protocol};
use super::socket::Socket;

/// A port somebody would like to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindTarget {
    /// TCP unless said otherwise.
    pub protocol: Protocol,
    /// Never [`Port::NONE`].
    pub port: Port,
    /// At which address.
    pub scope: BindScope,
}

/// Where a port is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindScope {
    /// No address was named: at all of them, as servers do when they are told only a port.
    AllAddresses,
    /// At this one; a wildcard was written out and means its own family.
    Address(IpAddr),
}

/// Why a text is no wish. Each is a sentence that goes on after the text itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseBindTargetError {
    /// Port 0.
    #[error("port 0 cannot be had: binding it means any port that is free")]
    PortZero,
    /// A number that is no port.
    #[error("ports end at 65535")]
    PortTooHigh,
    /// After the slash.
    #[error("the protocol is tcp or udp")]
    UnknownProtocol,
    /// `::1:80` may be read in two ways.
    #[error("an IPv6 address stands between brackets, as in [::1]:80")]
    MissingBrackets,
    /// `fe80::1%eth0`, and `fe80::1`, which means nothing without its zone.
    #[error("addresses of one link (fe80::/10, or with a zone as in %eth0) cannot be tried")]
    LinkLocal,
    /// Nothing of all this.
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
    // A mapped address is the IPv4 address it stands for: both are the same port of the same host.
    Ok(address.to_canonical())
}

fn parse_port(text: &str) -> Result<Port, ParseBindTargetError> {
    // `+80` is a number to Rust and to nobody else.
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
    /// `8080/tcp` or `127.0.0.1:8080/tcp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            BindScope::AllAddresses => self.port.fmt(f)?,
            BindScope::Address(address) => Endpoint::new(address, self.port).fmt(f)?,
        }
        write!(f, "/{}", self.protocol)
    }
}

impl BindTarget {
    /// What has to be bound for the wish to come true. Servers that are told only a port bind
    /// `[::]` for both families or `0.0.0.0`; it is free when neither fails.
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

    /// The same port at one address, for that address' family alone.
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

/// Which families a bound socket takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyCoverage {
    /// That of its address.
    OwnFamily,
    /// `[::]` without V6ONLY: IPv4, too.
    DualStack,
}

/// What one bind(2) asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindAddr {
    /// TCP and UDP ports have nothing to do with each other.
    pub protocol: Protocol,
    /// Address and port.
    pub endpoint: Endpoint,
    /// Which families.
    pub family_coverage: FamilyCoverage,
}

impl BindAddr {
    /// Whether the socket has an address and port that this berth would have, too. That alone does
    /// not stand in the way: it depends on what both sockets set.
    pub fn overlaps(&self, socket: &Socket) -> bool {
        if socket.protocol() != self.protocol || socket.local.port != self.endpoint.port {
            return false;
        }
        let other_coverage = match socket.v6only {
            Some(true) => FamilyCoverage::OwnFamily,
            // Where the source does not tell, the system's usual answer is taken.
            Some(false) | None => FamilyCoverage::DualStack,
        };
        let (a, b) = (self.endpoint.canonical_ip(), socket.local.canonical_ip());
        covers(a, self.family_coverage, b) || covers(b, other_coverage, a)
    }
}

/// Whether who is bound to `wide` is bound to `address`, too.
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
