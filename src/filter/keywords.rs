//! Keywords and the values of the fixed fields: TCP states in every spelling in use (RFC 9293, ss,
//! netstat, lsof, Windows), protocols, families, sides and reaches.

use super::ast::{Condition, Flag, ReachTest};
use crate::history::Side;
use crate::net::endpoint::Family;
use crate::net::port::Protocol;
use crate::net::socket::TcpState;

/// A word that is a filter by itself, without a field.
#[derive(Debug)]
pub struct Keyword {
    /// The word, in lower case.
    pub name: &'static str,
    /// Other spellings, in lower case.
    pub aliases: &'static [&'static str],
    /// Its meaning: an equivalent condition, or a short description.
    pub description: &'static str,
}

/// All keywords except the TCP states. Where a word is also a state, as `closed` is, the keyword wins.
#[rustfmt::skip]
pub static KEYWORDS: [Keyword; 11] = [
    Keyword { name: "tcp", aliases: &[], description: "proto:tcp" },
    Keyword { name: "udp", aliases: &[], description: "proto:udp" },
    Keyword { name: "ipv4", aliases: &[], description: "family:ipv4" },
    Keyword { name: "ipv6", aliases: &[], description: "family:ipv6" },
    Keyword { name: "listening", aliases: &["listen"], description: "TCP in LISTEN, or UDP without a peer, as -l" },
    Keyword { name: "serving", aliases: &[], description: "accepted from a listener here" },
    Keyword { name: "outgoing", aliases: &[], description: "connected from here" },
    Keyword { name: "established", aliases: &["estab", "est"], description: "ESTABLISHED, or UDP with a peer, as -e" },
    Keyword { name: "loopback", aliases: &[], description: "one end at a loopback address" },
    Keyword { name: "closed", aliases: &[], description: "no longer open (the TCP state is state:closed)" },
    Keyword { name: "new", aliases: &[], description: "opened a moment ago" },
];

/// Returns the condition of a keyword or TCP state; `None` for any other word.
pub(crate) fn keyword_condition(word: &str) -> Option<Condition> {
    let is = |k: &&Keyword| {
        let mut spellings = [k.name].into_iter().chain(k.aliases.iter().copied());
        spellings.any(|s| s.eq_ignore_ascii_case(word))
    };
    let Some(keyword) = KEYWORDS.iter().find(is) else {
        return parse_state(word).map(|s| Condition::State(vec![s]));
    };
    Some(match keyword.name {
        "established" => Condition::Flag(Flag::Established),
        "loopback" => Condition::Flag(Flag::Loopback),
        "closed" => Condition::Flag(Flag::Closed),
        "new" => Condition::Flag(Flag::New),
        name => parse_protocol(name)
            .map(|p| Condition::Protocol(vec![p]))
            .or_else(|| parse_family(name).map(|f| Condition::Family(vec![f])))
            .or_else(|| parse_side(name).map(|s| Condition::Side(vec![s])))?,
    })
}

impl Flag {
    /// Returns the keyword.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Loopback => "loopback",
            Self::Closed => "closed",
            Self::New => "new",
        }
    }
}

pub(crate) fn parse_protocol(word: &str) -> Option<Protocol> {
    [Protocol::Tcp, Protocol::Udp]
        .into_iter()
        .find(|p| p.name().eq_ignore_ascii_case(word))
}

pub(crate) fn parse_family(word: &str) -> Option<Family> {
    match word.to_ascii_lowercase().as_str() {
        "ipv4" | "ip4" | "v4" | "4" | "inet" => Some(Family::Ipv4),
        "ipv6" | "ip6" | "v6" | "6" | "inet6" => Some(Family::Ipv6),
        _ => None,
    }
}

pub(crate) fn parse_side(word: &str) -> Option<Side> {
    match word.to_ascii_lowercase().as_str() {
        "listening" | "listen" => Some(Side::Listening),
        "serving" | "inbound" | "incoming" => Some(Side::Serving),
        "outgoing" | "outbound" => Some(Side::Outgoing),
        _ => None,
    }
}

/// Parses a reach keyword; addresses and interfaces are not handled here.
pub(crate) fn parse_reach(word: &str) -> Option<ReachTest> {
    match word.to_ascii_lowercase().as_str() {
        "everyone" => Some(ReachTest::Wildcard),
        "this-machine" | "loopback" => Some(ReachTest::Loopback),
        _ => None,
    }
}

/// Parses a TCP state in any case, with its parts joined by `-`, `_` or nothing.
pub(crate) fn parse_state(word: &str) -> Option<TcpState> {
    let plain: String = word
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Some(match plain.as_str() {
        "established" | "estab" | "est" => TcpState::Established,
        "synsent" => TcpState::SynSent,
        "synreceived" | "synrecv" | "synrcvd" | "synrcv" => TcpState::SynReceived,
        "finwait1" => TcpState::FinWait1,
        "finwait2" => TcpState::FinWait2,
        "timewait" | "tw" => TcpState::TimeWait,
        "closed" | "close" => TcpState::Closed,
        "closewait" | "cw" => TcpState::CloseWait,
        "lastack" => TcpState::LastAck,
        "listen" | "listening" => TcpState::Listen,
        "closing" => TcpState::Closing,
        _ => return None,
    })
}
