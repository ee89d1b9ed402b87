//! Words with a meaning: TCP states in every spelling in use (RFC 9293, ss, netstat, lsof,
//! Windows), protocols, families, sides, reaches, and the words that stand alone.

use super::ast::{Condition, Flag, ReachTest};
use crate::history::Side;
use crate::net::endpoint::Family;
use crate::net::port::Protocol;
use crate::net::socket::TcpState;

/// A word that means something by itself.
#[derive(Debug)]
pub struct Keyword {
    /// The word.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// What it means.
    pub description: &'static str,
}

/// The words that mean something by themselves, besides the TCP states. Where one is a state as
/// well, this meaning wins.
#[rustfmt::skip]
pub static KEYWORDS: [Keyword; 11] = [
    Keyword { name: "tcp", aliases: &[], description: "proto:tcp" },
    Keyword { name: "udp", aliases: &[], description: "proto:udp" },
    Keyword { name: "ipv4", aliases: &[], description: "family:ipv4" },
    Keyword { name: "ipv6", aliases: &[], description: "family:ipv6" },
    Keyword { name: "listening", aliases: &["listen"], description: "waits for whoever comes, UDP without a peer included, as -l" },
    Keyword { name: "serving", aliases: &[], description: "accepted from a listener here" },
    Keyword { name: "outgoing", aliases: &[], description: "dialled from here" },
    Keyword { name: "established", aliases: &["estab", "est"], description: "ESTABLISHED, UDP with a peer included, as -e" },
    Keyword { name: "loopback", aliases: &[], description: "an end at a loopback address" },
    Keyword { name: "closed", aliases: &[], description: "gone; the state of that name is state:closed" },
    Keyword { name: "new", aliases: &[], description: "came a moment ago" },
];

/// What a word that stands alone means: a keyword or a TCP state. `None` for a name.
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
    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Loopback => "loopback",
            Self::Closed => "closed",
            Self::New => "new",
        }
    }
}

/// The protocol a word names.
pub(crate) fn parse_protocol(word: &str) -> Option<Protocol> {
    [Protocol::Tcp, Protocol::Udp]
        .into_iter()
        .find(|p| p.name().eq_ignore_ascii_case(word))
}

/// The family a word names.
pub(crate) fn parse_family(word: &str) -> Option<Family> {
    match word.to_ascii_lowercase().as_str() {
        "ipv4" | "ip4" | "v4" | "4" | "inet" => Some(Family::Ipv4),
        "ipv6" | "ip6" | "v6" | "6" | "inet6" => Some(Family::Ipv6),
        _ => None,
    }
}

/// The side a word names.
pub(crate) fn parse_side(word: &str) -> Option<Side> {
    match word.to_ascii_lowercase().as_str() {
        "listening" | "listen" => Some(Side::Listening),
        "serving" | "inbound" | "incoming" => Some(Side::Serving),
        "outgoing" | "outbound" => Some(Side::Outgoing),
        _ => None,
    }
}

/// The reach a word names, if it is no address and no interface.
pub(crate) fn parse_reach(word: &str) -> Option<ReachTest> {
    match word.to_ascii_lowercase().as_str() {
        "everyone" => Some(ReachTest::Wildcard),
        "this-machine" | "loopback" => Some(ReachTest::Loopback),
        _ => None,
    }
}

/// The state a word names, whatever its case and whether it joins its parts by `-`, `_` or nothing.
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
