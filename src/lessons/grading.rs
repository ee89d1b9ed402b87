//! Grades a learner's answers by the rows of the table.
//!
//! In: a lesson's step, the lab's names, the answers, and a moment. Out: a [`Grade`]: the
//! mismatches between expected and actual rows, the graded answers, and the explanations with the
//! lab's port numbers filled in.

use std::sync::Arc;

use super::action::ActualResult;
use super::lab_names::LabNames;
use super::lab_view::LabView;
use super::matching::{CheckTime, Mismatch, step_mismatches};
use super::question::{GradedAnswer, LearnerAnswer, LessonQuestion};
use super::spec::{Fact, Lesson, LessonStep};
use crate::history::Moment;

/// A request to grade the answers of one step.
#[derive(Clone, Debug)]
pub struct GradeRequest {
    /// Identifies the request; copied to [`Grade::request_id`].
    pub id: u64,
    pub lab_names: Arc<LabNames>,
    pub lesson: &'static Lesson,
    /// The step whose calls were made.
    pub step: &'static LessonStep,
    pub answers: Vec<(LessonQuestion, LearnerAnswer)>,
    /// The result of the step's last call that is not cleanup.
    pub last_result: Option<ActualResult>,
}

/// A text with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcedText {
    pub text: String,
    /// An RFC, a man page or a book.
    pub source: &'static str,
}

/// The result of a [`GradeRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grade {
    /// The id of the request.
    pub request_id: u64,
    /// The number of the moment that the answers were graded by.
    pub moment_number: u64,
    /// The differences from the expected rows; empty when the table shows what the step says.
    pub mismatches: Vec<Mismatch>,
    /// The same, except that rows that expire by themselves may be missing: a learner may take
    /// longer than the minute that the kernel keeps them.
    pub later_mismatches: Vec<Mismatch>,
    pub answers: Vec<GradedAnswer>,
    pub step_explanation: Vec<SourcedText>,
    pub lesson_explanation: Vec<SourcedText>,
}

impl GradeRequest {
    /// Grades the answers by a moment, in time linear in the number of its rows.
    pub fn grade(&self, moment: &Moment) -> Grade {
        let lab_view = LabView::new(&self.lab_names, moment, self.last_result);
        let graded = self
            .answers
            .iter()
            .filter_map(|(question, answer)| question.grade(*answer, &lab_view))
            // The text of a choice may contain port names.
            .map(|graded_answer| GradedAnswer {
                message: lab_view.fill_placeholders(&graded_answer.message),
                ..graded_answer
            });
        Grade {
            request_id: self.id,
            moment_number: moment.number,
            mismatches: step_mismatches(self.step, CheckTime::Immediate, &lab_view),
            later_mismatches: step_mismatches(self.step, CheckTime::Later, &lab_view),
            answers: graded.collect(),
            step_explanation: render_facts(self.step.explanation, &lab_view),
            lesson_explanation: render_facts(self.lesson.explanation, &lab_view),
        }
    }
}

/// Returns the facts with their placeholders filled in from the rows.
pub(crate) fn render_facts(facts: &[Fact], lab_view: &LabView<'_>) -> Vec<SourcedText> {
    facts
        .iter()
        .map(|fact| SourcedText {
            text: lab_view.fill_placeholders(fact.text),
            source: fact.source,
        })
        .collect()
}

/// Replaces port names by port numbers in a text that is shown before there are rows.
pub(crate) fn fill_port_names(text: &str, lab_names: &LabNames) -> String {
    let lab_view = LabView {
        lab_names,
        rows: Vec::new(),
        last_result: None,
    };
    lab_view.fill_placeholders(text)
}
