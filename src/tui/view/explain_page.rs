//! The explanation page: a title, the perspectives, and sections that scroll.
//!
//! ```text
//! ── TCP 127.0.0.1:8080 ⇄ 127.0.0.1:51844 ────────────────────────────────
//!  e words  1 calls  2 kernel  3 wire  4 standard          in plain words
//!  What it is        ESTABLISHED: a connection …
//!                    Its own address …
//!  Which side        ~ This is only a guess …
//! ```
//!
//! A sign before a sentence tells its certainty, so that no colour is needed for that.

use super::cells::align_left;
use super::layout::ScreenLayout;
use super::screen::{StyledLine, Tone, titled_rule};
use crate::explain::Perspective;
use crate::explain::explanation::{ComparisonRow, Explanation};
use crate::text::phrase::{Certainty, Phrase};
use crate::text::width::{truncate, width};
use crate::text::wrap::wrap;
use crate::tui::state::explain_page::{ExplainPage, ExplainStatus};
use crate::tui::state::view_state::ViewState;

/// The maximum width of text: longer lines are hard to read.
const MAX_TEXT_WIDTH: usize = 118;

/// The width of a heading beside its sentences.
const HEADING_WIDTH: usize = 20;

/// The minimum width for headings beside the sentences; below it they are above.
const MIN_WIDTH_HEADING_BESIDE: usize = 70;

/// The minimum width for the names of all perspectives.
const MIN_WIDTH_PERSPECTIVE_NAMES: usize = 50;

/// The minimum width for a socket and a port side by side.
const MIN_WIDTH_COMPARISON_COLUMNS: usize = 100;

/// Draws title, perspectives, and the text from the scroll position on.
pub(crate) fn draw_explain_page(state: &ViewState, total: usize, height: usize) -> Vec<StyledLine> {
    let Some(page) = &state.explain else {
        return Vec::new();
    };
    let title = page
        .explanation
        .as_ref()
        .map_or("", |explanation| explanation.title.as_str());
    let mut out = vec![titled_rule(title, total)];
    out.extend(page_header(page, total));
    let Some(explanation) = &page.explanation else {
        let words = match page.status {
            ExplainStatus::Gone => " It no longer exists; Esc goes back",
            _ => " loading …",
        };
        out.push(StyledLine::new(truncate(words, total), Tone::Dim));
        return out;
    };
    let text = explanation_lines(explanation, total);
    let room = height.saturating_sub(out.len());
    let scroll = page.scroll.min(text.len().saturating_sub(room));
    let hidden_lines = text.len().saturating_sub(scroll + room);
    out.extend(text.into_iter().skip(scroll).take(room));
    if hidden_lines > 0
        && let Some(last) = out.last_mut()
    {
        let words = format!(" … {} more lines: ↓", hidden_lines + 1);
        *last = StyledLine::new(truncate(&words, total), Tone::Dim);
    }
    out.resize(height, StyledLine::default());
    out
}

/// Returns the largest scroll position of the page, in lines.
pub fn explain_max_scroll(state: &ViewState) -> usize {
    let total = usize::from(state.size.0);
    let Some(page) = &state.explain else { return 0 };
    let lines = page
        .explanation
        .as_ref()
        .map_or(0, |explanation| explanation_lines(explanation, total).len());
    let room = ScreenLayout::new(state)
        .body_rows()
        .saturating_sub(1 + page_header(page, total).len());
    lines.saturating_sub(room)
}

/// Returns the line of perspectives, and a notice if the subject is gone.
fn page_header(page: &ExplainPage, total: usize) -> Vec<StyledLine> {
    let mut out = Vec::new();
    if page.subject.has_perspectives() {
        let mut line = StyledLine::new(" ", Tone::Plain);
        for (number, perspective) in Perspective::ALL.into_iter().enumerate() {
            let here = perspective == page.perspective;
            let key = match number {
                0 => "e".to_owned(),
                n => n.to_string(),
            };
            // The current one is in brackets, so that no colour is needed.
            let (open, close) = if here { ("[", "]") } else { (" ", " ") };
            let tone = if here { Tone::Accent } else { Tone::Dim };
            let name = match here || total >= MIN_WIDTH_PERSPECTIVE_NAMES {
                true => format!(" {}", perspective.name()),
                false => String::new(),
            };
            line.push(format!("{open}{key}{name}{close}"), tone);
        }
        line.push_right_aligned(
            StyledLine::new(format!("{} ", page.perspective.description()), Tone::Dim),
            total,
        );
        out.push(line);
    }
    if page.status == ExplainStatus::Gone && page.explanation.is_some() {
        let words = " It is gone. This is the last explanation.";
        out.push(StyledLine::new(truncate(words, total), Tone::Closed));
    }
    out
}

