//! Determines what can be completed at the cursor.
//!
//! Returns a [`CursorContext`]: which part of the text is being typed, and what is expected there. The
//! names that rows have are added by [`complete`](super::complete()).

use std::ops::Range;

use super::error::FilterErrorKind;
use super::lexer::lex;
use super::token::{Token, TokenKind};
use crate::fields::Field;

/// What is being typed at the cursor.
#[derive(Clone, Debug)]
pub struct CursorContext {
    /// The byte range before the cursor that a completion replaces.
    pub replace: Range<usize>,
    /// The text of that range, without an opening quote.
    pub typed: String,
    /// What is expected there.
    pub kind: CompletionKind,
}

/// What is expected at the cursor.
#[derive(Clone, Copy, Debug)]
pub enum CompletionKind {
    /// A word, a field, `not` or a parenthesis; after a complete term also `and` and `or`.
    Word,
    /// Part of a quoted name.
    Text,
    /// A value of this field.
    Value(&'static Field),
    /// A regular expression for this field.
    Pattern(&'static Field),
    /// Nothing, because the text before the cursor is invalid.
    Nothing,
}

/// Returns what is expected at the cursor, a byte offset. Text after the cursor is ignored. A cursor
/// inside a character moves to its start, one past the end to the end.
pub fn cursor_context(text: &str, cursor: usize) -> CursorContext {
    let cursor = (0..=cursor.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let head = text.get(..cursor).unwrap_or("");
    let (tokens, error) = lex(head);
    let context = |from: usize, typed: &str, what| CursorContext {
        replace: from..cursor,
        typed: typed.into(),
        kind: what,
    };
    match error.map(|e| (e.kind, e.span)) {
        Some((FilterErrorKind::UnclosedQuote, span)) => {
            let typed = head.get(span.end..).unwrap_or("");
            let belongs = continues_field(&tokens, head, span.start);
            let what = if belongs {
                value_kind(&tokens)
            } else {
                CompletionKind::Text
            };
            return context(span.start, typed, what);
        }
        Some((FilterErrorKind::MissingValue(_), span)) if span.end == head.trim_end().len() => {
            return context(cursor, "", value_kind(&tokens));
        }
        Some((FilterErrorKind::LoneMinus, span)) if span.end == cursor => {
            return context(cursor, "", CompletionKind::Word);
        }
        Some(_) => return context(cursor, "", CompletionKind::Nothing),
        None => {}
    }
    match tokens.last().filter(|token| token.span.end == cursor) {
        Some(Token {
            span,
            kind: TokenKind::Word(word),
        }) => context(span.start, word, CompletionKind::Word),
        Some(Token {
            span,
            kind: TokenKind::Value(typed),
        }) => context(span.start, typed, value_kind(&tokens)),
        _ => context(cursor, "", CompletionKind::Word),
    }
}

/// Returns whether the quoted text that starts at `start` is a value of the field before it.
fn continues_field(tokens: &[Token<'_>], head: &str, start: usize) -> bool {
    let after_operator = matches!(tokens.last().map(|t| &t.kind), Some(TokenKind::Operator(_)));
    let before = head.get(..start).unwrap_or("");
    let after_value = matches!(
        tokens.last().map(|t| &t.kind),
        Some(TokenKind::Value(_) | TokenKind::QuotedValue(_))
    );
    after_operator || (after_value && before.ends_with(','))
}

/// Returns what the field at the end of the tokens expects.
fn value_kind(tokens: &[Token<'_>]) -> CompletionKind {
    let mut rest = tokens
        .iter()
        .rev()
        .skip_while(|t| matches!(t.kind, TokenKind::Value(_) | TokenKind::QuotedValue(_)));
    let (Some(operator), Some(name)) = (rest.next(), rest.next()) else {
        return CompletionKind::Nothing;
    };
    match (&operator.kind, &name.kind) {
        (TokenKind::Operator(sign), TokenKind::Word(name)) => match Field::find_filter(name) {
            Some(field) if *sign == "~" => CompletionKind::Pattern(field),
            Some(field) => CompletionKind::Value(field),
            None => CompletionKind::Nothing,
        },
        _ => CompletionKind::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(text: &str) -> String {
        // `|` marks the cursor.
        let cursor = text.find('|').unwrap();
        let CursorContext {
            replace,
            typed,
            kind: what,
        } = cursor_context(&text.replace('|', ""), cursor);
        let what = match what {
            CompletionKind::Word => "word".to_owned(),
            CompletionKind::Text => "text".to_owned(),
            CompletionKind::Value(field) => format!("value of {}", field.name),
            CompletionKind::Pattern(field) => format!("pattern of {}", field.name),
            CompletionKind::Nothing => "nothing".to_owned(),
        };
        format!("{}..{} {typed:?} {what}", replace.start, replace.end)
    }

    #[test]
    fn cursor_context_is_found_at_every_position() {
        for (text, expected) in [
            ("|", r#"0..0 "" word"#),
            ("po|", r#"0..2 "po" word"#),
            ("po|rt:80", r#"0..2 "po" word"#),
            ("tcp |", r#"4..4 "" word"#),
            ("tcp and no|", r#"8..10 "no" word"#),
            ("(|", r#"1..1 "" word"#),
            ("-|", r#"1..1 "" word"#),
            ("-st|", r#"1..3 "st" word"#),
            ("state:|", r#"6..6 "" value of state"#),
            ("state:cl|", r#"6..8 "cl" value of state"#),
            ("state:tw,|", r#"9..9 "" value of state"#),
            ("state:tw,cl|", r#"9..11 "cl" value of state"#),
            ("process=|", r#"8..8 "" value of proc"#),
            ("proc:\"my a|", r#"5..10 "my a" value of proc"#),
            ("proc:a,\"my a|", r#"7..12 "my a" value of proc"#),
            ("proc:a \"my a|", r#"7..12 "my a" text"#),
            ("\"my a|", r#"0..5 "my a" text"#),
            ("proc~^p|", r#"5..7 "^p" pattern of proc"#),
            ("age>|", r#"4..4 "" value of age"#),
            ("age > |", r#"6..6 "" value of age"#),
            ("a) é|", r#"3..5 "é" word"#),
            ("prot:|", r#"5..5 "" nothing"#),
            ("prot:x|", r#"5..6 "x" nothing"#),
            ("| x", r#"0..0 "" word"#),
        ] {
            assert_eq!(describe(text), expected, "{text}");
        }
    }

    #[test]
    fn cursor_inside_a_character_or_past_the_end_is_clamped() {
        assert_eq!(cursor_context("é", 1).replace, 0..0);
        assert_eq!(cursor_context("ab", 99).replace, 0..2);
    }
}
