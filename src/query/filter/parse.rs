//! Tokens → a tree, by binding power (Pratt): `or` binds loosest, then `and` or nothing at all,
//! then `not`.

use std::ops::Range;

use super::error::{DEEPEST, FilterError, FilterErrorKind as Kind};
use super::lex::lex;
use super::token::{Token, TokenKind};
use super::tree::{Condition, Node, NodeKind, Part};
use super::value::Piece;
use super::{bare, condition};

/// The tree of the text; `None` where there is nothing in it.
pub(super) fn parse(text: &str) -> Result<Option<Node>, FilterError> {
    let (tokens, error) = lex(text);
    if let Some(error) = error {
        return Err(error);
    }
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    if parser.peek().is_none() {
        return Ok(None);
    }
    let node = parser.expression(Power::Or)?;
    match parser.peek() {
        None => Ok(Some(node)),
        // Only a parenthesis that closes nothing ends an expression before the end.
        Some(token) => Err(FilterError::new(token.span.clone(), Kind::UnopenedGroup)),
    }
}

/// How strongly an operator holds its operands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    Or,
    And,
    Not,
}

impl Power {
    /// What the right operand of an operator that groups to the left must exceed.
    const fn tighter(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And | Self::Not => Self::Not,
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Operands joined by operators of at least this power.
    fn expression(&mut self, least: Power) -> Result<Node, FilterError> {
        let mut left = self.operand()?;
        // By which operator `left` has grown here: `a b c` is one node with three children, while
        // a group in parentheses stays what it is.
        let mut grown = None;
        while let Some(token) = self.peek() {
            let word = connective(self.tokens, self.at);
            let power = match (word, &token.kind) {
                (Some(power), _) => power,
                (None, TokenKind::Close) => break,
                (None, _) => Power::And,
            };
            if power < least {
                break;
            }
            if word.is_some() {
                self.at += 1;
                self.expect_operand(token)?;
            }
            let right = self.expression(power.tighter())?;
            left = join(left, right, power, grown == Some(power));
            grown = Some(power);
        }
        Ok(left)
    }

    /// A group, a negation, a word, a text or a field.
    fn operand(&mut self) -> Result<Node, FilterError> {
        let at = self.at;
        let Some(token) = self.tokens.get(at) else {
            // Every caller has looked whether something follows.
            return Err(FilterError::new(0..0, Kind::EmptyGroup));
        };
        self.at += 1;
        let fail = |kind| Err(FilterError::new(token.span.clone(), kind));
        let kind = match &token.kind {
            TokenKind::Open => return self.group(&token.span),
            TokenKind::Close => return fail(Kind::UnopenedGroup),
            TokenKind::Not(_) => return self.negation(token),
            TokenKind::Text(text) => match Part::new(text) {
                Some(part) => NodeKind::Is(Condition::Name(part)),
                None => return fail(Kind::EmptyText),
            },
            TokenKind::Word(word) => match self.peek().map(|t| &t.kind) {
                Some(TokenKind::Operator(sign)) => return self.field(token, word, sign),
                _ if connective(self.tokens, at).is_some() => {
                    return fail(Kind::NothingBefore((*word).into()));
                }
                _ if word.eq_ignore_ascii_case("not") => return self.negation(token),
                _ => NodeKind::Is(bare::condition(&piece(word, &token.span))?),
            },
            // The lexer lets these follow only the name of a field.
            TokenKind::Operator(sign) => return fail(Kind::NoField(sign)),
            TokenKind::Value(_) | TokenKind::QuotedValue(_) => return fail(Kind::Glued),
        };
        Ok(Node {
            span: token.span.clone(),
            kind,
        })
    }

    fn group(&mut self, open: &Range<usize>) -> Result<Node, FilterError> {
        self.descend(open)?;
        match self.peek() {
            None => return Err(FilterError::new(open.clone(), Kind::UnclosedGroup)),
            Some(Token {
                span,
                kind: TokenKind::Close,
            }) => return Err(FilterError::new(open.start..span.end, Kind::EmptyGroup)),
            Some(_) => {}
        }
        let inner = self.expression(Power::Or)?;
        let Some(close) = self.peek() else {
            return Err(FilterError::new(open.clone(), Kind::UnclosedGroup));
        };
        self.at += 1;
        self.depth -= 1;
        Ok(Node {
            span: open.start..close.span.end,
            kind: inner.kind,
        })
    }

    fn negation(&mut self, sign: &'a Token<'a>) -> Result<Node, FilterError> {
        self.descend(&sign.span)?;
        self.expect_operand(sign)?;
        let inner = self.expression(Power::Not)?;
        self.depth -= 1;
        Ok(Node {
            span: sign.span.start..inner.span.end,
            kind: NodeKind::Not(Box::new(inner)),
        })
    }

    /// A field with its operator, which is the next token, and its values.
    fn field(
        &mut self,
        token: &Token<'_>,
        name: &str,
        sign: &'static str,
    ) -> Result<Node, FilterError> {
        self.at += 1;
        let mut values = Vec::new();
        let mut end = token.span.end;
        while let Some(Token { span, kind }) = self.peek() {
            let (text, quoted) = match kind {
                TokenKind::Value(text) => (*text, false),
                TokenKind::QuotedValue(text) => (text.as_str(), true),
                _ => break,
            };
            values.push(Piece {
                text,
                span: span.clone(),
                quoted,
            });
            end = span.end;
            self.at += 1;
        }
        let condition = condition::condition(&piece(name, &token.span), sign, &values)?;
        Ok(Node {
            span: token.span.start..end,
            kind: NodeKind::Is(condition),
        })
    }

    /// One level deeper. The stack bears this many.
    fn descend(&mut self, span: &Range<usize>) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(FilterError::new(span.clone(), Kind::TooDeep));
        }
        Ok(())
    }

    /// Refuses an operator with nothing behind it.
    fn expect_operand(&self, operator: &Token<'_>) -> Result<(), FilterError> {
        let nothing = match self.peek().map(|t| &t.kind) {
            None | Some(TokenKind::Close) => true,
            Some(_) => connective(self.tokens, self.at).is_some(),
        };
        let word = match operator.kind {
            TokenKind::Word(word) => word,
            TokenKind::Not(sign) => sign,
            _ => "",
        };
        if nothing {
            let span = operator.span.clone();
            return Err(FilterError::new(span, Kind::NothingAfter(word.into())));
        }
        Ok(())
    }

    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at)
    }
}

