//! The explanation type: sections of phrases, comparisons, commands.

use crate::text::phrase::Phrase;

/// Sentences under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplanationSection {
    pub heading: &'static str,
    /// Whole sentences; never empty.
    pub phrases: Vec<Phrase>,
}

/// Everything known of one subject, in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub title: String,
    /// In display order; none is empty.
    pub sections: Vec<ExplanationSection>,
    /// Commands that show the same with other tools.
    pub commands: Vec<String>,
    /// Side-by-side comparison shown before the sections; empty unless two things are compared.
    pub comparisons: Vec<ComparisonRow>,
}

/// One aspect in which a socket and a port differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonRow {
    /// The aspect, one or two words.
    pub label: &'static str,
    pub socket: &'static str,
    pub port: &'static str,
    /// An example from this machine now.
    pub observed: Phrase,
}

impl Explanation {
    pub(super) fn new(title: String) -> Self {
        Self {
            title,
            sections: Vec::new(),
            commands: Vec::new(),
            comparisons: Vec::new(),
        }
    }

    /// Adds a section unless `phrases` is empty.
    pub(super) fn push_section(
        &mut self,
        heading: &'static str,
        phrases: impl IntoIterator<Item = Phrase>,
    ) {
        let phrases: Vec<Phrase> = phrases.into_iter().collect();
        if !phrases.is_empty() {
            self.sections.push(ExplanationSection { heading, phrases });
        }
    }
}
