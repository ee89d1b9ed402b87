//! Sets socket options that rustix does not support, with a macro of nix.
//!
//! Every function returns the errno of setsockopt(2) on failure. IP_MINTTL drops packets whose TTL
//! is below the minimum; packets from this machine have 64 (the option exists for RFC 5082). None
//! of these options needs a privilege.

use std::os::fd::AsFd;

use nix::sys::socket::SetSockOpt;
use nix::sys::socket::sockopt::SetUsize;

/// From `include/uapi/linux/in.h`, since Linux 6.3; libc has no constant for it yet.
const IP_LOCAL_PORT_RANGE: libc::c_int = 51;

/// Above the TTL of every packet from this machine.
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

/// Whether a socket drops the packets it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketDrop {
    Off,
    On,
}

/// Sets IP_MINTTL, so that the socket drops every packet from this machine, or none.
pub(crate) fn set_packet_drop(socket: &impl AsFd, packet_drop: PacketDrop) -> Result<(), i32> {
    let min_ttl = match packet_drop {
        PacketDrop::Off => 0,
        PacketDrop::On => MIN_TTL_DROP_ALL,
    };
    to_raw_errno(MinTtlOption.set(socket, &min_ttl))
}

/// Sets IP_LOCAL_PORT_RANGE to the four ports that start with `first`.
pub(crate) fn set_local_port_range(socket: &impl AsFd, first: u16) -> Result<(), i32> {
    let (first, last) = (usize::from(first), usize::from(first.saturating_add(3)));
    to_raw_errno(LocalPortRangeOption.set(socket, &(last << 16 | first)))
}

/// Sets TCP_DEFER_ACCEPT to 30 seconds.
pub(crate) fn set_defer_accept(socket: &impl AsFd) -> Result<(), i32> {
    to_raw_errno(DeferAcceptOption.set(socket, &30))
}

fn to_raw_errno(outcome: nix::Result<()>) -> Result<(), i32> {
    outcome.map_err(|errno| errno as i32)
}
