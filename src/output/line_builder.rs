//! Values in lines: what makes a value safe in its format, and puts lines under each other.

use std::borrow::Cow;
use std::io;
use std::io::Write;

use unicode_width::UnicodeWidthStr;

use super::columns::OutputColumn;
use crate::fields::{Quoting, push_quoted};

/// What stands for a value that is not known or not there.
const EMPTY_VALUE: &str = "-";

/// A value as plain text has it: never empty, and without a space that would end it.
pub(crate) fn quote_value(value: &str, quoting: Quoting) -> Cow<'_, str> {
    if value.is_empty() {
        return EMPTY_VALUE.into();
    }
    let needs_quotes = value == EMPTY_VALUE || value.contains([' ', '"']);
    if quoting == Quoting::Parts || !needs_quotes {
        return value.into();
    }
    let mut out = String::with_capacity(value.len() + 2);
    push_quoted(&mut out, value);
    out.into()
}

/// Spreadsheets calculate what begins like a formula, whoever chose the text
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
pub(crate) fn escape_formula(value: &str) -> Cow<'_, str> {
    if value.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) {
        format!("'{value}").into()
    } else {
        value.into()
    }
}

/// No column is made narrower than this.
const MIN_COLUMN_WIDTH: usize = 7;

/// Takes cells from the widest columns until all of them, with two cells between each, fit. Where
/// that is not possible lines break: a column that was asked for is never left out.
pub(crate) fn shrink_widths(widths: &mut [usize], total: usize) {
    let gaps = widths.len().saturating_sub(1) * 2;
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(total);
    while excess > 0 {
        let Some(widest) = widths.iter_mut().max().filter(|w| **w > MIN_COLUMN_WIDTH) else {
            return;
        };
        *widest -= 1;
        excess -= 1;
    }
}

/// A line in the making; its memory is used again.
#[derive(Default)]
pub(crate) struct LineBuilder {
    indent: &'static str,
    text: String,
    /// Spaces that are owed before the next value.
    pending_spaces: usize,
}

impl LineBuilder {
    /// A line that begins with this.
    pub(crate) fn with_indent(indent: &'static str) -> Self {
        Self {
            indent,
            ..Self::default()
        }
    }

    /// Appends a value and makes room for the next.
    pub(crate) fn push(&mut self, value: &str, min_width: usize) {
        if self.text.is_empty() {
            self.text.push_str(self.indent);
        }
        self.text
            .extend(std::iter::repeat_n(' ', self.pending_spaces));
        self.text.push_str(value);
        let cells = if value.is_ascii() {
            value.len()
        } else {
            value.width()
        };
        self.pending_spaces = min_width.saturating_sub(cells) + 2;
    }

    /// Appends a value, or as much of it as the column has room for.
    pub(crate) fn push_truncated(&mut self, value: &str, width: usize) {
        self.push(&crate::text::width::truncate(value, width), width);
    }

    /// Appends what stands in a column.
    pub(crate) fn push_value(&mut self, value: &str, column: &OutputColumn) {
        self.push(&quote_value(value, column.quoting), column.min_width);
    }

    /// Writes the line and begins the next.
    pub(crate) fn write_line(&mut self, out: &mut impl Write) -> io::Result<()> {
        let outcome = writeln!(out, "{}", self.text.trim_end());
        self.text.clear();
        self.pending_spaces = 0;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widest_columns_shrink_first() {
        let shrunk = |mut widths: Vec<usize>, total| {
            shrink_widths(&mut widths, total);
            widths
        };
        assert_eq!(shrunk(vec![10, 60, 5], 100), [10, 60, 5]);
        assert_eq!(shrunk(vec![10, 60, 5], 49), [10, 30, 5]);
        assert_eq!(shrunk(vec![10, 60, 40], 54), [10, 20, 20]);
        assert_eq!(shrunk(vec![10, 60, 5], 1), [7, 7, 5]);
    }

    #[test]
    fn values_are_single_words_and_never_empty() {
        assert_eq!(quote_value("", Quoting::Whole), "-");
        assert_eq!(quote_value("-", Quoting::Whole), "\"-\"");
        assert_eq!(
            quote_value("docker 3f2a", Quoting::Whole),
            "\"docker 3f2a\""
        );
        assert_eq!(quote_value("\"a b\"/7", Quoting::Parts), "\"a b\"/7");
    }
}
