//! Decodes a datagram of any bytes, for tests that feed the decoder what no kernel sends.
//!
//! Bytes → [`DecodedDatagram`]. The program itself decodes dumps and destroy events where it
//! receives them.

use std::time::Duration;

use super::destroy_event::{self, DestroyEvent};
use super::wire::{self, MessageKind, Messages};
use crate::net::destroyed::Destroyed;
use crate::net::port::Protocol;
use crate::net::socket::Socket;

/// The content of a datagram, decoded both as part of a dump and as destroy events.
#[derive(Debug, Default)]
pub struct DecodedDatagram {
    /// The number of netlink messages of any kind, including one that is malformed.
    pub messages: usize,
    /// The rows, decoded as a dump of the requested protocol.
    pub sockets: Vec<Socket>,
    /// The rows, decoded as destroy events.
    pub destroyed: Vec<Destroyed>,
}

/// Decodes a datagram. `now` is the time on the collector's clock that timers and destroy events
/// are relative to.
pub fn decode_datagram(datagram: &[u8], protocol: Protocol, now: Duration) -> DecodedDatagram {
    let mut decoded = DecodedDatagram::default();
    for message in Messages::new(datagram) {
        decoded.messages += 1;
        let Ok(MessageKind::Row(payload)) = message.map(|message| message.kind) else {
            continue;
        };
        let socket = wire::parse_socket(payload, protocol, now);
        decoded.sockets.extend(socket);
        if let DestroyEvent::Closed(destroyed) = destroy_event::parse(payload, now) {
            decoded.destroyed.push(destroyed);
        }
    }
    decoded
}
