//! Writes query results and events for programs: plain text, CSV, JSON.
//!
//! The same sockets always give the same text: nothing depends on the terminal width or on how long
//! a socket has been observed, and nothing is truncated. (The table for people is the exception.)
//!
//! # JSON
//!
//! Also available as [`help::json_schema`], with the fields of [`FIELDS`](crate::fields::FIELDS) in place
//! of `{fields}`; `tests/formats/json_schema.rs` checks real output against it.
//!
//! ```text
#![doc = include_str!("schema.txt")]
//! ```

mod columns;
mod entry;
mod events;
pub mod help;
mod json;
mod json_records;
mod line_builder;
mod list_writer;
mod parallel;

pub use crate::output::columns::{OutputColumn, find_column};
pub use crate::output::events::{write_ndjson_event, write_plain_event};
pub use crate::output::json::{FindingRecord, write_json, write_ndjson};
pub use crate::output::list_writer::{HeaderRow, ListWriter};
