//! What the kernel says to a learner's answers.
//!
//! In: a lesson's step, the lab's names, the answers, and a moment. Out: [`Marked`]: whether the rows
//! are as they must be, the answers judged by them, and the lesson's sentences with their numbers in.

use std::sync::Arc;

use crate::history::Moment;
use crate::teach::lessons::{
    Cast, Difference, Fact, Given, Happened, Judgement, Lesson, Question, Scene, Step, When,
    troubles,
};

/// What is to be marked.
#[derive(Clone, Debug)]
pub struct Exam {
    /// Tells one from another.
    pub number: u64,
    /// The lab's names.
    pub cast: Arc<Cast>,
    /// The lesson.
    pub lesson: &'static Lesson,
    /// The step that was done.
    pub step: &'static Step,
    /// The questions, each with its answer.
    pub given: Vec<(Question, Given)>,
    /// What came of the last call.
    pub last: Option<Happened>,
}

/// A sentence, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The sentence.
    pub text: String,
    /// RFC, manual page, book.
    pub source: &'static str,
}

/// The answers, marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Of which exam.
    pub number: u64,
    /// Which moment it was marked by.
    pub moment: u64,
    /// What is not as it must be; nothing where the rows stand.
    pub differences: Vec<Difference>,
    /// The same, where rows that the kernel forgets by itself may be gone: somebody may think for more
    /// than a minute.
    pub later: Vec<Difference>,
    /// The answers.
    pub judgements: Vec<Judgement>,
    /// What the step means.
    pub meaning: Vec<Told>,
    /// What the lesson comes to.
    pub conclusion: Vec<Told>,
}

impl Exam {
    /// Marks the answers by a moment. Walks over all rows.
    pub fn mark(&self, moment: &Moment) -> Marked {
        let scene = Scene::new(&self.cast, moment, self.last);
        let judged = self
            .given
            .iter()
            .filter_map(|(question, given)| question.judge(*given, &scene))
            // A choice may name a port as well.
            .map(|judgement| Judgement {
                verdict: scene.fill(&judgement.verdict),
                ..judgement
            });
        Marked {
            number: self.number,
            moment: moment.number,
            differences: troubles(self.step, When::AtOnce, &scene),
            later: troubles(self.step, When::Later, &scene),
            judgements: judged.collect(),
            meaning: told(self.step.explanation, &scene),
            conclusion: told(self.lesson.explanation, &scene),
        }
    }
}

/// The facts as sentences.
pub fn told(facts: &[Fact], scene: &Scene<'_>) -> Vec<Told> {
    facts
        .iter()
        .map(|fact| Told {
            text: scene.fill(fact.text),
            source: fact.source,
        })
        .collect()
}

/// A text with the numbers of the names in it, before there are rows.
pub fn named(text: &str, cast: &Cast) -> String {
    let scene = Scene {
        cast,
        rows: Vec::new(),
        last: None,
    };
    scene.fill(text)
}
