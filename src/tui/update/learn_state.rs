//! What the dashboard remembers while a lesson is open.

use std::sync::Arc;
use std::time::Duration;

use crate::filter::ast::Filter;
use crate::filter::quick_filter::QuickFilter;
use crate::lessons::grading::GradeRequest;
use crate::lessons::progress::LessonProgress;
use crate::query::{Folds, Grouping, SortOrder};
use crate::tui::state::view_state::FilterInput;

/// What the chart was before a lesson, and what is needed besides the course.
#[derive(Default)]
pub(crate) struct LearnState {
    pub(super) progress: LessonProgress,
    /// A word on the file it is kept in.
    pub(super) progress_warning: Option<String>,
    /// Why it cannot be kept.
    pub(super) save_error: Option<String>,
    /// Numbers for labs and exams, none given twice.
    pub(super) last_id: u64,
    /// What is to be marked, and after which sample.
    pub(super) pending_grade: Option<(GradeRequest, u64)>,
    /// The chart as it was.
    pub(super) saved_view: Option<SavedView>,
}
/// What of the chart a lesson changes.
pub(super) struct SavedView {
    pub(super) filter: Arc<Filter>,
    pub(super) filter_line: FilterInput,
    pub(super) narrow: QuickFilter,
    pub(super) grouping: Grouping,
    pub(super) orders: [SortOrder; 5],
    pub(super) folds: Folds,
    pub(super) interval: Duration,
}
