//! What can be printed, told to whoever asks.

use super::columns::{COLUMNS, DEFAULT_COLUMNS};

/// The fields of JSON, one a line: where it stands, its type, whether it can be null, what it is.
pub const JSON_SCHEMA: &str = include_str!("schema.txt");

/// The columns of `--columns`, one a line.
pub fn columns_help() -> String {
    let mut out = String::from(
        "Columns of list: --columns local,remote,process chooses, and puts them in this order.\n\n",
    );
    let widest = COLUMNS.iter().map(|c| c.name.len()).max().unwrap_or(0);
    for column in COLUMNS {
        let (name, words) = (column.name, column.description);
        out.push_str(&format!("  {name:widest$}  {words}\n"));
    }
    out.push_str(&format!(
        "\nWithout --columns, plain text has {};\nCSV has all of them. Plain text shows - where there is nothing \
         or it is not known,\nCSV an empty value.\n",
        DEFAULT_COLUMNS.join(", ")
    ));
    out
}
