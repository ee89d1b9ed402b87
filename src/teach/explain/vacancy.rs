//! Whether a program could listen at a port now, as far as the table tells.
//!
//! In: the open sockets whose own port it is. Out: sentences. `portolan free` tries it; this only
//! reads, so what hangs on options that cannot be read is said as a conclusion.

use std::sync::Arc;

use crate::endpoint::Scope;
use crate::history::{Moment, Side, Tracked};
use crate::port::{Port, Protocol};
use crate::quantity::count;
use crate::teach::Phrase;

/// For one protocol.
pub(super) fn vacancy(port: Port, protocol: Protocol, moment: &Moment) -> Vec<Phrase> {
    if port == Port::NONE {
        return vec![Phrase::fact(format!(
            "{port}/{protocol}: asked for 0, the kernel chooses a free number by itself."
        ))];
    }
    let rows: Vec<&Arc<Tracked>> = moment
        .rows()
        .filter(|row| !row.is_closed() && row.socket.local.port == port)
        .filter(|row| row.socket.protocol() == protocol)
        .collect();
    let waiting = || rows.iter().filter(|row| row.socket.is_listening());
    let everywhere = waiting().any(|row| row.socket.local.scope() == Scope::Unspecified);
    let left = rows.iter().filter(|row| row.side == Side::Serving).count();
    let mut said = vec![if everywhere {
        Phrase::inference(format!(
            "{port}/{protocol}: probably not. A socket that is bound to every address takes all of them, unless both set SO_REUSEPORT and are \
             of one user."
        ))
    } else if waiting().next().is_some() {
        let mut taken: Vec<String> = waiting()
            .map(|row| row.socket.local.plain().to_string())
            .collect();
        taken.sort_unstable();
        taken.dedup();
        Phrase::inference(format!(
            "{port}/{protocol}: not at {}; probably at other addresses, but not at every address at once.",
            taken.join(", ")
        ))
    } else if left > 0 && protocol == Protocol::Tcp {
        Phrase::inference(format!(
            "{port}/{protocol}: only if the listener that is gone had SO_REUSEADDR set and the new one sets it, too: {} of it {} left. \
             Whether it had cannot be read.",
            count(left, "connection", "connections"),
            if left == 1 { "is" } else { "are" },
        ))
    } else if rows.is_empty() {
        Phrase::inference(format!("{port}/{protocol}: probably, no socket has it."))
    } else {
        Phrase::inference(format!(
            "{port}/{protocol}: probably not everywhere. {} here {} it as the own number of a call.",
            count(rows.len(), "socket", "sockets"),
            if rows.len() == 1 { "uses" } else { "use" },
        ))
    }];
    if port.number() < 1024 {
        said.push(Phrase::inference(
            "A number below 1024 usually needs a privilege: root, CAP_NET_BIND_SERVICE, or a lower ip_unprivileged_port_start.",
        ));
    }
    if moment.ephemeral.contains(port) {
        said.push(Phrase::fact(
            "It is one of those the kernel hands out: any program that dials may have it at any moment, unless it is reserved \
             (ip_local_reserved_ports).",
        ));
    }
    said
}
