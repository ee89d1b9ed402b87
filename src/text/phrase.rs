//! Facts → words.
//!
//! In: rows and groups. Out: [`Phrase`]s and sentences, each derived from what it speaks of, and
//! each with its [`Certainty`]: what was seen, what was concluded and what is not known do not
//! look alike on the screen. An [`Explanation`] is all there is to say of one thing.

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
