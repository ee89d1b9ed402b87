//! Quizzes: five questions about a randomly chosen lab and about the ideas of the lessons.

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

/// Questions that are answered by counting rows in the table.
const TABLE_QUESTION_COUNT: usize = 3;

/// Questions about the ideas of the lessons.
const POOL_QUESTION_COUNT: usize = 2;

/// How many rows are enough to be worth counting and few enough to count.
const COUNTABLE_ROWS: std::ops::RangeInclusive<usize> = 3..=12;

/// Picks the lesson whose lab is used in the quiz after lesson `after`; prefers lessons since the
/// last quiz.
pub(crate) fn lesson_for_quiz(after: u8) -> Option<&'static Lesson> {
    let before = QUIZ_AFTER_LESSONS.iter().rev().find(|quiz| **quiz < after);
    let taught = LESSONS.iter().filter(|l| l.number <= after);
    let (new, old): (Vec<&Lesson>, Vec<&Lesson>) = taught
        .filter(|l| countable_steps(l.steps.iter()).next().is_some())
        .partition(|l| before.is_none_or(|before| l.number > *before));
    let mut choice = if new.is_empty() { old } else { new };
    (!choice.is_empty()).then(|| choice.swap_remove(random_below(choice.len())))
}

/// Returns the indices of the steps after which the table has a countable number of rows.
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

/// Returns a random number below `below`, which is at least 1.
fn random_below(below: usize) -> usize {
    let below = u64::try_from(below.max(1)).unwrap_or(1);
    usize::try_from(RandomState::new().hash_one(below) % below).unwrap_or(0)
}

/// Picks `count` of the questions in random order.
fn pick_questions(from: &[LessonQuestion], count: usize) -> Vec<LessonQuestion> {
    let mut from = from.to_vec();
    let count = count.min(from.len());
    (0..count)
        .map(|_| from.swap_remove(random_below(from.len())))
        .collect()
}

impl App {
    /// Starts the steps that bring the lab into the state of the questions.
    pub(crate) fn set_up_quiz(&mut self, after: u8) -> Vec<Effect> {
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        // Like a lesson, a quiz skips the steps that this machine cannot run.
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
            session.lab =
                LabStatus::Failed("this machine cannot run the steps of this quiz".into());
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

    /// Shows the next question, or after the last one the score.
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
