//! Endpoints as they are written, with their zone where the address alone does not say which.
//!
//! A link-local address exists once per link (RFC 4007 §11), and a listener may be bound to one
//! interface; then its name belongs to the endpoint: `[fe80::1%eth0]:22`, `0.0.0.0%lo:80`.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::endpoint::{Endpoint, Scope};
use crate::history::{Moment, Tracked};

/// One end of a socket, ready to be written.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    end: Endpoint,
    zone: Option<Zone<'a>>,
    name: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
enum Zone<'a> {
    Named(&'a str),
    /// The interface is gone, or was never named.
    Numbered(NonZeroU32),
}

impl<'a> Place<'a> {
    /// This machine's end.
    pub fn local(row: &Tracked, moment: &'a Moment) -> Self {
        Self::new(row.socket.local, row, moment)
    }

    /// The other end.
    pub fn remote(row: &Tracked, moment: &'a Moment) -> Option<Self> {
        Some(Self::new(row.socket.remote?, row, moment))
    }

    /// The same with the name of the address in its place, where one was asked for and there is one.
    pub fn named(self, moment: &'a Moment) -> Self {
        let name = moment.directory.hosts.get(&self.end.plain());
        Self {
            name: name.map(|name| &**name),
            ..self
        }
    }

    fn new(end: Endpoint, row: &Tracked, moment: &'a Moment) -> Self {
        let needed = end.scope() == Scope::LinkLocal || row.socket.is_listening();
        let index = row.socket.interface.filter(|_| needed);
        let names = &moment.directory.interfaces;
        let zone = index.map(|index| match names.get(&index) {
            Some(name) => Zone::Named(name),
            None => Zone::Numbered(index.0),
        });
        Self {
            end,
            zone,
            name: None,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { port, .. } = self.end;
        if let Some(name) = self.name {
            return write!(f, "{name}:{port}");
        }
        let Some(zone) = self.zone else {
            return self.end.fmt(f);
        };
        let zone: &dyn fmt::Display = match &zone {
            Zone::Named(name) => name,
            Zone::Numbered(number) => number,
        };
        match self.end.plain() {
            IpAddr::V4(v4) => write!(f, "{v4}%{zone}:{port}"),
            IpAddr::V6(v6) => write!(f, "[{v6}%{zone}]:{port}"),
        }
    }
}
