//! Parses values: ports, addresses, networks, numbers, times.
//!
//! Takes a [`SpannedText`]; an error carries the span of the part that is wrong.

use std::net::IpAddr;
use std::ops::Range;

use super::ast::NumberRange;
use super::error::{FilterError, FilterErrorKind};
use super::network::IpNetwork;
use super::number_units::unit_factor;
use crate::fields::{Dimension, NumberField};
use crate::net::endpoint::Endpoint;
use crate::net::port::Port;

/// A part of the filter's text with its byte range.
#[derive(Clone, Debug)]
pub(crate) struct SpannedText<'a> {
    pub text: &'a str,
    pub span: Range<usize>,
    /// Whether it was quoted. Then any part of it gets the whole span, since escapes shift offsets.
    pub quoted: bool,
}

impl<'a> SpannedText<'a> {
    /// Returns a part of the text with its span.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let text = self.text.get(range.clone()).unwrap_or("");
        let span = if self.quoted {
            self.span.clone()
        } else {
            self.span.start + range.start..self.span.start + range.end
        };
        Self {
            text,
            span,
            quoted: self.quoted,
        }
    }

    /// Splits at the first occurrence of a character, which is dropped.
    pub(crate) fn split_once(&self, at: char) -> Option<(Self, Self)> {
        let i = self.text.find(at)?;
        Some((
            self.slice(0..i),
            self.slice(i + at.len_utf8()..self.text.len()),
        ))
    }

    /// Builds an error with this span.
    pub(crate) fn error(&self, kind: FilterErrorKind) -> FilterError {
        FilterError::new(self.span.clone(), kind)
    }

    pub(crate) fn is_digits(&self) -> bool {
        !self.text.is_empty() && self.text.bytes().all(|b| b.is_ascii_digit())
    }
}

/// Parses a port or a range of ports.
pub(crate) fn parse_port_range(input: &SpannedText<'_>) -> Result<NumberRange, FilterError> {
    parse_range(input, parse_port)
}

/// Parses the limit of a port comparison. 0 is allowed, since `rport>0` means "has a remote port".
pub(crate) fn parse_port_limit(input: &SpannedText<'_>) -> Result<u64, FilterError> {
    if input.text == "0" {
        return Ok(0);
    }
    parse_port(input)
}

fn parse_port(input: &SpannedText<'_>) -> Result<u64, FilterError> {
    // `:443` is a port everywhere else, so `lport::443` is accepted too.
    let digits = input.slice(usize::from(input.text.starts_with(':'))..input.text.len());
    match digits.text.parse::<u16>() {
        _ if !digits.is_digits() => Err(input.error(FilterErrorKind::NotAPort)),
        Ok(number @ 1..) => Ok(number.into()),
        Ok(0) | Err(_) => Err(input.error(FilterErrorKind::PortOutOfRange)),
    }
}

