//! A lesson under way: what a step begins with, and what was answered.

use std::sync::Arc;

use crate::teach::lessons::{Form, Given, Lesson};
use crate::teach::{Told, named};
use crate::view::course::{Kind, LabStage, Sitting, Stage, Turn};

impl Sitting {
    /// At its beginning.
    pub(super) fn begin(lesson: &'static Lesson, kind: Kind, number: u64) -> Self {
        Self {
            lesson,
            kind,
            turns: Vec::new(),
            turn: 0,
            stage: Stage::Idea,
            questions: Vec::new(),
            question: 0,
            typed: String::new(),
            wrong: None,
            hints: 0,
            given: Vec::new(),
            lab: LabStage::Opening,
            calls: Vec::new(),
            last: None,
            cast: Arc::default(),
            marked: None,
            waited: 0,
            why: None,
            scroll: 0,
            number,
        }
    }

    /// Asks, or makes ready, or says what cannot be shown.
    pub(super) fn enter_turn(&mut self) {
        self.forget_answers();
        self.calls.clear();
        let (stage, questions) = match self.turns.get(self.turn) {
            Some(Turn::Shown(step)) if step.questions.is_empty() => (Stage::Ready, Vec::new()),
            Some(Turn::Shown(step)) => (Stage::Ask, step.questions.to_vec()),
            Some(Turn::Lacking(..)) | None => (Stage::Lacking, Vec::new()),
        };
        (self.stage, self.questions) = (stage, questions);
    }

    fn forget_answers(&mut self) {
        self.given.clear();
        (self.question, self.hints, self.scroll) = (0, 0, 0);
        self.typed.clear();
        self.wrong = None;
    }

    /// The answer that was typed; what is wrong with it, where it is none.
    pub(super) fn answer(&self) -> Result<Given, &'static str> {
        let Some(question) = self.asked() else {
            return Err("nothing is asked");
        };
        match question.form {
            Form::Number { .. } => {
                let number = self.typed.parse().map(Given::Number);
                number.map_err(|_| "Type a number: whatever you think. A wrong one teaches, too.")
            }
            Form::Choices(choices) => {
                let digit: Option<usize> = self.typed.parse().ok();
                let choice = digit.and_then(|digit| choices.get(digit.checked_sub(1)?));
                let choice = choice.map(Given::Choice);
                choice.ok_or("Choose one by its digit. A wrong one teaches, too.")
            }
        }
    }

    /// The page that tells why, with what is known of the names.
    pub(super) fn open_why(&mut self) {
        let facts = self.lesson.why.iter();
        let told = facts.map(|fact| Told {
            text: named(fact.text, &self.cast),
            source: fact.source,
        });
        self.why = Some(told.collect());
        self.scroll = 0;
    }
}

/// While the lab has no port: whatever its processes have.
pub(super) fn processes(sitting: &Sitting) -> String {
    let actors = sitting.lesson.actors.iter();
    let pids = actors.filter_map(|actor| sitting.cast.pid(*actor));
    let pids: Vec<String> = pids.map(|pid| pid.to_string()).collect();
    match pids.is_empty() {
        true => "proc:lab-server".into(),
        false => format!("pid:{}", pids.join(",")),
    }
}
