//! What can be printed, told to whoever asks.

use super::columns::DEFAULT_COLUMNS;
use crate::fields::{CsvPlace, FIELDS, FieldKind, JsonUse, columns};

/// Returns the fields of JSON, one a line: where it stands, its type, whether it can be null, what it is.
pub fn json_schema() -> String {
    include_str!("schema.txt").replace("  {fields}\n", &json_value_lines())
}

/// A line for each field that is written from the table of fields.
fn json_value_lines() -> String {
    let mut out = String::new();
    for field in &FIELDS {
        if let JsonUse::Value(name, description) = field.json {
            let kind = match field.kind {
                FieldKind::Number(_) => "integer?",
                _ => "text?",
            };
            let path = format!("sockets[].{name}");
            out.push_str(&format!("  {path:<38} {kind:<8} {description}\n"));
        }
    }
    out
}

/// The columns of `--columns`, one a line.
pub fn columns_help() -> String {
    let mut out = String::from(
        "Columns of list: --columns local,remote,process chooses, and puts them in this order.\n\n",
    );
    let widest = columns().map(|column| column.name.len()).max().unwrap_or(0);
    for column in columns() {
        let (name, words) = (column.name, column.description);
        out.push_str(&format!("  {name:widest$}  {words}\n"));
    }
    let on_request: Vec<&str> = columns()
        .filter(|column| column.csv == CsvPlace::OnRequest)
        .map(|column| column.name)
        .collect();
    out.push_str(&format!(
        "\nWithout --columns, plain text has {};\nCSV has all of them but {}. Plain text shows - where there is nothing \
         or it is not known,\nCSV an empty value.\n",
        DEFAULT_COLUMNS.join(", "),
        on_request.join(", ")
    ));
    out
}
