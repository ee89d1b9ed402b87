//! What somebody would like to have: a port, everywhere or at one address.
//!
//! In: text such as `8080`, `53/udp`, `[::1]:80`. Out: a [`Wish`], and the [`Berth`]s it comes to:
//! each is what one bind(2) asks for, and tells which sockets have a part of it already.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::endpoint::Endpoint;
use crate::port::{Port, Protocol};
use crate::socket::Socket;

/// A port somebody would like to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// TCP unless said otherwise.
    pub protocol: Protocol,
    /// Never [`Port::NONE`].
    pub port: Port,
    /// At which address.
    pub site: Site,
}

/// Where a port is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// No address was named: at all of them, as servers do when they are told only a port.
    Everywhere,
    /// At this one; a wildcard was written out and means its own family.
    Address(IpAddr),
}

/// Why a text is no wish. Each is a sentence that goes on after the text itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// Port 0.
    #[error("port 0 cannot be had: binding it means any port that is free")]
    Zero,
    /// A number that is no port.
    #[error("ports end at 65535")]
    TooHigh,
    /// After the slash.
    #[error("the protocol is tcp or udp")]
    Protocol,
    /// `::1:80` may be read in two ways.
    #[error("an IPv6 address stands between brackets, as in [::1]:80")]
    Brackets,
    /// `fe80::1%eth0`, and `fe80::1`, which means nothing without its zone.
    #[error("addresses of one link (fe80::/10, or with a zone as in %eth0) cannot be tried")]
    Link,
    /// Nothing of all this.
    #[error("expected a port such as 8080, 53/udp, 127.0.0.1:80 or [::1]:80/tcp")]
    Nothing,
}

impl std::str::FromStr for Wish {
    type Err = WishError;

    fn from_str(text: &str) -> Result<Self, WishError> {
        let (place, protocol) = match text.rsplit_once('/') {
            None => (text, Protocol::Tcp),
            Some((place, name)) if name.eq_ignore_ascii_case("tcp") => (place, Protocol::Tcp),
            Some((place, name)) if name.eq_ignore_ascii_case("udp") => (place, Protocol::Udp),
            Some(_) => return Err(WishError::Protocol),
        };
        let (site, port) = match place.rsplit_once(':') {
            None => (Site::Everywhere, place),
            Some(("" | "*", port)) => (Site::Everywhere, port),
            Some((address, port)) => (Site::Address(read_address(address)?), port),
        };
        Ok(Self {
            protocol,
            port: read_port(port)?,
            site,
        })
    }
}

fn read_address(text: &str) -> Result<IpAddr, WishError> {
    if text.contains('%') {
        return Err(WishError::Link);
    }
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match inner {
        Some(inner) => IpAddr::V6(inner.parse().map_err(|_| WishError::Nothing)?),
        None if text.contains(':') && !text.starts_with('[') => return Err(WishError::Brackets),
        None => IpAddr::V4(text.parse().map_err(|_| WishError::Nothing)?),
    };
    if matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local()) {
        return Err(WishError::Link);
    }
    // A mapped address is the IPv4 address it stands for: both are the same port of the same host.
    Ok(address.to_canonical())
}

fn read_port(text: &str) -> Result<Port, WishError> {
    // `+80` is a number to Rust and to nobody else.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WishError::Nothing);
    }
    match text.parse() {
        Ok(0) => Err(WishError::Zero),
        Ok(number) => Ok(Port(number)),
        Err(_) => Err(WishError::TooHigh),
    }
}

impl fmt::Display for Wish {
    /// `8080/tcp` or `127.0.0.1:8080/tcp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.site {
            Site::Everywhere => self.port.fmt(f)?,
            Site::Address(address) => Endpoint::new(address, self.port).fmt(f)?,
        }
        write!(f, "/{}", self.protocol)
    }
}

impl Wish {
    /// What has to be bound for the wish to come true. Servers that are told only a port bind
    /// `[::]` for both families or `0.0.0.0`; it is free when neither fails.
    pub fn berths(self) -> Vec<Berth> {
        match self.site {
            Site::Everywhere => vec![self.both_families(), self.berth(Ipv4Addr::UNSPECIFIED)],
            Site::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => vec![self.both_families()],
            Site::Address(address) => vec![self.berth(address)],
        }
    }

