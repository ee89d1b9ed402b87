//! Encodes a request to sock_diag(7).
//!
//! Takes a [`DiagRequest`]; returns bytes in the layout of
//! `include/uapi/linux/{netlink,inet_diag}.h`.

use super::wire::{
    AF_INET, AF_INET6, INET_DIAG_CONG, INET_DIAG_INFO, INET_DIAG_SKMEMINFO, IPPROTO_TCP,
    IPPROTO_UDP, NLATTR_HDR_LEN, NLMSG_HDR_LEN, SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK,
};
use crate::net::endpoint::Family;
use crate::net::port::Protocol;

const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_DUMP: u16 = 0x300;

/// The length of `struct nlmsghdr` and `struct inet_diag_req_v2`.
const V2_REQUEST_LEN: usize = NLMSG_HDR_LEN + 56;

/// The length of `struct nlmsghdr` and `struct inet_diag_req`.
const V1_REQUEST_LEN: usize = NLMSG_HDR_LEN + 60;
const INET_DIAG_REQ_BYTECODE: u16 = 1;

/// The attributes that have to be requested; the others are always sent.
const EXTENSIONS: u8 =
    (1 << (INET_DIAG_INFO - 1)) | (1 << (INET_DIAG_CONG - 1)) | (1 << (INET_DIAG_SKMEMINFO - 1));

/// The states a dump lists: a bit for each number of `include/net/tcp_states.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateMask(u32);

impl StateMask {
    /// States 1 to 12. Not 13, `TCP_BOUND_INACTIVE`: a socket that is bound but not used.
    pub(crate) const ALL: Self = Self(0x1ffe);
    /// No state: the kernel replies at once with an empty dump, which shows that it replies.
    pub(crate) const NONE: Self = Self(0);
}

/// The table one dump lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiagTable {
    /// The sockets of one family.
    ByFamily(Protocol, Family),
    /// TCP over both families. They share one hash table in the kernel, and walking it takes as
    /// long for a few sockets as for all: 10 ms where there are 100,000.
    AllTcp,
}

impl DiagTable {
    /// Returns the protocol of its sockets.
    pub(crate) const fn protocol(self) -> Protocol {
        match self {
            Self::ByFamily(protocol, _) => protocol,
            Self::AllTcp => Protocol::Tcp,
        }
    }

    /// Returns the name of the table for messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ByFamily(Protocol::Tcp, Family::Ipv4) => "IPv4 TCP",
            Self::ByFamily(Protocol::Tcp, Family::Ipv6) => "IPv6 TCP",
            Self::ByFamily(Protocol::Udp, Family::Ipv4) => "IPv4 UDP",
            Self::ByFamily(Protocol::Udp, Family::Ipv6) => "IPv6 UDP",
            Self::AllTcp => "TCP",
        }
    }
}

/// One request for a dump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiagRequest<'a> {
    /// The table to list.
    pub(crate) table: DiagTable,
    /// The states to list.
    pub(crate) states: StateMask,
    /// The [bytecode](super::bytecode) that selects sockets; `None` for all.
    pub(crate) bytecode: Option<&'a [u8]>,
}

/// Encodes a request for a dump. `sequence` comes back in every message of the reply.
pub(crate) fn encode(diag_request: DiagRequest<'_>, sequence: u32) -> Vec<u8> {
    let mut bytes = match diag_request.table {
        DiagTable::ByFamily(protocol, family) => {
            encode_by_family(protocol, family, diag_request.states)
        }
        DiagTable::AllTcp => encode_all_tcp(diag_request.states),
    };
    bytes[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
    if let Some(bytecode) = diag_request.bytecode {
        // Bytecode consists of whole words, so it needs no padding.
        bytes.extend(((NLATTR_HDR_LEN + bytecode.len()) as u16).to_ne_bytes());
        bytes.extend(INET_DIAG_REQ_BYTECODE.to_ne_bytes());
        bytes.extend(bytecode);
    }
    let length = bytes.len() as u32;
    bytes[0..4].copy_from_slice(&length.to_ne_bytes());
    bytes
}

/// Encodes the fixed part as `struct inet_diag_req_v2`.
fn encode_by_family(protocol: Protocol, family: Family, states: StateMask) -> Vec<u8> {
    let mut bytes = vec![0; V2_REQUEST_LEN];
    bytes[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes[16] = match family {
        Family::Ipv4 => AF_INET,
        Family::Ipv6 => AF_INET6,
    };
    bytes[17] = match protocol {
        Protocol::Tcp => IPPROTO_TCP,
        Protocol::Udp => IPPROTO_UDP,
    };
    bytes[18] = EXTENSIONS;
    bytes[20..24].copy_from_slice(&states.0.to_ne_bytes());
    bytes
}

/// Encodes the fixed part as `struct inet_diag_req`.
fn encode_all_tcp(states: StateMask) -> Vec<u8> {
    let mut bytes = vec![0; V1_REQUEST_LEN];
    bytes[4..6].copy_from_slice(&TCPDIAG_GETSOCK.to_ne_bytes());
    bytes[19] = EXTENSIONS;
    bytes[68..72].copy_from_slice(&states.0.to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::bytes::{u16_at, u32_at};
    use super::*;

    #[test]
    fn v2_request_has_the_kernel_layout() {
        let table = DiagTable::ByFamily(Protocol::Udp, Family::Ipv6);
        let diag_request = |bytecode| DiagRequest {
            table,
            states: StateMask::ALL,
            bytecode,
        };
        let bytes = super::encode(diag_request(None), 9);
        assert_eq!(u32_at(&bytes, 0), Some(72));
        assert_eq!(
            (u16_at(&bytes, 4), u16_at(&bytes, 6)),
            (Some(20), Some(0x301))
        );
        assert_eq!(u32_at(&bytes, 8), Some(9));
        assert_eq!(bytes[16..20], [10, 17, 0b100_1010, 0]);
        assert_eq!(u32_at(&bytes, 20), Some(0b1_1111_1111_1110));
        let with_bytecode = super::encode(diag_request(Some(&[1, 4, 8, 0])), 9);
        assert_eq!(u32_at(&with_bytecode, 0), Some(80));
        assert_eq!(with_bytecode[4..72], bytes[4..]);
        assert_eq!(u16_at(&with_bytecode, 72), Some(8));
        assert_eq!(u16_at(&with_bytecode, 74), Some(1));
        assert_eq!(with_bytecode[76..], [1, 4, 8, 0]);
    }

    #[test]
    fn v1_request_for_all_tcp_has_no_family() {
        let diag_request = |bytecode| DiagRequest {
            table: DiagTable::AllTcp,
            states: StateMask::ALL,
            bytecode,
        };
        let bytes = super::encode(diag_request(None), 9);
        assert_eq!((u32_at(&bytes, 0), bytes.len()), (Some(76), 76));
        assert_eq!(
            (u16_at(&bytes, 4), u16_at(&bytes, 6)),
            (Some(18), Some(0x301))
        );
        assert_eq!(bytes[16..20], [0, 0, 0, 0b100_1010]);
        assert_eq!(u32_at(&bytes, 68), Some(0b1_1111_1111_1110));
        let with_bytecode = super::encode(diag_request(Some(&[1, 4, 8, 0])), 9);
        assert_eq!(with_bytecode[4..76], bytes[4..]);
        assert_eq!(with_bytecode[76..], [8, 0, 1, 0, 1, 4, 8, 0]);
    }
}
