//! Addresses that begin alike.
//!
//! In: an address and how many of its bits count. Out: [`IpNetwork`], which knows its members.

use std::net::IpAddr;

/// An address with the number of its leading bits that count: all of them for a single host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    prefix_len: u8,
}

impl IpNetwork {
    /// A network; bits of the address behind the prefix are cleared. `None` where the address has
    /// fewer bits. An IPv4 network in its v4-mapped form becomes the IPv4 network it stands for.
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        /// What stands before the IPv4 address (RFC 4291 §2.5.5.2).
        const MAPPED: u8 = 96;
        let (address, bits) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), IpAddr::V4(v4)) if bits >= MAPPED => (v4.into(), bits - MAPPED),
            _ => (address, bits),
        };
        (bits <= Self::address_width(address)).then(|| Self {
            address: masked(address, bits),
            prefix_len: bits,
        })
    }

    /// One host.
    pub fn single_host(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            address,
            prefix_len: Self::address_width(address),
        }
    }

    /// How many bits an address of this family has.
    pub const fn address_width(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }

    /// Its first address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits count.
    pub const fn prefix_len(&self) -> u8 {
        self.prefix_len
    }

    /// Whether the address, which is [`Endpoint::plain`](crate::net::endpoint::Endpoint::plain), lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4()
            && masked(address, self.prefix_len) == self.address
    }
}

/// The address with only its first bits.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX
                .checked_shl(32_u32.saturating_sub(bits.into()))
                .unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX
                .checked_shl(128_u32.saturating_sub(bits.into()))
                .unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}
