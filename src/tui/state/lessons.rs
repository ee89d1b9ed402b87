//! The state of the lessons view and of the open lesson.

use std::sync::Arc;

use super::pane_mode::PaneMode;
use crate::lessons::grading::{Grade, SourcedText};
use crate::lessons::lab_messages::{CallResult, SessionStep};
use crate::lessons::progress::LessonProgress;
use crate::lessons::{
    ActualResult, Highlight, LabNames, LearnerAnswer, Lesson, LessonQuestion, LessonStep,
};

/// The state of the lessons while they are open.
#[derive(Clone, Debug, Default)]
pub struct LessonsState {
    pub progress: LessonProgress,
    /// Why the progress cannot be saved.
    pub save_error: Option<String>,
    /// The index of the selected entry in the list.
    pub selected: usize,
    pub page: LessonsPage,
}

/// The open page.
#[derive(Clone, Debug, Default)]
pub enum LessonsPage {
    #[default]
    List,
    /// A lesson or a quiz.
    Session(Box<Session>),
}

/// Whether a session is a lesson or a quiz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    Lesson,
    Quiz {
        /// The number of the lesson it follows.
        after: u8,
        /// The number of right answers so far.
        right: u8,
    },
}

/// A lesson or quiz in progress.
#[derive(Clone, Debug)]
pub struct Session {
    /// The lesson; for a quiz, the one whose lab is used.
    pub lesson: &'static Lesson,
    pub kind: SessionKind,
    /// The steps; empty until the lab reports which of them this machine can run.
    pub steps: Vec<SessionStep>,
    /// The index of the current step.
    pub step_index: usize,
    pub phase: SessionPhase,
    /// The questions of the current step.
    pub questions: Vec<LessonQuestion>,
    /// The index of the question that is open or was answered last.
    pub question_index: usize,
    /// The answer as typed.
    pub input: String,
    pub input_error: Option<&'static str>,
    /// The number of hints shown for the question.
    pub hints_shown: usize,
    /// The answers to the questions of the current step.
    pub answers: Vec<LearnerAnswer>,
    pub lab: LabStatus,
    /// The calls of the current step and their results.
    pub results: Vec<CallResult>,
    /// The result of the last call.
    pub last_result: Option<ActualResult>,
    /// The ports and processes that the names in the lesson refer to.
    pub lab_names: Arc<LabNames>,
    /// The grade of the answers, from the rows of the table.
    pub grade: Option<Grade>,
    /// Samples since the calls in which the rows were not the expected ones.
    pub samples_waited: u32,
    /// The background page, while it is open.
    pub background: Option<Vec<SourcedText>>,
    /// The number of lines scrolled past in the panel.
    pub scroll: usize,
    /// Identifies the session in events of the lab thread.
    pub id: u64,
}

/// The phase of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionPhase {
    /// The page before the first step.
    Intro,
    /// The learner predicts the result.
    Question,
    /// The calls are shown; Enter makes them.
    Ready,
    /// The calls are made; the session waits until the table shows the expected rows.
    WaitingForRows,
    /// The learner's answers beside the kernel's.
    Feedback,
    Explanation,
    /// This machine cannot run the step.
    Unavailable,
    /// The page after the last step.
    End,
}

/// The status of the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabStatus {
    /// Its processes are starting.
    Starting,
    /// It is idle.
    Ready,
    /// It is making calls.
    Busy,
    /// It has stopped, for this reason.
    Failed(String),
}

/// Samples after which the panel says that the expected rows have not come. The limit allows for
/// lost SYNs: they are retransmitted after one second, then after two, then after four.
pub(crate) const MAX_WAIT_SAMPLES: u32 = 36;

impl Session {
    /// Returns the current step.
    pub fn step(&self) -> Option<&'static LessonStep> {
        match self.steps.get(self.step_index)? {
            SessionStep::Available(step) | SessionStep::Unavailable(step, _) => Some(step),
        }
    }

    /// Returns the question that is open or was answered last.
    pub fn current_question(&self) -> Option<&LessonQuestion> {
        self.questions.get(self.question_index)
    }

    /// Returns whether the table shows the rows the step expects.
    pub fn rows_match(&self) -> bool {
        let grade = self.grade.as_ref();
        grade.is_some_and(|grade| grade.mismatches.is_empty())
    }

    /// Returns what to highlight in the table, while the result of the step is discussed.
    pub fn highlight(&self) -> Option<Highlight> {
        match self.phase {
            SessionPhase::Feedback | SessionPhase::Explanation => {
                self.step().map(|step| step.highlight)
            }
            _ => None,
        }
    }

    /// Returns whether there is a table beside the panel. It is shown before the first call, too,
    /// so that the learner sees it empty.
    pub fn shows_table(&self) -> bool {
        self.background.is_none() && !matches!(self.phase, SessionPhase::Intro | SessionPhase::End)
    }

    pub const fn is_quiz(&self) -> bool {
        matches!(self.kind, SessionKind::Quiz { .. })
    }
}

impl LessonsState {
    /// Returns the open session.
    pub fn session(&self) -> Option<&Session> {
        match &self.page {
            LessonsPage::List => None,
            LessonsPage::Session(session) => Some(session),
        }
    }

    /// Returns the open session.
    pub fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.page {
            LessonsPage::List => None,
            LessonsPage::Session(session) => Some(session),
        }
    }

    /// Returns the pane mode that replaces the table, if one does.
    pub(crate) fn pane_mode(&self, mode: PaneMode) -> Option<PaneMode> {
        let shown = self.session().is_some_and(Session::shows_table);
        (shown && mode != PaneMode::Text).then_some(mode)
    }
}
