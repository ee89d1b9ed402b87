//! Whether a port can be had, by really trying.
//!
//! In: a [`Berth`]. Out: a [`Trial`], what bind(2) said. The socket never listens and is closed at
//! once: no packet is sent and nobody can connect to it.

use crate::port::Port;
use crate::wish::Berth;

/// What came of trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What was tried.
    pub berth: Berth,
    /// As nearly every server does it: TCP with SO_REUSEADDR, UDP without.
    pub usual: Result<(), Refusal>,
    /// Without SO_REUSEADDR.
    pub strict: Result<(), Refusal>,
}

/// Why it was not bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another socket has it.
    InUse,
    /// Ports below this one are not for every user.
    Privileged(Port),
    /// The address is none of this machine's.
    NotHere,
    /// The system does not have the address family.
    NoFamily,
    /// Anything else, in the system's words.
    Other(String),
    /// There is no way to try on this system without listening.
    Untried,
}

/// Tries to bind, and lets go at once.
pub fn attempt(berth: Berth) -> Trial {
    let strict = system::bind(berth, system::Reuse::Nothing);
    let usual = match berth.protocol {
        crate::port::Protocol::Tcp => system::bind(berth, system::Reuse::Address),
        crate::port::Protocol::Udp => strict.clone(),
    };
    Trial {
        berth,
        usual,
        strict,
    }
}

#[cfg(unix)]
mod system {
    use std::net::SocketAddr;

    use rustix::io::Errno;
    use rustix::net::{self, AddressFamily, SocketType, sockopt};

    use super::Refusal;
    use crate::port::{Port, Protocol};
    use crate::wish::{Berth, Serves};

    /// What may be had twice.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(super) enum Reuse {
        /// Nothing.
        Nothing,
        /// SO_REUSEADDR: an address and port that only connections still have.
        Address,
    }

    pub(super) fn bind(berth: Berth, reuse: Reuse) -> Result<(), Refusal> {
        bound(berth, reuse).map_err(|errno| refusal(errno, berth.end.port))
    }

    fn bound(berth: Berth, reuse: Reuse) -> Result<(), Errno> {
        let family = match berth.end.is_ipv6() {
            true => AddressFamily::INET6,
            false => AddressFamily::INET,
        };
        let kind = match berth.protocol {
            Protocol::Tcp => SocketType::STREAM,
            Protocol::Udp => SocketType::DGRAM,
        };
        let socket = net::socket(family, kind, None)?;
        if reuse == Reuse::Address {
            sockopt::set_socket_reuseaddr(&socket, true)?;
        }
        if berth.end.is_ipv6() {
            // Said in both cases: what holds unsaid is a setting (net.ipv6.bindv6only).
            sockopt::set_ipv6_v6only(&socket, berth.serves == Serves::OwnFamily)?;
        }
        let place = SocketAddr::new(berth.end.address, berth.end.port.number());
        net::bind(&socket, &place)
    }

    fn refusal(errno: Errno, port: Port) -> Refusal {
        match errno {
            Errno::ADDRINUSE => Refusal::InUse,
            Errno::ADDRNOTAVAIL => Refusal::NotHere,
            Errno::AFNOSUPPORT => Refusal::NoFamily,
            Errno::ACCESS if port < first_unprivileged() => {
                Refusal::Privileged(first_unprivileged())
            }
            other => Refusal::Other(other.to_string()),
        }
    }

    /// Where the ports for every user begin (ip(7)); 1024 wherever nothing else is said.
    fn first_unprivileged() -> Port {
        let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        let number = text.ok().and_then(|text| text.trim().parse().ok());
        Port(number.unwrap_or(1024))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn errors_are_told_apart() {
            let port = Port(1);
            assert_eq!(refusal(Errno::ADDRINUSE, port), Refusal::InUse);
            assert_eq!(refusal(Errno::ADDRNOTAVAIL, port), Refusal::NotHere);
            assert_eq!(refusal(Errno::AFNOSUPPORT, port), Refusal::NoFamily);
            let Refusal::Other(text) = refusal(Errno::ACCESS, Port(65535)) else {
                panic!("a security module, not a privileged port")
            };
            assert!(text.contains("ermission denied"), "{text}");
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io::ErrorKind;

    use super::Refusal;
    use crate::port::Protocol;
    use crate::wish::Berth;

    /// The standard library sets nothing of the kind for UDP.
    #[derive(Clone, Copy)]
    pub(super) enum Reuse {
        Nothing,
        Address,
    }

    /// The standard library binds TCP only to listen, which could be seen from outside.
    pub(super) fn bind(berth: Berth, _: Reuse) -> Result<(), Refusal> {
        if berth.protocol == Protocol::Tcp {
            return Err(Refusal::Untried);
        }
        let place = (berth.end.address, berth.end.port.number());
        match std::net::UdpSocket::bind(place) {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.kind() {
                ErrorKind::AddrInUse => Refusal::InUse,
                ErrorKind::AddrNotAvailable => Refusal::NotHere,
                _ => Refusal::Other(error.to_string()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;
    use crate::wish::Wish;

    fn attempt_at(port: u16, protocol: &str) -> Trial {
        let wish: Wish = format!("127.0.0.1:{port}/{protocol}").parse().unwrap();
        attempt(wish.berths()[0])
    }

    #[test]
    #[cfg(unix)]
    fn what_somebody_has_cannot_be_bound() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let trial = attempt_at(listener.local_addr().unwrap().port(), "tcp");
        assert_eq!(trial.usual, Err(Refusal::InUse));
        assert_eq!(trial.strict, Err(Refusal::InUse));

        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let trial = attempt_at(socket.local_addr().unwrap().port(), "udp");
        assert_eq!(trial.usual, Err(Refusal::InUse));
    }

    #[test]
    #[cfg(unix)]
    fn an_address_of_another_machine_is_not_here() {
        // TEST-NET-1 (RFC 5737) is nobody's.
        let wish: Wish = "192.0.2.1:18080".parse().unwrap();
        assert_eq!(attempt(wish.berths()[0]).usual, Err(Refusal::NotHere));
    }
}
