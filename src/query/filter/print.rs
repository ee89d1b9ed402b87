//! The tree → text that is read as the same tree: the normal form, with no more parentheses and
//! quotes than it takes. It may be longer than what was typed; only a filter near
//! [`LONGEST`](super::LONGEST) can so become too long to be read again.

use std::fmt::{self, Display, Formatter};

use super::Filter;
use super::fields::{Dimension, Field, Measure};
use super::parse::is_bare_name;
use super::token::is_name_character;
use super::tree::{
    Condition, HostPart, HostTest, Interval, Network, Node, NodeKind, NumberTest, Part, Pattern,
    ReachTest, TextTest,
};
use super::value::TIMES;

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.tree.as_ref().map_or(Ok(()), |node| node.fmt(f))
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Display for NodeKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(children) => joined(f, children, " ", |kind| {
                matches!(kind, Self::And(_) | Self::Or(_))
            }),
            Self::Or(children) => joined(f, children, " or ", |kind| matches!(kind, Self::Or(_))),
            Self::Not(inner) => match inner.kind {
                Self::And(_) | Self::Or(_) => write!(f, "not ({inner})"),
                Self::Not(_) | Self::Is(_) => write!(f, "not {inner}"),
            },
            Self::Is(condition) => condition.fmt(f),
        }
    }
}

fn joined(
    f: &mut Formatter<'_>,
    children: &[Node],
    between: &str,
    needs_group: fn(&NodeKind) -> bool,
) -> fmt::Result {
    for (index, child) in children.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if needs_group(&child.kind) {
            write!(f, "({child})")?;
        } else {
            child.fmt(f)?;
        }
    }
    Ok(())
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field().and_then(Field::of) {
            f.write_str(field.name)?;
        }
        match self {
            Self::Port(_, test) => number_test(f, test, Dimension::Count),
            Self::PortOf(protocol, port) => write!(f, "{port}/{protocol}"),
            Self::Endpoint(endpoint) => endpoint.fmt(f),
            Self::Address(_, networks) => list(f, networks),
            Self::Host(HostTest::OneOf(parts)) => list(f, parts),
            Self::Host(HostTest::Pattern(pattern)) => pattern.fmt(f),
            Self::Protocol(protocols) => list(f, protocols),
            Self::Family(families) => list(f, families.iter().map(|family| family.name())),
            Self::State(states) => list(f, states.iter().map(|s| s.name().to_ascii_lowercase())),
            Self::Side(sides) => list(f, sides.iter().map(|side| side.name())),
            Self::Reach(tests) => list(f, tests),
            Self::Text(_, TextTest::OneOf(parts)) => list(f, parts.iter().map(InField)),
            Self::Text(_, TextTest::Pattern(pattern)) => pattern.fmt(f),
            Self::Measure(measure, test) => measure_test(f, test, *measure),
            Self::Name(part) if is_bare_name(part.as_str()) => f.write_str(part.as_str()),
            Self::Name(part) => quoted(f, part.as_str()),
            Self::Flag(flag) => f.write_str(flag.name()),
        }
    }
}

fn list<T: Display>(f: &mut Formatter<'_>, values: impl IntoIterator<Item = T>) -> fmt::Result {
    for (index, value) in values.into_iter().enumerate() {
        f.write_str(if index == 0 { ":" } else { "," })?;
        value.fmt(f)?;
    }
    Ok(())
}

fn measure_test(f: &mut Formatter<'_>, test: &NumberTest, measure: Measure) -> fmt::Result {
    number_test(f, test, measure.dimension())
}

fn number_test(f: &mut Formatter<'_>, test: &NumberTest, dimension: Dimension) -> fmt::Result {
    let number = |number| Number { number, dimension };
    match test {
        NumberTest::Compare(comparison, limit) => {
            write!(f, "{}{}", comparison.sign(), number(*limit))
        }
        NumberTest::OneOf(intervals) => list(
            f,
            intervals.iter().map(|Interval { low, high }| {
                // Of a time only ranges are read, even where both ends are the same.
                if low == high && dimension != Dimension::Time {
                    number(*low).to_string()
                } else {
                    format!("{}-{}", number(*low), number(*high))
                }
            }),
        ),
    }
}

/// A number with the greatest unit that leaves no rest. Sizes have none: they are read best as
/// they are counted.
struct Number {
    number: u64,
    dimension: Dimension,
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { number, dimension } = *self;
        if dimension != Dimension::Time {
            return number.fmt(f);
        }
        if number == 0 {
            return f.write_str("0s");
        }
        let fits = |(_, factor): &&(&str, u64)| number.is_multiple_of(*factor);
        match TIMES.iter().rev().find(fits) {
            Some((unit, 1)) => write!(f, "{number}{}", if unit.is_ascii() { unit } else { "us" }),
            Some((unit, factor)) => write!(f, "{}{unit}", number / factor),
            None => write!(f, "{number}us"),
        }
    }
}

impl Display for Network {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (address, bits) = (self.address(), self.bits());
        if bits == Self::width(address) {
            address.fmt(f)
        } else {
            write!(f, "{address}/{bits}")
        }
    }
}

impl Display for HostPart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            // Always in quotes: `10.0.0.1` without is the address and not a part of its text.
            Self::Part(part) => quoted(f, part.as_str()),
        }
    }
}

impl Display for ReachTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::ThisMachine => f.write_str("this-machine"),
            Self::Network(network) => network.fmt(f),
            // Always in quotes: without, some are words.
            Self::Interface(name) => quoted(f, name.as_str()),
        }
    }
}

/// A part of a name as the value of a field.
struct InField<'a>(&'a Part);

impl Display for InField<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0.as_str();
        if text.chars().all(|c| is_name_character(c) || c == ':') {
            f.write_str(text)
        } else {
            quoted(f, text)
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("~")?;
        let text = self.as_str();
        let plain = |c: char| is_name_character(c) && c != '\\' || matches!(c, '^' | '*' | '|');
        if text.chars().all(plain) {
            f.write_str(text)
        } else {
            quoted(f, text)
        }
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}
