//! Help texts on columns and JSON: `portolan help columns` and `portolan help json`.

use super::columns::DEFAULT_COLUMNS;
use crate::fields::{CsvPlace, FIELDS, FieldKind, JsonUse, columns};

/// Returns the reference of the JSON output, one field a line: path, type, nullability, description.
pub fn json_schema() -> String {
    include_str!("schema.txt").replace("  {fields}\n", &json_value_lines())
}

/// Returns a line for each field that is written from the table of fields.
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

/// Returns the reference of `--columns`, one column a line.
pub fn columns_help() -> String {
    let mut out = String::from(
        "Columns of list. --columns local,remote,process prints these, in this order.\n\n",
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
        "\nWithout --columns, plain text has {};\nCSV has all of them but {}. A missing or unknown value is - in plain \
         text and empty in CSV.\n",
        DEFAULT_COLUMNS.join(", "),
        on_request.join(", ")
    ));
    out
}
