//! Requests to the engine and its responses.

use std::sync::Arc;

use crate::explain::Perspective;
use crate::explain::explanation::Explanation;
use crate::explain::subject::ExplainSubject;
use crate::filter::complete::{Completion, CompletionInput};
use crate::findings::Thresholds;
use crate::findings::evaluate::Findings;
use crate::history::{ClosedLogStats, Moment, TimePoint, TimelineInfo};
use crate::lessons::grading::{Grade, GradeRequest};
use crate::query::run::Query;
use crate::query::{Folds, QueryResult, TupleDiff, TupleDiffScope, VisibleLines};

/// Which moment a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentSelector {
    /// The newest, from now on.
    Newest,
    /// The one that was the newest when this was first asked.
    Pinned,
    /// One of those before; the same one for as long as this is asked.
    At(TimePoint),
}
/// What the loop asks.
#[derive(Clone, Debug)]
pub struct EngineRequest {
    /// Which moment.
    pub moment: MomentSelector,
    /// Which sockets, how.
    pub query: Query,
    /// What is unfolded.
    pub folds: Folds,
    /// Of which rows a survey is wanted.
    pub diff_scope: Option<TupleDiffScope>,
    /// What is to be marked by the rows.
    pub grade_request: Option<GradeRequest>,
    /// What is being typed, where candidates for it are wanted.
    pub completion_request: Option<CompletionInput>,
    /// From where on something is worth a look.
    pub thresholds: Thresholds,
    /// What is to be explained, and from where it is looked at.
    pub explain: Option<(ExplainSubject, Perspective)>,
}
/// What is said of something that was to be explained.
#[derive(Clone, Debug)]
pub struct ExplainResult {
    /// What it was.
    pub subject: ExplainSubject,
    /// From where it was looked at.
    pub perspective: Perspective,
    /// What there is to say; `None` where it is not there.
    pub explanation: Option<Arc<Explanation>>,
}
/// What the loop gets.
#[derive(Clone, Debug)]
pub struct EngineResponse {
    /// The answer.
    pub result: Arc<QueryResult>,
    /// Its lines.
    pub lines: VisibleLines,
    /// The newest moment, which is not the answer's while a moment is held.
    pub newest: Arc<Moment>,
    /// The survey, where it was wanted.
    pub tuple_diff: Option<(TupleDiffScope, Arc<TupleDiff>)>,
    /// What was marked, where something was to be.
    pub grade: Option<Grade>,
    /// The candidates, where they were wanted.
    pub completion: Option<Completion>,
    /// How many of the sockets that have ended are kept.
    pub closed_stats: ClosedLogStats,
    /// Which moment was asked for.
    pub moment: MomentSelector,
    /// What lies before and after the answer's moment.
    pub timeline: TimelineInfo,
    /// What is stuck or odd in the answer's moment.
    pub findings: Arc<Findings>,
    /// The explanation, where one was wanted.
    pub explain: Option<ExplainResult>,
}
