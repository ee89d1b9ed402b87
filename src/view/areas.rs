//! Which lines of the terminal belong to what. Depends on the size and on what is open, never on
//! the data, so nothing jumps.

use crate::view::state::{Details, Look, Manner, Mode, NoticeKind, ViewState};

/// The smallest terminal the chart is usable in: columns and lines.
pub const SMALLEST: (u16, u16) = (40, 10);

/// Lines of each region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    /// Whether there is a notice line.
    pub notice: bool,
    /// Lines of the table, its column heads not counted.
    pub table: usize,
    /// Lines of the pane below, its rule counted; 0 without one.
    pub pane: usize,
}

impl Areas {
    /// Header, filter line and footer.
    const FRAME: usize = 3;

    /// Divides the terminal.
    pub fn of(state: &ViewState) -> Self {
        let rows = usize::from(state.size.1);
        // What cannot be seen is told in the help; a room need not read it all the time.
        let quiet = state.manner == Manner::Presenter
            && state.notices.iter().all(|n| n.kind == NoticeKind::Unseen);
        let notice = (!state.notices.is_empty() && !quiet) || state.filter.error.is_some();
        let body = rows.saturating_sub(Self::FRAME + usize::from(notice));
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
        Self {
            notice,
            table: body.saturating_sub(1 + pane),
            pane,
        }
    }

    /// Lines between the filter line (or notice) and the footer.
    pub(super) const fn body(&self) -> usize {
        self.table + 1 + self.pane
    }

    /// The line of the screen on which the table begins.
    pub fn table_top(&self) -> usize {
        3 + usize::from(self.notice)
    }

    /// Whether the table is what is shown.
    pub fn shows_table(state: &ViewState) -> bool {
        !matches!(state.mode, Mode::Help { .. }) && state.details != Details::Full
    }
}
