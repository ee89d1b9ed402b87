//! Facts → words.
//!
//! In: rows and groups. Out: [`Phrase`]s and sentences, each derived from what it speaks of, and
//! each with its [`Certainty`]: what was seen, what was concluded and what is not known do not
//! look alike on the screen. An [`Explanation`] is all there is to say of one thing.

mod apart;
mod berth;
mod details;
mod ended;
mod exam;
mod explain;
pub mod findings;
mod group;
pub mod lessons;
mod neighbours;
mod owner;
mod progress;
mod queues;
pub mod quiz;
mod row;
mod sight;

pub use apart::describe_tuple_diff;
pub use berth::{AvailabilityReport, describe_availability, explain_availability};
pub use details::{Detail, group_details, row_details};
pub use ended::{
    closed_details, describe_closed, describe_first_close, describe_last_owner,
    describe_state_path, dropped_rows_note, format_clock, format_lifetime, past_listener_details,
};
pub use exam::{Grade, GradeRequest, SourcedText, fill_port_names, render_facts};
pub use explain::{
    ComparisonRow, ExplainContext, ExplainSubject, Explanation, ExplanationSection, Perspective,
    build_explanation, explain_port, explain_process, explain_row, explain_row_from,
};
pub use findings::{Finding, FindingId, Findings, Thresholds};
pub use group::{describe_group, format_port_key, format_reach, group_title};
pub use owner::{
    describe_owner, describe_processes, describe_unowned, format_holders, format_owners_short,
};
pub use progress::LessonProgress;
pub use row::{
    describe_row, distinguishing_endpoint, evidence_text, format_local, format_remote, row_note,
    row_title, state_name,
};
pub use sight::{hidden_owners_note, hidden_owners_warning, privilege_hint, undecided_rows_note};

/// How sure a phrase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It was seen.
    Fact,
    /// It follows from what was seen, but was not seen itself.
    Inference,
    /// It is not known; the phrase says why.
    Unknown,
    /// It was seen, and somebody should look at it.
    Warning,
}

/// A few words and how sure they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The words.
    pub text: String,
    /// How sure.
    pub certainty: Certainty,
}

impl Phrase {
    /// What was seen.
    pub fn fact(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Fact,
        }
    }

    /// What was concluded.
    pub fn inference(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Inference,
        }
    }

    /// What is not known.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Unknown,
        }
    }

    /// What somebody should look at.
    pub fn warning(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Warning,
        }
    }
}
