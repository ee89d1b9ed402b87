//! Messages between the dashboard and the thread that runs a lab.

use std::sync::Arc;

use super::action::ActualResult;
use super::lab_names::LabNames;
use super::spec::{Lesson, LessonStep};

/// What the lab is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabRequest {
    /// Set up the lab of a lesson.
    Open(&'static Lesson),
    /// Do these steps; all but the last are seen to be in the table before the next.
    RunSteps(Vec<&'static LessonStep>),
    /// End the lab.
    Close,
}
/// What the lab did.
#[derive(Clone, Debug)]
pub enum LabEvent {
    /// It is set up: what can be shown, and the names so far.
    Opened(Vec<SessionStep>, Arc<LabNames>),
    /// The calls were made.
    StepsDone {
        /// Which, and what came of them.
        results: Vec<CallResult>,
        /// What came of the last one.
        last_result: Option<ActualResult>,
        /// The names, and what they stand for now.
        lab_names: Arc<LabNames>,
    },
    /// It cannot go on.
    Failed(String),
}
/// One step of a sitting: one that this machine can show, or why it cannot.
#[derive(Clone, Debug)]
pub enum SessionStep {
    /// It is shown.
    Available(&'static LessonStep),
    /// It cannot be shown here.
    Unavailable(&'static LessonStep, &'static str),
}
/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallResult {
    /// By whom.
    pub process: &'static str,
    /// Which.
    pub call: String,
    /// What came of it.
    pub actual: ActualResult,
    /// What should have come of it, where that is something else.
    pub expected: Option<String>,
    /// From the descriptor over the socket to its own end, where there is one.
    pub fd_trail: Option<String>,
}
