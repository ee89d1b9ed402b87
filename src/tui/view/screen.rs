//! A screen as lines of text with tones.

use crate::text::phrase::{Certainty, Phrase};
use crate::text::width::{truncate, width};

/// The meaning of a piece of text; the theme maps it to a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    Plain,
    /// Less important than its neighbours.
    Dim,
    /// More important than its neighbours.
    Strong,
    /// The heading of a section.
    Heading,
    /// The current view, a key that can be pressed.
    Accent,
    /// What a lesson points at; visible without colours, too.
    Highlighted,
    /// A socket that just opened.
    Opened,
    /// A socket that just closed.
    Closed,
    /// A socket whose state just changed.
    Changed,
    /// A problem, or something that needs attention.
    Warning,
    /// Wrong input or a failure.
    Error,
    /// Inferred, not observed.
    Inference,
    /// Not known.
    Unknown,
    /// ESTABLISHED.
    Established,
    /// LISTEN.
    Listening,
    /// SYN-SENT, SYN-RECEIVED.
    Handshake,
    /// The states after FIN, except CLOSE-WAIT.
    Closing,
}

impl From<Certainty> for Tone {
    fn from(certainty: Certainty) -> Self {
        match certainty {
            Certainty::Fact => Self::Plain,
            Certainty::Inference => Self::Inference,
            Certainty::Unknown => Self::Unknown,
            Certainty::Warning => Self::Warning,
        }
    }
}

/// A piece of text in one tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StyledSpan {
    /// Text without control characters and line breaks.
    pub text: String,
    pub tone: Tone,
}

impl StyledSpan {
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    /// Converts a phrase; its certainty gives the tone.
    pub fn from_phrase(phrase: Phrase) -> Self {
        Self {
            text: phrase.text,
            tone: phrase.certainty.into(),
        }
    }
}

/// One line of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledLine {
    /// The spans from left to right.
    pub spans: Vec<StyledSpan>,
    /// Whether the cursor is on the line.
    pub selected: bool,
    /// The column where the cursor bar ends, if before the right edge: the rest belongs to another
    /// region.
    pub selection_end: Option<usize>,
}

impl StyledLine {
    /// Returns a line in one tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            spans: vec![StyledSpan::new(text, tone)],
            selected: false,
            selection_end: None,
        }
    }

    pub fn push(&mut self, text: impl Into<String>, tone: Tone) {
        self.spans.push(StyledSpan::new(text, tone));
    }

    /// Returns the width in cells.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|s| width(&s.text)).sum()
    }

    /// Appends `right` so that it ends at `total` cells; it is left out if there is no room.
    pub fn push_right_aligned(&mut self, right: Self, total: usize) {
        let (left, needed) = (self.width(), right.width());
        if left + needed < total {
            self.push(" ".repeat(total - left - needed), Tone::Plain);
            self.spans.extend(right.spans);
        }
    }

    /// Returns the text without tones.
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }
}

/// A screen of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// The lines; as many as the terminal has.
    pub lines: Vec<StyledLine>,
    /// The position of the text cursor: column and line.
    pub cursor: Option<(u16, u16)>,
}

/// Returns a horizontal rule with a title.
pub(crate) fn titled_rule(title: &str, total: usize) -> StyledLine {
    let mut line = StyledLine::new("──", Tone::Dim);
    if !title.is_empty() {
        line.push(
            format!(" {} ", truncate(title, total.saturating_sub(8))),
            Tone::Strong,
        );
    }
    let rest = total.saturating_sub(line.width());
    line.push("─".repeat(rest), Tone::Dim);
    line
}
