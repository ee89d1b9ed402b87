//! What a filter's text is made of: tokens, and the letters that may stand in them.

use std::ops::Range;

/// A token with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub span: Range<usize>,
    pub kind: TokenKind<'a>,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind<'a> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `!`, or `-` before a word.
    Not(&'static str),
    /// A word outside of a field: a name, a keyword, the name of a field.
    Word(&'a str),
    /// A quoted text outside of a field.
    Text(String),
    /// What stands between a field and its value.
    Operator(&'static str),
    /// One value of a field; a comma has been between it and the value before.
    Value(&'a str),
    /// The same in quotes.
    QuotedValue(String),
}

/// What may stand in a name without quotes. The rest is kept for the language.
pub(crate) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '-' | '_' | '.' | '/' | '@' | '+' | '\\' | '#' | '$' | '%' | ';'
        )
}

pub(crate) fn is_word_char(c: char) -> bool {
    is_name_char(c) || matches!(c, ':' | '[' | ']')
}

/// Hexadecimal with at least two colons: no field begins so.
pub(crate) fn looks_like_ipv6(word: &str) -> bool {
    let colons = word.bytes().filter(|b| *b == b':').count();
    let before_zone = word.split('%').next().unwrap_or(word);
    let is_part = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.' | b'[' | b']' | b'/');
    colons >= 2 && before_zone.bytes().all(is_part)
}

pub(crate) fn looks_like_field(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic())
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}
