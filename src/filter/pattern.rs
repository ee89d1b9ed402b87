//! What names are compared with: a part of them, or a regular expression.

use regex::{Regex, RegexBuilder};

/// Part of a name, in lower case and never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substring(String);

impl Substring {
    /// `None` where there is no text.
    pub fn new(text: &str) -> Option<Self> {
        // Letter by letter: the form must not depend on where in a word the letter stands.
        let lower: String = text.chars().flat_map(char::to_lowercase).collect();
        (!lower.is_empty()).then_some(Self(lower))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A regular expression, which does not care about case.
#[derive(Clone, Debug)]
pub struct RegexPattern(Regex);

/// How big a compiled expression may be. Names are short; ten times what any sensible one takes.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// How deep an expression may nest: far more than anybody reads, far less than any stack.
const MAX_REGEX_NESTING: u32 = 64;

impl RegexPattern {
    /// Understands the expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(source: &str) -> Result<Self, String> {
        RegexBuilder::new(source)
            .case_insensitive(true)
            .size_limit(MAX_REGEX_BYTES)
            .nest_limit(MAX_REGEX_NESTING)
            .build()
            .map(Self)
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "it would become too big".into(),
                // The library draws a picture of several lines and says the reason in the last.
                error => {
                    let text = error.to_string();
                    let reason = text.lines().last().unwrap_or("").trim();
                    reason.strip_prefix("error: ").unwrap_or(reason).into()
                }
            })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it matches somewhere in the text.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for RegexPattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RegexPattern {}
