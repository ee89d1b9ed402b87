//! Parts of the state that several input handlers share.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::filter::ast::Filter;
use crate::filter::complete::CompletionInput;
use crate::history::TimePoint;
use crate::query::LineId;
use crate::tui::keys::action::KeyAction;

/// The list of completions under the filter line.
#[derive(Clone, Debug, Default)]
pub(crate) struct CompletionList {
    /// The line as it was typed; Esc restores it.
    pub(super) typed: CompletionInput,
    /// The byte range of it that a candidate replaces.
    pub(super) replace: Range<usize>,
    /// The candidates.
    pub(super) texts: Vec<String>,
    /// The filter before a candidate was inserted, and its text.
    pub(super) previous_filter: (Arc<Filter>, String),
}

impl CompletionList {
    /// Returns the line with a candidate inserted, and the cursor after it.
    pub(super) fn line_with(&self, candidate: &str) -> (String, usize) {
        let text = &self.typed.text;
        let before = text.get(..self.replace.start).unwrap_or("");
        let after = text.get(self.replace.end..).unwrap_or("");
        let cursor = before.len() + candidate.len();
        (format!("{before}{candidate}{after}"), cursor)
    }
}

/// The cursor of a view that is not shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SavedCursor {
    pub(super) selected: Option<LineId>,
    pub(super) cursor: usize,
    pub(super) top: usize,
}

/// Where the cursor goes with a new result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CursorPolicy {
    /// It stays on its row.
    #[default]
    FollowRow,
    /// It goes to the first line, after the sort order changed.
    GoToTop,
}

/// A named filter of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFilter {
    pub name: String,
    /// The text of the filter.
    pub text: String,
}

/// The command of an item of the palette.
#[derive(Clone, Debug)]
pub(crate) enum PaletteCommand {
    Run(KeyAction),
    Filter(String),
}

/// The newest moment.
pub(crate) const LATEST: TimePoint = TimePoint {
    at: Duration::MAX,
    sample_offset: 0,
};
