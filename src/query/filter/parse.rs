//! Words → terms. Every word keeps its place, so that an error can point at it.

use std::net::IpAddr;
use std::ops::Range;

use super::{Filter, FilterError, FilterErrorKind, Term, words};
use crate::port::{Port, Protocol};

/// Longer than anything typed; keeps a pasted file from being one.
const LONGEST: usize = 1000;

pub(super) fn parse(text: &str) -> Result<Filter, FilterError> {
    if text.chars().count() > LONGEST {
        return Err(FilterError {
            span: 0..text.len(),
            kind: FilterErrorKind::TooLong,
        });
    }
    let terms = split(text)
        .map(|(word, span)| term(word, span))
        .collect::<Result<_, _>>()?;
    Ok(Filter { terms })
}

/// The words with their places in the text.
fn split(text: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    text.split_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (word, start..start + word.len())
    })
}

fn term(word: &str, span: Range<usize>) -> Result<Term, FilterError> {
    let fail = |kind| FilterError {
        span: span.clone(),
        kind,
    };
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return port(word)
            .map(Term::Port)
            .ok_or_else(|| fail(FilterErrorKind::PortTooBig));
    }
    if let Some(number) = word.strip_prefix(':')
        && !number.starts_with(':')
    {
        return match port(number) {
            Some(port) => Ok(Term::Port(port)),
            None if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                Err(fail(FilterErrorKind::PortTooBig))
            }
            None => Err(fail(FilterErrorKind::NotAPort)),
        };
    }
    let bare = word.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(Term::Address(address.to_canonical()));
    }
    if looks_like_address(word) {
        return Err(fail(FilterErrorKind::NotAnAddress));
    }
    if let Some((at, c)) = word.char_indices().find(|(_, c)| !is_name_character(*c)) {
        let start = span.start + at;
        let kind = FilterErrorKind::Unexpected(c);
        return Err(FilterError {
            span: start..start + c.len_utf8(),
            kind,
        });
    }
    Ok(match word.to_ascii_lowercase().as_str() {
        "tcp" => Term::Protocol(Protocol::Tcp),
        "udp" => Term::Protocol(Protocol::Udp),
        _ => words::state(word).map_or_else(|| Term::Name(word.to_lowercase()), Term::State),
    })
}

fn port(digits: &str) -> Option<Port> {
    digits.parse::<u16>().ok().filter(|n| *n > 0).map(Port)
}

/// Digits and dots only, or hexadecimal with at least two colons: nothing else is written so.
fn looks_like_address(word: &str) -> bool {
    let colons = word.bytes().filter(|b| *b == b':').count();
    let hexadecimal = word
        .bytes()
        .all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.' | b'[' | b']'));
    (colons >= 2 && hexadecimal) || word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// What may stand in the name of a process, service, user or unit. The rest is kept free for the
/// words of the filter language.
fn is_name_character(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '-' | '_' | '.' | '/' | '@' | '+' | '\\' | '#' | '$' | '%' | ',' | ';'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::socket::TcpState;

    #[test]
    fn words_are_understood_or_refused_with_their_place() {
        let name = |n: &str| Ok(vec![Term::Name(n.into())]);
        for (text, expected) in [
            ("", Ok(vec![])),
            ("  \t ", Ok(vec![])),
            ("8080", Ok(vec![Term::Port(Port(8080))])),
            (":443", Ok(vec![Term::Port(Port(443))])),
            (
                "tcp 22",
                Ok(vec![Term::Protocol(Protocol::Tcp), Term::Port(Port(22))]),
            ),
            ("UDP", Ok(vec![Term::Protocol(Protocol::Udp)])),
            ("TIME_WAIT", Ok(vec![Term::State(TcpState::TimeWait)])),
            ("tw", Ok(vec![Term::State(TcpState::TimeWait)])),
            ("syn-recv", Ok(vec![Term::State(TcpState::SynReceived)])),
            ("Estab", Ok(vec![Term::State(TcpState::Established)])),
            ("::1", Ok(vec![Term::Address("::1".parse().unwrap())])),
            ("[::1]", Ok(vec![Term::Address("::1".parse().unwrap())])),
            (
                "::ffff:10.0.0.1",
                Ok(vec![Term::Address("10.0.0.1".parse().unwrap())]),
            ),
            ("nginx", name("nginx")),
            ("Web-Content", name("web-content")),
            ("nginx.service", name("nginx.service")),
            ("0", Err((0..1, FilterErrorKind::PortTooBig))),
            ("tcp 65536", Err((4..9, FilterErrorKind::PortTooBig))),
            (":65536", Err((0..6, FilterErrorKind::PortTooBig))),
            (":http", Err((0..5, FilterErrorKind::NotAPort))),
            ("a 10.0.0.999", Err((2..12, FilterErrorKind::NotAnAddress))),
            ("1:2:3", Err((0..5, FilterErrorKind::NotAnAddress))),
            ("port:80", Err((4..5, FilterErrorKind::Unexpected(':')))),
            ("é|b", Err((2..3, FilterErrorKind::Unexpected('|')))),
        ] {
            let got = parse(text).map(|f| f.terms).map_err(|e| (e.span, e.kind));
            assert_eq!(got, expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_understood_or_refused_inside_itself(text in "\\PC{0,40}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.span.end <= text.len() && text.get(error.span).is_some());
            }
        }
    }
}
