//! Quizzes: a lab chosen by chance, set up unseen, and five questions on it and on the ideas.

use std::hash::{BuildHasher, RandomState};

use super::app::App;
use crate::lessons::catalog::LESSONS;
use crate::lessons::entries::QUIZ_AFTER_LESSONS;
use crate::lessons::lab_messages::{LabRequest, SessionStep};
use crate::lessons::quiz::pool::questions_after_lesson;
use crate::lessons::quiz::table_questions::TABLE_QUESTIONS;
use crate::lessons::{Lesson, LessonQuestion, LessonStep};
use crate::tui::effect::Effect;
use crate::tui::state::lessons::{LabStatus, LessonsState, SessionPhase};

/// Questions counted in the table.
const TABLE_QUESTION_COUNT: usize = 3;
/// Questions on the ideas.
const POOL_QUESTION_COUNT: usize = 2;
/// Rows that are many enough to be worth counting, and few enough to be counted.
const COUNTABLE_ROWS: std::ops::RangeInclusive<usize> = 3..=12;

/// The lesson whose lab is used in the quiz after a lesson; `None` where there is none.
pub(crate) fn lesson_for_quiz(after: u8) -> Option<&'static Lesson> {
    let before = QUIZ_AFTER_LESSONS.iter().rev().find(|quiz| **quiz < after);
    let taught = LESSONS.iter().filter(|l| l.number <= after);
    let (new, old): (Vec<&Lesson>, Vec<&Lesson>) = taught
        .filter(|l| countable_steps(l.steps.iter()).next().is_some())
        .partition(|l| before.is_none_or(|before| l.number > *before));
    let mut choice = if new.is_empty() { old } else { new };
    (!choice.is_empty()).then(|| choice.swap_remove(random_below(choice.len())))
}

/// The steps after which there is something to count, by their places.
fn countable_steps<'a>(steps: impl Iterator<Item = &'a LessonStep>) -> impl Iterator<Item = usize> {
    steps.enumerate().filter_map(|(index, step)| {
        let rows: usize = step
            .expected_rows
            .iter()
            .map(|row| usize::from(row.times))
            .sum();
        COUNTABLE_ROWS.contains(&rows).then_some(index)
    })
}

/// A number below `below`, a new one each time.
fn random_below(below: usize) -> usize {
    let below = u64::try_from(below.max(1)).unwrap_or(1);
    usize::try_from(RandomState::new().hash_one(below) % below).unwrap_or(0)
}

/// Some of the questions, in an order of chance.
fn pick_questions(from: &[LessonQuestion], count: usize) -> Vec<LessonQuestion> {
    let mut from = from.to_vec();
    let count = count.min(from.len());
    (0..count)
        .map(|_| from.swap_remove(random_below(from.len())))
        .collect()
}

impl App {
    /// Has the lab brought into the state that is asked about.
    pub(crate) fn set_up_quiz(&mut self, after: u8) -> Vec<Effect> {
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        // A lesson goes on without what this machine cannot show, and so does a quiz.
        session
            .steps
            .retain(|session_step| matches!(session_step, SessionStep::Available(_)));
        let steps = session
            .steps
            .iter()
            .filter_map(|session_step| match session_step {
                SessionStep::Available(step) => Some(*step),
                SessionStep::Unavailable(..) => None,
            });
        let available: Vec<&'static LessonStep> = steps.collect();
        let mut indices: Vec<usize> = countable_steps(available.iter().copied()).collect();
        if indices.is_empty() {
            session.lab = LabStatus::Failed("this machine cannot show what would be asked".into());
            return Vec::new();
        }
        let index = indices.swap_remove(random_below(indices.len()));
        session.step_index = index;
        session.questions = pick_questions(TABLE_QUESTIONS, TABLE_QUESTION_COUNT);
        session.questions.extend(pick_questions(
            questions_after_lesson(after),
            POOL_QUESTION_COUNT,
        ));
        (session.lab, session.phase) = (LabStatus::Busy, SessionPhase::WaitingForRows);
        let steps = available.into_iter().take(index + 1).collect();
        vec![
            Effect::Lab(session.id, LabRequest::RunSteps(steps)),
            Effect::SendRequest,
        ]
    }

    /// The next question, or how many were right.
    pub(crate) fn next_quiz_question(&mut self) -> Vec<Effect> {
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        if session.question_index + 1 == session.questions.len() {
            return self.finish_session();
        }
        session.question_index += 1;
        session.answers.clear();
        (session.phase, session.scroll, session.grade) = (SessionPhase::Question, 0, None);
        Vec::new()
    }
}
