//! Finds what is stuck or unusual in a moment, for how long, and which process can fix it.
//!
//! [`Findings`] count all sockets of a port, including those that a filter leaves out, and depend
//! only on the moment and the [`Thresholds`]. Each rule is one row of [`RULES`].

pub mod evaluate;
pub mod finding;
mod port_stats;
mod rules;
#[cfg(test)]
mod tests;
mod thresholds;
mod wording;

pub use crate::findings::evaluate::Findings;
pub use crate::findings::finding::{Finding, FindingId, Rule, Severity};

pub use crate::findings::finding::{FindingOwner, ObservedDuration};
pub use crate::findings::rules::{RULES, RuleSpec};
pub use crate::findings::thresholds::Thresholds;
