//! Endpoints as they are written, with their zone where the address alone does not say which.
//!
//! A link-local address exists once per link (RFC 4007 §11), and a listener may be bound to one
//! interface; then its name belongs to the endpoint: `[fe80::1%eth0]:22`, `0.0.0.0%lo:80`.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::history::{Moment, TrackedSocket};
use crate::net::endpoint::{AddressScope, Endpoint};

/// One end of a socket, ready to be written.
#[derive(Clone, Copy, Debug)]
pub struct EndpointDisplay<'a> {
    endpoint: Endpoint,
    zone: Option<Zone<'a>>,
    name: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
enum Zone<'a> {
    Named(&'a str),
    /// The interface is gone, or was never named.
    Numbered(NonZeroU32),
}

impl<'a> EndpointDisplay<'a> {
    /// This machine's end.
    pub fn local(row: &TrackedSocket, moment: &'a Moment) -> Self {
        Self::new(row.socket.local, row, moment)
    }

    /// The other end.
    pub fn remote(row: &TrackedSocket, moment: &'a Moment) -> Option<Self> {
        Some(Self::new(row.socket.remote?, row, moment))
    }

    /// The same with the name of the address in its place, where one was asked for and there is one.
    pub fn with_host_name(self, moment: &'a Moment) -> Self {
        let name = moment.directory.hosts.get(&self.endpoint.canonical_ip());
        Self {
            name: name.map(|name| &**name),
            ..self
        }
    }

    fn new(end: Endpoint, row: &TrackedSocket, moment: &'a Moment) -> Self {
        let needed = end.scope() == AddressScope::LinkLocal || row.socket.is_listening();
        let index = row.socket.interface.filter(|_| needed);
        let names = &moment.directory.interfaces;
        let zone = index.map(|index| match names.get(&index) {
            Some(name) => Zone::Named(name),
            None => Zone::Numbered(index.0),
        });
        Self {
            endpoint: end,
            zone,
            name: None,
        }
    }
}

impl fmt::Display for EndpointDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { port, .. } = self.endpoint;
        if let Some(name) = self.name {
            return write!(f, "{name}:{port}");
        }
        let Some(zone) = self.zone else {
            return self.endpoint.fmt(f);
        };
        let zone: &dyn fmt::Display = match &zone {
            Zone::Named(name) => name,
            Zone::Numbered(number) => number,
        };
        match self.endpoint.canonical_ip() {
            IpAddr::V4(v4) => write!(f, "{v4}%{zone}:{port}"),
            IpAddr::V6(v6) => write!(f, "[{v6}%{zone}]:{port}"),
        }
    }
}
