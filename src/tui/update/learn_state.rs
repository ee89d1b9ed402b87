//! The state of lessons that no screen shows.

use std::sync::Arc;
use std::time::Duration;

use crate::filter::ast::Filter;
use crate::filter::quick_filter::QuickFilter;
use crate::lessons::grading::GradeRequest;
use crate::lessons::progress::LessonProgress;
use crate::query::{Folds, Grouping, SortOrder};
use crate::tui::state::view_state::FilterInput;

/// Progress, pending grades and the view from before the lesson.
#[derive(Default)]
pub(crate) struct LearnState {
    pub(super) progress: LessonProgress,
    /// A problem with the progress file, not shown yet.
    pub(super) progress_warning: Option<String>,
    /// Why the progress cannot be saved.
    pub(super) save_error: Option<String>,
    /// The last id of a session or a grade request; each is used once.
    pub(super) last_id: u64,
    /// The grade request that is open, and the number of the sample after which it counts.
    pub(super) pending_grade: Option<(GradeRequest, u64)>,
    /// The view from before the lesson.
    pub(super) saved_view: Option<SavedView>,
}

/// The parts of the view that a lesson changes.
pub(super) struct SavedView {
    pub(super) filter: Arc<Filter>,
    pub(super) filter_line: FilterInput,
    pub(super) quick_filter: QuickFilter,
    pub(super) grouping: Grouping,
    pub(super) sort_orders: [SortOrder; 5],
    pub(super) folds: Folds,
    pub(super) interval: Duration,
}
