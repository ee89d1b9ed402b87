//! Parses tokens into a tree by binding power (a Pratt parser): `or` binds loosest, then `and`
//! (explicit or between adjacent terms), then `not`.

use std::ops::Range;

use super::ast::{Condition, Filter, Node, NodeKind};
use super::error::{FilterError, FilterErrorKind, MAX_FILTER_DEPTH};
use super::lexer::lex;
use super::pattern::Substring;
use super::token::{Token, TokenKind};
use super::value::SpannedText;
use super::{bare_word, field_condition};

impl Filter {
    /// Parses the text of a filter; blank text gives the empty filter.
    ///
    /// # Errors
    /// Returns what is wrong and its span. An invalid port, address, field or pattern is never
    /// silently taken as a name.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse(text).map(|tree| Self { root: tree })
    }
}

/// Parses the text into a tree; `None` for blank text.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, FilterError> {
    let (tokens, error) = lex(text);
    if let Some(error) = error {
        return Err(error);
    }
    let mut parser = Parser {
        tokens: &tokens,
        pos: 0,
        depth: 0,
    };
    if parser.peek().is_none() {
        return Ok(None);
    }
    let node = parser.expression(BindingPower::Or)?;
    match parser.peek() {
        None => Ok(Some(node)),
        // Only an unmatched `)` ends an expression before the end.
        Some(token) => Err(FilterError::new(
            token.span.clone(),
            FilterErrorKind::UnopenedGroup,
        )),
    }
}

/// The binding power of an operator, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum BindingPower {
    Or,
    And,
    Not,
}

impl BindingPower {
    /// Returns the minimum power for the right operand of a left-associative operator.
    const fn next_tighter(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And | Self::Not => Self::Not,
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    pos: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Parses operands joined by operators of at least this power.
    fn expression(&mut self, min_power: BindingPower) -> Result<Node, FilterError> {
        let mut left = self.operand()?;
        // The operator that built `left` in this call: `a b c` becomes one node with three
        // children, while a group in parentheses stays a node of its own.
        let mut built_by = None;
        while let Some(token) = self.peek() {
            let word = binary_operator_at(self.tokens, self.pos);
            let power = match (word, &token.kind) {
                (Some(power), _) => power,
                (None, TokenKind::Close) => break,
                (None, _) => BindingPower::And,
            };
            if power < min_power {
                break;
            }
            if word.is_some() {
                self.pos += 1;
                self.expect_operand(token)?;
            }
            let right = self.expression(power.next_tighter())?;
            left = combine(left, right, power, built_by == Some(power));
            built_by = Some(power);
        }
        Ok(left)
    }

    /// Parses a group, a negation, a word, quoted text or a field.
    fn operand(&mut self) -> Result<Node, FilterError> {
        let at = self.pos;
        let Some(token) = self.tokens.get(at) else {
            // Unreachable: every caller has checked that a token follows.
            return Err(FilterError::new(0..0, FilterErrorKind::EmptyGroup));
        };
        self.pos += 1;
        let fail = |kind| Err(FilterError::new(token.span.clone(), kind));
        let kind = match &token.kind {
            TokenKind::Open => return self.group(&token.span),
            TokenKind::Close => return fail(FilterErrorKind::UnopenedGroup),
            TokenKind::Not(_) => return self.negation(token),
            TokenKind::Text(text) => match Substring::new(text) {
                Some(part) => NodeKind::Condition(Condition::AnyName(part)),
                None => return fail(FilterErrorKind::EmptyText),
            },
            TokenKind::Word(word) => match self.peek().map(|t| &t.kind) {
                Some(TokenKind::Operator(sign)) => return self.field(token, word, sign),
                _ if binary_operator_at(self.tokens, at).is_some() => {
                    return fail(FilterErrorKind::MissingOperandBefore((*word).into()));
                }
                _ if word.eq_ignore_ascii_case("not") => return self.negation(token),
                _ => NodeKind::Condition(bare_word::parse_bare_word(&unquoted(word, &token.span))?),
            },
            // The lexer emits these only after the name of a field.
            TokenKind::Operator(sign) => return fail(FilterErrorKind::MissingField(sign)),
            TokenKind::Value(_) | TokenKind::QuotedValue(_) => {
                return fail(FilterErrorKind::MissingSpace);
            }
        };
        Ok(Node {
            span: token.span.clone(),
            kind,
        })
    }

    fn group(&mut self, open: &Range<usize>) -> Result<Node, FilterError> {
        self.increase_depth(open)?;
        match self.peek() {
            None => {
                return Err(FilterError::new(
                    open.clone(),
                    FilterErrorKind::UnclosedGroup,
                ));
            }
            Some(Token {
                span,
                kind: TokenKind::Close,
            }) => {
                return Err(FilterError::new(
                    open.start..span.end,
                    FilterErrorKind::EmptyGroup,
                ));
            }
            Some(_) => {}
        }
        let inner = self.expression(BindingPower::Or)?;
        let Some(close) = self.peek() else {
            return Err(FilterError::new(
                open.clone(),
                FilterErrorKind::UnclosedGroup,
            ));
        };
        self.pos += 1;
        self.depth -= 1;
        Ok(Node {
            span: open.start..close.span.end,
            kind: inner.kind,
        })
    }

    fn negation(&mut self, sign: &'a Token<'a>) -> Result<Node, FilterError> {
        self.increase_depth(&sign.span)?;
        self.expect_operand(sign)?;
        let inner = self.expression(BindingPower::Not)?;
        self.depth -= 1;
        Ok(Node {
            span: sign.span.start..inner.span.end,
            kind: NodeKind::Not(Box::new(inner)),
        })
    }

    /// Parses a field; the next token is its operator, then come its values.
    fn field(
        &mut self,
        token: &Token<'_>,
        name: &str,
        sign: &'static str,
    ) -> Result<Node, FilterError> {
        self.pos += 1;
        let mut values = Vec::new();
        let mut end = token.span.end;
        while let Some(Token { span, kind }) = self.peek() {
            let (text, quoted) = match kind {
                TokenKind::Value(text) => (*text, false),
                TokenKind::QuotedValue(text) => (text.as_str(), true),
                _ => break,
            };
            values.push(SpannedText {
                text,
                span: span.clone(),
                quoted,
            });
            end = span.end;
            self.pos += 1;
        }
        let condition =
            field_condition::parse_field_condition(&unquoted(name, &token.span), sign, &values)?;
        Ok(Node {
            span: token.span.start..end,
            kind: NodeKind::Condition(condition),
        })
    }

    /// Enters a group or negation; fails beyond [`MAX_FILTER_DEPTH`], which bounds the recursion.
    fn increase_depth(&mut self, span: &Range<usize>) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_FILTER_DEPTH {
            return Err(FilterError::new(span.clone(), FilterErrorKind::TooDeep));
        }
        Ok(())
    }

