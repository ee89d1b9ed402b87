//! Which lines of the terminal belong to what. Depends on the size and on what is open, never on
//! the data, so nothing jumps.

use crate::tui::state::lessons::Session;
use crate::tui::state::pane_mode::PaneMode;
use crate::tui::state::view_state::{
    DetailsLevel, DisplayMode, Mode, NoticeKind, TimeMode, ViewState,
};
use crate::tui::view::lessons::panel;

/// The smallest terminal the chart is usable in: columns and lines.
pub const MIN_TERMINAL_SIZE: (u16, u16) = (40, 10);

/// Lines of each region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenLayout {
    /// Whether there is a notice line.
    pub has_notice: bool,
    /// Whether there is a line of time.
    pub has_timeline: bool,
    /// Lines of the table, its column heads not counted.
    pub table_rows: usize,
    /// Lines of the pane below, its rule counted; 0 without one.
    pub pane_rows: usize,
    /// Where a lesson's panel is.
    pub lesson_panel: LessonPanel,
}

/// Where a lesson's panel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LessonPanel {
    /// There is none.
    None,
    /// It has the place of the table, too.
    FullBody,
    /// To the right of the table, so many cells wide.
    Beside(usize),
    /// Below the table, so many lines.
    Below(usize),
}

/// Cells a lesson's table is in need of.
const LESSON_TABLE_WIDTH: usize = 80;
/// The narrowest panel beside a table.
const MIN_PANEL_WIDTH: usize = 38;
/// Lines of a look: the picture of the states, what it says below, and a line above.
const DIAGRAM_ROWS: usize = 18;
/// Lines of a table that is high enough to have a look below it.
const MIN_TABLE_ROWS_ABOVE_DIAGRAM: usize = 12;
/// The fewest lines of a table above a panel, its heads counted.
const MIN_TABLE_ROWS: usize = 5;

impl ScreenLayout {
    /// Header, filter line and footer.
    const FRAME_ROWS: usize = 3;

    /// Divides the terminal.
    pub fn new(state: &ViewState) -> Self {
        let rows = usize::from(state.size.1);
        // What cannot be seen is told in the help; who learns need not read it all the time.
        let simplified = state.display_mode == DisplayMode::Presentation || state.lessons.is_some();
        let notices_hidden = simplified
            && state
                .notices
                .iter()
                .all(|n| n.kind == NoticeKind::Limitation);
        let notice = (!state.notices.is_empty() && !notices_hidden) || state.filter.error.is_some();
        let time = state.time_mode != TimeMode::Live;
        let body = rows.saturating_sub(Self::FRAME_ROWS + usize::from(notice) + usize::from(time));
        let panel = lesson_panel(state, body);
        if panel != LessonPanel::None {
            let shows_diagram = state
                .lessons
                .as_ref()
                .is_some_and(|c| c.pane_mode(state.pane_mode).is_some());
            let (below, pane) = match panel {
                LessonPanel::Below(lines) => (lines, 0),
                LessonPanel::Beside(_)
                    if shows_diagram && body >= DIAGRAM_ROWS + MIN_TABLE_ROWS_ABOVE_DIAGRAM =>
                {
                    (DIAGRAM_ROWS, DIAGRAM_ROWS)
                }
                LessonPanel::Beside(_) | LessonPanel::FullBody | LessonPanel::None => (0, 0),
            };
            return Self {
                has_notice: notice,
                has_timeline: time,
                table_rows: body.saturating_sub(1 + below),
                pane_rows: pane,
                lesson_panel: panel,
            };
        }
        let pane = match (state.details, rows) {
            (DetailsLevel::Full, _) => 0,
            (DetailsLevel::Brief, _) if state.pane_mode != PaneMode::Text => {
                match state.display_mode {
                    DisplayMode::Normal => body.saturating_sub(1) * 3 / 5,
                    DisplayMode::Presentation => body.saturating_sub(3),
                }
            }
            (DetailsLevel::Pane, _) => body.saturating_sub(1) * 3 / 5,
            (DetailsLevel::Brief, _) if state.display_mode == DisplayMode::Presentation => {
                (rows / 3).clamp(4, 8)
            }
            (DetailsLevel::Brief, ..16) => 0,
            (DetailsLevel::Brief, 16..24) => 3,
            (DetailsLevel::Brief, 24..40) => 4,
            (DetailsLevel::Brief, _) => 6,
        };
        // Heads and a line of the table come first.
        let pane = pane.min(body.saturating_sub(2));
        Self {
            has_notice: notice,
            has_timeline: time,
            table_rows: body.saturating_sub(1 + pane),
            pane_rows: pane,
            lesson_panel: panel,
        }
    }

    /// Lines between the filter line (or notice) and the footer.
    pub(crate) const fn body_rows(&self) -> usize {
        match self.lesson_panel {
            LessonPanel::Below(lines) => self.table_rows + 1 + lines,
            LessonPanel::FullBody | LessonPanel::Beside(_) | LessonPanel::None => {
                self.table_rows + 1 + self.pane_rows
            }
        }
    }

    /// The line of the screen on which the table begins.
    pub fn table_top_row(&self) -> usize {
        3 + usize::from(self.has_notice) + usize::from(self.has_timeline)
    }

    /// Whether this column belongs to a lesson's panel beside the table.
    pub fn is_in_lesson_panel(&self, column: u16, columns: u16) -> bool {
        match self.lesson_panel {
            LessonPanel::Beside(width) => usize::from(column) + width >= usize::from(columns),
            _ => false,
        }
    }

    /// Whether the table is what is shown.
    pub fn shows_table(state: &ViewState) -> bool {
        let course = state.lessons.as_ref();
        let table_open = course.is_none_or(|c| c.session().is_some_and(Session::shows_table));
        let shows_diagram = course.is_some_and(|c| c.pane_mode(state.pane_mode).is_some())
            && Self::new(state).pane_rows == 0;
        !matches!(
            state.mode,
            Mode::Help { .. } | Mode::Findings(_) | Mode::Explain
        ) && state.details != DetailsLevel::Full
            && table_open
            && !shows_diagram
    }
}

/// Where the panel of the lesson is that is open.
fn lesson_panel(state: &ViewState, body: usize) -> LessonPanel {
    let Some(course) = &state.lessons else {
        return LessonPanel::None;
    };
    if !course.session().is_some_and(Session::shows_table) {
        return LessonPanel::FullBody;
    }
    let columns = usize::from(state.size.0);
    if columns >= LESSON_TABLE_WIDTH + 1 + MIN_PANEL_WIDTH {
        let spare = columns - (LESSON_TABLE_WIDTH + 1 + MIN_PANEL_WIDTH);
        return LessonPanel::Beside(MIN_PANEL_WIDTH + spare / 2);
    }
    let panel_rows = panel::panel_height(course, state.display_mode, columns);
    let has_highlight = course
        .session()
        .is_some_and(|session| session.highlight().is_some());
    // A room looks at the table while the kernel has the word, and yet has to read the word.
    let (min_panel_rows, min_table_rows) = match (state.display_mode, has_highlight) {
        (DisplayMode::Presentation, true) => {
            (0, (MIN_TABLE_ROWS + 3).min(body / 2).max(MIN_TABLE_ROWS))
        }
        (DisplayMode::Presentation, false) => (0, MIN_TABLE_ROWS),
        (DisplayMode::Normal, _) => (body / 2, MIN_TABLE_ROWS),
    };
    LessonPanel::Below(
        panel_rows
            .max(min_panel_rows)
            .min(body.saturating_sub(min_table_rows))
            .max(4),
    )
}
