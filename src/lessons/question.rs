//! Questions: asked before a step, graded by the rows after it.
//!
//! In: a [`LearnerAnswer`] and the [`LabView`]. Out: a [`GradedAnswer`] whose proof is filled in
//! from the rows, for a wrong answer as well.

use super::lab_view::{LabMetric, LabView};

/// A question with its answer format and hints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LessonQuestion {
    pub text: &'static str,
    pub answer_format: AnswerFormat,
    /// Hints, shown one after the other on request, each more specific.
    pub hints: [&'static str; 3],
}

/// The format of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// A number that is computed from the rows.
    Number {
        metric: LabMetric,
        /// The correct answer; if the rows give another number, the lab failed.
        expected: u32,
        /// The rows that show the correct answer.
        proof: &'static str,
    },
    /// A choice of several, exactly one of which is correct.
    Choices(&'static [AnswerChoice]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerChoice {
    pub text: &'static str,
    pub correctness: Correctness,
    /// The rows or the call result that show why the answer is correct or incorrect.
    pub proof: &'static str,
}

/// Whether an answer is correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correctness {
    Correct,
    Incorrect,
}

/// An answer of the learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LearnerAnswer {
    /// For [`AnswerFormat::Number`].
    Number(u32),
    /// For [`AnswerFormat::Choices`].
    Choice(&'static AnswerChoice),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradedAnswer {
    pub correctness: Correctness,
    /// The learner's answer, next to the number that the rows give.
    pub message: String,
    /// The proof, with its placeholders filled in.
    pub proof: String,
}

/// Returns the correct choice.
pub const fn correct(text: &'static str, proof: &'static str) -> AnswerChoice {
    AnswerChoice {
        text,
        correctness: Correctness::Correct,
        proof,
    }
}

/// Returns an incorrect choice.
pub const fn incorrect(text: &'static str, proof: &'static str) -> AnswerChoice {
    AnswerChoice {
        text,
        correctness: Correctness::Incorrect,
        proof,
    }
}

impl LessonQuestion {
    /// Grades an answer by the rows after the step. Returns `None` if the choice does not belong to
    /// this question, or if the answer has the wrong format.
    pub fn grade(&self, answer: LearnerAnswer, lab_view: &LabView<'_>) -> Option<GradedAnswer> {
        match (self.answer_format, answer) {
            (AnswerFormat::Number { metric, proof, .. }, LearnerAnswer::Number(answer)) => {
                let actual = lab_view.count(metric);
                Some(GradedAnswer {
                    correctness: match answer == actual {
                        true => Correctness::Correct,
                        false => Correctness::Incorrect,
                    },
                    message: match answer == actual {
                        true => format!("You said {answer}; the kernel says the same."),
                        false => format!("You said {answer}; the kernel says {actual}."),
                    },
                    proof: lab_view.fill_placeholders(proof),
                })
            }
            (AnswerFormat::Choices(choices), LearnerAnswer::Choice(choice)) => {
                choices.contains(choice).then(|| GradedAnswer {
                    correctness: choice.correctness,
                    message: match choice.correctness {
                        Correctness::Correct => format!("You said: {}. Correct.", choice.text),
                        Correctness::Incorrect => format!("You said: {}. Incorrect.", choice.text),
                    },
                    proof: lab_view.fill_placeholders(choice.proof),
                })
            }
            _ => None,
        }
    }

    /// Returns the correct answer as text.
    pub fn correct_answer(&self) -> String {
        match self.answer_format {
            AnswerFormat::Number { expected, .. } => expected.to_string(),
            AnswerFormat::Choices(choices) => {
                let mut correct = choices
                    .iter()
                    .filter(|c| c.correctness == Correctness::Correct);
                correct.next().map_or("", |choice| choice.text).to_owned()
            }
        }
    }
}

pub(super) const fn new_question(
    text: &'static str,
    answer_format: AnswerFormat,
    hints: [&'static str; 3],
) -> LessonQuestion {
    LessonQuestion {
        text,
        answer_format,
        hints,
    }
}
