//! Messages between the dashboard and the thread that runs a lab.

use std::sync::Arc;

use super::action::ActualResult;
use super::lab_names::LabNames;
use super::spec::{Lesson, LessonStep};

/// A request to the lab thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabRequest {
    /// Start the processes of this lesson's lab.
    Open(&'static Lesson),
    /// Run these steps; before each next step, wait until the table shows the rows of the previous.
    RunSteps(Vec<&'static LessonStep>),
    /// End the processes of the lab.
    Close,
}

/// A message from the lab thread.
#[derive(Clone, Debug)]
pub enum LabEvent {
    /// The lab is running: the steps, and the names assigned so far.
    Opened(Vec<SessionStep>, Arc<LabNames>),
    /// The calls of the requested steps were made.
    StepsDone {
        /// The calls of the last step.
        results: Vec<CallResult>,
        /// The result of the last call that is not cleanup; `None` if there was no call.
        last_result: Option<ActualResult>,
        lab_names: Arc<LabNames>,
    },
    /// The lab failed, with this message.
    Failed(String),
}

/// A step of a lesson, with whether this machine can show it.
#[derive(Clone, Debug)]
pub enum SessionStep {
    Available(&'static LessonStep),
    /// Not shown, for this reason.
    Unavailable(&'static LessonStep, &'static str),
}

/// A call that was made, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallResult {
    /// The name of the calling process.
    pub process: &'static str,
    pub call: String,
    pub actual: ActualResult,
    /// The expected result, if the actual result differs.
    pub expected: Option<String>,
    /// File descriptor, inode and local endpoint of the socket, if it is open.
    pub fd_trail: Option<String>,
}
