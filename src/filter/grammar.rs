//! The reference of the filter language as text.

use std::fmt::Write;

use crate::fields::{Field, SortUse};

/// The longest line of the reference.
const LINE_WIDTH: usize = 80;

/// Returns the reference of the filter language, at most 80 columns wide: the output of
/// `portolan help filter`. Its fields are those of [`FIELDS`](crate::fields::FIELDS).
pub fn grammar() -> String {
    include_str!("grammar.txt")
        .replace("{fields}\n", &field_lines())
        .replace("{aliases}\n", &alias_lines())
        .replace("{over time}", &fields_over_time())
}

/// Returns a line for each field: name, example, description.
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

/// Returns the aliases of the fields, wrapped.
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
