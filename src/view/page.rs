//! The chart on paper: every line of it, for a terminal that is none.

use crate::query::{Answer, Folds, Lines};
use crate::services::Services;
use crate::view::screen::Line;
use crate::view::table::{Grids, Looks};

/// Calls `print` with every line, all groups unfolded, `width` cells wide.
///
/// # Errors
/// Whatever `print` returns; it is not called again after that.
pub fn page<E>(
    answer: &Answer,
    services: &Services,
    width: usize,
    mut print: impl FnMut(&Line) -> Result<(), E>,
) -> Result<(), E> {
    let grids = Grids::new(answer.grouping, width, Looks::One);
    let lines = Lines::new(answer, &Folds::everything_open());
    print(&grids.heads(answer.order))?;
    for number in 0..lines.len() {
        if let Some(place) = lines.at(answer, number) {
            print(&grids.line(place, answer, &lines, services, width))?;
        }
    }
    Ok(())
}
