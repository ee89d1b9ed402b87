//! The end of a socket, as the kernel announces it.
//!
//! In: what a source heard. Out: [`Destroyed`], ground facts only: which socket it was, when it was
//! heard, and TCP's final figures. Also of sockets that no sample ever had.

use std::time::Duration;

use super::endpoint::Endpoint;
use super::port::{Port, Protocol};
use super::socket::{Cookie, InterfaceIndex, Socket, SocketKey, TcpInfo, TcpState, Transport};

/// A socket that a program, or the kernel for it, has closed for good. A TCP connection may go on
/// standing in the table as a TIME-WAIT row: its socket is gone, its endpoints are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Destroyed {
    /// When it was heard, since the collector started. The end was a little earlier.
    pub at: Duration,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// This machine's end. A TCP socket that was refused, or reset by its own program, has lost its
    /// address by now, unless the program had bound it to one.
    pub local: Endpoint,
    /// The other end; `None` for UDP without a peer. [`Port::NONE`] where a TCP socket was refused,
    /// or reset by its own program: the kernel has forgotten the port by then.
    pub remote: Option<Endpoint>,
    /// The interface the socket was bound to.
    pub interface: Option<InterfaceIndex>,
    /// The kernel's name for it. A TIME-WAIT row has the same one only if somebody had asked for
    /// the socket's before.
    pub cookie: Option<Cookie>,
    /// What was received and not read by the program. Of TCP the other end's FIN counts one, until
    /// the program reads the end of the stream.
    pub unread: u32,
    /// TCP's final figures; `None` for UDP, and where the kernel has forgotten them.
    pub tcp: Option<TcpInfo>,
}

impl Destroyed {
    /// The name by which rows of a source with cookies know it.
    pub fn key(&self) -> SocketKey {
        self.cookie
            .map_or_else(|| self.tuple_key(), SocketKey::Cookie)
    }

    /// The name by which every other row knows it.
    pub const fn tuple_key(&self) -> SocketKey {
        SocketKey::Tuple {
            protocol: self.protocol,
            local: self.local,
            remote: self.remote,
            interface: self.interface,
            reuseport_id: 0,
        }
    }

    /// Whether both its endpoints are known.
    pub fn has_both_ports(&self) -> bool {
        self.remote
            .is_some_and(|remote| remote.port != Port::NONE && self.local.port != Port::NONE)
    }

    /// What is known of the socket, as a row.
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
