//! Writes a list in columns: plain text for programs, CSV for spreadsheets, a table for people.

use std::io;
use std::io::Write;

use unicode_width::UnicodeWidthStr;

use super::columns::{DEFAULT_COLUMNS, OutputColumn, find_column};
use super::entry::{OutputEntry, iter_entries};
use super::line_builder::{LineBuilder, escape_formula, quote_value, shrink_widths};
use crate::fields::{CsvPlace, Quoting, columns};
use crate::net::services::Services;
use crate::query::{Group, GroupKey, Grouping, QueryResult};

/// Whether the first line has the names of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderRow {
    Shown,
    Hidden,
}

/// Writes a query result in columns.
#[derive(Clone, Debug)]
pub struct ListWriter<'a> {
    pub result: &'a QueryResult,
    pub services: &'a Services,
    /// The columns in order; empty means the default ones of the format.
    pub columns: &'a [&'static OutputColumn],
    pub header: HeaderRow,
}

/// The header of the column with the group label.
const GROUP_HEADER: &str = "group";

/// The minimum width of that column, in cells.
const GROUP_MIN_WIDTH: usize = 18;

impl ListWriter<'_> {
    /// Writes plain text, one line a socket: values separated by at least two spaces, none empty,
    /// none truncated. Column widths do not depend on the sockets, so the line of a socket changes
    /// only when the socket does.
    ///
    /// # Errors
    /// Returns the error of writing to `out`.
    pub fn write_plain(&self, out: &mut impl Write) -> io::Result<()> {
        let columns = self.columns_or_else(|| {
            DEFAULT_COLUMNS
                .iter()
                .filter_map(|name| find_column(name))
                .collect()
        });
        let mut line = LineBuilder::default();
        if self.header == HeaderRow::Shown {
            if self.is_grouped() {
                line.push(&GROUP_HEADER.to_uppercase(), GROUP_MIN_WIDTH);
            }
            for column in &columns {
                line.push(&column.name.to_uppercase(), column.min_width);
            }
            line.write_line(out)?;
        }
        let mut value = String::new();
        let mut label = GroupLabel::default();
        for (group, entry) in iter_entries(self.result, self.services) {
            if let Some(group) = group {
                line.push(
                    &quote_value(label.for_group(group, entry), Quoting::Whole),
                    GROUP_MIN_WIDTH,
                );
            }
            for column in &columns {
                value.clear();
                column.write(entry, &mut value);
                line.push_value(&value, column);
            }
            line.write_line(out)?;
        }
        Ok(())
    }

    /// Writes comma-separated values (RFC 4180); an unknown or missing value is empty. A value that a
    /// spreadsheet would evaluate as a formula is prefixed with an apostrophe.
    ///
    /// # Errors
    /// Returns the error of writing to `out`.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        self.write_csv_records(out)
            .map_err(|error| match error.into_kind() {
                // Keep the kind: a broken pipe is not a failure.
                csv::ErrorKind::Io(error) => error,
                other => io::Error::other(format!("{other:?}")),
            })
    }

    fn write_csv_records(&self, out: impl Write) -> csv::Result<()> {
        let columns = self.columns_or_else(|| {
            columns()
                .filter(|column| column.csv != CsvPlace::OnRequest)
                .collect()
        });
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(out);
        if self.header == HeaderRow::Shown {
            let group = self.is_grouped().then_some(GROUP_HEADER);
            csv.write_record(group.into_iter().chain(columns.iter().map(|c| c.name)))?;
        }
        let mut value = String::new();
        let mut label = GroupLabel::default();
        for (group, entry) in iter_entries(self.result, self.services) {
            if let Some(group) = group {
                csv.write_field(escape_formula(label.for_group(group, entry)).as_ref())?;
            }
            for column in &columns {
                value.clear();
                column.write(entry, &mut value);
                csv.write_field(escape_formula(&value).as_ref())?;
            }
            csv.write_record(None::<&[u8]>)?;
        }
        Ok(csv.flush()?)
    }

    /// Writes the columns as an aligned table, with a line for each group. Columns are as wide as
    /// their values; if `width` is given, in cells, the widest are truncated to fit.
    ///
    /// # Errors
    /// Returns the error of writing to `out`.
    pub fn write_table(&self, width: Option<usize>, out: &mut impl Write) -> io::Result<()> {
        let columns = self.columns_or_else(|| {
            DEFAULT_COLUMNS
                .iter()
                .filter_map(|name| find_column(name))
                .collect()
        });
        let mut widths: Vec<usize> = columns.iter().map(|c| c.name.len()).collect();
        let mut value = String::new();
        for (_, entry) in iter_entries(self.result, self.services) {
            for (column, widest) in columns.iter().zip(&mut widths) {
                value.clear();
                column.write(entry, &mut value);
                *widest = value.width().max(*widest);
            }
        }
        let indent = if self.is_grouped() { "  " } else { "" };
        if let Some(width) = width {
            shrink_widths(&mut widths, width.saturating_sub(indent.len()));
        }
        let mut line = LineBuilder::with_indent(indent);
        if self.header == HeaderRow::Shown {
            for (column, width) in columns.iter().zip(&widths) {
                line.push_truncated(&column.name.to_uppercase(), *width);
            }
            line.write_line(out)?;
        }
        let mut label = GroupLabel::default();
        let mut current_group = None;
        for (group, entry) in iter_entries(self.result, self.services) {
            if let Some(group) = group
                && current_group != Some(group.path)
            {
                current_group = Some(group.path);
                writeln!(out, "{}", label.for_group(group, entry))?;
            }
            for (column, width) in columns.iter().zip(&widths) {
                value.clear();
                column.write(entry, &mut value);
                line.push_truncated(&value, *width);
            }
            line.write_line(out)?;
        }
        Ok(())
    }

    fn is_grouped(&self) -> bool {
        self.result.grouping != Grouping::Sockets
    }

    fn columns_or_else(
        &self,
        default_columns: impl Fn() -> Vec<&'static OutputColumn>,
    ) -> Vec<&'static OutputColumn> {
        if self.columns.is_empty() {
            default_columns()
        } else {
            self.columns.to_vec()
        }
    }
}

/// The label of the current group, computed once for all of its rows.
#[derive(Default)]
struct GroupLabel {
    key: Option<GroupKey>,
    text: String,
}

impl GroupLabel {
    fn for_group(&mut self, group: &Group, entry: OutputEntry<'_>) -> &str {
        if self.key != Some(group.key()) {
            self.key = Some(group.key());
            self.text = group_label(group, entry);
        }
        &self.text
    }
}

/// Returns the label of a group: `443/tcp`, `outgoing:443/tcp`, `nginx/812`, `203.0.113.7`, or in
/// parentheses why there is none.
fn group_label(group: &Group, entry: OutputEntry<'_>) -> String {
    use crate::net::port::PortSide;
    match group.key() {
        GroupKey::Port(key) => match key.side {
            PortSide::Local => key.to_string(),
            PortSide::Remote => format!("outgoing:{key}"),
        },
        GroupKey::Process(key) => match entry.process_name(key) {
            Some(name) => format!("{name}/{}", key.pid),
            None => format!("?/{}", key.pid),
        },
        GroupKey::Unowned(_) => match entry.user().filter(|_| entry.is_hidden()) {
            Some(user) => format!("({}: {user})", entry.owner_status()),
            None => format!("({})", entry.owner_status()),
        },
        GroupKey::Host(address) => address.to_string(),
        GroupKey::NoHost => "(no remote end)".into(),
    }
}