    /// The same port at one address, for that address' family alone.
    pub fn berth(self, address: impl Into<IpAddr>) -> Berth {
        Berth {
            protocol: self.protocol,
            end: Endpoint::new(address.into(), self.port),
            serves: Serves::OwnFamily,
        }
    }

    fn both_families(self) -> Berth {
        Berth {
            serves: Serves::BothFamilies,
            ..self.berth(Ipv6Addr::UNSPECIFIED)
        }
    }
}

/// Which families a bound socket takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// That of its address.
    OwnFamily,
    /// `[::]` without V6ONLY: IPv4, too.
    BothFamilies,
}

/// What one bind(2) asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Berth {
    /// TCP and UDP ports have nothing to do with each other.
    pub protocol: Protocol,
    /// Address and port.
    pub end: Endpoint,
    /// Which families.
    pub serves: Serves,
}

impl Berth {
    /// Whether the socket has an address and port that this berth would have, too. That alone does
    /// not stand in the way: it depends on what both sockets set.
    pub fn meets(&self, socket: &Socket) -> bool {
        if socket.protocol() != self.protocol || socket.local.port != self.end.port {
            return false;
        }
        let theirs = match socket.v6only {
            Some(true) => Serves::OwnFamily,
            // Where the source does not tell, the system's usual answer is taken.
            Some(false) | None => Serves::BothFamilies,
        };
        let (a, b) = (self.end.plain(), socket.local.plain());
        covers(a, self.serves, b) || covers(b, theirs, a)
    }
}

/// Whether who is bound to `wide` is bound to `address`, too.
fn covers(wide: IpAddr, serves: Serves, address: IpAddr) -> bool {
    wide == address
        || wide.is_unspecified()
            && (wide.is_ipv4() == address.is_ipv4()
                || wide.is_ipv6() && serves == Serves::BothFamilies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{TcpState, Transport};

    fn wish(text: &str) -> Wish {
        text.parse().unwrap()
    }

    #[test]
    fn a_wish_is_a_port_perhaps_with_address_and_protocol() {
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
            assert_eq!(wish(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_wish_is_told_why() {
        for (text, why) in [
            ("0", WishError::Zero),
            ("127.0.0.1:0", WishError::Zero),
            ("65536", WishError::TooHigh),
            ("99999999999999999999", WishError::TooHigh),
            ("80/sctp", WishError::Protocol),
            ("80/", WishError::Protocol),
            ("::1:80", WishError::Brackets),
            ("[fe80::1%eth0]:80", WishError::Link),
            ("[fe80::1]:80", WishError::Link),
            ("", WishError::Nothing),
            ("http", WishError::Nothing),
            ("+80", WishError::Nothing),
            ("localhost:80", WishError::Nothing),
            ("127.0.0.1", WishError::Nothing),
            ("127.0.0.1:", WishError::Nothing),
            ("[::1]", WishError::Nothing),
            ("[::1]80", WishError::Nothing),
            ("[127.0.0.1]:80", WishError::Nothing),
            ("8000-8100", WishError::Nothing),
        ] {
            assert_eq!(text.parse::<Wish>(), Err(why), "{text}");
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
    fn berths_meet_what_has_a_part_of_them() {
        let meets = |text, socket: &Socket| wish(text).berths().iter().any(|b| b.meets(socket));
        let four = listener("0.0.0.0:80", None);
        let six = listener("[::]:80", Some(true));
        let both = listener("[::]:80", Some(false));
        let one = listener("127.0.0.1:80", None);
        let mapped = listener("[::ffff:127.0.0.1]:80", Some(false));
        for socket in [&four, &six, &both, &one, &mapped] {
            assert!(meets("80", socket), "{socket:?}");
            assert!(!meets("80/udp", socket) && !meets("81", socket));
        }
        for (text, expected) in [
            ("127.0.0.1:80", [true, false, true, true, true]),
            ("127.0.0.2:80", [true, false, true, false, false]),
            ("0.0.0.0:80", [true, false, true, true, true]),
            ("[::1]:80", [false, true, true, false, false]),
            ("[::]:80", [true, true, true, true, true]),
        ] {
            let told = [&four, &six, &both, &one, &mapped].map(|socket| meets(text, socket));
            assert_eq!(told, expected, "{text}");
        }
    }
}
