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
const MIN_TTL_DROP_ALL: usize = 255;

#[derive(Clone, Copy)]
struct MinTtlOption;
nix::setsockopt_impl!(
    MinTtlOption,
    libc::IPPROTO_IP,
    libc::IP_MINTTL,
    usize,
    SetUsize
);

#[derive(Clone, Copy)]
struct LocalPortRangeOption;
nix::setsockopt_impl!(
    LocalPortRangeOption,
    libc::IPPROTO_IP,
    IP_LOCAL_PORT_RANGE,
    usize,
    SetUsize
);

#[derive(Clone, Copy)]
struct DeferAcceptOption;
nix::setsockopt_impl!(
    DeferAcceptOption,
    libc::IPPROTO_TCP,
    libc::TCP_DEFER_ACCEPT,
    usize,
    SetUsize
);

/// Whether a socket takes notice of what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketDrop {
    /// It does.
    Off,
    /// Every packet is dropped.
    On,
}

/// Makes a socket deaf, or hear again.
pub(crate) fn set_packet_drop(socket: &impl AsFd, packet_drop: PacketDrop) -> Result<(), i32> {
    let min_ttl = match packet_drop {
        PacketDrop::Off => 0,
        PacketDrop::On => MIN_TTL_DROP_ALL,
    };
    to_raw_errno(MinTtlOption.set(socket, &min_ttl))
}

/// Gives a socket its own range of ephemeral ports: four from `first` on.
pub(crate) fn set_local_port_range(socket: &impl AsFd, first: u16) -> Result<(), i32> {
    let (first, last) = (usize::from(first), usize::from(first.saturating_add(3)));
    to_raw_errno(LocalPortRangeOption.set(socket, &(last << 16 | first)))
}

/// Lets a connection count only when its first data is here, or after half a minute.
pub(crate) fn set_defer_accept(socket: &impl AsFd) -> Result<(), i32> {
    to_raw_errno(DeferAcceptOption.set(socket, &30))
}

fn to_raw_errno(outcome: nix::Result<()>) -> Result<(), i32> {
    outcome.map_err(|errno| errno as i32)
}
