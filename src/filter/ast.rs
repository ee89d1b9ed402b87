//! What a filter means: a typed tree. Every node knows its place in the text.
//!
//! In: nothing; the parser builds it. Out: what the evaluator walks, the printer writes and others
//! may look into. Two trees are equal when they mean the same, wherever they were written.

use std::ops::Range;

pub use super::network::IpNetwork;
pub use super::pattern::{RegexPattern, Substring};

use crate::fields::{EndSelector, FieldKind, Number, NumberField, TextField};
use crate::history::Side;
use crate::net::endpoint::{Endpoint, Family};
use crate::net::port::{Port, Protocol};
use crate::net::socket::TcpState;

/// A filter that was understood. The empty one matches everything. Two filters are equal when they
/// ask for the same in the same order, however they were spelled. As text, a filter is written in a
/// normal form that is read as the same filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub(super) root: Option<Node>,
}
impl Filter {
    /// Whether it lets everything through because it asks for nothing.
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Whether the word stands anywhere in it.
    pub fn contains_flag(&self, flag: Flag) -> bool {
        self.root
            .as_ref()
            .is_some_and(|tree| tree.contains_flag(flag))
    }

    /// What it means; `None` where it asks for nothing.
    pub const fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }
}
impl From<Node> for Filter {
    fn from(tree: Node) -> Self {
        Self { root: Some(tree) }
    }
}

/// A part of a filter with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The bytes of the text it was read from.
    pub span: Range<usize>,
    /// What it means.
    pub kind: NodeKind,
}

impl Node {
    /// Whether the word stands anywhere in it.
    pub(crate) fn contains_flag(&self, flag: Flag) -> bool {
        match &self.kind {
            NodeKind::And(children) | NodeKind::Or(children) => {
                children.iter().any(|child| child.contains_flag(flag))
            }
            NodeKind::Not(inner) => inner.contains_flag(flag),
            NodeKind::Condition(condition) => *condition == Condition::Flag(flag),
        }
    }
}

/// Equal when they mean the same; the place does not matter.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Node {}

/// What a part of a filter means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// All of them; at least two.
    And(Vec<Node>),
    /// One of them or more; at least two.
    Or(Vec<Node>),
    /// Not this.
    Not(Box<Node>),
    /// This about the row.
    Condition(Condition),
}

/// One statement about a row. Lists are never empty: one of their members must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A port at this end.
    Port(EndSelector, NumberTest),
    /// Either end has this port of this protocol, as in `443/tcp`.
    PortAndProtocol(Protocol, Port),
    /// Either end is this endpoint; its address is [`Endpoint::plain`].
    Endpoint(Endpoint),
    /// An address at this end.
    Address(EndSelector, Vec<IpNetwork>),
    /// The remote address.
    Host(HostTest),
    /// The protocol.
    Protocol(Vec<Protocol>),
    /// The family of the socket.
    Family(Vec<Family>),
    /// The TCP state.
    State(Vec<TcpState>),
    /// The side.
    Side(Vec<Side>),
    /// From where a listener can be reached.
    Reach(Vec<ReachTest>),
    /// A name.
    Text(TextField, TextTest),
    /// A number.
    Number(NumberField, NumberTest),
    /// Part of a process, service, user, unit or container name.
    AnyName(Substring),
    /// A word of its own.
    Flag(Flag),
}

impl Condition {
    /// The field it is written with; `None` for a word of its own.
    pub const fn field(&self) -> Option<FieldKind> {
        Some(match self {
            Self::Port(selector, _) => FieldKind::Port(*selector),
            Self::Address(selector, _) => FieldKind::Address(*selector),
            Self::Host(_) => FieldKind::Host,
            Self::Protocol(_) => FieldKind::Protocol,
            Self::Family(_) => FieldKind::Family,
            Self::State(_) => FieldKind::State,
            Self::Side(_) => FieldKind::Side,
            Self::Reach(_) => FieldKind::Reach,
            Self::Text(field, _) => FieldKind::Text(*field),
            Self::Number(measure, _) => FieldKind::Number(*measure),
            Self::PortAndProtocol(..) | Self::Endpoint(_) | Self::AnyName(_) | Self::Flag(_) => {
                return None;
            }
        })
    }
}

/// A word that is neither a field nor a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// ESTABLISHED, or UDP with a peer: what `-e` and `o` show.
    Established,
    /// An end at a loopback address.
    Loopback,
    /// The socket is gone.
    Closed,
    /// The socket came a moment ago.
    New,
}

/// How a number is tested. Times are in microseconds, sizes in bytes, rates in bytes per second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberTest {
    /// It lies in one of these.
    InRanges(Vec<NumberRange>),
    /// It compares so to this.
    Compare(Comparison, u64),
}

impl NumberTest {
    /// Whether the number passes.
    pub fn matches(&self, number: u64) -> bool {
        match self {
            Self::InRanges(all) => all.iter().any(|i| (i.low..=i.high).contains(&number)),
            Self::Compare(comparison, limit) => comparison.compare(&number, limit),
        }
    }

    /// Whether every number from this one on passes: for what is known to be at least so much.
    pub(crate) fn matches_all_from(&self, number: u64) -> bool {
        match self {
            Self::InRanges(all) => all.iter().any(|i| i.low <= number && i.high == u64::MAX),
            Self::Compare(comparison, limit) => {
                comparison.compare(&number, limit) && comparison.compare(&u64::MAX, limit)
            }
        }
    }

    /// Whether a number passes as far as it is known.
    pub(crate) fn matches_known(&self, number: Number) -> bool {
        match number {
            Number::Exact(number) => self.matches(number),
            Number::AtLeast(number) => self.matches_all_from(number),
            Number::Measured(number) => self.matches_f64(number),
        }
    }

    /// The same for what is measured and not counted.
    pub(crate) fn matches_f64(&self, number: f64) -> bool {
        match self {
            Self::InRanges(all) => all
                .iter()
                .any(|i| (i.low as f64..=i.high as f64).contains(&number)),
            Self::Compare(comparison, limit) => comparison.compare(&number, &(*limit as f64)),
        }
    }
}

/// From the lowest to the highest, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberRange {
    /// The lowest.
    pub low: u64,
    /// The highest; never less than the lowest.
    pub high: u64,
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
}

impl Comparison {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::AtMost => "<=",
        }
    }

    fn compare<T: PartialOrd>(self, number: &T, limit: &T) -> bool {
        match self {
            Self::Greater => number > limit,
            Self::AtLeast => number >= limit,
            Self::Less => number < limit,
            Self::AtMost => number <= limit,
        }
    }
}

/// How a remote address is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostTest {
    /// It is one of these.
    OneOf(Vec<HostPart>),
    /// Its text matches.
    Pattern(RegexPattern),
}

/// A remote address, or what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPart {
    /// It lies in this network.
    Network(IpNetwork),
    /// Its text contains this.
    Substring(Substring),
}

/// From where a listener can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReachTest {
    /// It listens at the wildcard address.
    Wildcard,
    /// It listens at a loopback address.
    Loopback,
    /// It listens at an address of this network.
    Network(IpNetwork),
    /// It is bound to the interface of this name.
    Interface(Substring),
}

/// How a name is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// It contains one of these. An interface is called one of these.
    OneOf(Vec<Substring>),
    /// It matches.
    Pattern(RegexPattern),
}

/// Returns the test that only `number` passes.
pub fn exactly(number: u64) -> NumberTest {
    NumberTest::InRanges(vec![NumberRange {
        low: number,
        high: number,
    }])
}
