//! Parses and evaluates the filter language: text → [`Filter`] → matching rows.
//!
//! A [`FilterError`] carries the span, the reason, and what was expected or probably meant. Stages:
//! `lexer` makes tokens; `parser` builds an [`ast`] with a span on every node; `matcher` evaluates
//! it on rows through `eval`; `requirements` computes what must be sampled; `display` prints the
//! normal form. [`FIELDS`] is the table of fields; [`cursor_context()`] and [`complete()`] serve
//! completion.
//!
//! A word that looks like a port, an address, a field or a pattern but is not valid is an error; it
//! is never silently taken as a name. Quoted text is always a name.
//!
//! # Grammar
//!
//! Also available as [`grammar()`], with a line for each of [`FIELDS`] in place of `{fields}`.
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
