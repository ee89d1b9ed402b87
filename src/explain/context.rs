//! The data an explanation is built from, besides its subject.

use crate::findings::evaluate::Findings;
use crate::history::Moment;
use crate::net::services::Services;

/// The data explanations are built from.
#[derive(Clone, Copy, Debug)]
pub struct ExplainContext<'a> {
    pub moment: &'a Moment,
    pub services: &'a Services,
    /// The problems found in `moment`.
    pub findings: &'a Findings,
}
