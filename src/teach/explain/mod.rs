//! A row, a port, a process in plain words: what it is, who has it, how we know, what is normal.
//!
//! In: what was seen. Out: an [`Explanation`]: passages of sentences, each derived from what it
//! speaks of, facts and conclusions told apart, and the commands of other tools that show the same.

mod place;
mod port;
mod process;
mod row;
mod state;

pub use port::explain_port;
pub use process::explain_process;
pub use row::explain_row;

use crate::history::Moment;
use crate::services::Services;
use crate::teach::{Findings, Phrase};

/// What explanations are made from.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What was seen.
    pub moment: &'a Moment,
    /// Names of ports.
    pub services: &'a Services,
    /// What is stuck or odd in it.
    pub findings: &'a Findings,
}

/// Sentences that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The question they answer, a few words.
    pub heading: &'static str,
    /// The sentences.
    pub said: Vec<Phrase>,
}

/// Everything there is to say of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is about.
    pub title: String,
    /// What there is to say; none of them is empty.
    pub passages: Vec<Passage>,
    /// What to type to see the same in other tools.
    pub commands: Vec<String>,
}

impl Explanation {
    fn of(title: String) -> Self {
        Self {
            title,
            passages: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// Adds a passage, if there is anything in it.
    fn say(&mut self, heading: &'static str, said: impl IntoIterator<Item = Phrase>) {
        let said: Vec<Phrase> = said.into_iter().collect();
        if !said.is_empty() {
            self.passages.push(Passage { heading, said });
        }
    }
}

#[cfg(test)]
mod tests;
