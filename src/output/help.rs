//! Help texts on columns and JSON: `portolan help columns` and `portolan help json`.

use super::columns::{COLUMNS, DEFAULT_COLUMNS};

/// The reference of the JSON output, one field a line: path, type, nullability, description.
pub const JSON_SCHEMA: &str = include_str!("schema.txt");

/// Returns the reference of `--columns`, one column a line.
pub fn columns_help() -> String {
    let mut out = String::from(
        "Columns of list. --columns local,remote,process prints these, in this order.\n\n",
    );
    let widest = COLUMNS.iter().map(|c| c.name.len()).max().unwrap_or(0);
    for column in COLUMNS {
        let (name, words) = (column.name, column.description);
        out.push_str(&format!("  {name:widest$}  {words}\n"));
    }
    out.push_str(&format!(
         "\nWithout --columns, plain text has {};\nCSV has all of them. A missing or unknown value is - in plain \
         text and empty in CSV.\n",
        DEFAULT_COLUMNS.join(", ")
    ));
    out
}
