//! The first line for who learns, and for a room: what is shown, in words.

use crate::quantity::count;
use crate::query::{Answer, Grouping};
use crate::view::cells::width;
use crate::view::course::{Course, Sitting};
use crate::view::header;
use crate::view::screen::{Line, Tone};
use crate::view::state::ViewState;

/// That these are lessons, and how the table is laid out, where there is one.
pub(super) fn taught(
    course: &Course,
    state: &ViewState,
    answer: Option<&Answer>,
    total: usize,
) -> Line {
    let mut line = Line::of(" portolan learn", Tone::Strong);
    if course.sitting().is_some_and(Sitting::shows_table) {
        line.push(format!("  {}", state.grouping.title()), Tone::Accent);
    }
    line.push_right(header::feed(state, answer), total.saturating_sub(1));
    line
}

/// What is shown, in a word; for a room.
pub(super) fn presented(state: &ViewState, answer: Option<&Answer>, total: usize) -> Line {
    let (title, more) = match state.grouping {
        Grouping::Ports => ("PORTS", ", and the sockets that share them"),
        Grouping::Processes => ("PROCESSES", ", and their sockets"),
        Grouping::Hosts => ("HOSTS", " at the other end"),
        Grouping::Sockets => ("SOCKETS", ", one a row"),
        Grouping::History => ("HISTORY", ", sockets that have ended"),
    };
    let mut line = Line::of(format!(" {title}"), Tone::Heading);
    let mut right = header::feed(state, answer);
    if let Some(answer) = answer {
        let all = count(answer.moment.open, "socket", "sockets");
        right.push(format!("  {all} "), Tone::Plain);
    }
    if line.width() + width(more) + right.width() < total {
        line.push(more, Tone::Heading);
    }
    line.push_right(right, total);
    line
}
