//! Prints a filter in its normal form, with no more parentheses and quotes than necessary.
//!
//! The text parses to the same tree. It may be longer than what was typed, so a filter close to
//! [`MAX_FILTER_CHARS`](super::MAX_FILTER_CHARS) can become too long to parse again.

use std::fmt;
use std::fmt::{Display, Formatter};

use super::ast::{
    Condition, Filter, HostPart, HostTest, Node, NodeKind, NumberRange, NumberTest, ReachTest,
    TextTest,
};
use super::network::IpNetwork;
use super::number_units::TIME_UNITS;
use super::parser::is_bare_name;
use super::pattern::{RegexPattern, Substring};
use super::token::is_name_char;
use crate::fields::Field;
use crate::fields::{Dimension, NumberField};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.root.as_ref().map_or(Ok(()), |node| node.fmt(f))
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
            Self::And(children) => write_joined(f, children, " ", |kind| {
                matches!(kind, Self::And(_) | Self::Or(_))
            }),
            Self::Or(children) => {
                write_joined(f, children, " or ", |kind| matches!(kind, Self::Or(_)))
            }
            Self::Not(inner) => match inner.kind {
                Self::And(_) | Self::Or(_) => write!(f, "not ({inner})"),
                Self::Not(_) | Self::Condition(_) => write!(f, "not {inner}"),
            },
            Self::Condition(condition) => condition.fmt(f),
        }
    }
}

fn write_joined(
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
        if let Some(field) = self.field().and_then(Field::for_kind) {
            f.write_str(field.name)?;
        }
        match self {
            Self::Port(_, test) => write_number_test(f, test, Dimension::Count),
            Self::PortAndProtocol(protocol, port) => write!(f, "{port}/{protocol}"),
            Self::Endpoint(endpoint) => endpoint.fmt(f),
            Self::Address(_, networks) => write_list(f, networks),
            Self::Host(HostTest::OneOf(parts)) => write_list(f, parts),
            Self::Host(HostTest::Pattern(pattern)) => pattern.fmt(f),
            Self::Protocol(protocols) => write_list(f, protocols),
            Self::Family(families) => write_list(f, families.iter().map(|family| family.name())),
            Self::State(states) => {
                write_list(f, states.iter().map(|s| s.name().to_ascii_lowercase()))
            }
            Self::Side(sides) => write_list(f, sides.iter().map(|side| side.name())),
            Self::Reach(tests) => write_list(f, tests),
            Self::Text(_, TextTest::OneOf(parts)) => {
                write_list(f, parts.iter().map(FieldSubstring))
            }
            Self::Text(_, TextTest::Pattern(pattern)) => pattern.fmt(f),
            Self::Number(field, test) => write_numeric_test(f, test, *field),
            Self::AnyName(part) if is_bare_name(part.as_str()) => f.write_str(part.as_str()),
            Self::AnyName(part) => write_quoted(f, part.as_str()),
            Self::Flag(flag) => f.write_str(flag.name()),
        }
    }
}

fn write_list<T: Display>(
    f: &mut Formatter<'_>,
    values: impl IntoIterator<Item = T>,
) -> fmt::Result {
    for (index, value) in values.into_iter().enumerate() {
        f.write_str(if index == 0 { ":" } else { "," })?;
        value.fmt(f)?;
    }
    Ok(())
}

fn write_numeric_test(f: &mut Formatter<'_>, test: &NumberTest, field: NumberField) -> fmt::Result {
    write_number_test(f, test, field.dimension())
}

fn write_number_test(
    f: &mut Formatter<'_>,
    test: &NumberTest,
    dimension: Dimension,
) -> fmt::Result {
    let number = |number| FormattedNumber { number, dimension };
    match test {
        NumberTest::Compare(comparison, limit) => {
            write!(f, "{}{}", comparison.sign(), number(*limit))
        }
        NumberTest::InRanges(ranges) => write_list(
            f,
            ranges.iter().map(|NumberRange { low, high }| {
                // A single time does not parse, so it is printed as a range even if both ends are equal.
                if low == high && dimension != Dimension::Time {
                    number(*low).to_string()
                } else {
                    format!("{}-{}", number(*low), number(*high))
                }
            }),
        ),
    }
}

/// A number to print. Times get the largest unit that divides them; sizes and counts get no unit.
struct FormattedNumber {
    number: u64,
    dimension: Dimension,
}

impl Display for FormattedNumber {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { number, dimension } = *self;
        if dimension != Dimension::Time {
            return number.fmt(f);
        }
        if number == 0 {
            return f.write_str("0s");
        }
        let fits = |(_, factor): &&(&str, u64)| number.is_multiple_of(*factor);
        match TIME_UNITS.iter().rev().find(fits) {
            Some((unit, 1)) => write!(f, "{number}{}", if unit.is_ascii() { unit } else { "us" }),
            Some((unit, factor)) => write!(f, "{}{unit}", number / factor),
            None => write!(f, "{number}us"),
        }
    }
}

impl Display for IpNetwork {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (address, bits) = (self.address(), self.prefix_len());
        if bits == Self::address_width(address) {
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
            // Always quoted: unquoted, `10.0.0.1` is the address and not part of its text.
            Self::Substring(part) => write_quoted(f, part.as_str()),
        }
    }
}

impl Display for ReachTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wildcard => f.write_str("everyone"),
            Self::Loopback => f.write_str("this-machine"),
            Self::Network(network) => network.fmt(f),
            // Always quoted: unquoted, some names are keywords.
            Self::Interface(name) => write_quoted(f, name.as_str()),
        }
    }
}

/// A substring printed as the value of a field.
struct FieldSubstring<'a>(&'a Substring);

impl Display for FieldSubstring<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0.as_str();
        if text.chars().all(|c| is_name_char(c) || c == ':') {
            f.write_str(text)
        } else {
            write_quoted(f, text)
        }
    }
}

impl Display for RegexPattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("~")?;
        let text = self.as_str();
        let plain = |c: char| is_name_char(c) && c != '\\' || matches!(c, '^' | '*' | '|');
        if text.chars().all(plain) {
            f.write_str(text)
        } else {
            write_quoted(f, text)
        }
    }
}

fn write_quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}
