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

/// Which moment a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentSelector {
    /// The newest moment, also as new samples arrive.
    Newest,
    /// The moment that was the newest when this was first requested.
    Pinned,
    /// An earlier moment; the same one as long as this is requested.
    At(TimePoint),
}

/// What the event loop requests from the engine.
#[derive(Clone, Debug)]
pub struct EngineRequest {
    pub moment: MomentSelector,
    pub query: Query,
    /// The unfolded groups.
    pub folds: Folds,
    /// The rows whose [`TupleDiff`] is needed.
    pub diff_scope: Option<TupleDiffScope>,
    /// The lesson answers to grade against the rows.
    pub grade_request: Option<GradeRequest>,
    /// The filter text to complete.
    pub completion_request: Option<CompletionInput>,
    /// Thresholds above which findings are reported.
    pub thresholds: Thresholds,
    /// The subject to explain.
    pub explain: Option<(ExplainSubject, Perspective)>,
}

/// An explanation with the request it belongs to.
#[derive(Clone, Debug)]
pub struct ExplainResult {
    pub subject: ExplainSubject,
    pub perspective: Perspective,
    /// `None` if the subject does not exist in the moment.
    pub explanation: Option<Arc<Explanation>>,
}

/// The engine's response to an [`EngineRequest`]. Optional parts are there if they were requested.
#[derive(Clone, Debug)]
pub struct EngineResponse {
    pub result: Arc<QueryResult>,
    pub lines: VisibleLines,
    /// The newest moment; not the one of `result` while paused or in the past.
    pub newest: Arc<Moment>,
    pub tuple_diff: Option<(TupleDiffScope, Arc<TupleDiff>)>,
    pub grade: Option<Grade>,
    pub completion: Option<Completion>,
    /// How many closed sockets are kept.
    pub closed_stats: ClosedLogStats,
    /// The requested moment.
    pub moment: MomentSelector,
    /// The moments before and after that of `result`.
    pub timeline: TimelineInfo,
    /// The findings in the moment of `result`.
    pub findings: Arc<Findings>,
    pub explain: Option<ExplainResult>,
}
