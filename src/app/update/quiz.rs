//! Quizzes: a lab chosen by chance, set up unseen, and five questions on it and on the ideas.

use std::hash::{BuildHasher, RandomState};

use super::{App, Effect};
use crate::app::tutor::Order;
use crate::teach::lessons::{LESSONS, Lesson, Question, Step};
use crate::teach::quiz::{COUNTED, pool};
use crate::view::course::{Course, LabStage, QUIZZES, Stage, Turn};

/// Questions counted in the table.
const OF_ROWS: usize = 3;
/// Questions on the ideas.
const OF_IDEAS: usize = 2;
/// Rows that are many enough to be worth counting, and few enough to be counted.
const ROWS: std::ops::RangeInclusive<usize> = 3..=12;

/// The lesson whose lab is used in the quiz after a lesson; `None` where there is none.
pub(super) fn lab_for(after: u8) -> Option<&'static Lesson> {
    let before = QUIZZES.iter().rev().find(|quiz| **quiz < after);
    let taught = LESSONS.iter().filter(|l| l.number <= after);
    let (new, old): (Vec<&Lesson>, Vec<&Lesson>) = taught
        .filter(|l| worth_counting(l.steps.iter()).next().is_some())
        .partition(|l| before.is_none_or(|before| l.number > *before));
    let mut choice = if new.is_empty() { old } else { new };
    (!choice.is_empty()).then(|| choice.swap_remove(chance(choice.len())))
}

/// The steps after which there is something to count, by their places.
fn worth_counting<'a>(steps: impl Iterator<Item = &'a Step>) -> impl Iterator<Item = usize> {
    steps.enumerate().filter_map(|(place, step)| {
        let rows: usize = step.rows.iter().map(|row| usize::from(row.each)).sum();
        ROWS.contains(&rows).then_some(place)
    })
}

/// A number below `below`, a new one each time.
fn chance(below: usize) -> usize {
    let below = u64::try_from(below.max(1)).unwrap_or(1);
    usize::try_from(RandomState::new().hash_one(below) % below).unwrap_or(0)
}

/// Some of the questions, in an order of chance.
fn draw(from: &[Question], count: usize) -> Vec<Question> {
    let mut from = from.to_vec();
    let count = count.min(from.len());
    (0..count)
        .map(|_| from.swap_remove(chance(from.len())))
        .collect()
}

impl App {
    /// Has the lab brought into the state that is asked about.
    pub(super) fn set_up_quiz(&mut self, after: u8) -> Vec<Effect> {
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        // A lesson goes on without what this machine cannot show, and so does a quiz.
        sitting.turns.retain(|turn| matches!(turn, Turn::Shown(_)));
        let steps = sitting.turns.iter().filter_map(|turn| match turn {
            Turn::Shown(step) => Some(*step),
            Turn::Lacking(..) => None,
        });
        let shown: Vec<&'static Step> = steps.collect();
        let mut places: Vec<usize> = worth_counting(shown.iter().copied()).collect();
        if places.is_empty() {
            sitting.lab = LabStage::Failed("this machine cannot show what would be asked".into());
            return Vec::new();
        }
        let place = places.swap_remove(chance(places.len()));
        sitting.turn = place;
        sitting.questions = draw(COUNTED, OF_ROWS);
        sitting.questions.extend(draw(pool(after), OF_IDEAS));
        (sitting.lab, sitting.stage) = (LabStage::Busy, Stage::Watching);
        let steps = shown.into_iter().take(place + 1).collect();
        vec![
            Effect::Lab(sitting.number, Order::Perform(steps)),
            Effect::Ask,
        ]
    }

    /// The next question, or how many were right.
    pub(super) fn next_question(&mut self) -> Vec<Effect> {
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        if sitting.question + 1 == sitting.questions.len() {
            return self.finish();
        }
        sitting.question += 1;
        sitting.given.clear();
        (sitting.stage, sitting.scroll, sitting.marked) = (Stage::Ask, 0, None);
        Vec::new()
    }
}
