//! A destroyed socket, as the kernel reports it.
//!
//! Takes what a source decoded from a destroy event (sock_diag(7)). Gives a [`Destroyed`]: which
//! socket it was, when the event was read, and the final TCP counters; also for sockets that were
//! in no sample.

use std::time::Duration;

use super::endpoint::Endpoint;
use super::port::{Port, Protocol};
use super::socket::{Cookie, InterfaceIndex, Socket, SocketKey, TcpInfo, TcpState, Transport};

/// A socket that was destroyed: closed by its program, or by the kernel after the program. A TCP
/// connection may stay in the socket table as a TIME-WAIT row, which keeps its endpoints without a
/// socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Destroyed {
    /// When the event was read, since the collector started. The socket was destroyed shortly
    /// before.
    pub at: Duration,
    /// The transport protocol.
    pub protocol: Protocol,
    /// The local endpoint. A TCP socket that was refused or reset by its own program has lost its
    /// address by then, unless the program had bound it to one.
    pub local: Endpoint,
    /// The remote endpoint; `None` for UDP without a peer. Its port is [`Port::NONE`] for a TCP
    /// socket that was refused or reset by its own program: the kernel has cleared the port by
    /// then.
    pub remote: Option<Endpoint>,
    /// The interface the socket was bound to (SO_BINDTODEVICE).
    pub interface: Option<InterfaceIndex>,
    /// The socket's cookie. A TIME-WAIT row has the same one only if the socket's cookie had been
    /// requested before.
    pub cookie: Option<Cookie>,
    /// Bytes received that the program had not read. For TCP the peer's FIN counts as one until the
    /// program has read the end of the stream.
    pub unread: u32,
    /// The final TCP counters; `None` for UDP, and where the kernel has cleared them.
    pub tcp: Option<TcpInfo>,
}

impl Destroyed {
    /// Returns the key under which a source with cookies lists the socket.
    pub fn key(&self) -> SocketKey {
        self.cookie
            .map_or_else(|| self.tuple_key(), SocketKey::Cookie)
    }

    /// Returns the key under which a source without cookies lists the socket.
    pub const fn tuple_key(&self) -> SocketKey {
        SocketKey::Tuple {
            protocol: self.protocol,
            local: self.local,
            remote: self.remote,
            interface: self.interface,
            reuseport_id: 0,
        }
    }

    /// Returns whether both ports are known.
    pub fn has_both_ports(&self) -> bool {
        self.remote
            .is_some_and(|remote| remote.port != Port::NONE && self.local.port != Port::NONE)
    }

    /// Returns what is known of the socket as a row; a TCP socket is in state CLOSED.
    pub fn to_socket(&self) -> Socket {
        let transport = match self.protocol {
            Protocol::Tcp => Transport::Tcp(TcpState::Closed),
            Protocol::Udp => Transport::Udp,
        };
        let mut socket = Socket::new(transport, self.local, self.remote);
        socket.interface = self.interface;
        socket.cookie = self.cookie;
        socket.tcp = self.tcp;
        socket
    }
}
