//! Text → which sockets.
//!
//! In: what the user typed. Out: a [`Filter`], or a [`FilterError`] with the place, the reason and
//! what was expected or meant. The way: `lex` makes tokens, `parse` makes a [tree](tree) with a
//! place on every node, `sieve` asks it about rows and `eval` answers for each of its statements,
//! `demand` tells what must be known for that, `print` writes it again.
//! [`FIELDS`] is the one table of fields; [`expected`] tells what may be typed at a place.
//!
//! Nothing is ever silently taken as text: what is written like a port, an address, a field or a
//! pattern and is none is an error, and a quoted text is always text.
//!
//! # Grammar
//!
//! The same text is [`GRAMMAR`].
//!
//! ```text
#![doc = include_str!("grammar.txt")]
//! ```

mod bare;
mod condition;
mod demand;
mod error;
mod eval;
mod expect;
mod fields;
mod lex;
mod network;
mod parse;
mod pattern;
mod print;
mod search;
mod sieve;
mod suggest;
mod token;
pub mod tree;
mod unknown;
mod value;
mod words;

#[cfg(test)]
mod tests;

pub use error::{FilterError, FilterErrorKind, MAX_FILTER_CHARS, MAX_FILTER_DEPTH};
pub use eval::FilterContext;
pub use expect::{CompletionKind, CursorContext, cursor_context};
pub use fields::{Dimension, FIELDS, Field, FieldKind, NumberField, TextField};
pub use sieve::Matcher;
pub use words::{KEYWORDS, Keyword};

pub use tree::Flag;
use tree::Node;

/// The language, told to whoever asks for help with filters.
pub const GRAMMAR: &str = include_str!("grammar.txt");

/// A filter that was understood. The empty one matches everything. Two filters are equal when they
/// ask for the same in the same order, however they were spelled. As text, a filter is written in a
/// normal form that is read as the same filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    root: Option<Node>,
}

impl Filter {
    /// Understands the text.
    ///
    /// # Errors
    /// Where the text is no filter: what is wrong and where. Nothing is silently taken as a name.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::parse(text).map(|tree| Self { root: tree })
    }

    /// Whether it lets everything through because it asks for nothing.
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Whether the word stands anywhere in it.
    pub fn contains_flag(&self, flag: Flag) -> bool {
        self.root
            .as_ref()
            .is_some_and(|tree| tree.contains_flag(flag))
    }

    /// What it means; `None` where it asks for nothing.
    pub const fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }
}

impl From<Node> for Filter {
    fn from(tree: Node) -> Self {
        Self { root: Some(tree) }
    }
}
