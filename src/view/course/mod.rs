//! What the learner's screen depends on, and its pages.
//!
//! In: lessons, what the lab did, what the kernel said. Out: [`Course`], and the lines of the
//! list of lessons, of the panel beside the table, and of the page that tells why.
//!
//! ```text
//! a wide terminal:  table │ panel      any other:  table
//!                         │                        ── 2 One port, many sockets ── step 2 of 4 ──
//!                         │                        panel
//! ```

mod body;
mod list;
mod page;
mod panel;
mod words;

use std::sync::Arc;

use crate::teach::lessons::{Cast, Given, Happened, LESSONS, Lesson, LookAt, Question, Step};
use crate::teach::{Marked, Progress, Told};
use crate::view::state::Look;

pub(super) use body::body;
pub use body::panel_overflow;
pub(super) use list::list;
pub(super) use panel::{needed, panel};
pub(super) use words::said_of_keys;

/// A learner's part of the screen.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// What was done.
    pub progress: Progress,
    /// Why it cannot be kept, where it cannot.
    pub unkept: Option<String>,
    /// The entry of the list under the cursor.
    pub chosen: usize,
    /// What is open.
    pub opened: Opened,
}

/// What is open.
#[derive(Clone, Debug, Default)]
pub enum Opened {
    /// The list of lessons.
    #[default]
    List,
    /// A lesson or a quiz.
    Sitting(Box<Sitting>),
}

/// An entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A lesson.
    Lesson(&'static Lesson),
    /// The quiz after the lesson of this number.
    Quiz(u8),
}

/// After these lessons there is a quiz.
pub const QUIZZES: [u8; 3] = [4, 9, 14];

/// The entries of the list: the lessons, with the quizzes between them.
pub fn entries() -> impl Iterator<Item = Entry> {
    LESSONS.iter().flat_map(|lesson| {
        let quiz = QUIZZES.contains(&lesson.number);
        let quiz = quiz.then_some(Entry::Quiz(lesson.number));
        [Some(Entry::Lesson(lesson)), quiz].into_iter().flatten()
    })
}

/// What the learner sits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
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

/// One step of a sitting: one that this machine can show, or why it cannot.
#[derive(Clone, Debug)]
pub enum Turn {
    /// It is shown.
    Shown(&'static Step),
    /// It cannot be shown here.
    Lacking(&'static Step, &'static str),
}

/// A lesson under way.
#[derive(Clone, Debug)]
pub struct Sitting {
    /// The lesson; for a quiz, the one whose lab is used.
    pub lesson: &'static Lesson,
    /// What it is.
    pub kind: Kind,
    /// The steps, once the lab knows what can be shown.
    pub turns: Vec<Turn>,
    /// Which of them.
    pub turn: usize,
    /// How far in it.
    pub stage: Stage,
    /// The questions of this step.
    pub questions: Vec<Question>,
    /// Which of them is asked, or was answered last.
    pub question: usize,
    /// What was typed.
    pub typed: String,
    /// What is wrong with it.
    pub wrong: Option<&'static str>,
    /// How many hints were asked for.
    pub hints: usize,
    /// The answers so far in this step.
    pub given: Vec<Given>,
    /// How the lab is.
    pub lab: LabStage,
    /// The calls of this step and what came of them.
    pub calls: Vec<Made>,
    /// What came of the last one.
    pub last: Option<Happened>,
    /// The lab's names.
    pub cast: Arc<Cast>,
    /// What the kernel said.
    pub marked: Option<Marked>,
    /// Samples since the calls were made in which the rows were not as they must be.
    pub waited: u32,
    /// The page that tells why is open.
    pub why: Option<Vec<Told>>,
    /// Lines of the panel scrolled past.
    pub scroll: usize,
    /// Tells this step from others to whoever answers later.
    pub number: u64,
}

/// How far in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The idea of the lesson.
    Idea,
    /// A prediction is asked for.
    Ask,
    /// It will be done when a key is pressed.
    Ready,
    /// It is done, and the table is waited for.
    Watching,
    /// The answers beside the kernel's.
    Verdict,
    /// What it means.
    Meaning,
    /// It cannot be shown here.
    Lacking,
    /// The lesson is over.
    End,
}

/// How the lab is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabStage {
    /// Its processes are being started.
    Opening,
    /// It waits.
    Ready,
    /// It makes calls.
    Busy,
    /// It cannot go on.
    Failed(String),
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// By whom.
    pub actor: &'static str,
    /// Which.
    pub call: String,
    /// What came of it.
    pub happened: Happened,
    /// What should have come of it, where that is something else.
    pub expected: Option<String>,
    /// From the descriptor over the socket to its own end, where there is one.
    pub leads: Option<String>,
}

/// Samples after which an honest word is due: a SYN that was lost is sent again after one second,
/// then after two, then after four.
pub const PATIENCE: u32 = 36;

impl Sitting {
    /// The step.
    pub fn step(&self) -> Option<&'static Step> {
        match self.turns.get(self.turn)? {
            Turn::Shown(step) | Turn::Lacking(step, _) => Some(step),
        }
    }

    /// The question that is asked, or was answered last.
    pub fn asked(&self) -> Option<&Question> {
        self.questions.get(self.question)
    }

    /// Whether the table shows what the step must show.
    pub fn stands(&self) -> bool {
        let marked = self.marked.as_ref();
        marked.is_some_and(|marked| marked.differences.is_empty())
    }

    /// Where to look in the table, while that is the point.
    pub fn look_at(&self) -> Option<LookAt> {
        match self.stage {
            Stage::Verdict | Stage::Meaning => self.step().map(|step| step.look_at),
            _ => None,
        }
    }

    /// Whether there is a table beside the panel. It is empty before the first call, and that is seen.
    pub fn shows_table(&self) -> bool {
        self.why.is_none() && !matches!(self.stage, Stage::Idea | Stage::End)
    }

    /// Whether it is a quiz.
    pub const fn is_quiz(&self) -> bool {
        matches!(self.kind, Kind::Quiz { .. })
    }
}

impl Course {
    /// The sitting that is open.
    pub fn sitting(&self) -> Option<&Sitting> {
        match &self.opened {
            Opened::List => None,
            Opened::Sitting(sitting) => Some(sitting),
        }
    }

    /// The sitting that is open.
    pub fn sitting_mut(&mut self) -> Option<&mut Sitting> {
        match &mut self.opened {
            Opened::List => None,
            Opened::Sitting(sitting) => Some(sitting),
        }
    }

    /// Which look is in the place of the table, where one is.
    pub(super) fn look(&self, look: Look) -> Option<Look> {
        let shown = self.sitting().is_some_and(Sitting::shows_table);
        (shown && look != Look::Words).then_some(look)
    }
}
