//! The grammar of the filter language as text: what `portolan help filter` prints.

use std::fmt::Write;

use crate::fields::{Field, SortUse};

/// Cells of a line of the help.
const LINE_WIDTH: usize = 80;

/// Returns the language, told to whoever asks for help with filters. Its fields are those of
/// [`FIELDS`](crate::fields::FIELDS).
pub fn grammar() -> String {
    include_str!("grammar.txt")
        .replace("{fields}\n", &field_lines())
        .replace("{aliases}\n", &alias_lines())
        .replace("{over time}", &fields_over_time())
}

/// A line for each field: its name, how it is used, what it is.
fn field_lines() -> String {
    let fields = Field::filters_in_order;
    let name_width = fields().map(|field| field.name.len()).max().unwrap_or(0);
    let example_width = fields()
        .map(|field| field.example().len())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for field in fields() {
        let (name, example, description) = (field.name, field.example(), field.description);
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "  {name:<name_width$}  {example:<example_width$}  {description}"
        );
    }
    out
}

/// The other names of the fields, in lines that are not too long.
fn alias_lines() -> String {
    let pairs = Field::filters_in_order().flat_map(|field| {
        field
            .aliases
            .iter()
            .map(|alias| format!("{alias} = {}", field.name))
    });
    let mut out = String::from("\n  Also:");
    let mut width = "  Also:".len();
    let mut pairs = pairs.peekable();
    while let Some(pair) = pairs.next() {
        let comma = if pairs.peek().is_some() { "," } else { "" };
        if width + 1 + pair.len() + comma.len() > LINE_WIDTH {
            out.push_str("\n   ");
            width = 3;
        }
        width += 1 + pair.len() + comma.len();
        // Writing to a String does not fail.
        let _ = write!(out, " {pair}{comma}");
    }
    out.push('\n');
    out
}

fn fields_over_time() -> String {
    let fields = Field::filters_in_order().filter(|field| field.sort == SortUse::OverTime);
    fields
        .map(|field| field.name)
        .collect::<Vec<_>>()
        .join(", ")
}
