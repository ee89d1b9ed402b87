//! What is on the screen: toned text, line by line.

use crate::text::phrase::{Certainty, Phrase};
use crate::text::width::{truncate, width};

/// What a piece of text means; a theme says how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Ordinary text.
    Plain,
    /// Less important than its neighbours.
    Dim,
    /// More important.
    Strong,
    /// The head of a section.
    Heading,
    /// The view that is shown, the key that can be pressed.
    Accent,
    /// What is pointed at: seen at once among all else, without colours, too.
    Highlighted,
    /// Came into being.
    Opened,
    /// Is gone.
    Closed,
    /// Has another state.
    Changed,
    /// Somebody should look at it.
    Warning,
    /// Wrong input.
    Error,
    /// Concluded, not seen.
    Inference,
    /// Not known.
    Unknown,
    /// ESTABLISHED.
    Established,
    /// LISTEN.
    Listening,
    /// Handshake under way.
    Handshake,
    /// On its way out.
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
    /// The text: no control characters, no line breaks.
    pub text: String,
    /// What it means.
    pub tone: Tone,
}

impl StyledSpan {
    /// Text in a tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    /// A phrase in the tone of its certainty.
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
    /// From left to right.
    pub spans: Vec<StyledSpan>,
    /// Whether the cursor is on it.
    pub selected: bool,
    /// Where the bar of the cursor ends, if before the right edge: what stands behind is of
    /// something else.
    pub selection_end: Option<usize>,
}

impl StyledLine {
    /// A line of one tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            spans: vec![StyledSpan::new(text, tone)],
            selected: false,
            selection_end: None,
        }
    }

    /// Appends text.
    pub fn push(&mut self, text: impl Into<String>, tone: Tone) {
        self.spans.push(StyledSpan::new(text, tone));
    }

    /// How many cells it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|s| width(&s.text)).sum()
    }

    /// Fills up with spaces so that `right` ends at `total` cells; `right` is left out where there
    /// is no room for it.
    pub fn push_right_aligned(&mut self, right: Self, total: usize) {
        let (left, needed) = (self.width(), right.width());
        if left + needed < total {
            self.push(" ".repeat(total - left - needed), Tone::Plain);
            self.spans.extend(right.spans);
        }
    }

    /// The text without tones.
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }
}

/// A screen of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// As many as the terminal has.
    pub lines: Vec<StyledLine>,
    /// Where the text cursor blinks: column and line.
    pub cursor: Option<(u16, u16)>,
}

/// A line across, with a title.
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
