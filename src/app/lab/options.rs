//! Socket options that have no name in rustix, by the macro nix has for such.
//!
//! In: a socket and what is wanted. Out: what setsockopt(2) said. IP_MINTTL is what makes a socket
//! deaf: it lets in only packets with at least this time to live, and those of this machine have 64
//! (RFC 5082 is what the option is for). Nothing of this needs a privilege.

use std::os::fd::AsFd;

use nix::sys::socket::SetSockOpt;
use nix::sys::socket::sockopt::SetUsize;

/// From `include/uapi/linux/in.h`, since Linux 6.3; libc has no name for it yet.
const IP_LOCAL_PORT_RANGE: libc::c_int = 51;

/// More than any packet of this machine has left when it arrives.
const NOBODY: usize = 255;

#[derive(Clone, Copy)]
struct LeastTimeToLive;
nix::setsockopt_impl!(
    LeastTimeToLive,
    libc::IPPROTO_IP,
    libc::IP_MINTTL,
    usize,
    SetUsize
);

#[derive(Clone, Copy)]
struct LocalPortRange;
nix::setsockopt_impl!(
    LocalPortRange,
    libc::IPPROTO_IP,
    IP_LOCAL_PORT_RANGE,
    usize,
    SetUsize
);

#[derive(Clone, Copy)]
struct DeferAccept;
nix::setsockopt_impl!(
    DeferAccept,
    libc::IPPROTO_TCP,
    libc::TCP_DEFER_ACCEPT,
    usize,
    SetUsize
);

/// Whether a socket takes notice of what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ears {
    /// It does.
    Open,
    /// Every packet is dropped.
    Shut,
}

/// Makes a socket deaf, or hear again.
pub(super) fn set_ears(socket: &impl AsFd, ears: Ears) -> Result<(), i32> {
    let least = match ears {
        Ears::Open => 0,
        Ears::Shut => NOBODY,
    };
    number(LeastTimeToLive.set(socket, &least))
}

/// Gives a socket its own range of ephemeral ports: four from `first` on.
pub(super) fn set_four_ports(socket: &impl AsFd, first: u16) -> Result<(), i32> {
    let (first, last) = (usize::from(first), usize::from(first.saturating_add(3)));
    number(LocalPortRange.set(socket, &(last << 16 | first)))
}

/// Lets a connection count only when its first data is here, or after half a minute.
pub(super) fn set_defer_accept(socket: &impl AsFd) -> Result<(), i32> {
    number(DeferAccept.set(socket, &30))
}

fn number(outcome: nix::Result<()>) -> Result<(), i32> {
    outcome.map_err(|errno| errno as i32)
}
