//! Parts of the state that several input handlers share.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::filter::ast::Filter;
use crate::filter::complete::CompletionInput;
use crate::history::TimePoint;
use crate::query::LineId;
use crate::tui::keys::action::KeyAction;

/// The list under the filter line.
#[derive(Clone, Debug, Default)]
pub(crate) struct CompletionList {
    /// The line as it was typed: Esc goes back to it.
    pub(super) typed: CompletionInput,
    /// The part of it a choice takes the place of.
    pub(super) replace: Range<usize>,
    /// What can be chosen.
    pub(super) texts: Vec<String>,
    /// What was in force before anything was chosen, and its text.
    pub(super) previous_filter: (Arc<Filter>, String),
}
impl CompletionList {
    /// The line with a choice in it, and the cursor behind it.
    pub(super) fn line_with(&self, candidate: &str) -> (String, usize) {
        let text = &self.typed.text;
        let before = text.get(..self.replace.start).unwrap_or("");
        let after = text.get(self.replace.end..).unwrap_or("");
        let cursor = before.len() + candidate.len();
        (format!("{before}{candidate}{after}"), cursor)
    }
}
/// Where the cursor was in a view that is not shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SavedCursor {
    pub(super) selected: Option<LineId>,
    pub(super) cursor: usize,
    pub(super) top: usize,
}
/// What a new answer keeps in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CursorPolicy {
    /// The row under the cursor.
    #[default]
    FollowRow,
    /// The first line: the order was changed.
    GoToTop,
}
/// A filter that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFilter {
    /// What it is called.
    pub name: String,
    /// What it asks for.
    pub text: String,
}
/// What an item of the palette does.
#[derive(Clone, Debug)]
pub(crate) enum PaletteCommand {
    Run(KeyAction),
    Filter(String),
}
/// The newest there is.
pub(crate) const LATEST: TimePoint = TimePoint {
    at: Duration::MAX,
    sample_offset: 0,
};
