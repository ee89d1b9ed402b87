//! Turns facts and foreign bytes into text for people: sanitizing, width in cells, wrapping, units,
//! and phrases with their certainty.

pub mod phrase;
pub mod sanitize;
pub mod units;
pub(crate) mod width;
pub(crate) mod wrap;

pub use crate::text::phrase::{Certainty, Phrase};
pub use crate::text::sanitize::{is_sanitized, sanitize};
pub use crate::text::width::{truncate, width};
pub use crate::text::wrap::wrap;
