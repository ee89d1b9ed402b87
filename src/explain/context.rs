//! What an explanation may look at besides its subject.

use crate::findings::evaluate::Findings;
use crate::history::Moment;
use crate::net::services::Services;

/// What explanations are made from.
#[derive(Clone, Copy, Debug)]
pub struct ExplainContext<'a> {
    /// What was seen.
    pub moment: &'a Moment,
    /// Names of ports.
    pub services: &'a Services,
    /// What is stuck or odd in it.
    pub findings: &'a Findings,
}
