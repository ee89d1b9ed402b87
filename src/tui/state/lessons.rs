//! The state of the lessons view and of the open lesson.

use std::sync::Arc;

use super::pane_mode::PaneMode;
use crate::lessons::grading::{Grade, SourcedText};
use crate::lessons::lab_messages::{CallResult, SessionStep};
use crate::lessons::progress::LessonProgress;
use crate::lessons::{
    ActualResult, Highlight, LabNames, LearnerAnswer, Lesson, LessonQuestion, LessonStep,
};

/// A learner's part of the screen.
#[derive(Clone, Debug, Default)]
pub struct LessonsState {
    /// What was done.
    pub progress: LessonProgress,
    /// Why it cannot be kept, where it cannot.
    pub save_error: Option<String>,
    /// The entry of the list under the cursor.
    pub selected: usize,
    /// What is open.
    pub page: LessonsPage,
}
/// What is open.
#[derive(Clone, Debug, Default)]
pub enum LessonsPage {
    /// The list of lessons.
    #[default]
    List,
    /// A lesson or a quiz.
    Session(Box<Session>),
}
/// What the learner sits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// A lesson.
    Lesson,
    /// The quiz after the lesson of this number.
    Quiz {
        /// The lesson.
        after: u8,
        /// Right answers so far.
        right: u8,
    },
}
/// A lesson under way.
#[derive(Clone, Debug)]
pub struct Session {
    /// The lesson; for a quiz, the one whose lab is used.
    pub lesson: &'static Lesson,
    /// What it is.
    pub kind: SessionKind,
    /// The steps, once the lab knows what can be shown.
    pub steps: Vec<SessionStep>,
    /// Which of them.
    pub step_index: usize,
    /// How far in it.
    pub phase: SessionPhase,
    /// The questions of this step.
    pub questions: Vec<LessonQuestion>,
    /// Which of them is asked, or was answered last.
    pub question_index: usize,
    /// What was typed.
    pub input: String,
    /// What is wrong with it.
    pub input_error: Option<&'static str>,
    /// How many hints were asked for.
    pub hints_shown: usize,
    /// The answers so far in this step.
    pub answers: Vec<LearnerAnswer>,
    /// How the lab is.
    pub lab: LabStatus,
    /// The calls of this step and what came of them.
    pub results: Vec<CallResult>,
    /// What came of the last one.
    pub last_result: Option<ActualResult>,
    /// The lab's names.
    pub lab_names: Arc<LabNames>,
    /// What the kernel said.
    pub grade: Option<Grade>,
    /// Samples since the calls were made in which the rows were not as they must be.
    pub samples_waited: u32,
    /// The page that tells why is open.
    pub background: Option<Vec<SourcedText>>,
    /// Lines of the panel scrolled past.
    pub scroll: usize,
    /// Tells this step from others to whoever answers later.
    pub id: u64,
}
/// How far in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionPhase {
    /// The idea of the lesson.
    Intro,
    /// A prediction is asked for.
    Question,
    /// It will be done when a key is pressed.
    Ready,
    /// It is done, and the table is waited for.
    WaitingForRows,
    /// The answers beside the kernel's.
    Feedback,
    /// What it means.
    Explanation,
    /// It cannot be shown here.
    Unavailable,
    /// The lesson is over.
    End,
}
/// How the lab is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabStatus {
    /// Its processes are being started.
    Starting,
    /// It waits.
    Ready,
    /// It makes calls.
    Busy,
    /// It cannot go on.
    Failed(String),
}
/// Samples after which an honest word is due: a SYN that was lost is sent again after one second,
/// then after two, then after four.
pub(crate) const MAX_WAIT_SAMPLES: u32 = 36;
impl Session {
    /// The step.
    pub fn step(&self) -> Option<&'static LessonStep> {
        match self.steps.get(self.step_index)? {
            SessionStep::Available(step) | SessionStep::Unavailable(step, _) => Some(step),
        }
    }

    /// The question that is asked, or was answered last.
    pub fn current_question(&self) -> Option<&LessonQuestion> {
        self.questions.get(self.question_index)
    }

    /// Whether the table shows what the step must show.
    pub fn rows_match(&self) -> bool {
        let grade = self.grade.as_ref();
        grade.is_some_and(|grade| grade.mismatches.is_empty())
    }

    /// Where to look in the table, while that is the point.
    pub fn highlight(&self) -> Option<Highlight> {
        match self.phase {
            SessionPhase::Feedback | SessionPhase::Explanation => {
                self.step().map(|step| step.highlight)
            }
            _ => None,
        }
    }

    /// Whether there is a table beside the panel. It is empty before the first call, and that is seen.
    pub fn shows_table(&self) -> bool {
        self.background.is_none() && !matches!(self.phase, SessionPhase::Intro | SessionPhase::End)
    }

    /// Whether it is a quiz.
    pub const fn is_quiz(&self) -> bool {
        matches!(self.kind, SessionKind::Quiz { .. })
    }
}
impl LessonsState {
    /// The sitting that is open.
    pub fn session(&self) -> Option<&Session> {
        match &self.page {
            LessonsPage::List => None,
            LessonsPage::Session(session) => Some(session),
        }
    }

    /// The sitting that is open.
    pub fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.page {
            LessonsPage::List => None,
            LessonsPage::Session(session) => Some(session),
        }
    }

    /// Which look is in the place of the table, where one is.
    pub(crate) fn pane_mode(&self, mode: PaneMode) -> Option<PaneMode> {
        let shown = self.session().is_some_and(Session::shows_table);
        (shown && mode != PaneMode::Text).then_some(mode)
    }
}
