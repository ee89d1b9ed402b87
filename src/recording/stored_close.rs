//! The stored form of a close event, in a block before the one of its sample.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::stored_sample::nanoseconds;
use super::stored_socket::StoredTcpInfo;
use crate::net::destroyed::Destroyed;
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, Protocol};
use crate::net::socket::{Cookie, InterfaceIndex};

/// One close event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredClose {
    at: u64,
    is_udp: bool,
    local: (IpAddr, u16),
    remote: Option<(IpAddr, u16)>,
    interface: Option<NonZeroU32>,
    cookie: Option<NonZeroU64>,
    unread: u32,
    tcp: Option<StoredTcpInfo>,
}

impl StoredClose {
    pub(crate) fn from_destroyed(destroyed: &Destroyed) -> Self {
        let pair = |endpoint: Endpoint| (endpoint.address, endpoint.port.0);
        Self {
            at: nanoseconds(destroyed.at),
            is_udp: destroyed.protocol == Protocol::Udp,
            local: pair(destroyed.local),
            remote: destroyed.remote.map(pair),
            interface: destroyed.interface.map(|i| i.0),
            cookie: destroyed.cookie.map(|c| c.0),
            unread: destroyed.unread,
            tcp: destroyed.tcp.map(StoredTcpInfo::from_tcp_info),
        }
    }

    pub(crate) fn into_destroyed(self) -> Destroyed {
        let endpoint = |(address, port)| Endpoint::new(address, Port(port));
        Destroyed {
            at: Duration::from_nanos(self.at),
            protocol: match self.is_udp {
                true => Protocol::Udp,
                false => Protocol::Tcp,
            },
            local: endpoint(self.local),
            remote: self.remote.map(endpoint),
            interface: self.interface.map(InterfaceIndex),
            cookie: self.cookie.map(Cookie),
            unread: self.unread,
            tcp: self.tcp.map(StoredTcpInfo::into_tcp_info),
        }
    }
}
