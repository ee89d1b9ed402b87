//! Writes query results and events for programs: plain text, CSV, JSON.
//!
//! The same sockets always give the same text: nothing depends on the width of a terminal or on how long
//! something has been seen, and nothing is cut off.
//!
//! # JSON
//!
//! The same text is [`help::json_schema`], with the fields that [`FIELDS`](crate::fields::FIELDS) writes in the
//! place of `{fields}`; a test holds real output against it.
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
