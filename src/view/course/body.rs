//! The body of the screen while lessons are open: the list, a page, or table and panel.

use super::Course;
use crate::query::{Answer, Lines};
use crate::services::Services;
use crate::view::areas::{Areas, Panel};
use crate::view::screen::{Line, Tone};
use crate::view::state::ViewState;
use crate::view::{pane, table};

/// The body of the screen while lessons are open.
pub(in crate::view) fn body(
    state: &ViewState,
    course: &Course,
    answer: Option<&Answer>,
    lines: &Lines,
    services: &Services,
    areas: &Areas,
) -> Vec<Line> {
    let total = usize::from(state.size.0);
    let body = areas.body();
    if course.sitting().is_none() {
        return super::list(course, total, body);
    }
    let shown = |width, height| match (course.look(state.look), answer, &state.survey) {
        (Some(look), Some(answer), Some(survey)) => {
            pane::look(look, survey, answer, (width, height))
        }
        (Some(_), ..) => vec![Line::of(" looking …", Tone::Dim)],
        (None, ..) => table::table(state, answer, lines, services, width, height - 1),
    };
    match areas.panel {
        Panel::Whole | Panel::None => super::panel(course, state.manner, total, body),
        // The picture has more lines than are left above the panel.
        Panel::Below(_) if course.look(state.look).is_some() => shown(total, body),
        Panel::Below(height) => {
            let mut all = shown(total, areas.table + 1);
            all.resize(areas.table + 1, Line::default());
            all.extend(super::panel(course, state.manner, total, height));
            all
        }
        Panel::Beside(width) => {
            let left = total.saturating_sub(width + 1);
            let mut table = match areas.pane {
                0 => shown(left, body),
                _ => table::table(state, answer, lines, services, left, areas.table),
            };
            if areas.pane > 0 {
                table.push(Line::of("─".repeat(left), Tone::Dim));
                table.extend(shown(left, areas.pane - 1));
            }
            table.resize(body, Line::default());
            let panel = super::panel(course, state.manner, width, body);
            table
                .into_iter()
                .zip(panel)
                .map(|(one, other)| beside(one, other, left))
                .collect()
        }
    }
}

/// How far the panel of a lesson can be scrolled.
pub fn panel_overflow(state: &ViewState) -> usize {
    let Some(course) = &state.course else {
        return 0;
    };
    let areas = Areas::of(state);
    let (width, height) = match areas.panel {
        Panel::Beside(width) => (width, areas.body()),
        Panel::Below(height) => (usize::from(state.size.0), height),
        Panel::Whole | Panel::None => (usize::from(state.size.0), areas.body()),
    };
    super::needed(course, state.manner, width).saturating_sub(height)
}

/// One line from two, the second from a column on.
fn beside(mut one: Line, other: Line, left: usize) -> Line {
    let short = left.saturating_sub(one.width());
    one.push(" ".repeat(short), Tone::Plain);
    one.bar = Some(left);
    one.push("│", Tone::Dim);
    one.spans.extend(other.spans);
    one
}
