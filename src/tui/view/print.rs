//! The chart on paper: every line of it, for a terminal that scrolls, or for none.

use super::columns::Overflow;
use super::screen::StyledLine;
use super::table::{ColumnSet, TableLayout};
use crate::net::services::Services;
use crate::query::{Folds, QueryResult, VisibleLines};

/// What the chart is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintTarget {
    /// A terminal of so many columns: what does not fit is cut, so that no line breaks.
    Terminal(usize),
    /// A pipe or a file: nothing is cut.
    Unbounded,
}

/// Cells of a line on endless paper: wide enough for IPv6 endpoints, and always the same, so that
/// two lists can be compared.
const UNBOUNDED_WIDTH: usize = 160;

/// The line of column heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintHeads {
    /// Printed.
    Shown,
    /// Left out.
    Hidden,
}

/// Calls `print` with every line, all groups unfolded.
///
/// # Errors
/// Whatever `print` returns; it is not called again after that.
pub fn print_table<E>(
    result: &QueryResult,
    services: &Services,
    target: PrintTarget,
    heads: PrintHeads,
    mut print: impl FnMut(&StyledLine) -> Result<(), E>,
) -> Result<(), E> {
    let (width, overlong) = match target {
        PrintTarget::Terminal(width) => (width, Overflow::Truncate),
        PrintTarget::Unbounded => (UNBOUNDED_WIDTH, Overflow::Extend),
    };
    let layout = TableLayout::new(result.grouping, width, ColumnSet::SingleSample(overlong));
    let lines = VisibleLines::new(result, &Folds::all_open());
    if heads == PrintHeads::Shown {
        print(&layout.heads(None))?;
    }
    for number in 0..lines.len() {
        if let Some(visible_line) = lines.at(result, number) {
            print(&layout.line(visible_line, result, &lines, services, width))?;
        }
    }
    Ok(())
}
