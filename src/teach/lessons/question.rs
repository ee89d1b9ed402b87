//! A prediction: asked before a step, judged by the rows after it.
//!
//! In: what the learner says and the [`Scene`]. Out: a [`Judgement`], in words that come from the
//! rows. A wrong answer is answered by what disproves it.

use crate::teach::lessons::scene::{Measure, Scene};

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// As it is asked.
    pub text: &'static str,
    /// How it is answered.
    pub form: Form,
    /// On demand, one after the other, each says more.
    pub hints: [&'static str; 3],
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By a number.
    Number {
        /// What is counted.
        measure: Measure,
        /// What it must come to; the lab is wrong if it does not.
        right: u32,
        /// What in the rows shows it.
        proof: &'static str,
    },
    /// By one of these, exactly one of which is right.
    Choices(&'static [Choice]),
}

/// A possible answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As it is offered.
    pub text: &'static str,
    /// Whether it holds.
    pub truth: Truth,
    /// What in the rows, or in what came of the call, shows that it holds, or that it does not.
    pub proof: &'static str,
}

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It does.
    Right,
    /// It does not.
    Wrong,
}

/// What the learner says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// This many.
    Number(u32),
    /// This.
    Choice(&'static Choice),
}

/// What the kernel says to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the learner was right.
    pub truth: Truth,
    /// The learner's answer beside the kernel's.
    pub verdict: String,
    /// What in the rows shows it.
    pub proof: String,
}

/// This holds.
pub const fn right(text: &'static str, proof: &'static str) -> Choice {
    Choice {
        text,
        truth: Truth::Right,
        proof,
    }
}

/// This does not.
pub const fn wrong(text: &'static str, proof: &'static str) -> Choice {
    Choice {
        text,
        truth: Truth::Wrong,
        proof,
    }
}

impl Question {
    /// Judges an answer by what is seen after the step. `None` where a choice is none of this
    /// question's, or a number answers no question about a number.
    pub fn judge(&self, given: Given, scene: &Scene<'_>) -> Option<Judgement> {
        match (self.form, given) {
            (Form::Number { measure, proof, .. }, Given::Number(said)) => {
                let seen = scene.count(measure);
                Some(Judgement {
                    truth: match said == seen {
                        true => Truth::Right,
                        false => Truth::Wrong,
                    },
                    verdict: match said == seen {
                        true => format!("You said {said}; the kernel says the same."),
                        false => format!("You said {said}; the kernel says {seen}."),
                    },
                    proof: scene.fill(proof),
                })
            }
            (Form::Choices(choices), Given::Choice(choice)) => {
                choices.contains(choice).then(|| Judgement {
                    truth: choice.truth,
                    verdict: match choice.truth {
                        Truth::Right => format!("You said: {}. So it is.", choice.text),
                        Truth::Wrong => {
                            format!("You said: {}. The table shows something else.", choice.text)
                        }
                    },
                    proof: scene.fill(choice.proof),
                })
            }
            _ => None,
        }
    }

    /// The right answer, in words.
    pub fn answer(&self) -> String {
        match self.form {
            Form::Number { right, .. } => right.to_string(),
            Form::Choices(choices) => {
                let mut right = choices.iter().filter(|c| c.truth == Truth::Right);
                right.next().map_or("", |choice| choice.text).to_owned()
            }
        }
    }
}
