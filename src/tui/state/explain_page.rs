//! The page of explanations: its subject, perspective and scroll position.

use std::sync::Arc;

use crate::explain::Perspective;
use crate::explain::explanation::Explanation;
use crate::explain::subject::ExplainSubject;

/// Whether the explained subject exists in the moment that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplainStatus {
    /// The explanation is requested; there is no response yet.
    #[default]
    Loading,
    Present,
    /// It no longer exists; the last explanation stays on the page.
    Gone,
}

/// The page that explains a row, port, process or host.
#[derive(Clone, Debug)]
pub struct ExplainPage {
    pub subject: ExplainSubject,
    pub perspective: Perspective,
    /// The number of lines scrolled past.
    pub scroll: usize,
    /// The last explanation received.
    pub explanation: Option<Arc<Explanation>>,
    pub status: ExplainStatus,
}

impl ExplainPage {
    /// Returns a page that waits for the explanation of `subject`.
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