    /// Fails if nothing follows the operator.
    fn expect_operand(&self, operator: &Token<'_>) -> Result<(), FilterError> {
        let nothing = match self.peek().map(|t| &t.kind) {
            None | Some(TokenKind::Close) => true,
            Some(_) => binary_operator_at(self.tokens, self.pos).is_some(),
        };
        let word = match operator.kind {
            TokenKind::Word(word) => word,
            TokenKind::Not(sign) => sign,
            _ => "",
        };
        if nothing {
            let span = operator.span.clone();
            return Err(FilterError::new(
                span,
                FilterErrorKind::MissingOperandAfter(word.into()),
            ));
        }
        Ok(())
    }

    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.pos)
    }
}

/// Returns the power of the token if it is `and` or `or` and no operator follows, which would make it
/// a field name.
fn binary_operator_at(tokens: &[Token<'_>], at: usize) -> Option<BindingPower> {
    let TokenKind::Word(word) = tokens.get(at)?.kind else {
        return None;
    };
    if matches!(
        tokens.get(at + 1),
        Some(Token {
            kind: TokenKind::Operator(_),
            ..
        })
    ) {
        return None;
    }
    binary_operator(word)
}

fn binary_operator(word: &str) -> Option<BindingPower> {
    if word.eq_ignore_ascii_case("or") {
        Some(BindingPower::Or)
    } else if word.eq_ignore_ascii_case("and") {
        Some(BindingPower::And)
    } else {
        None
    }
}

fn unquoted<'a>(text: &'a str, span: &Range<usize>) -> SpannedText<'a> {
    SpannedText {
        text,
        span: span.clone(),
        quoted: false,
    }
}

/// Joins two nodes. With `grows`, the left node was built by the same operator in this call, and the
/// right one is appended to it.
fn combine(left: Node, right: Node, power: BindingPower, grows: bool) -> Node {
    let span = left.span.start..right.span.end;
    let children = match left.kind {
        NodeKind::And(mut children) | NodeKind::Or(mut children) if grows => {
            children.push(right);
            children
        }
        kind => vec![
            Node {
                span: left.span,
                kind,
            },
            right,
        ],
    };
    let kind = match power {
        BindingPower::Or => NodeKind::Or(children),
        BindingPower::And | BindingPower::Not => NodeKind::And(children),
    };
    Node { span, kind }
}

/// Returns whether a name, written without quotes, parses as that name.
pub(crate) fn is_bare_name(name: &str) -> bool {
    let (tokens, error) = lex(name);
    let [
        Token {
            span,
            kind: TokenKind::Word(word),
        },
    ] = tokens.as_slice()
    else {
        return false;
    };
    let is_word = error.is_none() && *word == name && binary_operator(word).is_none();
    let is_name = |c| matches!(c, Condition::AnyName(part) if part.as_str() == name);
    is_word
        && !word.eq_ignore_ascii_case("not")
        && bare_word::parse_bare_word(&unquoted(word, span)).is_ok_and(is_name)
}
