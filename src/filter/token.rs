//! Tokens, and the characters they may contain.

use std::ops::Range;

/// A token with its byte range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub span: Range<usize>,
    pub kind: TokenKind<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind<'a> {
    Open,
    Close,
    /// `!`, or `-` before a word.
    Not(&'static str),
    /// A word outside a field's values: a name, a keyword, or the name of a field.
    Word(&'a str),
    /// Quoted text outside a field's values.
    Text(String),
    /// An operator between a field and its values.
    Operator(&'static str),
    /// An unquoted value of a field. Commas between values are not tokens.
    Value(&'a str),
    /// A quoted value of a field.
    QuotedValue(String),
}

/// Returns whether an unquoted name may contain the character. The rest is reserved for syntax.
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

/// Returns whether the word is hexadecimal with at least two colons, which no field starts with.
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
