//! Says whether a program could listen on a port now, according to the socket table.
//!
//! In: the open sockets with this local port. Out: sentences. `portolan free` tries bind(2); this
//! module only reads the table, so what depends on socket options that cannot be read is an
//! inference.

use std::sync::Arc;

use crate::history::{Moment, Side, TrackedSocket};
use crate::net::endpoint::AddressScope;
use crate::net::port::{Port, Protocol};
use crate::text::phrase::Phrase;
use crate::text::units::pluralize;

/// Describes whether a program could listen on `port` with one protocol.
pub(crate) fn can_listen(port: Port, protocol: Protocol, moment: &Moment) -> Vec<Phrase> {
    if port == Port::NONE {
        return vec![Phrase::fact(format!(
            "{port}/{protocol}: for bind() to 0 the kernel chooses a free port."
        ))];
    }
    let rows: Vec<&Arc<TrackedSocket>> = moment
        .rows()
        .filter(|row| !row.is_closed() && row.socket.local.port == port)
        .filter(|row| row.socket.protocol() == protocol)
        .collect();
    let listeners = || rows.iter().filter(|row| row.socket.is_listening());
    let is_wildcard_bound =
        listeners().any(|row| row.socket.local.scope() == AddressScope::Unspecified);
    let leftover = rows.iter().filter(|row| row.side == Side::Serving).count();
    let mut phrases = vec![if is_wildcard_bound {
        Phrase::inference(format!(
            "{port}/{protocol}: probably not. A socket bound to every address takes all of them, unless both set SO_REUSEPORT and belong to \
             one user."
        ))
    } else if listeners().next().is_some() {
        let mut used_addresses: Vec<String> = listeners()
            .map(|row| row.socket.local.canonical_ip().to_string())
            .collect();
        used_addresses.sort_unstable();
        used_addresses.dedup();
        Phrase::inference(format!(
            "{port}/{protocol}: not at {}; probably at other addresses, but not at every address at once.",
            used_addresses.join(", ")
        ))
    } else if leftover > 0 && protocol == Protocol::Tcp {
        Phrase::inference(format!(
            "{port}/{protocol}: only if the former listener had SO_REUSEADDR set and the new one sets it, too: {} of it {} left. \
             Whether it was set cannot be read.",
            pluralize(leftover, "connection", "connections"),
            if leftover == 1 { "is" } else { "are" },
        ))
    } else if rows.is_empty() {
        Phrase::inference(format!("{port}/{protocol}: probably: no socket has it."))
    } else {
        Phrase::inference(format!(
            "{port}/{protocol}: probably not at every address. {} here {} for outgoing connections.",
            pluralize(rows.len(), "socket", "sockets"),
            if rows.len() == 1 {
                "uses it as its own port"
            } else {
                "use it as their own port"
            },
        ))
    }];
    if port.number() < 1024 {
        phrases.push(Phrase::inference(
            "A port below 1024 usually needs a privilege: root, CAP_NET_BIND_SERVICE, or a lower ip_unprivileged_port_start.",
        ));
    }
    if moment.ephemeral.contains(port) {
        phrases.push(Phrase::fact(
            "It is in the ephemeral range: any program that connects may get it at any moment, unless it is reserved \
             (ip_local_reserved_ports).",
        ));
    }
    phrases
}