fn explanation_lines(explanation: &Explanation, total: usize) -> Vec<StyledLine> {
    let room = total.min(MAX_TEXT_WIDTH);
    let mut out = Vec::new();
    if !explanation.comparisons.is_empty() {
        push_comparison(&mut out, &explanation.comparisons, room);
    }
    for section in &explanation.sections {
        if !out.is_empty() {
            out.push(StyledLine::default());
        }
        push_section(&mut out, section.heading, &section.phrases, room);
    }
    out.push(StyledLine::default());
    let commands: Vec<Phrase> = explanation.commands.iter().map(Phrase::fact).collect();
    push_section(&mut out, "With other tools", &commands, room);
    out.push(StyledLine::default());
    let legend = "~ inferred, not observed   ? unknown   ! problem";
    out.push(StyledLine::new(
        truncate(&format!(" {legend}"), room),
        Tone::Dim,
    ));
    out
}

/// Appends a heading with its sentences beside or below it.
fn push_section(out: &mut Vec<StyledLine>, heading: &str, phrases: &[Phrase], room: usize) {
    let beside = room >= MIN_WIDTH_HEADING_BESIDE;
    if !beside {
        out.push(StyledLine::new(
            truncate(&format!(" {heading}"), room),
            Tone::Heading,
        ));
    }
    let indent = if beside { HEADING_WIDTH + 2 } else { 1 };
    let cells = room.saturating_sub(indent + 3).max(10);
    let mut heading_lines = wrap(heading, HEADING_WIDTH).into_iter();
    for phrase in phrases {
        let mut sign = certainty_sign(phrase.certainty);
        for words in wrap(&phrase.text, cells) {
            let mut line = StyledLine::default();
            if beside {
                let words = heading_lines.next().unwrap_or_default();
                line.push(
                    format!(" {} ", align_left(&words, HEADING_WIDTH)),
                    Tone::Heading,
                );
            } else {
                line.push(" ", Tone::Plain);
            }
            let tone = phrase.certainty.into();
            line.push(format!("{sign} "), tone);
            line.push(words, tone);
            out.push(line);
            sign = " ";
        }
    }
    for words in heading_lines.filter(|words| beside && !words.is_empty()) {
        out.push(StyledLine::new(format!(" {words}"), Tone::Heading));
    }
}

/// Returns the sign of a certainty, one cell wide.
const fn certainty_sign(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Fact => " ",
        Certainty::Inference => "~",
        Certainty::Unknown => "?",
        Certainty::Warning => "!",
    }
}

/// The width of the label of a comparison.
const LABEL_WIDTH: usize = 14;

/// Appends the comparison of a socket and a port, with what is observed on this machine: side by
/// side, or one below the other if there is no room.
fn push_comparison(out: &mut Vec<StyledLine>, comparisons: &[ComparisonRow], room: usize) {
    let half = room.saturating_sub(LABEL_WIDTH + 6) / 2;
    let wide = room >= MIN_WIDTH_COMPARISON_COLUMNS;
    if wide {
        let mut head = StyledLine::new(format!(" {} ", align_left("", LABEL_WIDTH)), Tone::Dim);
        head.push(align_left("A SOCKET", half + 2), Tone::Heading);
        head.push("A PORT", Tone::Heading);
        out.push(head);
    }
    for (index, comparison) in comparisons.iter().enumerate() {
        if index > 0 && !wide {
            out.push(StyledLine::default());
        }
        let mut labels = wrap(comparison.label, LABEL_WIDTH).into_iter();
        let mut label = || {
            let words = labels.next().unwrap_or_default();
            format!(" {} ", align_left(&words, LABEL_WIDTH))
        };
        // What is observed here stands out, also without colour.
        let here = match comparison.observed.certainty {
            Certainty::Fact => Tone::Strong,
            other => other.into(),
        };
        if wide {
            let socket = wrap(comparison.socket, half);
            let port = wrap(comparison.port, half);
            for line in 0..socket.len().max(port.len()) {
                let words = |side: &[String]| side.get(line).cloned().unwrap_or_default();
                let mut row = StyledLine::new(label(), Tone::Accent);
                row.push(align_left(&words(&socket), half + 2), Tone::Plain);
                row.push(words(&port), Tone::Plain);
                out.push(row);
            }
            push_labelled(out, &label(), "→ ", &comparison.observed.text, here, room);
            continue;
        }
        let mut first = label();
        if room < MIN_WIDTH_HEADING_BESIDE {
            out.push(StyledLine::new(first.trim_end(), Tone::Accent));
            first = " ".into();
        }
        let blank = align_left("", width(&first));
        push_labelled(
            out,
            &first,
            "socket  ",
            comparison.socket,
            Tone::Plain,
            room,
        );
        push_labelled(out, &blank, "port    ", comparison.port, Tone::Plain, room);
        push_labelled(
            out,
            &blank,
            "here    ",
            &comparison.observed.text,
            here,
            room,
        );
    }
}

/// Appends wrapped text after a label and a name.
fn push_labelled(
    out: &mut Vec<StyledLine>,
    label: &str,
    name: &str,
    words: &str,
    tone: Tone,
    room: usize,
) {
    let before = width(label) + width(name);
    let (mut label, mut name) = (label.to_owned(), name.to_owned());
    for words in wrap(words, room.saturating_sub(before + 1).max(10)) {
        let mut line = StyledLine::new(label.as_str(), Tone::Accent);
        line.push(name.as_str(), Tone::Dim);
        line.push(words, tone);
        out.push(line);
        (label, name) = (align_left("", width(&label)), align_left("", width(&name)));
    }
}
