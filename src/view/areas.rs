//! Which lines of the terminal belong to what. Depends on the size and on what is open, never on
//! the data, so nothing jumps.

use crate::view::course::{self, Sitting};
use crate::view::state::{Details, Feed, Look, Manner, Mode, NoticeKind, ViewState};

/// The smallest terminal the chart is usable in: columns and lines.
pub const SMALLEST: (u16, u16) = (40, 10);

/// Lines of each region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    /// Whether there is a notice line.
    pub notice: bool,
    /// Whether there is a line of time.
    pub time: bool,
    /// Lines of the table, its column heads not counted.
    pub table: usize,
    /// Lines of the pane below, its rule counted; 0 without one.
    pub pane: usize,
    /// Where a lesson's panel is.
    pub panel: Panel,
}

/// Where a lesson's panel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// There is none.
    None,
    /// It has the place of the table, too.
    Whole,
    /// To the right of the table, so many cells wide.
    Beside(usize),
    /// Below the table, so many lines.
    Below(usize),
}

/// Cells a lesson's table is in need of.
const LESSON_TABLE: usize = 80;
/// The narrowest panel beside a table.
const NARROWEST_PANEL: usize = 38;
/// Lines of a look: the picture of the states, what it says below, and a line above.
const LOOK: usize = 18;
/// Lines of a table that is high enough to have a look below it.
const HIGH_TABLE: usize = 12;
/// The fewest lines of a table above a panel, its heads counted.
const LOWEST_TABLE: usize = 5;

impl Areas {
    /// Header, filter line and footer.
    const FRAME: usize = 3;

    /// Divides the terminal.
    pub fn of(state: &ViewState) -> Self {
        let rows = usize::from(state.size.1);
        // What cannot be seen is told in the help; who learns need not read it all the time.
        let taught = state.manner == Manner::Presenter || state.course.is_some();
        let quiet = taught && state.notices.iter().all(|n| n.kind == NoticeKind::Unseen);
        let notice = (!state.notices.is_empty() && !quiet) || state.filter.error.is_some();
        let time = state.feed != Feed::Live;
        let body = rows.saturating_sub(Self::FRAME + usize::from(notice) + usize::from(time));
        let panel = panel(state, body);
        if panel != Panel::None {
            let looked = state
                .course
                .as_ref()
                .is_some_and(|c| c.look(state.look).is_some());
            let (below, pane) = match panel {
                Panel::Below(lines) => (lines, 0),
                Panel::Beside(_) if looked && body >= LOOK + HIGH_TABLE => (LOOK, LOOK),
                Panel::Beside(_) | Panel::Whole | Panel::None => (0, 0),
            };
            return Self {
                notice,
                time,
                table: body.saturating_sub(1 + below),
                pane,
                panel,
            };
        }
        let pane = match (state.details, rows) {
            (Details::Full, _) => 0,
            (Details::Brief, _) if state.look != Look::Words => match state.manner {
                Manner::Usual => body.saturating_sub(1) * 3 / 5,
                Manner::Presenter => body.saturating_sub(3),
            },
            (Details::Pane, _) => body.saturating_sub(1) * 3 / 5,
            (Details::Brief, _) if state.manner == Manner::Presenter => (rows / 3).clamp(4, 8),
            (Details::Brief, ..16) => 0,
            (Details::Brief, 16..24) => 3,
            (Details::Brief, 24..40) => 4,
            (Details::Brief, _) => 6,
        };
        // Heads and a line of the table come first.
        let pane = pane.min(body.saturating_sub(2));
        Self {
            notice,
            time,
            table: body.saturating_sub(1 + pane),
            pane,
            panel,
        }
    }

    /// Lines between the filter line (or notice) and the footer.
    pub(super) const fn body(&self) -> usize {
        match self.panel {
            Panel::Below(lines) => self.table + 1 + lines,
            Panel::Whole | Panel::Beside(_) | Panel::None => self.table + 1 + self.pane,
        }
    }

    /// The line of the screen on which the table begins.
    pub fn table_top(&self) -> usize {
        3 + usize::from(self.notice) + usize::from(self.time)
    }

    /// Whether this column belongs to a lesson's panel beside the table.
    pub fn is_panel(&self, column: u16, columns: u16) -> bool {
        match self.panel {
            Panel::Beside(width) => usize::from(column) + width >= usize::from(columns),
            _ => false,
        }
    }

    /// Whether the table is what is shown.
    pub fn shows_table(state: &ViewState) -> bool {
        let course = state.course.as_ref();
        let shown = course.is_none_or(|c| c.sitting().is_some_and(Sitting::shows_table));
        let looked =
            course.is_some_and(|c| c.look(state.look).is_some()) && Self::of(state).pane == 0;
        !matches!(
            state.mode,
            Mode::Help { .. } | Mode::Findings(_) | Mode::Explain
        ) && state.details != Details::Full
            && shown
            && !looked
    }
}

/// Where the panel of the lesson is that is open.
fn panel(state: &ViewState, body: usize) -> Panel {
    let Some(course) = &state.course else {
        return Panel::None;
    };
    if !course.sitting().is_some_and(Sitting::shows_table) {
        return Panel::Whole;
    }
    let columns = usize::from(state.size.0);
    if columns >= LESSON_TABLE + 1 + NARROWEST_PANEL {
        let spare = columns - (LESSON_TABLE + 1 + NARROWEST_PANEL);
        return Panel::Beside(NARROWEST_PANEL + spare / 2);
    }
    let needed = course::needed(course, state.manner, columns);
    let shows = course
        .sitting()
        .is_some_and(|sitting| sitting.look_at().is_some());
    // A room looks at the table while the kernel has the word, and yet has to read the word.
    let (least, lowest) = match (state.manner, shows) {
        (Manner::Presenter, true) => (0, (LOWEST_TABLE + 3).min(body / 2).max(LOWEST_TABLE)),
        (Manner::Presenter, false) => (0, LOWEST_TABLE),
        (Manner::Usual, _) => (body / 2, LOWEST_TABLE),
    };
    Panel::Below(needed.max(least).min(body.saturating_sub(lowest)).max(4))
}