/// The power of the token, if it is `and` or `or` and not the name of a field.
fn connective(tokens: &[Token<'_>], at: usize) -> Option<Power> {
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
    power_of(word)
}

fn power_of(word: &str) -> Option<Power> {
    if word.eq_ignore_ascii_case("or") {
        Some(Power::Or)
    } else if word.eq_ignore_ascii_case("and") {
        Some(Power::And)
    } else {
        None
    }
}

fn piece<'a>(text: &'a str, span: &Range<usize>) -> Piece<'a> {
    Piece {
        text,
        span: span.clone(),
        quoted: false,
    }
}

/// Joins two nodes; where the left one was made by the same operator here, it takes the right one in.
fn join(left: Node, right: Node, power: Power, grows: bool) -> Node {
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
        Power::Or => NodeKind::Or(children),
        Power::And | Power::Not => NodeKind::And(children),
    };
    Node { span, kind }
}

/// Whether a name, written without quotes, is read as that name again.
pub(super) fn is_bare_name(name: &str) -> bool {
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
    let is_word = error.is_none() && *word == name && power_of(word).is_none();
    let is_name = |c| matches!(c, Condition::Name(part) if part.as_str() == name);
    is_word
        && !word.eq_ignore_ascii_case("not")
        && bare::condition(&piece(word, span)).is_ok_and(is_name)
}
