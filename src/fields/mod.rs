//! Describes what a socket has: one table of fields.
//!
//! [`FIELDS`] states for every field its name, how it is read from a
//! [`TrackedSocket`](crate::history::TrackedSocket), and where it is used: in filters, as a
//! column of `list` and of the dashboard, to sort by, in JSON. The parser of filters, completion, the
//! help topics and the options of `list` read the table and have no list of their own.
//!
//! # Adding a field
//!
//! 1. An accessor in `table.rs`: a function from [`SocketView`] to the value, `None` where the value is
//!    not known.
//! 2. A row in [`FIELDS`]: the name, the accessor with its unit, the words of the help, and one call for
//!    each use (`filters`, `prints`, `json`).
//! 3. Nothing else: `portolan help filter`, `help columns`, `help json`, completion, `list -c` and
//!    `list --sort` have it, and the tests of this module and `tests/properties/fields.rs` try it.
//! 4. A fact that no snapshot has yet also needs a field of [`Socket`](crate::net::socket::Socket), a line
//!    in the decoder that reads it, and a place in a new version of the recording.

mod column;
mod endpoint_display;
mod field;
mod kind;
mod socket_view;
mod table;
#[cfg(test)]
mod tests;

pub use crate::fields::column::{Column, CsvPlace};
pub(crate) use crate::fields::column::{Quoting, push_quoted};
pub use crate::fields::endpoint_display::EndpointDisplay;
pub use crate::fields::field::{Field, FilterUse, JsonUse, PrintUse, SortUse, SortValue};
pub use crate::fields::kind::{
    Dimension, EndSelector, FieldKind, Number, NumberField, NumberReader, TextField, TextMatching,
    TextReader, Unit,
};
pub use crate::fields::socket_view::SocketView;
pub use crate::fields::table::{FIELDS, columns};
