//! Finds the listener that a connection to an address of this machine reaches.

use std::sync::Arc;

use crate::history::{Moment, TrackedSocket};
use crate::net::endpoint::{AddressScope, Endpoint};
use crate::net::port::Protocol;
use crate::net::socket::Socket;

/// Returns whether the remote address is certainly this machine's.
pub(crate) fn is_local_address(remote: Endpoint, socket: &Socket) -> bool {
    remote.scope() == AddressScope::Loopback || remote.canonical_ip() == socket.local.canonical_ip()
}

/// Returns the listener at an endpoint of this machine; one bound to the exact address takes
/// precedence over the wildcard.
pub(crate) fn find_listener(
    endpoint: Endpoint,
    protocol: Protocol,
    moment: &Moment,
) -> Option<&Arc<TrackedSocket>> {
    let listens = |row: &&Arc<TrackedSocket>| {
        let socket = &row.socket;
        socket.is_listening()
            && !row.is_closed()
            && socket.protocol() == protocol
            && socket.local.port == endpoint.port
    };
    let wildcard = |row: &&Arc<TrackedSocket>| row.socket.local.address.is_unspecified();
    let exact =
        |row: &&Arc<TrackedSocket>| row.socket.local.canonical_ip() == endpoint.canonical_ip();
    let rows = || moment.rows().filter(listens);
    rows().find(exact).or_else(|| rows().find(wildcard))
}
