//! An explanation: sections of phrases, comparisons, commands.

use crate::text::phrase::Phrase;

/// Sentences that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplanationSection {
    /// The question they answer, a few words.
    pub heading: &'static str,
    /// The sentences.
    pub phrases: Vec<Phrase>,
}
/// Everything there is to say of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is about.
    pub title: String,
    /// What there is to say; none of them is empty.
    pub sections: Vec<ExplanationSection>,
    /// What to type to see the same in other tools.
    pub commands: Vec<String>,
    /// Two things side by side, before all passages; only where two are compared.
    pub comparisons: Vec<ComparisonRow>,
}
/// One way in which a socket and a port differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonRow {
    /// In what they differ, a word or two.
    pub label: &'static str,
    /// What a socket is in this.
    pub socket: &'static str,
    /// What a port is in this.
    pub port: &'static str,
    /// What can be seen of it on this machine now.
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

    /// Adds a passage, if there is anything in it.
    pub(super) fn push_section(
        &mut self,
        heading: &'static str,
        said: impl IntoIterator<Item = Phrase>,
    ) {
        let said: Vec<Phrase> = said.into_iter().collect();
        if !said.is_empty() {
            self.sections.push(ExplanationSection {
                heading,
                phrases: said,
            });
        }
    }
}
