//! What this machine lets a lab show, found by trying.
//!
//! In: nothing. Out: [`Abilities`]. What is missing is said where it would be shown.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::options::{self, Ears};
use super::sockets;
use crate::teach::lessons::call::{Kind, Patience};
use crate::teach::lessons::place::{HERE, HERE6};
use crate::teach::lessons::{Ability, Shown};

/// What was found to work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities(BTreeSet<Ability>);

impl Abilities {
    /// Tries everything.
    pub(super) fn probe() -> Self {
        let tried = [
            (Ability::Deafness, is_deaf_when_told().unwrap_or(false)),
            (Ability::PortRange, has_port_range()),
            (Ability::Ipv6, binds(HERE6, 0)),
            (Ability::PrivilegedPorts, is_refused_80()),
            (Ability::DeferAccept, has_defer_accept()),
        ];
        let able = tried.into_iter().filter(|(_, works)| *works);
        Self(able.map(|(ability, _)| ability).collect())
    }

    /// From now on this counts as something that does not work.
    pub(super) fn forget(&mut self, ability: Ability) {
        self.0.remove(&ability);
    }

    /// Whether this was found to work.
    pub fn has(&self, ability: Ability) -> bool {
        self.0.contains(&ability)
    }

    /// Why a step cannot be shown; `None` where it can, or where another takes its place.
    pub fn lack(&self, shown: Shown) -> Option<Ability> {
        match shown {
            Shown::With(ability) if !self.has(ability) => Some(ability),
            _ => None,
        }
    }

    /// Whether a step is to be shown.
    pub fn allow(&self, shown: Shown) -> bool {
        match shown {
            Shown::Everywhere => true,
            Shown::With(ability) => self.has(ability),
            Shown::Without(ability) => !self.has(ability),
        }
    }
}

fn tcp() -> Result<OwnedFd, Errno> {
    sockets::socket(Kind::Tcp)
}

fn bound(address: IpAddr, port: u16) -> Result<OwnedFd, Errno> {
    let socket = match address {
        IpAddr::V4(_) => tcp()?,
        IpAddr::V6(_) => sockets::socket(Kind::Tcp6)?,
    };
    rustix::net::bind(&socket, &SocketAddr::new(address, port))?;
    Ok(socket)
}

fn binds(address: IpAddr, port: u16) -> bool {
    bound(address, port).is_ok()
}

fn is_refused_80() -> bool {
    matches!(bound(HERE, 80), Err(Errno::ACCESS))
}

fn has_port_range() -> bool {
    let range = crate::collect::ephemeral_ports();
    tcp().is_ok_and(|socket| options::set_four_ports(&socket, range.first.number()).is_ok())
}

fn has_defer_accept() -> bool {
    tcp().is_ok_and(|socket| options::set_defer_accept(&socket).is_ok())
}

/// Some systems know the option and do nothing: a deaf listener must not answer.
fn is_deaf_when_told() -> Result<bool, Errno> {
    let listener = bound(HERE, 0)?;
    if options::set_ears(&listener, Ears::Shut).is_err() {
        return Ok(false);
    }
    rustix::net::listen(&listener, 1)?;
    let client = tcp()?;
    let Some(place) = sockets::local(listener.as_fd()) else {
        return Ok(false);
    };
    sockets::connect(client.as_fd(), place, Patience::Begins)?;
    // On loopback the answer is there at once, if there is one.
    let moment = Timespec {
        tv_sec: 0,
        tv_nsec: 20_000_000,
    };
    let mut end = [PollFd::new(&client, PollFlags::OUT)];
    let is_silent = poll(&mut end, Some(&moment))? == 0;
    sockets::abort(client);
    Ok(is_silent)
}
