//! The 4-tuple table and the state diagram: their data is requested while one of them is open.

use super::app::App;
use crate::query::{LineId, TupleDiffScope};
use crate::tui::effect::Effect;
use crate::tui::state::pane_mode::PaneMode;
use crate::tui::state::view_state::DetailsLevel;

impl App {
    /// Returns the rows of the tuple diff: those of the group under the cursor or around the row
    /// there.
    pub(crate) fn diff_scope(&self) -> Option<TupleDiffScope> {
        if self.view.pane_mode == PaneMode::Text {
            return None;
        }
        if self.view.lessons.is_some() {
            return Some(TupleDiffScope::All);
        }
        Some(match self.view.selected {
            Some(LineId::Group(path)) => TupleDiffScope::Group(path),
            Some(LineId::Row { group, .. }) => {
                group.map_or(TupleDiffScope::All, TupleDiffScope::Group)
            }
            Some(LineId::Section(_)) | None => TupleDiffScope::All,
        })
    }

    /// Requests a new tuple diff if the cursor has moved to another group.
    pub(crate) fn request_diff(&mut self, effects: &mut Vec<Effect>) {
        let scope = self.diff_scope();
        if scope != self.requested_diff_scope {
            self.requested_diff_scope = scope;
            self.view.tuple_diff = None;
            if !effects.contains(&Effect::SendRequest) {
                effects.push(Effect::SendRequest);
            }
        }
    }

    /// Switches to the next pane mode.
    pub(crate) fn next_pane_mode(&mut self) {
        self.view.details = DetailsLevel::Brief;
        self.view.pane_mode = self.view.pane_mode.next();
        self.keep_cursor_visible();
    }
}
