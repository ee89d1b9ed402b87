//! A prediction: asked before a step, judged by the rows after it.
//!
//! In: what the learner says and the [`Scene`]. Out: a [`GradedAnswer`], in words that come from the
//! rows. A wrong answer is answered by what disproves it.

use super::lab_view::{LabMetric, LabView};

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LessonQuestion {
    /// As it is asked.
    pub text: &'static str,
    /// How it is answered.
    pub answer_format: AnswerFormat,
    /// On demand, one after the other, each says more.
    pub hints: [&'static str; 3],
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// By a number.
    Number {
        /// What is counted.
        metric: LabMetric,
        /// What it must come to; the lab is wrong if it does not.
        expected: u32,
        /// What in the rows shows it.
        proof: &'static str,
    },
    /// By one of these, exactly one of which is right.
    Choices(&'static [AnswerChoice]),
}

/// A possible answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerChoice {
    /// As it is offered.
    pub text: &'static str,
    /// Whether it holds.
    pub correctness: Correctness,
    /// What in the rows, or in what came of the call, shows that it holds, or that it does not.
    pub proof: &'static str,
}

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correctness {
    /// It does.
    Correct,
    /// It does not.
    Incorrect,
}

/// What the learner says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LearnerAnswer {
    /// This many.
    Number(u32),
    /// This.
    Choice(&'static AnswerChoice),
}

/// What the kernel says to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradedAnswer {
    /// Whether the learner was right.
    pub correctness: Correctness,
    /// The learner's answer beside the kernel's.
    pub message: String,
    /// What in the rows shows it.
    pub proof: String,
}

/// This holds.
pub const fn correct(text: &'static str, proof: &'static str) -> AnswerChoice {
    AnswerChoice {
        text,
        correctness: Correctness::Correct,
        proof,
    }
}

/// This does not.
pub const fn incorrect(text: &'static str, proof: &'static str) -> AnswerChoice {
    AnswerChoice {
        text,
        correctness: Correctness::Incorrect,
        proof,
    }
}

impl LessonQuestion {
    /// Judges an answer by what is seen after the step. `None` where a choice is none of this
    /// question's, or a number answers no question about a number.
    pub fn grade(&self, answer: LearnerAnswer, lab_view: &LabView<'_>) -> Option<GradedAnswer> {
        match (self.answer_format, answer) {
            (
                AnswerFormat::Number {
                    metric: measure,
                    proof,
                    ..
                },
                LearnerAnswer::Number(said),
            ) => {
                let seen = lab_view.count(measure);
                Some(GradedAnswer {
                    correctness: match said == seen {
                        true => Correctness::Correct,
                        false => Correctness::Incorrect,
                    },
                    message: match said == seen {
                        true => format!("You said {said}; the kernel says the same."),
                        false => format!("You said {said}; the kernel says {seen}."),
                    },
                    proof: lab_view.fill_placeholders(proof),
                })
            }
            (AnswerFormat::Choices(choices), LearnerAnswer::Choice(choice)) => {
                choices.contains(choice).then(|| GradedAnswer {
                    correctness: choice.correctness,
                    message: match choice.correctness {
                        Correctness::Correct => format!("You said: {}. So it is.", choice.text),
                        Correctness::Incorrect => {
                            format!("You said: {}. The table shows something else.", choice.text)
                        }
                    },
                    proof: lab_view.fill_placeholders(choice.proof),
                })
            }
            _ => None,
        }
    }

    /// The right answer, in words.
    pub fn correct_answer(&self) -> String {
        match self.answer_format {
            AnswerFormat::Number {
                expected: right, ..
            } => right.to_string(),
            AnswerFormat::Choices(choices) => {
                let mut right = choices
                    .iter()
                    .filter(|c| c.correctness == Correctness::Correct);
                right.next().map_or("", |choice| choice.text).to_owned()
            }
        }
    }
}

pub(super) const fn new_question(
    text: &'static str,
    form: AnswerFormat,
    hints: [&'static str; 3],
) -> LessonQuestion {
    LessonQuestion {
        text,
        answer_format: form,
        hints,
    }
}
