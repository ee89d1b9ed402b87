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

pub use apart::say_survey;
pub use berth::{Berthing, say_verdict, say_why};
pub use details::{Detail, group_details, row_details};
pub use ended::{
    clock, closed_first, dropped, ended_details, last_owner, lasted, path, port_history, say_ended,
};
pub use exam::{Exam, Marked, Told, named, told};
pub use explain::{
    Contrast, Explanation, Known, Look, Passage, Subject, explain, explain_port, explain_process,
    explain_row, look_at_row,
};
pub use findings::{Finding, FindingId, Findings, Limits};
pub use group::{group_title, port_name, reach, say_group};
pub use owner::{holders, no_owner, owner, owners_in_short, process_names};
pub use progress::Progress;
pub use row::{end, evidence, local, note, remote, row_title, say_row, state};
pub use sight::{hangs_on_owners, hidden, hidden_in_print, remedy};

/// How sure a phrase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It was seen.
    Fact,
    /// It follows from what was seen, but was not seen itself.
    Inference,
    /// It is not known; the phrase says why.
    Ignorance,
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
    pub fn ignorance(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Ignorance,
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
