//! Values in lines: what makes a value safe in its format, and puts lines under each other.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::report::columns::{Column, Quoting, quoted};

/// What stands for a value that is not known or not there.
const NOTHING: &str = "-";

/// A value as plain text has it: never empty, and without a space that would end it.
pub(super) fn worded(value: &str, quoting: Quoting) -> Cow<'_, str> {
    if value.is_empty() {
        return NOTHING.into();
    }
    let needs_quotes = value == NOTHING || value.contains([' ', '"']);
    if quoting == Quoting::Parts || !needs_quotes {
        return value.into();
    }
    let mut out = String::with_capacity(value.len() + 2);
    quoted(&mut out, value);
    out.into()
}

/// Spreadsheets calculate what begins like a formula, whoever chose the text
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
pub(super) fn harmless(value: &str) -> Cow<'_, str> {
    if value.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) {
        format!("'{value}").into()
    } else {
        value.into()
    }
}

/// No column is made narrower than this.
const NARROWEST: usize = 7;

/// Takes cells from the widest columns until all of them, with two cells between each, fit. Where
/// that is not possible lines break: a column that was asked for is never left out.
pub(super) fn shrink(widths: &mut [usize], total: usize) {
    let gaps = widths.len().saturating_sub(1) * 2;
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(total);
    while over > 0 {
        let Some(widest) = widths.iter_mut().max().filter(|w| **w > NARROWEST) else {
            return;
        };
        *widest -= 1;
        over -= 1;
    }
}

/// A line in the making; its memory is used again.
#[derive(Default)]
pub(super) struct Text {
    indent: &'static str,
    text: String,
    /// Spaces that are owed before the next value.
    owed: usize,
}

impl Text {
    /// A line that begins with this.
    pub(super) fn indented(indent: &'static str) -> Self {
        Self {
            indent,
            ..Self::default()
        }
    }

    /// Appends a value and makes room for the next.
    pub(super) fn add(&mut self, value: &str, least: usize) {
        if self.text.is_empty() {
            self.text.push_str(self.indent);
        }
        self.text.extend(std::iter::repeat_n(' ', self.owed));
        self.text.push_str(value);
        let cells = if value.is_ascii() {
            value.len()
        } else {
            value.width()
        };
        self.owed = least.saturating_sub(cells) + 2;
    }

    /// Appends a value, or as much of it as the column has room for.
    pub(super) fn add_cut(&mut self, value: &str, width: usize) {
        self.add(&crate::text::cut(value, width), width);
    }

    /// Appends what stands in a column.
    pub(super) fn add_value(&mut self, value: &str, column: &Column) {
        self.add(&worded(value, column.quoting), column.least);
    }

    /// Writes the line and begins the next.
    pub(super) fn print(&mut self, out: &mut impl Write) -> io::Result<()> {
        let outcome = writeln!(out, "{}", self.text.trim_end());
        self.text.clear();
        self.owed = 0;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_give_way_and_none_is_lost() {
        let shrunk = |mut widths: Vec<usize>, total| {
            shrink(&mut widths, total);
            widths
        };
        assert_eq!(shrunk(vec![10, 60, 5], 100), [10, 60, 5]);
        assert_eq!(shrunk(vec![10, 60, 5], 49), [10, 30, 5]);
        assert_eq!(shrunk(vec![10, 60, 40], 54), [10, 20, 20]);
        assert_eq!(shrunk(vec![10, 60, 5], 1), [7, 7, 5]);
    }

    #[test]
    fn a_value_is_one_word_and_never_none() {
        assert_eq!(worded("", Quoting::Whole), "-");
        assert_eq!(worded("-", Quoting::Whole), "\"-\"");
        assert_eq!(worded("docker 3f2a", Quoting::Whole), "\"docker 3f2a\"");
        assert_eq!(worded("\"a b\"/7", Quoting::Parts), "\"a b\"/7");
    }
}
