//! The column of a field: its heading, its width, and how its text is written.

use std::fmt::Write;

use super::kind::{Number, NumberField, NumberReader, TextField};
use super::socket_view::SocketView;
use crate::net::port::Port;

/// A column of `list`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// As it stands in the first line of CSV: the name of its field or an alias.
    pub name: &'static str,
    /// Cells it has at least in plain text, so that lines stand under each other.
    pub min_width: usize,
    /// What it is, in a few words.
    pub description: &'static str,
    /// Whether it is made of parts that are quoted one by one.
    pub(crate) quoting: Quoting,
    /// Where CSV has it when none were chosen.
    pub csv: CsvPlace,
    pub(super) writer: ColumnWriter,
}

/// Where CSV has a column when none were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CsvPlace {
    /// Among the first.
    First,
    /// Behind those: programs that read columns by their place find the others where they
    /// were.
    Appended,
    /// Nowhere. What changes while nothing happens would make each line another one every time.
    OnRequest,
}

/// What is put between quotes in plain text, where a space would end a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quoting {
    /// The value.
    Whole,
    /// The names in it; it was done already.
    Parts,
}

/// How the text of a column is made.
#[derive(Clone, Copy, Debug)]
pub(super) enum ColumnWriter {
    Number(NumberField),
    Text(TextField),
    As(fn(SocketView<'_>, &mut String)),
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Column {}

impl Column {
    /// Appends the column's text for a row; nothing if it is unknown or absent.
    pub fn write(&self, view: SocketView<'_>, out: &mut String) {
        match self.writer {
            ColumnWriter::As(write) => write(view, out),
            ColumnWriter::Number(number) => push_number(number, view, out),
            ColumnWriter::Text(text) => push_names(text, view, out),
        }
    }
}

fn push_number(field: NumberField, view: SocketView<'_>, out: &mut String) {
    match field.read {
        NumberReader::Socket(read) => match read(view) {
            Some(Number::Exact(number) | Number::AtLeast(number)) => {
                push_display(out, Some(field.unit.from_known(number)));
            }
            Some(Number::Measured(number)) => push_display(out, Some(number)),
            None => {}
        },
        NumberReader::Process(read) => {
            let mut comma = "";
            for key in view.processes() {
                if let Some(number) = read(key, view.process_info(key)) {
                    push_display(out, Some(format_args!("{comma}{number}")));
                    comma = ",";
                }
            }
        }
    }
}

fn push_names(field: TextField, view: SocketView<'_>, out: &mut String) {
    let mut comma = "";
    field.read.for_each(view, |name| {
        out.push_str(comma);
        out.push_str(name);
        comma = ",";
    });
}

pub(crate) fn push_text(out: &mut String, value: Option<&str>) {
    out.push_str(value.unwrap_or_default());
}

pub(crate) fn push_display(out: &mut String, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        // Writing to a String does not fail.
        let _ = write!(out, "{value}");
    }
}

pub(crate) fn push_port(out: &mut String, port: Port) {
    push_display(out, Some(port).filter(|p| *p != Port::NONE));
}

pub(crate) fn push_processes(entry: SocketView<'_>, out: &mut String) {
    for (index, process) in entry.processes().enumerate() {
        match (index, entry.holder_relation()) {
            (0, "holds") => {}
            // In one word, so that it stays one field: `was:` or `listens:`.
            (0, how) => {
                out.push_str(how);
                out.push(':');
            }
            _ => out.push(','),
        }
        match entry.process_name(process) {
            Some(name) => push_name(out, name),
            // The process is known by its pid only.
            None => out.push('?'),
        }
        push_display(out, Some(format_args!("/{}", process.pid)));
    }
}

/// A name within a value; in quotes where it could be taken for more than one.
fn push_name(out: &mut String, name: &str) {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | '/' | '"');
    let is_reserved = name.is_empty() || name == "?" || name.starts_with("was:");
    if is_reserved || name.contains(is_separator) {
        push_quoted(out, name);
    } else {
        out.push_str(name);
    }
}

/// Between double quotes, those in it, and backslashes, with a backslash.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

pub(crate) fn push_pids(entry: SocketView<'_>, out: &mut String) {
    for (index, process) in entry.processes().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        push_display(out, Some(format_args!("{comma}{}", process.pid)));
    }
}

pub(crate) fn push_command(entry: SocketView<'_>, out: &mut String) {
    let first = entry.processes().next();
    let process = first.and_then(|key| entry.directory().processes.get(&key));
    push_text(out, process.and_then(|p| p.command.as_deref()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_names_are_quoted() {
        let written = |name| {
            let mut out = String::new();
            push_name(&mut out, name);
            out
        };
        assert_eq!(written("nginx"), "nginx");
        assert_eq!(written("my app"), "\"my app\"");
        assert_eq!(written("a,b/1"), "\"a,b/1\"");
        assert_eq!(written("a\"b"), "\"a\\\"b\"");
        assert_eq!(written("was:x"), "\"was:x\"");
        assert_eq!(written(""), "\"\"");
    }
}
