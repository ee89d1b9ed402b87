//! Answers → text for programs: plain lines, CSV, JSON, and events as they happen.
//!
//! In: an [`QueryResult`](crate::query::Answer), or [`MatchEvent`](crate::query::Event)s. Out: bytes. The
//! same sockets always give the same text: nothing here depends on how wide a terminal is or on how
//! long something has been seen, and nothing is cut off. The chart for eyes is [`crate::view`]'s.
//!
//! # Columns
//!
//! [`CLOSED_ROW_COLUMNS`] is the one table of what plain text, CSV and `--columns` know.
//!
//! # JSON
//!
//! The same text is [`help::JSON_SCHEMA`]; a test holds real output against it.
//!
//! ```text
#![doc = include_str!("schema.txt")]
//! ```

mod columns;
mod document;
mod entry;
mod event;
pub mod help;
mod json;
mod layout;
mod lines;
mod pieces;

pub use columns::{COLUMNS, OutputColumn, find_column};
pub use document::{FindingRecord, write_json, write_ndjson};
pub use event::{write_ndjson_event, write_plain_event};
pub use lines::{HeaderRow, ListWriter};
