//! Probes which capabilities this machine has for labs.
//!
//! [`Capabilities`] decides which steps are shown; for a missing one, the step says why it is not.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::raw_sockopt::PacketDrop;
use super::{raw_sockopt, syscalls};
use crate::lessons::call::{ConnectMode, SocketKind};
use crate::lessons::lab_endpoint::{LOOPBACK_V4, LOOPBACK_V6};
use crate::lessons::spec::{Capability, StepCondition};

/// The capabilities that were found to work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<Capability>);

impl Capabilities {
    /// Probes every [`Capability`] with sockets of this process.
    pub(crate) fn probe() -> Self {
        let probes = [
            (Capability::MinTtl, min_ttl_drops_packets().unwrap_or(false)),
            (Capability::LocalPortRange, has_port_range()),
            (Capability::Ipv6, can_bind(LOOPBACK_V6, 0)),
            (Capability::PrivilegedPorts, port_80_is_denied()),
            (Capability::DeferAccept, has_defer_accept()),
        ];
        let available = probes.into_iter().filter(|(_, works)| *works);
        Self(available.map(|(capability, _)| capability).collect())
    }

    /// Removes a capability, to play a lesson as a machine without it would.
    pub(crate) fn remove(&mut self, capability: Capability) {
        self.0.remove(&capability);
    }

    /// Returns whether the capability was found to work.
    pub fn contains(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }

    /// Returns the capability that a step lacks; `None` if it can be shown or has a replacement.
    pub fn missing(&self, condition: StepCondition) -> Option<Capability> {
        match condition {
            StepCondition::With(capability) if !self.contains(capability) => Some(capability),
            _ => None,
        }
    }

    /// Returns whether a step is shown.
    pub fn allows(&self, condition: StepCondition) -> bool {
        match condition {
            StepCondition::Always => true,
            StepCondition::With(capability) => self.contains(capability),
            StepCondition::Without(capability) => !self.contains(capability),
        }
    }
}

fn tcp_socket() -> Result<OwnedFd, Errno> {
    syscalls::socket(SocketKind::Tcp)
}

fn bound_socket(address: IpAddr, port: u16) -> Result<OwnedFd, Errno> {
    let socket = match address {
        IpAddr::V4(_) => tcp_socket()?,
        IpAddr::V6(_) => syscalls::socket(SocketKind::Tcp6)?,
    };
    rustix::net::bind(&socket, &SocketAddr::new(address, port))?;
    Ok(socket)
}

fn can_bind(address: IpAddr, port: u16) -> bool {
    bound_socket(address, port).is_ok()
}

fn port_80_is_denied() -> bool {
    matches!(bound_socket(LOOPBACK_V4, 80), Err(Errno::ACCESS))
}

fn has_port_range() -> bool {
    let range = crate::collect::ephemeral_ports();
    tcp_socket().is_ok_and(|socket| {
        raw_sockopt::set_local_port_range(&socket, range.first.number()).is_ok()
    })
}

fn has_defer_accept() -> bool {
    tcp_socket().is_ok_and(|socket| raw_sockopt::set_defer_accept(&socket).is_ok())
}

/// Tests that IP_MINTTL really drops packets: some systems accept the option without any effect.
fn min_ttl_drops_packets() -> Result<bool, Errno> {
    let listener = bound_socket(LOOPBACK_V4, 0)?;
    if raw_sockopt::set_packet_drop(&listener, PacketDrop::On).is_err() {
        return Ok(false);
    }
    rustix::net::listen(&listener, 1)?;
    let client = tcp_socket()?;
    let Some(addr) = syscalls::local_addr(listener.as_fd()) else {
        return Ok(false);
    };
    syscalls::connect(client.as_fd(), addr, ConnectMode::NonBlocking)?;
    // On loopback a reply arrives at once, if there is one.
    let timeout = Timespec {
        tv_sec: 0,
        tv_nsec: 20_000_000,
    };
    let mut poll_fds = [PollFd::new(&client, PollFlags::OUT)];
    let is_silent = poll(&mut poll_fds, Some(&timeout))? == 0;
    syscalls::abort(client);
    Ok(is_silent)
}
