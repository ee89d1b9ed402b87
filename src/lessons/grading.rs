//! What the kernel says to a learner's answers.
//!
//! In: a lesson's step, the lab's names, the answers, and a moment. Out: [`Grade`]: whether the rows
//! are as they must be, the answers judged by them, and the lesson's sentences with their numbers in.

use std::sync::Arc;

use super::action::ActualResult;
use super::lab_names::LabNames;
use super::lab_view::LabView;
use super::matching::{CheckTime, Mismatch, step_mismatches};
use super::question::{GradedAnswer, LearnerAnswer, LessonQuestion};
use super::spec::{Fact, Lesson, LessonStep};
use crate::history::Moment;

/// What is to be marked.
#[derive(Clone, Debug)]
pub struct GradeRequest {
    /// Tells one from another.
    pub id: u64,
    /// The lab's names.
    pub lab_names: Arc<LabNames>,
    /// The lesson.
    pub lesson: &'static Lesson,
    /// The step that was done.
    pub step: &'static LessonStep,
    /// The questions, each with its answer.
    pub answers: Vec<(LessonQuestion, LearnerAnswer)>,
    /// What came of the last call.
    pub last_result: Option<ActualResult>,
}

/// A sentence, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcedText {
    /// The sentence.
    pub text: String,
    /// RFC, manual page, book.
    pub source: &'static str,
}

/// The answers, marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grade {
    /// Of which exam.
    pub request_id: u64,
    /// Which moment it was marked by.
    pub moment_number: u64,
    /// What is not as it must be; nothing where the rows stand.
    pub mismatches: Vec<Mismatch>,
    /// The same, where rows that the kernel forgets by itself may be gone: somebody may think for more
    /// than a minute.
    pub later_mismatches: Vec<Mismatch>,
    /// The answers.
    pub answers: Vec<GradedAnswer>,
    /// What the step means.
    pub step_explanation: Vec<SourcedText>,
    /// What the lesson comes to.
    pub lesson_explanation: Vec<SourcedText>,
}

impl GradeRequest {
    /// Marks the answers by a moment. Walks over all rows.
    pub fn grade(&self, moment: &Moment) -> Grade {
        let lab_view = LabView::new(&self.lab_names, moment, self.last_result);
        let graded = self
            .answers
            .iter()
            .filter_map(|(question, answer)| question.grade(*answer, &lab_view))
            // A choice may name a port as well.
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

/// The facts as sentences.
pub(crate) fn render_facts(facts: &[Fact], lab_view: &LabView<'_>) -> Vec<SourcedText> {
    facts
        .iter()
        .map(|fact| SourcedText {
            text: lab_view.fill_placeholders(fact.text),
            source: fact.source,
        })
        .collect()
}

/// A text with the numbers of the names in it, before there are rows.
pub(crate) fn fill_port_names(text: &str, lab_names: &LabNames) -> String {
    let lab_view = LabView {
        lab_names,
        rows: Vec::new(),
        last_result: None,
    };
    lab_view.fill_placeholders(text)
}
