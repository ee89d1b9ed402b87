//! A lesson in progress: entering a step, parsing the answer.

use std::sync::Arc;

use crate::lessons::grading::{SourcedText, fill_port_names};
use crate::lessons::lab_messages::SessionStep;
use crate::lessons::{AnswerFormat, LearnerAnswer, Lesson};
use crate::tui::state::lessons::{LabStatus, Session, SessionKind, SessionPhase};

impl Session {
    /// Returns a session on its first page.
    pub(crate) fn new(lesson: &'static Lesson, kind: SessionKind, number: u64) -> Self {
        Self {
            lesson,
            kind,
            steps: Vec::new(),
            step_index: 0,
            phase: SessionPhase::Intro,
            questions: Vec::new(),
            question_index: 0,
            input: String::new(),
            input_error: None,
            hints_shown: 0,
            answers: Vec::new(),
            lab: LabStatus::Starting,
            results: Vec::new(),
            last_result: None,
            lab_names: Arc::default(),
            grade: None,
            samples_waited: 0,
            background: None,
            scroll: 0,
            id: number,
        }
    }

    /// Enters the current step: shows its questions, its calls, or why it cannot run here.
    pub(crate) fn enter_step(&mut self) {
        self.clear_answers();
        self.results.clear();
        let (phase, questions) = match self.steps.get(self.step_index) {
            Some(SessionStep::Available(step)) if step.questions.is_empty() => {
                (SessionPhase::Ready, Vec::new())
            }
            Some(SessionStep::Available(step)) => (SessionPhase::Question, step.questions.to_vec()),
            Some(SessionStep::Unavailable(..)) | None => (SessionPhase::Unavailable, Vec::new()),
        };
        (self.phase, self.questions) = (phase, questions);
    }

    fn clear_answers(&mut self) {
        self.answers.clear();
        (self.question_index, self.hints_shown, self.scroll) = (0, 0, 0);
        self.input.clear();
        self.input_error = None;
    }

    /// Parses the typed answer.
    ///
    /// # Errors
    /// What to type instead, as a sentence.
    pub(crate) fn parse_answer(&self) -> Result<LearnerAnswer, &'static str> {
        let Some(question) = self.current_question() else {
            return Err("There is no question.");
        };
        match question.answer_format {
            AnswerFormat::Number { .. } => {
                let number = self.input.parse().map(LearnerAnswer::Number);
                number.map_err(|_| "Type a number. A guess is fine: wrong answers teach, too.")
            }
            AnswerFormat::Choices(choices) => {
                let digit: Option<usize> = self.input.parse().ok();
                let choice = digit.and_then(|digit| choices.get(digit.checked_sub(1)?));
                let choice = choice.map(LearnerAnswer::Choice);
                choice.ok_or("Press a digit to choose. A guess is fine: wrong answers teach, too.")
            }
        }
    }

    /// Opens the background page, with the port names filled in.
    pub(crate) fn open_background(&mut self) {
        let facts = self.lesson.background.iter();
        let sentences = facts.map(|fact| SourcedText {
            text: fill_port_names(fact.text, &self.lab_names),
            source: fact.source,
        });
        self.background = Some(sentences.collect());
        self.scroll = 0;
    }
}

/// Returns the filter for the sockets of the lab's processes, while it has no port.
pub(crate) fn process_filter(session: &Session) -> String {
    let roles = session.lesson.roles.iter();
    let pids = roles.filter_map(|role| session.lab_names.pid(*role));
    let pids: Vec<String> = pids.map(|pid| pid.to_string()).collect();
    match pids.is_empty() {
        true => "proc:lab-server".into(),
        false => format!("pid:{}", pids.join(",")),
    }
}
