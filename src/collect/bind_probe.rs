//! Tests whether a port is free by calling bind(2).
//!
//! Takes a [`BindAddr`] and returns a [`ProbeResult`]. The socket never listens and is closed at
//! once: no packet is sent, and nothing can connect to it.

use crate::net::bind_target::BindAddr;
use crate::net::port::Port;

/// The results of binding one address, with and without SO_REUSEADDR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeResult {
    /// The address that was probed.
    pub addr: BindAddr,
    /// The result with the options nearly every server uses: TCP with SO_REUSEADDR, UDP without.
    pub server_default: Result<(), BindError>,
    /// The result without SO_REUSEADDR.
    pub exclusive: Result<(), BindError>,
}

/// The reason why bind(2) failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindError {
    /// EADDRINUSE: another socket is bound to it.
    AddrInUse,
    /// EACCES: ports below this one need CAP_NET_BIND_SERVICE (ip(7)).
    PrivilegedPort(Port),
    /// EADDRNOTAVAIL: the address is not one of this machine's.
    AddrNotAvailable,
    /// EAFNOSUPPORT: the system does not support the address family.
    FamilyUnsupported,
    /// Any other error, in the system's words.
    Other(String),
    /// This system offers no way to bind without listening.
    ProbeUnsupported,
}

/// Binds the address and closes the socket at once, with and without SO_REUSEADDR.
pub fn probe(addr: BindAddr) -> ProbeResult {
    let exclusive = system::bind(addr, system::ReuseAddr::Off);
    let server_default = match addr.protocol {
        crate::net::port::Protocol::Tcp => system::bind(addr, system::ReuseAddr::On),
        crate::net::port::Protocol::Udp => exclusive.clone(),
    };
    ProbeResult {
        addr,
        server_default,
        exclusive,
    }
}

#[cfg(unix)]
mod system {
    use std::net::SocketAddr;

    use rustix::io::Errno;
    use rustix::net::{self, AddressFamily, SocketType, sockopt};

    use super::BindError;
    use crate::net::bind_target::{BindAddr, FamilyCoverage};
    use crate::net::port::{Port, Protocol};

    /// Whether SO_REUSEADDR is set.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum ReuseAddr {
        Off,
        /// SO_REUSEADDR: an address and port used only by connections, not by a listener, can be
        /// bound.
        On,
    }

    pub(crate) fn bind(addr: BindAddr, reuse_addr: ReuseAddr) -> Result<(), BindError> {
        try_bind(addr, reuse_addr).map_err(|errno| bind_error(errno, addr.endpoint.port))
    }

    fn try_bind(addr: BindAddr, reuse_addr: ReuseAddr) -> Result<(), Errno> {
        let family = match addr.endpoint.is_ipv6() {
            true => AddressFamily::INET6,
            false => AddressFamily::INET,
        };
        let kind = match addr.protocol {
            Protocol::Tcp => SocketType::STREAM,
            Protocol::Udp => SocketType::DGRAM,
        };
        let socket = net::socket(family, kind, None)?;
        if reuse_addr == ReuseAddr::On {
            sockopt::set_socket_reuseaddr(&socket, true)?;
        }
        if addr.endpoint.is_ipv6() {
            // Set in both cases: the default depends on a sysctl (net.ipv6.bindv6only).
            sockopt::set_ipv6_v6only(&socket, addr.family_coverage == FamilyCoverage::OwnFamily)?;
        }
        let socket_addr = SocketAddr::new(addr.endpoint.address, addr.endpoint.port.number());
        net::bind(&socket, &socket_addr)
    }

    fn bind_error(errno: Errno, port: Port) -> BindError {
        match errno {
            Errno::ADDRINUSE => BindError::AddrInUse,
            Errno::ADDRNOTAVAIL => BindError::AddrNotAvailable,
            Errno::AFNOSUPPORT => BindError::FamilyUnsupported,
            Errno::ACCESS if port < first_unprivileged_port() => {
                BindError::PrivilegedPort(first_unprivileged_port())
            }
            other => BindError::Other(other.to_string()),
        }
    }

    /// Returns the first port that needs no privilege (ip(7)): 1024 unless configured otherwise.
    fn first_unprivileged_port() -> Port {
        let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        let number = text.ok().and_then(|text| text.trim().parse().ok());
        Port(number.unwrap_or(1024))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn errno_maps_to_bind_error() {
            let port = Port(1);
            assert_eq!(bind_error(Errno::ADDRINUSE, port), BindError::AddrInUse);
            assert_eq!(
                bind_error(Errno::ADDRNOTAVAIL, port),
                BindError::AddrNotAvailable
            );
            assert_eq!(
                bind_error(Errno::AFNOSUPPORT, port),
                BindError::FamilyUnsupported
            );
            let BindError::Other(text) = bind_error(Errno::ACCESS, Port(65535)) else {
                panic!("a security module, not a privileged port")
            };
            assert!(text.contains("ermission denied"), "{text}");
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io::ErrorKind;

    use super::BindError;
    use crate::net::bind_target::BindAddr;
    use crate::net::port::Protocol;

    /// The standard library has no such option for UDP.
    #[derive(Clone, Copy)]
    pub(crate) enum ReuseAddr {
        Off,
        On,
    }

    /// The standard library binds TCP only by listening, which is visible from outside.
    pub(crate) fn bind(addr: BindAddr, _: ReuseAddr) -> Result<(), BindError> {
        if addr.protocol == Protocol::Tcp {
            return Err(BindError::ProbeUnsupported);
        }
        let socket_addr = (addr.endpoint.address, addr.endpoint.port.number());
        match std::net::UdpSocket::bind(socket_addr) {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.kind() {
                ErrorKind::AddrInUse => BindError::AddrInUse,
                ErrorKind::AddrNotAvailable => BindError::AddrNotAvailable,
                _ => BindError::Other(error.to_string()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;
    use crate::net::bind_target::BindTarget;

    fn probe_port(port: u16, protocol: &str) -> ProbeResult {
        let target: BindTarget = format!("127.0.0.1:{port}/{protocol}").parse().unwrap();
        probe(target.bind_addrs()[0])
    }

    #[test]
    #[cfg(unix)]
    fn bound_port_is_in_use() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let result = probe_port(listener.local_addr().unwrap().port(), "tcp");
        assert_eq!(result.server_default, Err(BindError::AddrInUse));
        assert_eq!(result.exclusive, Err(BindError::AddrInUse));

        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let result = probe_port(socket.local_addr().unwrap().port(), "udp");
        assert_eq!(result.server_default, Err(BindError::AddrInUse));
    }

    #[test]
    #[cfg(unix)]
    fn foreign_address_is_not_available() {
        // TEST-NET-1 (RFC 5737) is assigned to no host.
        let target: BindTarget = "192.0.2.1:18080".parse().unwrap();
        assert_eq!(
            probe(target.bind_addrs()[0]).server_default,
            Err(BindError::AddrNotAvailable)
        );
    }
}
