//! Builds a condition from a field, an operator and values.

use super::ast::{Comparison, Condition, HostPart, HostTest, NumberTest, ReachTest, TextTest};
use super::error::{FilterError, FilterErrorKind};
use super::lexer::unknown_field;
use super::network::IpNetwork;
use super::pattern::{RegexPattern, Substring};
use super::value::SpannedText;
use super::{keywords, suggest, value};
use crate::fields::Field;
use crate::fields::{FieldKind, NumberField};

/// The operator between a field and its values.
#[derive(Clone, Copy)]
enum Operator {
    Is,
    Matches,
    Compares(Comparison),
}

impl Operator {
    fn from_sign(sign: &str) -> Self {
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

/// Parses a field with its operator and values; no value is an error.
pub(crate) fn parse_field_condition(
    name: &SpannedText<'_>,
    sign: &'static str,
    values: &[SpannedText<'_>],
) -> Result<Condition, FilterError> {
    let Some(field) = Field::find_filter(name.text) else {
        return Err(unknown_field(name.text, name.span.clone()));
    };
    let Some((first, last)) = values.first().zip(values.last()) else {
        let before = format!("{}{sign}", name.text);
        return Err(name.error(FilterErrorKind::MissingValue(before)));
    };
    let operator = Operator::from_sign(sign);
    if matches!(operator, Operator::Compares(_)) && values.len() > 1 {
        let span = first.span.start..last.span.end;
        return Err(FilterError::new(span, FilterErrorKind::ListInComparison));
    }
    let each = FieldValues { field, values };
    match (field.kind, operator) {
        (FieldKind::Port(end), Operator::Is) => {
            let ranges = each.parse_each(value::parse_port_range)?;
            Ok(Condition::Port(end, NumberTest::InRanges(ranges)))
        }
        (FieldKind::Port(end), Operator::Compares(comparison)) => {
            let limit = parse_single(first, value::parse_port_limit)?;
            Ok(Condition::Port(end, NumberTest::Compare(comparison, limit)))
        }
        (FieldKind::Number(number), Operator::Is) => {
            let ranges = each.parse_each(|v| value::parse_number_range(v, number, field.name))?;
            Ok(Condition::Number(number, NumberTest::InRanges(ranges)))
        }
        (FieldKind::Number(number), Operator::Compares(comparison)) => {
            parse_comparison(number, comparison, first)
        }
        (FieldKind::Address(end), Operator::Is) => Ok(Condition::Address(
            end,
            each.parse_each(value::parse_network)?,
        )),
        (FieldKind::Host, Operator::Is) => Ok(Condition::Host(HostTest::OneOf(
            each.parse_each(parse_host)?,
        ))),
        (FieldKind::Host, Operator::Matches) => {
            Ok(Condition::Host(HostTest::Pattern(parse_pattern(first)?)))
        }
        (FieldKind::Text(text), Operator::Is) => Ok(Condition::Text(
            text,
            TextTest::OneOf(each.parse_each(|value| parse_name(field, value))?),
        )),
        (FieldKind::Text(text), Operator::Matches) => Ok(Condition::Text(
            text,
            TextTest::Pattern(parse_pattern(first)?),
        )),
        (FieldKind::Protocol, Operator::Is) => Ok(Condition::Protocol(
            each.parse_words(keywords::parse_protocol)?,
        )),
        (FieldKind::Family, Operator::Is) => {
            Ok(Condition::Family(each.parse_words(keywords::parse_family)?))
        }
        (FieldKind::State, Operator::Is) => {
            Ok(Condition::State(each.parse_words(keywords::parse_state)?))
        }
        (FieldKind::Side, Operator::Is) => {
            Ok(Condition::Side(each.parse_words(keywords::parse_side)?))
        }
        (FieldKind::Reach, Operator::Is) => Ok(Condition::Reach(
            each.parse_each(|value| parse_reach(field, value))?,
        )),
        _ => {
            let span = name.span.start..first.span.start;
            let kind = FilterErrorKind::WrongOperator(field.name, sign);
            Err(FilterError::new(span, kind))
        }
    }
}

struct FieldValues<'a> {
    field: &'static Field,
    values: &'a [SpannedText<'a>],
}

impl FieldValues<'_> {
    fn parse_each<T>(
        &self,
        read: impl Fn(&SpannedText<'_>) -> Result<T, FilterError>,
    ) -> Result<Vec<T>, FilterError> {
        self.values.iter().map(read).collect()
    }

    /// Parses values of which only a fixed set is allowed.
    fn parse_words<T>(&self, meaning: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, FilterError> {
        self.parse_each(|value| meaning(value.text).ok_or_else(|| unknown_value(self.field, value)))
    }
}

fn unknown_value(field: &Field, value: &SpannedText<'_>) -> FilterError {
    let known = field.values();
    value.error(FilterErrorKind::UnknownValue {
        field: field.name,
        value: value.text.into(),
        suggestion: suggest::closest_match(value.text, known.iter().copied()),
        known,
    })
}

/// Parses the value of a comparison, which must not be a range.
fn parse_single<T>(
    value: &SpannedText<'_>,
    read: impl Fn(&SpannedText<'_>) -> Result<T, FilterError>,
) -> Result<T, FilterError> {
    match value.split_once('-') {
        Some((low, high)) if !low.text.is_empty() && !high.text.is_empty() => {
            Err(value.error(FilterErrorKind::ListInComparison))
        }
        _ => read(value),
    }
}

fn parse_comparison(
    number: NumberField,
    comparison: Comparison,
    value: &SpannedText<'_>,
) -> Result<Condition, FilterError> {
    let limit = parse_single(value, |v| value::parse_number(v, number.dimension()))?;
    Ok(Condition::Number(
        number,
        NumberTest::Compare(comparison, limit),
    ))
}

/// A part of a name, or one of the words where the field has only some.
fn parse_name(field: &Field, value: &SpannedText<'_>) -> Result<Substring, FilterError> {
    let known = field.values();
    let is_known = |word: &&str| word.eq_ignore_ascii_case(value.text);
    if known.is_empty() || known.iter().any(is_known) {
        parse_substring(value)
    } else {
        Err(unknown_value(field, value))
    }
}

fn parse_substring(value: &SpannedText<'_>) -> Result<Substring, FilterError> {
    Substring::new(value.text).ok_or_else(|| value.error(FilterErrorKind::EmptyText))
}

fn parse_pattern(value: &SpannedText<'_>) -> Result<RegexPattern, FilterError> {
    if value.text.is_empty() {
        return Err(value.error(FilterErrorKind::EmptyText));
    }
    RegexPattern::new(value.text).map_err(|why| value.error(FilterErrorKind::InvalidRegex(why)))
}

/// Parses an address, a network, or part of an address as text. Quoted it is always text.
fn parse_host(value: &SpannedText<'_>) -> Result<HostPart, FilterError> {
    // Four groups are a whole address; dots together with a colon are an address with a port,
    // which no host has. Both must parse as a network, and give its error if they do not.
    let whole = value
        .text
        .split('.')
        .filter(|part| !part.is_empty())
        .count()
        > 3
        || (value.text.contains('.') && value.text.contains(':'));
    let is_address = whole || value.text.contains('/') || as_network(value).is_some();
    if !value.quoted && is_address && value.text.chars().all(is_address_char) {
        return value::parse_network(value).map(HostPart::Network);
    }
    if value.text.chars().any(|c| !is_address_char(c) || c == '/') {
        return Err(value.error(FilterErrorKind::NotAHost));
    }
    parse_substring(value).map(HostPart::Substring)
}

fn is_address_char(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/')
}

/// Parses a keyword, an address or network, or the name of an interface. Quoted it is always a name.
fn parse_reach(field: &Field, value: &SpannedText<'_>) -> Result<ReachTest, FilterError> {
    /// From this length on, a name close to a keyword is a misspelling rather than an interface.
    const MIN_TYPO_LEN: usize = 6;
    if !value.quoted {
        if let Some(reach) = keywords::parse_reach(value.text) {
            return Ok(reach);
        }
        if let Some(network) = as_network(value) {
            return Ok(ReachTest::Network(network));
        }
        let like_address = |c: char| c.is_ascii_digit() || matches!(c, '.' | '/');
        if value.text.contains(':') || value.text.chars().all(like_address) {
            return value::parse_network(value).map(ReachTest::Network);
        }
        let near = suggest::closest_match(value.text, field.values().iter().copied());
        if near.is_some() && value.text.len() >= MIN_TYPO_LEN {
            return Err(unknown_value(field, value));
        }
    }
    parse_substring(value).map(ReachTest::Interface)
}

fn as_network(value: &SpannedText<'_>) -> Option<IpNetwork> {
    value::parse_network(value).ok()
}
