//! The body of the screen while lessons are open: the list, a page, or table and panel.

use crate::net::services::Services;
use crate::query::{QueryResult, VisibleLines};
use crate::tui::state::lessons::LessonsState;
use crate::tui::state::view_state::ViewState;
use crate::tui::view::layout::{LessonPanel, ScreenLayout};
use crate::tui::view::screen::{StyledLine, Tone};
use crate::tui::view::{details, table};

/// Draws the body of the screen while lessons are open.
pub(crate) fn lessons_body(
    state: &ViewState,
    lessons: &LessonsState,
    result: Option<&QueryResult>,
    lines: &VisibleLines,
    services: &Services,
    layout: &ScreenLayout,
) -> Vec<StyledLine> {
    let total = usize::from(state.size.0);
    let body = layout.body_rows();
    if lessons.session().is_none() {
        return super::list::lesson_list(lessons, total, body);
    }
    let shown = |width, height| match (
        lessons.pane_mode(state.pane_mode),
        result,
        &state.tuple_diff,
    ) {
        (Some(pane_mode), Some(result), Some(tuple_diff)) => {
            details::draw_pane_mode(pane_mode, tuple_diff, result, (width, height))
        }
        (Some(_), ..) => vec![StyledLine::new(" loading …", Tone::Dim)],
        (None, ..) => table::draw_table(state, result, lines, services, width, height - 1),
    };
    match layout.lesson_panel {
        LessonPanel::FullBody | LessonPanel::None => {
            super::panel::lesson_panel(lessons, state.display_mode, total, body)
        }
        // The diagram has more lines than are left above the panel.
        LessonPanel::Below(_) if lessons.pane_mode(state.pane_mode).is_some() => shown(total, body),
        LessonPanel::Below(height) => {
            let mut all = shown(total, layout.table_rows + 1);
            all.resize(layout.table_rows + 1, StyledLine::default());
            all.extend(super::panel::lesson_panel(
                lessons,
                state.display_mode,
                total,
                height,
            ));
            all
        }
        LessonPanel::Beside(width) => {
            let left = total.saturating_sub(width + 1);
            let mut table = match layout.pane_rows {
                0 => shown(left, body),
                _ => table::draw_table(state, result, lines, services, left, layout.table_rows),
            };
            if layout.pane_rows > 0 {
                table.push(StyledLine::new("─".repeat(left), Tone::Dim));
                table.extend(shown(left, layout.pane_rows - 1));
            }
            table.resize(body, StyledLine::default());
            let panel = super::panel::lesson_panel(lessons, state.display_mode, width, body);
            table
                .into_iter()
                .zip(panel)
                .map(|(one, other)| join_columns(one, other, left))
                .collect()
        }
    }
}

/// Returns the largest scroll position of a lesson's panel, in lines.
pub fn panel_max_scroll(state: &ViewState) -> usize {
    let Some(lessons) = &state.lessons else {
        return 0;
    };
    let layout = ScreenLayout::new(state);
    let (width, height) = match layout.lesson_panel {
        LessonPanel::Beside(width) => (width, layout.body_rows()),
        LessonPanel::Below(height) => (usize::from(state.size.0), height),
        LessonPanel::FullBody | LessonPanel::None => {
            (usize::from(state.size.0), layout.body_rows())
        }
    };
    super::panel::panel_height(lessons, state.display_mode, width).saturating_sub(height)
}

/// Joins two lines; the second starts after column `left`.
fn join_columns(mut one: StyledLine, other: StyledLine, left: usize) -> StyledLine {
    let short = left.saturating_sub(one.width());
    one.push(" ".repeat(short), Tone::Plain);
    one.selection_end = Some(left);
    one.push("│", Tone::Dim);
    one.spans.extend(other.spans);
    one
}
