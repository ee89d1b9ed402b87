//! Field, operator and values → what they mean together.

use super::error::{FilterError, FilterErrorKind as Kind};
use super::fields::{Field, FieldKind, Measure, TextField};
use super::lex::unknown_field;
use super::suggest;
use super::tree::{
    Comparison, Condition, HostPart, HostTest, Network, NumberTest, Part, Pattern, ReachTest,
    TextTest,
};
use super::value::{self, Piece};
use super::words;

/// What stands between a field and its values.
#[derive(Clone, Copy)]
enum Operator {
    Is,
    Matches,
    Compares(Comparison),
}

impl Operator {
    fn of(sign: &str) -> Self {
        match sign {
            "~" => Self::Matches,
            ">" => Self::Compares(Comparison::Greater),
            ">=" => Self::Compares(Comparison::AtLeast),
            "<" => Self::Compares(Comparison::Less),
            "<=" => Self::Compares(Comparison::AtMost),
            _ => Self::Is,
        }
    }
}

/// Understands a field with its values, of which there is at least one.
pub(super) fn condition(
    name: &Piece<'_>,
    sign: &'static str,
    values: &[Piece<'_>],
) -> Result<Condition, FilterError> {
    let Some(field) = Field::find(name.text) else {
        return Err(unknown_field(name.text, name.span.clone()));
    };
    let Some((first, last)) = values.first().zip(values.last()) else {
        let before = format!("{}{sign}", name.text);
        return Err(name.error(Kind::NoValue(before)));
    };
    let operator = Operator::of(sign);
    if matches!(operator, Operator::Compares(_)) && values.len() > 1 {
        let span = first.span.start..last.span.end;
        return Err(FilterError::new(span, Kind::ListCompared));
    }
    let each = Values { field, values };
    match (field.kind, operator) {
        (FieldKind::Port(end), Operator::Is) => {
            let intervals = each.map(value::ports)?;
            Ok(Condition::Port(end, NumberTest::OneOf(intervals)))
        }
        (FieldKind::Port(end), Operator::Compares(comparison)) => {
            let limit = single(first, value::port_limit)?;
            Ok(Condition::Port(end, NumberTest::Compare(comparison, limit)))
        }
        (FieldKind::Measure(measure), Operator::Is) => {
            let intervals = each.map(|v| value::numbers(v, measure, field.name))?;
            Ok(Condition::Measure(measure, NumberTest::OneOf(intervals)))
        }
        (FieldKind::Measure(measure), Operator::Compares(comparison)) => {
            compared(measure, comparison, first)
        }
        (FieldKind::Address(end), Operator::Is) => {
            Ok(Condition::Address(end, each.map(value::network)?))
        }
        (FieldKind::Host, Operator::Is) => Ok(Condition::Host(HostTest::OneOf(each.map(host)?))),
        (FieldKind::Host, Operator::Matches) => {
            Ok(Condition::Host(HostTest::Pattern(pattern(first)?)))
        }
        (FieldKind::Text(text), Operator::Is) => {
            Ok(Condition::Text(text, TextTest::OneOf(each.map(part)?)))
        }
        (FieldKind::Text(text), Operator::Matches) => {
            Ok(Condition::Text(text, TextTest::Pattern(pattern(first)?)))
        }
        (FieldKind::Protocol, Operator::Is) => {
            Ok(Condition::Protocol(each.words(words::protocol)?))
        }
        (FieldKind::Family, Operator::Is) => Ok(Condition::Family(each.words(words::family)?)),
        (FieldKind::State, Operator::Is) => Ok(Condition::State(each.words(words::state)?)),
        (FieldKind::Side, Operator::Is) => Ok(Condition::Side(each.words(words::side)?)),
        (FieldKind::Reach, Operator::Is) => {
            Ok(Condition::Reach(each.map(|value| reach(field, value))?))
        }
        _ => {
            let span = name.span.start..first.span.start;
            let kind = Kind::WrongOperator(field.name, sign);
            Err(FilterError::new(span, kind))
        }
    }
}

/// The values of a field.
struct Values<'a> {
    field: &'static Field,
    values: &'a [Piece<'a>],
}

