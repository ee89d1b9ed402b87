//! A question to sock_diag(7), as bytes.
//!
//! In: a [`Question`]. Out: the request, in the layout of `include/uapi/linux/{netlink,inet_diag}.h`.

use super::wire::{
    AF_INET, AF_INET6, ATTRIBUTE, HEADER, INET_DIAG_CONG, INET_DIAG_INFO, IPPROTO_TCP, IPPROTO_UDP,
    SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK,
};
use crate::endpoint::Family;
use crate::port::Protocol;

const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_DUMP: u16 = 0x300;
/// `struct nlmsghdr` and `struct inet_diag_req_v2`.
const REQUEST: usize = HEADER + 56;
/// `struct nlmsghdr` and `struct inet_diag_req`.
const OLD_REQUEST: usize = HEADER + 60;
const INET_DIAG_REQ_BYTECODE: u16 = 1;
/// What has to be asked for; the other attributes come unasked.
const EXTENSIONS: u8 = (1 << (INET_DIAG_INFO - 1)) | (1 << (INET_DIAG_CONG - 1));

/// Which states a dump lists: a bit for each number of `include/net/tcp_states.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct States(u32);

impl States {
    /// 1 to 12. Not 13, `TCP_BOUND_INACTIVE`: a socket that has a port and uses it for nothing.
    pub(super) const ALL: Self = Self(0x1ffe);
    /// None: the kernel answers at once that there are no more rows, which shows that it answers.
    pub(super) const NONE: Self = Self(0);
}

/// What the kernel lists at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// The sockets of one family.
    Of(Protocol, Family),
    /// TCP over both families. They share one hash table in the kernel, and walking it takes as
    /// long for a few sockets as for all: 10 ms where there are 100,000.
    TcpAtOnce,
}

impl Table {
    /// The protocol of its sockets.
    pub(super) const fn protocol(self) -> Protocol {
        match self {
            Self::Of(protocol, _) => protocol,
            Self::TcpAtOnce => Protocol::Tcp,
        }
    }

    /// How the table is called in a message.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Of(Protocol::Tcp, Family::Ipv4) => "IPv4 TCP",
            Self::Of(Protocol::Tcp, Family::Ipv6) => "IPv6 TCP",
            Self::Of(Protocol::Udp, Family::Ipv4) => "IPv4 UDP",
            Self::Of(Protocol::Udp, Family::Ipv6) => "IPv6 UDP",
            Self::TcpAtOnce => "TCP",
        }
    }
}

/// What is asked for in one dump.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// Of which table.
    pub(super) table: Table,
    /// In which states.
    pub(super) states: States,
    /// The [program](super::bytecode) that picks; `None` for all.
    pub(super) program: Option<&'a [u8]>,
}

/// A request for a dump. `sequence` comes back in every message of the answer.
pub(super) fn bytes(question: Question<'_>, sequence: u32) -> Vec<u8> {
    let mut bytes = match question.table {
        Table::Of(protocol, family) => by_family(protocol, family, question.states),
        Table::TcpAtOnce => tcp_at_once(question.states),
    };
    bytes[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
    if let Some(program) = question.program {
        // Programs are made of words, so that nothing has to be filled up.
        bytes.extend(((ATTRIBUTE + program.len()) as u16).to_ne_bytes());
        bytes.extend(INET_DIAG_REQ_BYTECODE.to_ne_bytes());
        bytes.extend(program);
    }
    let length = bytes.len() as u32;
    bytes[0..4].copy_from_slice(&length.to_ne_bytes());
    bytes
}

/// `struct inet_diag_req_v2`.
fn by_family(protocol: Protocol, family: Family, states: States) -> Vec<u8> {
    let mut bytes = vec![0; REQUEST];
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

/// `struct inet_diag_req`.
fn tcp_at_once(states: States) -> Vec<u8> {
    let mut bytes = vec![0; OLD_REQUEST];
    bytes[4..6].copy_from_slice(&TCPDIAG_GETSOCK.to_ne_bytes());
    bytes[19] = EXTENSIONS;
    bytes[68..72].copy_from_slice(&states.0.to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::wire::{u16_at, u32_at};
    use super::*;

    #[test]
    fn a_request_has_the_layout_of_the_headers() {
        let table = Table::Of(Protocol::Udp, Family::Ipv6);
        let question = |program| Question {
            table,
            states: States::ALL,
            program,
        };
        let bytes = super::bytes(question(None), 9);
        assert_eq!(u32_at(&bytes, 0), Some(72));
        assert_eq!(
            (u16_at(&bytes, 4), u16_at(&bytes, 6)),
            (Some(20), Some(0x301))
        );
        assert_eq!(u32_at(&bytes, 8), Some(9));
        assert_eq!(bytes[16..20], [10, 17, 0b1010, 0]);
        assert_eq!(u32_at(&bytes, 20), Some(0b1_1111_1111_1110));
        let with_program = super::bytes(question(Some(&[1, 4, 8, 0])), 9);
        assert_eq!(u32_at(&with_program, 0), Some(80));
        assert_eq!(with_program[4..72], bytes[4..]);
        assert_eq!(u16_at(&with_program, 72), Some(8));
        assert_eq!(u16_at(&with_program, 74), Some(1));
        assert_eq!(with_program[76..], [1, 4, 8, 0]);
    }

    #[test]
    fn the_older_request_for_tcp_has_no_family() {
        let question = |program| Question {
            table: Table::TcpAtOnce,
            states: States::ALL,
            program,
        };
        let bytes = super::bytes(question(None), 9);
        assert_eq!((u32_at(&bytes, 0), bytes.len()), (Some(76), 76));
        assert_eq!(
            (u16_at(&bytes, 4), u16_at(&bytes, 6)),
            (Some(18), Some(0x301))
        );
        assert_eq!(bytes[16..20], [0, 0, 0, 0b1010]);
        assert_eq!(u32_at(&bytes, 68), Some(0b1_1111_1111_1110));
        let with_program = super::bytes(question(Some(&[1, 4, 8, 0])), 9);
        assert_eq!(with_program[4..76], bytes[4..]);
        assert_eq!(with_program[76..], [8, 0, 1, 0, 1, 4, 8, 0]);
    }
}
