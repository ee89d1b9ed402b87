//! Prints the table in full, for `portolan list` and for output that is no terminal.

use super::columns::Overflow;
use super::screen::StyledLine;
use super::table::{ColumnSet, TableLayout};
use crate::net::services::Services;
use crate::query::{Folds, QueryResult, VisibleLines};

/// The output the table is printed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintTarget {
    /// A terminal with this many columns: lines are truncated, so that none wraps.
    Terminal(usize),
    /// A pipe or a file: nothing is truncated.
    Unbounded,
}

/// The line width for pipes and files, in cells: enough for IPv6 endpoints, and constant, so that
/// two outputs can be compared.
const UNBOUNDED_WIDTH: usize = 160;

/// Whether the column heads are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintHeads {
    Shown,
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
