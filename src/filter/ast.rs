//! The abstract syntax tree of a filter, with a source span on every node.
//!
//! The parser builds it, the matcher walks it, `display` prints it. Equality ignores spans: two trees
//! are equal when they mean the same.

use std::ops::Range;

pub use super::network::IpNetwork;
pub use super::pattern::{RegexPattern, Substring};

use crate::fields::{EndSelector, FieldKind, Number, NumberField, TextField};
use crate::history::Side;
use crate::net::endpoint::{Endpoint, Family};
use crate::net::port::{Port, Protocol};
use crate::net::socket::TcpState;

/// A parsed filter. The empty filter matches every row. Two filters are equal when they have the same
/// conditions in the same order, whatever their spelling. `Display` prints the normal form, which
/// parses to the same filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub(super) root: Option<Node>,
}

impl Filter {
    /// Returns whether the filter has no condition, and so matches every row.
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Returns whether the flag occurs anywhere in the tree, negated or not.
    pub fn contains_flag(&self, flag: Flag) -> bool {
        self.root
            .as_ref()
            .is_some_and(|tree| tree.contains_flag(flag))
    }

    /// Returns the root node; `None` for the empty filter.
    pub const fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }
}

impl From<Node> for Filter {
    fn from(tree: Node) -> Self {
        Self { root: Some(tree) }
    }
}

/// A part of a filter with its source span.
#[derive(Clone, Debug)]
pub struct Node {
    /// The byte range of the text it was parsed from; `0..0` for a node built in code.
    pub span: Range<usize>,
    /// The kind of node, without the span.
    pub kind: NodeKind,
}

impl Node {
    /// Returns whether the flag occurs anywhere in the tree, negated or not.
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

/// Compares the meaning only: spans are ignored.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Node {}

/// The kind of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A conjunction of at least two nodes.
    And(Vec<Node>),
    /// A disjunction of at least two nodes.
    Or(Vec<Node>),
    /// The negation of a node.
    Not(Box<Node>),
    /// A leaf: one test of a row.
    Condition(Condition),
}

/// One test of a row. Lists are never empty; a list matches when any of its members does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Tests the port at the selected end.
    Port(EndSelector, NumberTest),
    /// Matches this port of this protocol at either end, as in `443/tcp`.
    PortAndProtocol(Protocol, Port),
    /// Matches this endpoint at either end. Its address is canonical ([`Endpoint::canonical_ip`]).
    Endpoint(Endpoint),
    /// Matches an address of one of these networks at the selected end.
    Address(EndSelector, Vec<IpNetwork>),
    /// Tests the remote address or its text.
    Host(HostTest),
    /// Matches one of these transport protocols.
    Protocol(Vec<Protocol>),
    /// Matches one of these address families: the socket's, not the peer's.
    Family(Vec<Family>),
    /// Matches one of these TCP states. UDP has none and never matches.
    State(Vec<TcpState>),
    /// Matches one of these sides: listening, serving or outgoing.
    Side(Vec<Side>),
    /// Matches a listener by where it can be reached from.
    Reach(Vec<ReachTest>),
    /// Tests a name, such as that of a process.
    Text(TextField, TextTest),
    /// Tests a number, such as a queue length.
    Number(NumberField, NumberTest),
    /// Matches part of a process, service, user, unit or container name.
    AnyName(Substring),
    /// A keyword that no field expresses.
    Flag(Flag),
}

impl Condition {
    /// Returns the field the condition is written with; `None` if it is written without one.
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

/// A keyword that no field expresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// ESTABLISHED, or UDP with a peer; as selected by `-e` and the key `o`.
    Established,
    /// Either end has a loopback address.
    Loopback,
    /// The socket no longer exists. Not the TCP state CLOSED, which is `state:closed`.
    Closed,
    /// The socket was opened a moment ago.
    New,
}

/// A test of a number. Times are in microseconds, sizes in bytes, rates in bytes per second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberTest {
    /// Matches a number in any of these ranges.
    InRanges(Vec<NumberRange>),
    /// Matches a number that compares this way to the limit.
    Compare(Comparison, u64),
}

impl NumberTest {
    /// Returns whether the number passes.
    pub fn matches(&self, number: u64) -> bool {
        match self {
            Self::InRanges(all) => all.iter().any(|i| (i.low..=i.high).contains(&number)),
            Self::Compare(comparison, limit) => comparison.compare(&number, limit),
        }
    }

    /// Returns whether every number from this one up passes. Used where only a lower bound is known.
    pub(crate) fn matches_all_from(&self, number: u64) -> bool {
        match self {
            Self::InRanges(all) => all.iter().any(|i| i.low <= number && i.high == u64::MAX),
            Self::Compare(comparison, limit) => {
                comparison.compare(&number, limit) && comparison.compare(&u64::MAX, limit)
            }
        }
    }

    /// Returns whether a number passes, as far as it is known.
    pub(crate) fn matches_known(&self, number: Number) -> bool {
        match number {
            Number::Exact(number) => self.matches(number),
            Number::AtLeast(number) => self.matches_all_from(number),
            Number::Measured(number) => self.matches_f64(number),
        }
    }

    /// Returns whether a measured (not counted) number passes.
    pub(crate) fn matches_f64(&self, number: f64) -> bool {
        match self {
            Self::InRanges(all) => all
                .iter()
                .any(|i| (i.low as f64..=i.high as f64).contains(&number)),
            Self::Compare(comparison, limit) => comparison.compare(&number, &(*limit as f64)),
        }
    }
}

/// A range of numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberRange {
    /// The lower end, included.
    pub low: u64,
    /// The upper end, included; never less than `low`.
    pub high: u64,
}

/// A comparison operator.
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
    /// Returns the operator as written in a filter.
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

/// A test of the remote address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostTest {
    /// Matches any of these.
    OneOf(Vec<HostPart>),
    /// Matches when the address as text matches the expression.
    Pattern(RegexPattern),
}

/// A network, or part of the text of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPart {
    /// Matches an address of this network.
    Network(IpNetwork),
    /// Matches when the address as text contains this.
    Substring(Substring),
}

/// A test of where a listener can be reached from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReachTest {
    /// Bound to the wildcard address (`0.0.0.0` or `::`).
    Wildcard,
    /// Bound to a loopback address.
    Loopback,
    /// Bound to an address of this network.
    Network(IpNetwork),
    /// Bound to the interface of this name (`SO_BINDTODEVICE`).
    Interface(Substring),
}

/// A test of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// Matches a name that contains one of these; an interface must equal one of these. Case is ignored.
    OneOf(Vec<Substring>),
    /// Matches when the expression matches part of the name.
    Pattern(RegexPattern),
}

/// Returns the test that only `number` passes.
pub fn exactly(number: u64) -> NumberTest {
    NumberTest::InRanges(vec![NumberRange {
        low: number,
        high: number,
    }])
}
