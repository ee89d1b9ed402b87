//! Parses and evaluates the filter language: text to a [`Filter`] to matching rows.
//!
//! A [`FilterError`] carries the place, the reason, and what was expected or probably meant. The stages:
//! `lexer` makes tokens, `parser` an [`ast`] with a span on every node, `matcher` evaluates it on rows
//! through `eval`, `requirements` says what must be sampled for that, `display` writes it again.
//! [`FIELDS`] is the table of fields, some of which filters do not have; [`cursor_context`] and [`complete()`] serve completion.
//!
//! Nothing is silently taken as text: what is written like a port, an address, a field or a pattern and
//! is none is an error. A quoted text is always text.
//!
//! # Grammar
//!
//! The same text is [`grammar()`], with a line for each of [`FIELDS`] in the place of `{fields}`.
//!
//! ```text
#![doc = include_str!("grammar.txt")]
//! ```

pub mod ast;
mod bare_word;
pub mod complete;
mod cursor_context;
mod display;
pub mod edit;
mod error;
mod eval;
mod field_condition;
pub mod grammar;
mod keywords;
mod lexer;
mod match_cache;
mod matcher;
pub(crate) mod network;
mod number_units;
mod parser;
pub(crate) mod pattern;
pub mod quick_filter;
mod requirements;
mod substring_search;
mod suggest;
#[cfg(test)]
mod tests;
mod token;
mod unknown_owner;
mod value;

pub use crate::fields::{Dimension, EndSelector, FIELDS, Field, FieldKind, NumberField, TextField};
pub use crate::filter::ast::Filter;
pub use crate::filter::complete::{Candidate, Completion, CompletionInput, complete};
pub use crate::filter::edit::{EditedFilter, FilterEdit, edit_filter};
pub use crate::filter::grammar::grammar;
pub use crate::filter::quick_filter::{QuickFilter, StateFilter};

pub use crate::filter::ast::Flag;
pub use crate::filter::cursor_context::{CompletionKind, CursorContext, cursor_context};
pub use crate::filter::error::{FilterError, FilterErrorKind, MAX_FILTER_CHARS, MAX_FILTER_DEPTH};
pub use crate::filter::eval::FilterContext;
pub use crate::filter::keywords::{KEYWORDS, Keyword};
pub use crate::filter::matcher::Matcher;
