//! Divides the terminal into regions. Depends on its size and on what is open, never on the data,
//! so that nothing jumps.

use crate::tui::state::lessons::Session;
use crate::tui::state::pane_mode::PaneMode;
use crate::tui::state::view_state::{
    DetailsLevel, DisplayMode, Mode, NoticeKind, TimeMode, ViewState,
};
use crate::tui::view::lessons::panel;

/// The smallest terminal in which the dashboard is usable: columns and lines.
pub const MIN_TERMINAL_SIZE: (u16, u16) = (40, 10);

/// The lines of each region of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenLayout {
    pub has_notice: bool,
    pub has_timeline: bool,
    /// Lines of the table without its column heads.
    pub table_rows: usize,
    /// Lines of the pane below with its rule; 0 without one.
    pub pane_rows: usize,
    /// Where the panel of a lesson is.
    pub lesson_panel: LessonPanel,
}

/// Where the panel of a lesson is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LessonPanel {
    None,
    /// It replaces the table.
    FullBody,
    /// To the right of the table, this many cells wide.
    Beside(usize),
    /// Below the table, this many lines high.
    Below(usize),
}

/// The width that the table of a lesson needs.
const LESSON_TABLE_WIDTH: usize = 80;

/// The minimum width of a panel beside a table.
const MIN_PANEL_WIDTH: usize = 38;

/// Lines of the state diagram with its legend and the rule above.
const DIAGRAM_ROWS: usize = 18;

/// The minimum height of a table above the state diagram.
const MIN_TABLE_ROWS_ABOVE_DIAGRAM: usize = 12;

/// The minimum height of a table above a panel, with its heads.
const MIN_TABLE_ROWS: usize = 5;

impl ScreenLayout {
    /// The lines of header, filter line and footer.
    const FRAME_ROWS: usize = 3;

    /// Divides the terminal for this state.
    pub fn new(state: &ViewState) -> Self {
        let rows = usize::from(state.size.1);
        // Limitations are in the help; learners and audiences need not see them all the time.
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
        // The heads and one line of the table have priority.
        let pane = pane.min(body.saturating_sub(2));
        Self {
            has_notice: notice,
            has_timeline: time,
            table_rows: body.saturating_sub(1 + pane),
            pane_rows: pane,
            lesson_panel: panel,
        }
    }

    /// Returns the number of lines between the filter line (or notice) and the footer.
    pub(crate) const fn body_rows(&self) -> usize {
        match self.lesson_panel {
            LessonPanel::Below(lines) => self.table_rows + 1 + lines,
            LessonPanel::FullBody | LessonPanel::Beside(_) | LessonPanel::None => {
                self.table_rows + 1 + self.pane_rows
            }
        }
    }

    /// Returns the line of the screen on which the rows of the table start.
    pub fn table_top_row(&self) -> usize {
        3 + usize::from(self.has_notice) + usize::from(self.has_timeline)
    }

    /// Returns whether this column belongs to a lesson's panel beside the table.
    pub fn is_in_lesson_panel(&self, column: u16, columns: u16) -> bool {
        match self.lesson_panel {
            LessonPanel::Beside(width) => usize::from(column) + width >= usize::from(columns),
            _ => false,
        }
    }

    /// Returns whether the table is on the screen.
    pub fn shows_table(state: &ViewState) -> bool {
        let lessons = state.lessons.as_ref();
        let table_open = lessons.is_none_or(|c| c.session().is_some_and(Session::shows_table));
        let shows_diagram = lessons.is_some_and(|c| c.pane_mode(state.pane_mode).is_some())
            && Self::new(state).pane_rows == 0;
        !matches!(
            state.mode,
            Mode::Help { .. } | Mode::Findings(_) | Mode::Explain
        ) && state.details != DetailsLevel::Full
            && table_open
            && !shows_diagram
    }
}

/// Returns where the panel of the open lesson is; `body` is the number of lines available.
fn lesson_panel(state: &ViewState, body: usize) -> LessonPanel {
    let Some(lessons) = &state.lessons else {
        return LessonPanel::None;
    };
    if !lessons.session().is_some_and(Session::shows_table) {
        return LessonPanel::FullBody;
    }
    let columns = usize::from(state.size.0);
    if columns >= LESSON_TABLE_WIDTH + 1 + MIN_PANEL_WIDTH {
        let spare = columns - (LESSON_TABLE_WIDTH + 1 + MIN_PANEL_WIDTH);
        return LessonPanel::Beside(MIN_PANEL_WIDTH + spare / 2);
    }
    let panel_rows = panel::panel_height(lessons, state.display_mode, columns);
    let has_highlight = lessons
        .session()
        .is_some_and(|session| session.highlight().is_some());
    // An audience needs the table while the result is discussed, and the panel as well.
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
