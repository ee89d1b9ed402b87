//! Splits the text of a filter into tokens.
//!
//! Yields [`Token`]s with spans, up to the first error. A colon is an operator after a field name and
//! part of the word everywhere else, so addresses need no quotes: `port:443`, but `::1`,
//! `[::1]:80`, `:443` and `addr:::1`.

use std::ops::Range;

use super::error::{FilterError, FilterErrorKind, MAX_FILTER_CHARS, MAX_FILTER_DEPTH};
use super::token::{Token, TokenKind, is_word_char, looks_like_field, looks_like_ipv6};
use crate::fields::Field;

/// Returns the tokens before the first error, and that error.
pub(crate) fn lex(text: &str) -> (Vec<Token<'_>>, Option<FilterError>) {
    let limit = text.char_indices().nth(MAX_FILTER_CHARS).map(|(at, _)| at);
    let mut lexer = Lexer {
        text,
        pos: 0,
        limit: limit.unwrap_or(text.len()),
        depth: 0,
        tokens: Vec::new(),
    };
    let error = lexer.run().err();
    (lexer.tokens, error)
}

/// Builds the error for an unknown field name, with the closest known name as suggestion.
pub(crate) fn unknown_field(name: &str, span: Range<usize>) -> FilterError {
    let kind = FilterErrorKind::UnknownField(name.into(), super::suggest::closest_field(name));
    FilterError::new(span, kind)
}

struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    limit: usize,
    depth: usize,
    tokens: Vec<Token<'a>>,
}

type LexResult = Result<(), FilterError>;

impl<'a> Lexer<'a> {
    fn run(&mut self) -> LexResult {
        loop {
            self.skip_while(char::is_whitespace);
            let start = self.pos;
            let step = match self.peek() {
                None => return Ok(()),
                Some(c) => self.token(c),
            };
            // "Too long" takes precedence over an error of the token that crosses the limit, but not
            // over an earlier error.
            if self.pos > self.limit || start >= self.limit {
                return Err(self.error(self.limit..self.text.len(), FilterErrorKind::TooLong));
            }
            step?;
        }
    }

    fn token(&mut self, first: char) -> LexResult {
        let start = self.pos;
        match first {
            '(' => {
                self.depth += 1;
                self.push_byte(TokenKind::Open);
                if self.depth > MAX_FILTER_DEPTH {
                    return Err(self.error(start..self.pos, FilterErrorKind::TooDeep));
                }
            }
            ')' => {
                self.depth = self.depth.saturating_sub(1);
                self.push_byte(TokenKind::Close);
            }
            '!' if self.rest().starts_with("!=") => {
                return Err(self.error(start..start + 2, FilterErrorKind::NotEquals));
            }
            '!' => self.push_byte(TokenKind::Not("!")),
            '-' => {
                let next = self.rest().chars().nth(1);
                if next.is_none_or(|c| c.is_whitespace() || c == ')') {
                    return Err(self.error(start..start + 1, FilterErrorKind::LoneMinus));
                }
                self.push_byte(TokenKind::Not("-"));
            }
            '"' => {
                let text = self.quoted_text()?;
                self.push(start, TokenKind::Text(text));
                return self.expect_boundary();
            }
            '<' | '>' | '=' | '~' => return self.operator(),
            _ => return self.word(),
        }
        Ok(())
    }

    /// Lexes a word, and the operator that follows it without a space.
    fn word(&mut self) -> LexResult {
        let start = self.pos;
        // A list without a field is lexed as one word; the parser reports it.
        let word = self.skip_while(|c| is_word_char(c) || c == ',');
        if word.is_empty() || word.starts_with(',') {
            self.pos = start;
            return Err(self.unexpected());
        }
        if let Some((field, _)) = word.split_once(':')
            && looks_like_field(field)
            && !looks_like_ipv6(word)
        {
            self.pos = start + field.len();
            self.push(start, TokenKind::Word(field));
            let colon = self.pos;
            self.pos += 1;
            self.push(colon, TokenKind::Operator(":"));
            return self.values(start);
        }
        self.push(start, TokenKind::Word(word));
        match self.peek() {
            Some('<' | '>' | '=' | '~') => self.operator(),
            Some('!') if !self.rest().starts_with("!=") => Err(self.unexpected()),
            Some('!') => Ok(()), // The next token reports `!=`.
            _ => self.expect_boundary(),
        }
    }

