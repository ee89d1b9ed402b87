//! A phrase: a short text and how certain it is.
//!
//! What was observed, what was inferred and what is unknown are styled differently on the screen,
//! so every [`Phrase`] carries its [`Certainty`].

/// How certain a phrase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It was observed in a sample.
    Fact,
    /// It follows from what was observed, but was not observed itself.
    Inference,
    /// It is unknown; the phrase says why.
    Unknown,
    /// It was observed and indicates a problem.
    Warning,
}

/// A short text and how certain it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    pub text: String,
    pub certainty: Certainty,
}

impl Phrase {
    /// Creates a phrase for what was observed.
    pub fn fact(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Fact,
        }
    }

    /// Creates a phrase for what was inferred.
    pub fn inference(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Inference,
        }
    }

    /// Creates a phrase for what is unknown.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Unknown,
        }
    }

    /// Creates a phrase for what was observed and indicates a problem.
    pub fn warning(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            certainty: Certainty::Warning,
        }
    }
}
