//! A word that stands alone → what it means.
//!
//! In: the word. Out: a keyword, a state, ports, an endpoint, an address, a network, else part of
//! a name. What is written like one of the former and is none is an error and never a name.

use super::error::{FilterError, FilterErrorKind as Kind};
use super::fields::Field;
use super::token::is_like_ipv6;
use super::tree::{Condition, End, NumberTest, Part};
use super::value::{self, Piece};
use super::words;
use crate::port::Port;

/// Understands a word.
pub(super) fn condition(word: &Piece<'_>) -> Result<Condition, FilterError> {
    let text = word.text;
    if let Some(condition) = words::condition(text) {
        return Ok(condition);
    }
    let numeric = text.strip_prefix(':').unwrap_or(text);
    let is_port_list = numeric.starts_with(|c: char| c.is_ascii_digit())
        && numeric
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b','));
    if is_port_list || (text.starts_with(':') && !text.starts_with("::")) {
        return ports(word);
    }
    if let Some(endpoint) = value::endpoint(word) {
        return endpoint.map(Condition::Endpoint);
    }
    if let Some((number, protocol)) = word.split('/')
        && number.is_digits()
        && let Some(protocol) = words::protocol(protocol.text)
    {
        let port = value::ports(&number)?.low;
        let port = Port(u16::try_from(port).unwrap_or(0));
        return Ok(Condition::PortOf(protocol, port));
    }
    if let Some((left, right)) = word.split('/') {
        let starts_like_port = left.is_digits() && !right.is_digits();
        if starts_like_port || (words::protocol(left.text).is_some() && right.is_digits()) {
            return Err(word.error(Kind::NotAProtocol));
        }
    }
    if is_like_address(text) {
        return Ok(Condition::Address(End::Either, vec![value::network(word)?]));
    }
    name(word)
}

/// One port, a range of ports or a list of them.
fn ports(word: &Piece<'_>) -> Result<Condition, FilterError> {
    let mut intervals = Vec::new();
    let mut at = 0;
    for part in word.text.split(',') {
        let piece = word.part(at..at + part.len());
        if part.is_empty() {
            let before = word.part(0..at);
            return Err(before.error(Kind::NoValue(before.text.into())));
        }
        intervals.push(value::ports(&piece)?);
        at += part.len() + 1;
    }
    Ok(Condition::Port(End::Either, NumberTest::OneOf(intervals)))
}

/// Digits and dots, perhaps with bits; or hexadecimal with colons; or in brackets: nothing else is
/// written so.
fn is_like_address(word: &str) -> bool {
    let (head, network) = match word.split_once('/') {
        Some((head, bits)) => (head, bits.bytes().all(|b| b.is_ascii_digit())),
        None => (word, false),
    };
    let dotted = !head.is_empty() && head.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    word.starts_with('[') || is_like_ipv6(word) || (dotted && (head.contains('.') || network))
}

fn name(word: &Piece<'_>) -> Result<Condition, FilterError> {
    let text = word.text;
    if text.contains(',') {
        return Err(word.error(Kind::BareList));
    }
    if let Some((at, c)) = text
        .char_indices()
        .find(|(_, c)| matches!(c, ':' | '[' | ']'))
    {
        return Err(word.part(at..at + 1).error(Kind::Unexpected(c)));
    }
    // Only by its own name: an alias is more likely part of the name of a program.
    if let Some(field) = Field::find(text).filter(|f| f.name.eq_ignore_ascii_case(text)) {
        return Err(word.error(Kind::BareField(field.name)));
    }
    Part::new(text)
        .map(Condition::Name)
        .ok_or_else(|| word.error(Kind::EmptyText))
}
