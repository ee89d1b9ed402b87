//! What is on the screen: toned text, line by line.

use crate::query::{Answer, Lines};
use crate::services::Services;
use crate::teach::{Certainty, Phrase};
use crate::view::areas::{Areas, SMALLEST};
use crate::view::cells::{cut, width};
use crate::view::course;
use crate::view::state::{Details, Manner, Mode, ViewState};
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
    Lit,
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
    Ignorance,
    /// ESTABLISHED.
    Flowing,
    /// LISTEN.
    Waiting,
    /// Handshake under way.
    Opening,
    /// On its way out.
    Ending,
}

impl From<Certainty> for Tone {
    fn from(certainty: Certainty) -> Self {
        match certainty {
            Certainty::Fact => Self::Plain,
            Certainty::Inference => Self::Inference,
            Certainty::Ignorance => Self::Ignorance,
            Certainty::Warning => Self::Warning,
        }
    }
}

/// A piece of text in one tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text: no control characters, no line breaks.
    pub text: String,
    /// What it means.
    pub tone: Tone,
}

impl Span {
    /// Text in a tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    /// A phrase in the tone of its certainty.
    pub fn phrase(phrase: Phrase) -> Self {
        Self {
            text: phrase.text,
            tone: phrase.certainty.into(),
        }
    }
}

/// One line of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// From left to right.
    pub spans: Vec<Span>,
    /// Whether the cursor is on it.
    pub selected: bool,
    /// Where the bar of the cursor ends, if before the right edge: what stands behind is of
    /// something else.
    pub bar: Option<usize>,
}

impl Line {
    /// A line of one tone.
    pub fn of(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            spans: vec![Span::new(text, tone)],
            selected: false,
            bar: None,
        }
    }

    /// Appends text.
    pub fn push(&mut self, text: impl Into<String>, tone: Tone) {
        self.spans.push(Span::new(text, tone));
    }

    /// How many cells it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|s| width(&s.text)).sum()
    }

    /// Fills up with spaces so that `right` ends at `total` cells; `right` is left out where there
    /// is no room for it.
    pub fn push_right(&mut self, right: Self, total: usize) {
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
    pub lines: Vec<Line>,
    /// Where the text cursor blinks: column and line.
    pub cursor: Option<(u16, u16)>,
}

/// Draws the screen.
pub fn screen(
    state: &ViewState,
    answer: Option<&Answer>,
    lines: &Lines,
    services: &Services,
) -> Screen {
    let (columns, rows) = state.size;
    if columns < SMALLEST.0 || rows < SMALLEST.1 {
        return too_small(columns, rows);
    }
    let areas = Areas::of(state);
    let total = usize::from(columns);
    let mut all = vec![header::header(state, answer, total)];
    let (filter, column) = header::filter(state, answer, total);
    all.push(filter);
    all.extend(header::notice(state, total).filter(|_| areas.notice));
    if areas.time {
        all.push(timeline::timeline(&state.track, total));
    }
    let covered = matches!(
        state.mode,
        Mode::Help { .. } | Mode::Findings(_) | Mode::Explain
    );
    if let (Some(course), false) = (&state.course, covered) {
        all.extend(course::body(state, course, answer, lines, services, &areas));
    } else if let Mode::Help { scroll } = state.mode {
        all.extend(help::help(state, total, areas.body(), scroll));
    } else if state.mode == Mode::Explain {
        all.extend(explain::explain(state, total, areas.body()));
    } else if let Mode::Findings(chosen) = state.mode {
        all.extend(findings::findings(
            state,
            answer,
            chosen,
            total,
            areas.body(),
        ));
    } else if state.details == Details::Full {
        all.extend(pane::full(
            state,
            answer,
            lines,
            services,
            total,
            areas.body(),
        ));
    } else {
        all.extend(table::table(
            state,
            answer,
            lines,
            services,
            total,
            areas.table,
        ));
        if areas.pane > 0 {
            all.extend(pane::pane(
                state, answer, lines, services, total, areas.pane,
            ));
        }
    }
    all.resize(usize::from(rows) - 1, Line::default());
    menu::lay(state, &mut all, areas.table_top(), total);
    all.push(footer::footer(state, total));
    if state.manner == Manner::Presenter {
        all.iter_mut().for_each(raise);
    }
    let typing = matches!(state.mode, Mode::Filter | Mode::Palette);
    let cursor = typing.then(|| (u16::try_from(column).unwrap_or(columns).min(columns - 1), 1));
    Screen { lines: all, cursor }
}

/// Makes a line readable from afar: nothing is faint, and what was ordinary is bold.
fn raise(line: &mut Line) {
    for span in &mut line.spans {
        span.tone = match span.tone {
            Tone::Dim => Tone::Plain,
            Tone::Plain => Tone::Strong,
            other => other,
        };
    }
}

/// A line across, with a title.
pub(super) fn rule(title: &str, total: usize) -> Line {
    let mut line = Line::of("──", Tone::Dim);
    if !title.is_empty() {
        line.push(
            format!(" {} ", cut(title, total.saturating_sub(8))),
            Tone::Strong,
        );
    }
    let rest = total.saturating_sub(line.width());
    line.push("─".repeat(rest), Tone::Dim);
    line
}

fn too_small(columns: u16, rows: u16) -> Screen {
    let needed = format!("{}×{}", SMALLEST.0, SMALLEST.1);
    let words = [
        format!("portolan needs {needed}, this terminal has {columns}×{rows}. q quits."),
        format!("needs {needed}, has {columns}×{rows}"),
        needed,
    ];
    let total = usize::from(columns);
    let fitting = words.iter().find(|w| width(w) <= total).or(words.last());
    let text = fitting.map_or_else(String::new, |w| cut(w, total));
    let mut lines = vec![Line::of(text, Tone::Warning)];
    lines.resize(usize::from(rows), Line::default());
    Screen {
        lines,
        cursor: None,
    }
}
