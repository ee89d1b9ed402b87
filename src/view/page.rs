//! The chart on paper: every line of it, for a terminal that scrolls, or for none.

use crate::query::{Answer, Folds, Lines};
use crate::services::Services;
use crate::view::columns::Overlong;
use crate::view::screen::Line;
use crate::view::table::{Grids, Looks};

/// What the chart is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// A terminal of so many columns: what does not fit is cut, so that no line breaks.
    Terminal(usize),
    /// A pipe or a file: nothing is cut.
    Endless,
}

/// Cells of a line on endless paper: wide enough for IPv6 endpoints, and always the same, so that
/// two lists can be compared.
const ENDLESS: usize = 160;

/// The line of column heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heads {
    /// Printed.
    Shown,
    /// Left out.
    Hidden,
}

/// Calls `print` with every line, all groups unfolded.
///
/// # Errors
/// Whatever `print` returns; it is not called again after that.
pub fn page<E>(
    answer: &Answer,
    services: &Services,
    paper: Paper,
    heads: Heads,
    mut print: impl FnMut(&Line) -> Result<(), E>,
) -> Result<(), E> {
    let (width, overlong) = match paper {
        Paper::Terminal(width) => (width, Overlong::Cut),
        Paper::Endless => (ENDLESS, Overlong::Kept),
    };
    let grids = Grids::new(answer.grouping, width, Looks::One(overlong));
    let lines = Lines::new(answer, &Folds::everything_open());
    if heads == Heads::Shown {
        print(&grids.heads(None))?;
    }
    for number in 0..lines.len() {
        if let Some(place) = lines.at(answer, number) {
            print(&grids.line(place, answer, &lines, services, width))?;
        }
    }
    Ok(())
}
