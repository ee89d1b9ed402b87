//! The two ways to match a name: a substring and a regular expression, both ignoring case.

use regex::{Regex, RegexBuilder};

/// A substring to search for, in lower case and never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substring(String);

impl Substring {
    /// Lower-cases the text; returns `None` if it is empty.
    pub fn new(text: &str) -> Option<Self> {
        // Character by character: `str::to_lowercase` depends on the position (final sigma).
        let lower: String = text.chars().flat_map(char::to_lowercase).collect();
        (!lower.is_empty()).then_some(Self(lower))
    }

    /// Returns the text in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A case-insensitive regular expression.
#[derive(Clone, Debug)]
pub struct RegexPattern(Regex);

/// Size limit of a compiled expression, in bytes: ten times what a sensible one takes.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// Nesting limit of an expression: more than is readable, and safe for any stack.
const MAX_REGEX_NESTING: u32 = 64;

impl RegexPattern {
    /// Compiles the expression.
    ///
    /// # Errors
    /// Returns the reason when the syntax is invalid or the compiled expression exceeds 1 MiB.
    pub fn new(source: &str) -> Result<Self, String> {
        RegexBuilder::new(source)
            .case_insensitive(true)
            .size_limit(MAX_REGEX_BYTES)
            .nest_limit(MAX_REGEX_NESTING)
            .build()
            .map(Self)
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "too large when compiled".into(),
                // The library's message has several lines; the reason is in the last.
                error => {
                    let text = error.to_string();
                    let reason = text.lines().last().unwrap_or("").trim();
                    reason.strip_prefix("error: ").unwrap_or(reason).into()
                }
            })
    }

    /// Returns the expression as written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns whether the expression matches anywhere in the text.
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
