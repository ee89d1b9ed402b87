//! The figures that version 2 keeps behind the facts of version 1.
//!
//! In: sockets and ends. Out: what is written behind each of them. The postcard wire format has no names
//! and numbers fields by their order, so a new fact needs a new version, and the structures of an old
//! version stay as they are.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::net::socket::{DataTime, Socket, TcpInfo};

/// Stands behind a socket, and behind a change of one where one of the figures changed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredFigures {
    tcp: StoredTcpFigures,
    drops: Option<u32>,
}

/// Stands behind the end of a socket.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredTcpFigures {
    last_data: Option<i64>,
    delivery_rate: Option<NonZeroU64>,
}

impl StoredFigures {
    pub(crate) fn from_socket(socket: &Socket) -> Self {
        Self {
            tcp: StoredTcpFigures::from_tcp_info(socket.tcp.as_ref()),
            drops: socket.drops,
        }
    }

    /// Returns the figures of `now` where they are not those of `before`.
    pub(crate) fn diff(before: &Socket, now: &Socket) -> Option<Self> {
        let figures = Self::from_socket(now);
        // Without `tcp_info`, and then with one, the figures may be equal and still have to be put there.
        let same_tcp = before.tcp.is_some() == now.tcp.is_some();
        (!same_tcp || figures != Self::from_socket(before)).then_some(figures)
    }

    pub(crate) fn apply_to(self, socket: &mut Socket) {
        if let Some(tcp) = &mut socket.tcp {
            self.tcp.apply_to(tcp);
        }
        socket.drops = self.drops;
    }
}

impl StoredTcpFigures {
    pub(crate) fn from_tcp_info(tcp: Option<&TcpInfo>) -> Self {
        let Some(tcp) = tcp else {
            return Self::default();
        };
        Self {
            last_data: tcp.last_data.map(DataTime::millis),
            delivery_rate: tcp.delivery_rate,
        }
    }

    pub(crate) fn apply_to(self, tcp: &mut TcpInfo) {
        tcp.last_data = self.last_data.map(DataTime::from_millis);
        tcp.delivery_rate = self.delivery_rate;
    }
}