/// Parses one value, or two joined by `-`.
fn parse_range(
    input: &SpannedText<'_>,
    value: impl Fn(&SpannedText<'_>) -> Result<u64, FilterError>,
) -> Result<NumberRange, FilterError> {
    let Some((first, last)) = input.split_once('-') else {
        let value = value(input)?;
        return Ok(NumberRange {
            low: value,
            high: value,
        });
    };
    if first.text.is_empty() || last.text.is_empty() || last.text.contains('-') {
        return Err(input.error(FilterErrorKind::IncompleteRange));
    }
    let (low, high) = (value(&first)?, value(&last)?);
    if low > high {
        let right = format!("{}-{}", last.text, first.text);
        return Err(input.error(FilterErrorKind::ReversedRange(right)));
    }
    Ok(NumberRange { low, high })
}

/// Parses an address, or a network as `address/bits`.
pub(crate) fn parse_network(input: &SpannedText<'_>) -> Result<IpNetwork, FilterError> {
    let Some((address, bits)) = input.split_once('/') else {
        return parse_address(input).map(IpNetwork::single_host);
    };
    // An empty span cannot be underlined: for `/8` the error covers the whole text.
    let spanned = if address.text.is_empty() {
        input
    } else {
        &address
    };
    let address = parse_address(spanned)?;
    if !bits.is_digits() {
        return Err(input.error(FilterErrorKind::NotAPrefix));
    }
    let width = IpNetwork::address_width(address);
    bits.text
        .parse()
        .ok()
        .and_then(|bits| IpNetwork::new(address, bits))
        .ok_or_else(|| bits.error(FilterErrorKind::PrefixTooLong(width)))
}

fn parse_address(input: &SpannedText<'_>) -> Result<IpAddr, FilterError> {
    let bracketed = input
        .text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'));
    let bare = bracketed.unwrap_or(input.text);
    let parsed = bare.parse::<IpAddr>().ok();
    parsed
        .filter(|address| bracketed.is_none() || address.is_ipv6())
        .ok_or_else(|| match bare.split_once('%') {
            Some((address, _)) if address.parse::<IpAddr>().is_ok() => {
                input.error(FilterErrorKind::ZoneInAddress)
            }
            _ => input.error(FilterErrorKind::NotAnAddress),
        })
}

/// Parses `127.0.0.1:80` or `[::1]:80`; returns `None` if the text does not have that form.
pub(crate) fn parse_endpoint(input: &SpannedText<'_>) -> Option<Result<Endpoint, FilterError>> {
    let colon = input.text.rfind(':')?;
    let (address, number) = (
        input.slice(0..colon),
        input.slice(colon + 1..input.text.len()),
    );
    let in_brackets = address.text.starts_with('[') && address.text.ends_with(']');
    let dotted = !address.text.is_empty()
        && address
            .text
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.');
    (in_brackets || dotted).then(|| {
        let address = parse_address(&address)?.to_canonical();
        // An empty span cannot be underlined: without a port the error covers the whole text.
        let number = if number.text.is_empty() {
            Err(input.error(FilterErrorKind::NotAPort))
        } else {
            parse_port(&number)
        }?;
        let port = Port(u16::try_from(number).unwrap_or(0));
        Ok(Endpoint::new(address, port))
    })
}

/// Parses a number with an optional unit, or a range of two.
pub(crate) fn parse_number_range(
    input: &SpannedText<'_>,
    field: NumberField,
    name: &'static str,
) -> Result<NumberRange, FilterError> {
    let found = parse_range(input, |input| parse_number(input, field.dimension()))?;
    if field.dimension() == Dimension::Time && !input.text.contains('-') {
        return Err(input.error(FilterErrorKind::ExactTime(name)));
    }
    Ok(found)
}

/// Parses a number with an optional unit: `812`, `1.5k`, `4MiB`, `50ms`. Returns it in the base unit.
pub(crate) fn parse_number(
    input: &SpannedText<'_>,
    dimension: Dimension,
) -> Result<u64, FilterError> {
    let end = input.text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let end = end.unwrap_or(input.text.len());
    let (digits, unit_text) = (input.slice(0..end), input.slice(end..input.text.len()));
    let (whole, fraction) = digits.text.split_once('.').unwrap_or((digits.text, "0"));
    let plain = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) {
        return Err(input.error(FilterErrorKind::NotANumber(dimension)));
    }
    let factor = match (dimension, unit_text.text) {
        // Zero needs no unit.
        (Dimension::Time, "") if digits.text.bytes().all(|b| matches!(b, b'0' | b'.')) => 1,
        (Dimension::Time, "") => return Err(input.error(FilterErrorKind::MissingUnit)),
        (_, text) => unit_factor(text, dimension)
            .ok_or_else(|| unit_text.error(FilterErrorKind::UnknownUnit(text.into(), dimension)))?,
    };
    scale(whole, fraction, factor).map_err(|scale_error| {
        input.error(match scale_error {
            ScaleError::Overflow => FilterErrorKind::NumberTooBig,
            ScaleError::NotWhole => FilterErrorKind::NotRepresentable(dimension),
        })
    })
}

enum ScaleError {
    Overflow,
    NotWhole,
}

/// Computes `whole.fraction × factor` exactly.
fn scale(whole: &str, fraction: &str, factor: u64) -> Result<u64, ScaleError> {
    let fraction = fraction.trim_end_matches('0');
    let whole: u64 = whole.parse().map_err(|_| ScaleError::Overflow)?;
    let whole = whole.checked_mul(factor).ok_or(ScaleError::Overflow)?;
    if fraction.is_empty() {
        return Ok(whole);
    }
    // A fraction with more digits than any factor has zeros cannot give an integer.
    let places = u32::try_from(fraction.len()).map_err(|_| ScaleError::NotWhole)?;
    let tenths: u64 = fraction.parse().map_err(|_| ScaleError::NotWhole)?;
    let divisor = 10_u128.checked_pow(places).ok_or(ScaleError::NotWhole)?;
    let part = u128::from(tenths) * u128::from(factor);
    if !part.is_multiple_of(divisor) {
        return Err(ScaleError::NotWhole);
    }
    let part = u64::try_from(part / divisor).map_err(|_| ScaleError::Overflow)?;
    whole.checked_add(part).ok_or(ScaleError::Overflow)
}