    /// Lexes an operator, with optional spaces around it, and its values.
    fn operator(&mut self) -> LexResult {
        let start = self.pos;
        let sign = [">=", "<=", ">", "<", "=", "~"]
            .into_iter()
            .find(|sign| self.rest().starts_with(sign));
        let Some(sign) = sign else {
            return Err(self.unexpected());
        };
        self.pos += sign.len();
        let field = match self.tokens.last() {
            Some(Token {
                span,
                kind: TokenKind::Word(_),
            }) => span.start,
            _ => return Err(self.error(start..self.pos, FilterErrorKind::MissingField(sign))),
        };
        self.push(start, TokenKind::Operator(sign));
        self.skip_while(char::is_whitespace);
        if sign == "~" && self.peek() != Some('"') {
            return self.pattern(field);
        }
        self.values(field)
    }

    /// Lexes the values of the field that starts at byte `field`.
    fn values(&mut self, field: usize) -> LexResult {
        loop {
            let start = self.pos;
            if self.peek() == Some('"') {
                let text = self.quoted_text()?;
                self.push(start, TokenKind::QuotedValue(text));
            } else {
                let value = self.skip_while(is_word_char);
                if value.is_empty() {
                    return Err(self.missing_value(field));
                }
                self.push(start, TokenKind::Value(value));
            }
            if self.peek() != Some(',') {
                return self.expect_boundary();
            }
            self.pos += 1;
        }
    }

    /// Lexes an unquoted regular expression: up to a space, or to a `)` that the expression did not
    /// open.
    fn pattern(&mut self, field: usize) -> LexResult {
        let start = self.pos;
        let (mut depth, mut in_class, mut escaped) = (0_usize, false, false);
        let pattern = self.skip_while(|c| {
            match c {
                c if c.is_whitespace() => return false,
                _ if escaped => {
                    escaped = false;
                    return true;
                }
                '\\' => escaped = true,
                '[' => in_class = true,
                ']' => in_class = false,
                '(' if !in_class => depth += 1,
                ')' if !in_class && depth == 0 => return false,
                ')' if !in_class => depth -= 1,
                _ => {}
            }
            true
        });
        if pattern.is_empty() {
            return Err(self.missing_value(field));
        }
        self.push(start, TokenKind::Value(pattern));
        Ok(())
    }

    /// Lexes quoted text and returns it unescaped. `\"` is a quote and `\\` a backslash; before any
    /// other character a backslash is literal, so regular expressions and escaped names can be typed
    /// as they are shown.
    fn quoted_text(&mut self) -> Result<String, FilterError> {
        let start = self.pos;
        self.pos += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else {
                return Err(self.error(start..start + 1, FilterErrorKind::UnclosedQuote));
            };
            self.pos += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' if rest.starts_with("\\\"") || rest.starts_with("\\\\") => {
                    self.pos += 1;
                    text.push(if rest.starts_with("\\\"") { '"' } else { '\\' });
                }
                c => text.push(c),
            }
        }
    }

    /// Checks that a word or value is followed by a space, a parenthesis or the end.
    fn expect_boundary(&self) -> LexResult {
        let quotes = matches!(
            self.tokens.last().map(|t| &t.kind),
            Some(TokenKind::Text(_) | TokenKind::QuotedValue(_))
        );
        match self.peek() {
            None | Some('(' | ')') => Ok(()),
            Some(c) if c.is_whitespace() => Ok(()),
            Some(c) if c == '"' || quotes => Err(self.error(
                self.pos..self.pos + c.len_utf8(),
                FilterErrorKind::MissingSpace,
            )),
            Some(_) => Err(self.unexpected()),
        }
    }

    fn missing_value(&self, field: usize) -> FilterError {
        let name = self.tokens.iter().rev().find_map(|token| match token.kind {
            TokenKind::Word(name) => Some((name, token.span.clone())),
            _ => None,
        });
        if let Some((name, span)) = name.filter(|(name, _)| Field::find_filter(name).is_none()) {
            return unknown_field(name, span);
        }
        let before = self.text.get(field..self.pos).unwrap_or("").trim_end();
        let span = field..field + before.len();
        self.error(span, FilterErrorKind::MissingValue(before.into()))
    }

    fn unexpected(&self) -> FilterError {
        let c = self.peek().unwrap_or(' ');
        self.error(
            self.pos..self.text.len().min(self.pos + c.len_utf8()),
            FilterErrorKind::Unexpected(c),
        )
    }

    const fn error(&self, span: Range<usize>, kind: FilterErrorKind) -> FilterError {
        FilterError::new(span, kind)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_while(&mut self, mut accept: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.pos += length;
        rest.get(..length).unwrap_or("")
    }

    /// Consumes one byte as a token.
    fn push_byte(&mut self, kind: TokenKind<'a>) {
        self.pos += 1;
        self.push(self.pos - 1, kind);
    }

    fn push(&mut self, start: usize, kind: TokenKind<'a>) {
        let span = start..self.pos;
        self.tokens.push(Token { span, kind });
    }
}
