//! The columns that are asked for by name, and those that are there unasked.

pub use crate::fields::Column as OutputColumn;
use crate::fields::Field;

/// The columns of plain text where none are chosen: those that only change when the socket does.
pub(crate) const DEFAULT_COLUMNS: [&str; 8] = [
    "protocol", "state", "side", "port", "local", "remote", "owner", "process",
];

/// Finds a column by any name of its field.
pub fn find_column(name: &str) -> Option<&'static OutputColumn> {
    Field::find(name)?.column()
}
