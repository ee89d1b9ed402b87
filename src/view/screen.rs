//! What is on the screen: toned text, line by line.

use crate::query::{QueryResult, VisibleLines};
use crate::services::Services;
use crate::teach::{Certainty, Phrase};
use crate::view::areas::{MIN_TERMINAL_SIZE, ScreenLayout};
use crate::view::cells::{truncate, width};
use crate::view::course;
use crate::view::state::{DetailsLevel, DisplayMode, Mode, ViewState};
use crate::view::{explain, findings, footer, header, help, menu, pane, table, timeline};

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

/// Draws the screen.
pub fn draw(
    state: &ViewState,
    result: Option<&QueryResult>,
    lines: &VisibleLines,
    services: &Services,
) -> Screen {
    let (columns, rows) = state.size;
    if columns < MIN_TERMINAL_SIZE.0 || rows < MIN_TERMINAL_SIZE.1 {
        return draw_too_small(columns, rows);
    }
    let areas = ScreenLayout::new(state);
    let total = usize::from(columns);
    let mut all = vec![header::draw_header(state, result, total)];
    let (filter, column) = header::filter_line(state, result, total);
    all.push(filter);
    all.extend(header::notice_line(state, total).filter(|_| areas.has_notice));
    if areas.has_timeline {
        all.push(timeline::draw_timeline(&state.timeline, total));
    }
    let lessons_covered = matches!(
        state.mode,
        Mode::Help { .. } | Mode::Findings(_) | Mode::Explain
    );
    if let (Some(course), false) = (&state.lessons, lessons_covered) {
        all.extend(course::lessons_body(
            state, course, result, lines, services, &areas,
        ));
    } else if let Mode::Help { scroll } = state.mode {
        all.extend(help::draw_help(state, total, areas.body_rows(), scroll));
    } else if state.mode == Mode::Explain {
        all.extend(explain::draw_explain_page(state, total, areas.body_rows()));
    } else if let Mode::Findings(chosen) = state.mode {
        all.extend(findings::draw_findings(
            state,
            result,
            chosen,
            total,
            areas.body_rows(),
        ));
    } else if state.details == DetailsLevel::Full {
        all.extend(pane::draw_full_details(
            state,
            result,
            lines,
            services,
            total,
            areas.body_rows(),
        ));
    } else {
        all.extend(table::draw_table(
            state,
            result,
            lines,
            services,
            total,
            areas.table_rows,
        ));
        if areas.pane_rows > 0 {
            all.extend(pane::draw_pane(
                state,
                result,
                lines,
                services,
                total,
                areas.pane_rows,
            ));
        }
    }
    all.resize(usize::from(rows) - 1, StyledLine::default());
    menu::draw_menu(state, &mut all, areas.table_top_row(), total);
    all.push(footer::draw_footer(state, total));
    if state.display_mode == DisplayMode::Presentation {
        all.iter_mut().for_each(raise_contrast);
    }
    let typing = matches!(state.mode, Mode::Filter | Mode::Palette);
    let cursor = typing.then(|| (u16::try_from(column).unwrap_or(columns).min(columns - 1), 1));
    Screen { lines: all, cursor }
}

/// Makes a line readable from afar: nothing is faint, and what was ordinary is bold.
fn raise_contrast(line: &mut StyledLine) {
    for span in &mut line.spans {
        span.tone = match span.tone {
            Tone::Dim => Tone::Plain,
            Tone::Plain => Tone::Strong,
            other => other,
        };
    }
}

/// A line across, with a title.
pub(super) fn titled_rule(title: &str, total: usize) -> StyledLine {
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

fn draw_too_small(columns: u16, rows: u16) -> Screen {
    let needed = format!("{}×{}", MIN_TERMINAL_SIZE.0, MIN_TERMINAL_SIZE.1);
    let words = [
        format!("portolan needs {needed}, this terminal has {columns}×{rows}. q quits."),
        format!("needs {needed}, has {columns}×{rows}"),
        needed,
    ];
    let total = usize::from(columns);
    let text_that_fits = words.iter().find(|w| width(w) <= total).or(words.last());
    let text = text_that_fits.map_or_else(String::new, |w| truncate(w, total));
    let mut lines = vec![StyledLine::new(text, Tone::Warning)];
    lines.resize(usize::from(rows), StyledLine::default());
    Screen {
        lines,
        cursor: None,
    }
}