impl Values<'_> {
    fn map<T>(
        &self,
        read: impl Fn(&Piece<'_>) -> Result<T, FilterError>,
    ) -> Result<Vec<T>, FilterError> {
        self.values.iter().map(read).collect()
    }

    /// Words of which only some have a meaning.
    fn words<T>(&self, meaning: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, FilterError> {
        self.map(|value| meaning(value.text).ok_or_else(|| unknown(self.field, value)))
    }
}

fn unknown(field: &Field, value: &Piece<'_>) -> FilterError {
    let known = field.values();
    value.error(Kind::UnknownValue {
        field: field.name,
        value: value.text.into(),
        meant: suggest::nearest(value.text, known.iter().copied()),
        known,
    })
}

/// The value of a comparison, which is no range.
fn single<T>(
    value: &Piece<'_>,
    read: impl Fn(&Piece<'_>) -> Result<T, FilterError>,
) -> Result<T, FilterError> {
    match value.split('-') {
        Some((low, high)) if !low.text.is_empty() && !high.text.is_empty() => {
            Err(value.error(Kind::ListCompared))
        }
        _ => read(value),
    }
}

fn compared(
    measure: Measure,
    comparison: Comparison,
    value: &Piece<'_>,
) -> Result<Condition, FilterError> {
    let limit = single(value, |v| value::number(v, measure.dimension()))?;
    Ok(Condition::Measure(
        measure,
        NumberTest::Compare(comparison, limit),
    ))
}

fn part(value: &Piece<'_>) -> Result<Part, FilterError> {
    Part::new(value.text).ok_or_else(|| value.error(Kind::EmptyText))
}

fn pattern(value: &Piece<'_>) -> Result<Pattern, FilterError> {
    if value.text.is_empty() {
        return Err(value.error(Kind::EmptyText));
    }
    Pattern::new(value.text).map_err(|why| value.error(Kind::BadPattern(why)))
}

/// An address, a network, or a part of the text of one. In quotes it is always text.
fn host(value: &Piece<'_>) -> Result<HostPart, FilterError> {
    // Four groups are a whole address, and one with a port is more than any host has.
    let whole = value
        .text
        .split('.')
        .filter(|part| !part.is_empty())
        .count()
        > 3
        || (value.text.contains('.') && value.text.contains(':'));
    let is_address = whole || value.text.contains('/') || network(value).is_some();
    if !value.quoted && is_address && value.text.chars().all(is_of_address) {
        return value::network(value).map(HostPart::Network);
    }
    if value.text.chars().any(|c| !is_of_address(c) || c == '/') {
        return Err(value.error(Kind::NotAHost));
    }
    part(value).map(HostPart::Part)
}

fn is_of_address(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/')
}

/// A word, an address or network, or the name of an interface. In quotes it is always a name.
fn reach(field: &Field, value: &Piece<'_>) -> Result<ReachTest, FilterError> {
    /// A name of that length is rather a misspelled word than an interface.
    const WORD: usize = 6;
    if !value.quoted {
        if let Some(reach) = words::reach(value.text) {
            return Ok(reach);
        }
        if let Some(network) = network(value) {
            return Ok(ReachTest::Network(network));
        }
        let like_address = |c: char| c.is_ascii_digit() || matches!(c, '.' | '/');
        if value.text.contains(':') || value.text.chars().all(like_address) {
            return value::network(value).map(ReachTest::Network);
        }
        let near = suggest::nearest(value.text, field.values().iter().copied());
        if near.is_some() && value.text.len() >= WORD {
            return Err(unknown(field, value));
        }
    }
    part(value).map(ReachTest::Interface)
}

fn network(value: &Piece<'_>) -> Option<Network> {
    value::network(value).ok()
}

/// Whether a name must be the whole one.
pub(super) const fn is_whole(field: TextField) -> bool {
    matches!(field, TextField::Interface)
}
