//! Endpoints as they are written, with their zone where the address alone does not say which.
//!
//! A link-local address exists once per link (RFC 4007 §11), and a listener may be bound to one
//! interface; then its name belongs to the endpoint: `[fe80::1%eth0]:22`, `0.0.0.0%lo:80`.

use std::net::IpAddr;

use crate::endpoint::{Endpoint, Scope};
use crate::history::{Moment, Tracked};

/// This machine's end.
pub fn local(row: &Tracked, moment: &Moment) -> String {
    zoned(row.socket.local, row, moment)
}

/// The other end.
pub fn remote(row: &Tracked, moment: &Moment) -> Option<String> {
    Some(zoned(row.socket.remote?, row, moment))
}

fn zoned(end: Endpoint, row: &Tracked, moment: &Moment) -> String {
    let needed = end.scope() == Scope::LinkLocal || row.socket.is_listening();
    let Some(index) = row.socket.interface.filter(|_| needed) else {
        return end.to_string();
    };
    let zone = match moment.directory.interfaces.get(&index) {
        Some(name) => name.to_string(),
        None => index.0.to_string(),
    };
    match end.plain() {
        IpAddr::V4(v4) => format!("{v4}%{zone}:{}", end.port),
        IpAddr::V6(v6) => format!("[{v6}%{zone}]:{}", end.port),
    }
}
