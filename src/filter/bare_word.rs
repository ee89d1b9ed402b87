//! Parses a word without a field.
//!
//! It is a keyword, a state, ports, an endpoint, an address or a network, else part of a name. A word
//! that looks like one of the former but is not valid is an error, never a name.

use super::ast::{Condition, NumberTest};
use super::error::{FilterError, FilterErrorKind};
use super::pattern::Substring;
use super::token::looks_like_ipv6;
use super::value::SpannedText;
use super::{keywords, value};
use crate::fields::{EndSelector, Field};
use crate::net::port::Port;

/// Parses an unquoted word that no operator follows.
pub(crate) fn parse_bare_word(word: &SpannedText<'_>) -> Result<Condition, FilterError> {
    let text = word.text;
    if let Some(condition) = keywords::keyword_condition(text) {
        return Ok(condition);
    }
    let numeric = text.strip_prefix(':').unwrap_or(text);
    let is_port_list = numeric.starts_with(|c: char| c.is_ascii_digit())
        && numeric
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b','));
    if is_port_list || (text.starts_with(':') && !text.starts_with("::")) {
        return parse_port_list(word);
    }
    if let Some(endpoint) = value::parse_endpoint(word) {
        return endpoint.map(Condition::Endpoint);
    }
    if let Some((number, protocol)) = word.split_once('/')
        && number.is_digits()
        && let Some(protocol) = keywords::parse_protocol(protocol.text)
    {
        let port = value::parse_port_range(&number)?.low;
        let port = Port(u16::try_from(port).unwrap_or(0));
        return Ok(Condition::PortAndProtocol(protocol, port));
    }
    if let Some((left, right)) = word.split_once('/') {
        let starts_like_port = left.is_digits() && !right.is_digits();
        if starts_like_port || (keywords::parse_protocol(left.text).is_some() && right.is_digits())
        {
            return Err(word.error(FilterErrorKind::NotAProtocol));
        }
    }
    if looks_like_address(text) {
        return Ok(Condition::Address(
            EndSelector::Either,
            vec![value::parse_network(word)?],
        ));
    }
    parse_name(word)
}

/// Parses a port, a range of ports, or a comma-separated list of both.
fn parse_port_list(word: &SpannedText<'_>) -> Result<Condition, FilterError> {
    let mut ranges = Vec::new();
    let mut at = 0;
    for part in word.text.split(',') {
        let item = word.slice(at..at + part.len());
        if part.is_empty() {
            let before = word.slice(0..at);
            return Err(before.error(FilterErrorKind::MissingValue(before.text.into())));
        }
        ranges.push(value::parse_port_range(&item)?);
        at += part.len() + 1;
    }
    Ok(Condition::Port(
        EndSelector::Either,
        NumberTest::InRanges(ranges),
    ))
}

/// Returns whether the word looks like an address or network: digits and dots, hexadecimal with
/// colons, or in brackets.
fn looks_like_address(word: &str) -> bool {
    let (head, network) = match word.split_once('/') {
        Some((head, bits)) => (head, bits.bytes().all(|b| b.is_ascii_digit())),
        None => (word, false),
    };
    let dotted = !head.is_empty() && head.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    word.starts_with('[') || looks_like_ipv6(word) || (dotted && (head.contains('.') || network))
}

fn parse_name(word: &SpannedText<'_>) -> Result<Condition, FilterError> {
    let text = word.text;
    if text.contains(',') {
        return Err(word.error(FilterErrorKind::BareList));
    }
    if let Some((at, c)) = text
        .char_indices()
        .find(|(_, c)| matches!(c, ':' | '[' | ']'))
    {
        return Err(word.slice(at..at + 1).error(FilterErrorKind::Unexpected(c)));
    }
    // Aliases are not checked: an alias is more likely part of the name of a program.
    if let Some(field) = Field::find_filter(text).filter(|f| f.name.eq_ignore_ascii_case(text)) {
        return Err(word.error(FilterErrorKind::BareField(field.name)));
    }
    Substring::new(text)
        .map(Condition::AnyName)
        .ok_or_else(|| word.error(FilterErrorKind::EmptyText))
}
