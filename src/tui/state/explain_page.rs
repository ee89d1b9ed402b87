//! The page of explanations: its subject, perspective and scroll position.

use std::sync::Arc;

use crate::explain::Perspective;
use crate::explain::explanation::Explanation;
use crate::explain::subject::ExplainSubject;

/// Whether what is explained is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplainStatus {
    /// It was asked for, and no answer has come yet.
    #[default]
    Loading,
    /// It is there.
    Present,
    /// It is gone: what is shown is what was last said.
    Gone,
}
/// What the page shows.
#[derive(Clone, Debug)]
pub struct ExplainPage {
    /// What is explained.
    pub subject: ExplainSubject,
    /// From where it is looked at.
    pub perspective: Perspective,
    /// Lines scrolled past.
    pub scroll: usize,
    /// What there is to say, as far as it was answered.
    pub explanation: Option<Arc<Explanation>>,
    /// Whether it is still there.
    pub status: ExplainStatus,
}
impl ExplainPage {
    /// Opens on something.
    pub const fn new(subject: ExplainSubject) -> Self {
        Self {
            subject,
            perspective: Perspective::Plain,
            scroll: 0,
            explanation: None,
            status: ExplainStatus::Loading,
        }
    }
}
