//! The first line for who learns, and for a room: what is shown, in words.

use super::screen::{StyledLine, Tone};
use super::time_status;
use crate::query::{Grouping, QueryResult};
use crate::text::units::pluralize;
use crate::text::width::width;
use crate::tui::state::lessons::{LessonsState, Session};
use crate::tui::state::view_state::ViewState;

/// That these are lessons, and how the table is laid out, where there is one.
pub(crate) fn lessons_title(
    course: &LessonsState,
    state: &ViewState,
    result: Option<&QueryResult>,
    total: usize,
) -> StyledLine {
    let mut line = StyledLine::new(" portolan learn", Tone::Strong);
    if course.session().is_some_and(Session::shows_table) {
        line.push(format!("  {}", state.grouping.title()), Tone::Accent);
    }
    line.push_right_aligned(
        time_status::time_status(state, result),
        total.saturating_sub(1),
    );
    line
}

/// What is shown, in a word; for a room.
pub(crate) fn presentation_title(
    state: &ViewState,
    result: Option<&QueryResult>,
    total: usize,
) -> StyledLine {
    let (title, more) = match state.grouping {
        Grouping::Ports => ("PORTS", ", and the sockets that share them"),
        Grouping::Processes => ("PROCESSES", ", and their sockets"),
        Grouping::Hosts => ("HOSTS", " at the other end"),
        Grouping::Sockets => ("SOCKETS", ", one a row"),
        Grouping::History => ("HISTORY", ", sockets that have ended"),
    };
    let mut line = StyledLine::new(format!(" {title}"), Tone::Heading);
    let mut right = time_status::time_status(state, result);
    if let Some(result) = result {
        let all = pluralize(result.moment.open_rows, "socket", "sockets");
        right.push(format!("  {all} "), Tone::Plain);
    }
    if line.width() + width(more) + right.width() < total {
        line.push(more, Tone::Heading);
    }
    line.push_right_aligned(right, total);
    line
}
