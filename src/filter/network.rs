//! IP networks in CIDR notation (RFC 4632).

use std::net::IpAddr;

/// An IP network: an address and a prefix length. A single host has the full length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    prefix_len: u8,
}

impl IpNetwork {
    /// Builds a network and clears the host bits; returns `None` if `bits` exceeds the address width.
    /// An IPv4-mapped network (`::ffff:10.0.0.0/104`) becomes the IPv4 network.
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        /// Bits before the IPv4 address in a mapped one (RFC 4291 §2.5.5.2).
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

    /// Builds the network of one host: /32 or /128. An IPv4-mapped address becomes IPv4.
    pub fn single_host(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            address,
            prefix_len: Self::address_width(address),
        }
    }

    /// Returns the width of an address in bits: 32 or 128.
    pub const fn address_width(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }

    /// Returns the network address: the first, with all host bits zero.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// Returns the prefix length in bits.
    pub const fn prefix_len(&self) -> u8 {
        self.prefix_len
    }

    /// Returns whether the network contains the address, which must be canonical: see
    /// [`Endpoint::canonical_ip`](crate::net::endpoint::Endpoint::canonical_ip).
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4()
            && masked(address, self.prefix_len) == self.address
    }
}

/// Clears all but the first `bits` bits.
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
