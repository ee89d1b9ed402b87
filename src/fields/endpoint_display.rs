//! Formats endpoints, with their zone where the address alone is ambiguous.
//!
//! A link-local address exists once per link (RFC 4007 §11), and a listener may be bound to one
//! interface; then the interface name is part of the endpoint: `[fe80::1%eth0]:22`,
//! `0.0.0.0%lo:80`.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::history::{Moment, TrackedSocket};
use crate::net::endpoint::{AddressScope, Endpoint};

/// An endpoint of a socket, ready to be formatted.
#[derive(Clone, Copy, Debug)]
pub struct EndpointDisplay<'a> {
    endpoint: Endpoint,
    zone: Option<Zone<'a>>,
    name: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
enum Zone<'a> {
    Named(&'a str),
    /// The interface was removed, or its name is not known.
    Numbered(NonZeroU32),
}

impl<'a> EndpointDisplay<'a> {
    /// The local endpoint of a row.
    pub fn local(row: &TrackedSocket, moment: &'a Moment) -> Self {
        Self::new(row.socket.local, row, moment)
    }

    /// The remote endpoint of a row, if it has one.
    pub fn remote(row: &TrackedSocket, moment: &'a Moment) -> Option<Self> {
        Some(Self::new(row.socket.remote?, row, moment))
    }

    /// Replaces the address by its host name, if that is known.
    pub fn with_host_name(self, moment: &'a Moment) -> Self {
        let name = moment.directory.hosts.get(&self.endpoint.canonical_ip());
        Self {
            name: name.map(|name| &**name),
            ..self
        }
    }

    fn new(endpoint: Endpoint, row: &TrackedSocket, moment: &'a Moment) -> Self {
        let needed = endpoint.scope() == AddressScope::LinkLocal || row.socket.is_listening();
        let index = row.socket.interface.filter(|_| needed);
        let names = &moment.directory.interfaces;
        let zone = index.map(|index| match names.get(&index) {
            Some(name) => Zone::Named(name),
            None => Zone::Numbered(index.0),
        });
        Self {
            endpoint,
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
