//! The header in lessons and in presentation mode.

use super::screen::{StyledLine, Tone};
use super::time_status;
use crate::query::{Grouping, QueryResult};
use crate::text::units::pluralize;
use crate::text::width::width;
use crate::tui::state::lessons::{LessonsState, Session};
use crate::tui::state::view_state::ViewState;

/// Returns the header in lessons: the title, the view of the table if there is one, the time
/// status.
pub(crate) fn lessons_title(
    lessons: &LessonsState,
    state: &ViewState,
    result: Option<&QueryResult>,
    total: usize,
) -> StyledLine {
    let mut line = StyledLine::new(" portolan learn", Tone::Strong);
    if lessons.session().is_some_and(Session::shows_table) {
        line.push(format!("  {}", state.grouping.title()), Tone::Accent);
    }
    line.push_right_aligned(
        time_status::time_status(state, result),
        total.saturating_sub(1),
    );
    line
}

/// Returns the header in presentation mode: the view, the time status, the number of sockets.
pub(crate) fn presentation_title(
    state: &ViewState,
    result: Option<&QueryResult>,
    total: usize,
) -> StyledLine {
    let (title, more) = match state.grouping {
        Grouping::Ports => ("PORTS", ", and the sockets that share them"),
        Grouping::Processes => ("PROCESSES", ", and their sockets"),
        Grouping::Hosts => ("HOSTS", ", the remote addresses"),
        Grouping::Sockets => ("SOCKETS", ", one per row"),
        Grouping::History => ("HISTORY", ", closed sockets"),
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
