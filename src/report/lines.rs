//! Columns in lines: plain text for programs and pipes, a table for eyes, CSV for spreadsheets.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::query::{Answer, Group, GroupKey, Grouping};
use crate::report::columns::{COLUMNS, Column, Quoting, USUAL, column};
use crate::report::entry::{Entry, entries};
use crate::report::layout::{Text, harmless, shrink, worded};
use crate::services::Services;

/// The line with the names of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Printed.
    Shown,
    /// Left out.
    Hidden,
}

/// What lines are made of.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    /// What is printed.
    pub answer: &'a Answer,
    /// Names of ports.
    pub services: &'a Services,
    /// Which columns; none means the usual ones.
    pub columns: &'a [&'static Column],
    /// Whether the columns' names come first.
    pub header: Header,
}

/// The head of the column that names the group.
const GROUP: &str = "group";
/// Cells of that column, at least.
const GROUP_LEAST: usize = 18;

impl Lines<'_> {
    /// One line a socket: values separated by two spaces or more, none of them empty, none cut off.
    /// How wide a column is does not depend on the sockets, so that a line is the same for as long
    /// as its socket is.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn plain(&self, out: &mut impl Write) -> io::Result<()> {
        let columns = self.columns_or(|| USUAL.iter().filter_map(|name| column(name)).collect());
        let mut line = Text::default();
        if self.header == Header::Shown {
            if self.is_grouped() {
                line.add(&GROUP.to_uppercase(), GROUP_LEAST);
            }
            for column in &columns {
                line.add(&column.name.to_uppercase(), column.least);
            }
            line.print(out)?;
        }
        let mut value = String::new();
        let mut label = Label::default();
        for (group, entry) in entries(self.answer, self.services) {
            if let Some(group) = group {
                line.add(&worded(label.of(group, entry), Quoting::Whole), GROUP_LEAST);
            }
            for column in &columns {
                value.clear();
                column.write(entry, &mut value);
                line.add_value(&value, column);
            }
            line.print(out)?;
        }
        Ok(())
    }

    /// Comma-separated values as RFC 4180 has them; what is not known or not there is empty. A value
    /// that a spreadsheet would take for a formula gets an apostrophe in front.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn csv(&self, out: impl Write) -> io::Result<()> {
        self.csv_to(out).map_err(|error| match error.into_kind() {
            // As the output said it: a reader that went away is no failure.
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }

    fn csv_to(&self, out: impl Write) -> csv::Result<()> {
        let columns = self.columns_or(|| COLUMNS.iter().collect());
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(out);
        if self.header == Header::Shown {
            let group = self.is_grouped().then_some(GROUP);
            csv.write_record(group.into_iter().chain(columns.iter().map(|c| c.name)))?;
        }
        let mut value = String::new();
        let mut label = Label::default();
        for (group, entry) in entries(self.answer, self.services) {
            if let Some(group) = group {
                csv.write_field(harmless(label.of(group, entry)).as_ref())?;
            }
            for column in &columns {
                value.clear();
                column.write(entry, &mut value);
                csv.write_field(harmless(&value).as_ref())?;
            }
            csv.write_record(None::<&[u8]>)?;
        }
        Ok(csv.flush()?)
    }

    /// The chosen columns as a table for eyes, under a line for each group: as wide as what stands in
    /// it; within `width` cells, where that is given, and then the widest values are cut.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn table(&self, width: Option<usize>, out: &mut impl Write) -> io::Result<()> {
        let columns = self.columns_or(|| USUAL.iter().filter_map(|name| column(name)).collect());
        let mut widths: Vec<usize> = columns.iter().map(|c| c.name.len()).collect();
        let mut value = String::new();
        for (_, entry) in entries(self.answer, self.services) {
            for (column, widest) in columns.iter().zip(&mut widths) {
                value.clear();
                column.write(entry, &mut value);
                *widest = value.width().max(*widest);
            }
        }
        let indent = if self.is_grouped() { "  " } else { "" };
        if let Some(width) = width {
            shrink(&mut widths, width.saturating_sub(indent.len()));
        }
        let mut line = Text::indented(indent);
        if self.header == Header::Shown {
            for (column, width) in columns.iter().zip(&widths) {
                line.add_cut(&column.name.to_uppercase(), *width);
            }
            line.print(out)?;
        }
        let mut label = Label::default();
        let mut under = None;
        for (group, entry) in entries(self.answer, self.services) {
            if let Some(group) = group
                && under != Some(group.path)
            {
                under = Some(group.path);
                writeln!(out, "{}", label.of(group, entry))?;
            }
            for (column, width) in columns.iter().zip(&widths) {
                value.clear();
                column.write(entry, &mut value);
                line.add_cut(&value, *width);
            }
            line.print(out)?;
        }
        Ok(())
    }

    fn is_grouped(&self) -> bool {
        self.answer.grouping != Grouping::Sockets
    }

    fn columns_or(&self, usual: impl Fn() -> Vec<&'static Column>) -> Vec<&'static Column> {
        if self.columns.is_empty() {
            usual()
        } else {
            self.columns.to_vec()
        }
    }
}

/// The name of a group; made once for all of its rows.
#[derive(Default)]
struct Label {
    key: Option<GroupKey>,
    text: String,
}

impl Label {
    fn of(&mut self, group: &Group, entry: Entry<'_>) -> &str {
        if self.key != Some(group.key()) {
            self.key = Some(group.key());
            self.text = label(group, entry);
        }
        &self.text
    }
}

/// `443/tcp`, `outgoing:443/tcp`, `nginx/812`, `203.0.113.7`; why there is none in parentheses.
fn label(group: &Group, entry: Entry<'_>) -> String {
    use crate::port::PortSide;
    match group.key() {
        GroupKey::Port(key) => match key.side {
            PortSide::Here => key.to_string(),
            PortSide::There => format!("outgoing:{key}"),
        },
        GroupKey::Process(key) => match entry.name_of(key) {
            Some(name) => format!("{name}/{}", key.pid),
            None => format!("?/{}", key.pid),
        },
        GroupKey::NoProcess(_) => match entry.user().filter(|_| entry.is_hidden()) {
            Some(user) => format!("({}: {user})", entry.owner_status()),
            None => format!("({})", entry.owner_status()),
        },
        GroupKey::Host(address) => address.to_string(),
        GroupKey::NoHost => "(no remote end)".into(),
    }
}
