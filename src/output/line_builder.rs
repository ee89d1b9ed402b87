//! Builds lines of padded columns, and quotes or escapes values for their format.

use std::borrow::Cow;
use std::io;
use std::io::Write;

use unicode_width::UnicodeWidthStr;

use super::columns::OutputColumn;
use crate::fields::{Quoting, push_quoted};

/// Printed in plain text for an unknown or missing value.
const EMPTY_VALUE: &str = "-";

/// Quotes a value for plain text: the result is never empty and has no unquoted space.
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

/// Prefixes an apostrophe to a value that spreadsheets would evaluate as a formula
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

/// The minimum width of a shrunk column, in cells.
const MIN_COLUMN_WIDTH: usize = 7;

/// Shrinks the widest columns until all of them, with two cells between, fit into `total` cells. If
/// they cannot, lines wrap: a requested column is never dropped.
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

/// A line being built; the buffer is reused for the next.
#[derive(Default)]
pub(crate) struct LineBuilder {
    indent: &'static str,
    text: String,
    /// Padding to write before the next value.
    pending_spaces: usize,
}

impl LineBuilder {
    /// Creates a builder whose lines start with `indent`.
    pub(crate) fn with_indent(indent: &'static str) -> Self {
        Self {
            indent,
            ..Self::default()
        }
    }

    /// Appends a value, padded to `min_width` cells plus two.
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

    /// Appends a value, truncated to `width` cells.
    pub(crate) fn push_truncated(&mut self, value: &str, width: usize) {
        self.push(&crate::text::width::truncate(value, width), width);
    }

    /// Appends the value of a column, quoted for plain text.
    pub(crate) fn push_value(&mut self, value: &str, column: &OutputColumn) {
        self.push(&quote_value(value, column.quoting), column.min_width);
    }

    /// Writes the line without trailing spaces, and starts the next.
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
