//! The page that explains: a title, the looks there are, and passages that scroll.
//!
//! ```text
//! ── TCP 127.0.0.1:8080 ⇄ 127.0.0.1:51844 ────────────────────────────────
//!  e words  1 calls  2 kernel  3 wire  4 standard          in plain words
//!  What it is        ESTABLISHED: a connection …
//!                    Its own address …
//!  Which end         ~ This is only a guess …
//! ```
//!
//! A sign in front of a sentence says how sure it is, so that no colour is needed for it.

use std::sync::Arc;

use crate::teach::{Certainty, Contrast, Explanation, Look, Phrase, Subject};
use crate::view::areas::Areas;
use crate::view::cells::{cut, left, width, wrap};
use crate::view::screen::{Line, Tone, rule};
use crate::view::state::ViewState;

/// Whether what is explained is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It was asked for, and no answer has come yet.
    #[default]
    Asked,
    /// It is there.
    Here,
    /// It is gone: what is shown is what was last said.
    Gone,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct ExplainPage {
    /// What is explained.
    pub subject: Subject,
    /// From where it is looked at.
    pub look: Look,
    /// Lines scrolled past.
    pub scroll: usize,
    /// What there is to say, as far as it was answered.
    pub said: Option<Arc<Explanation>>,
    /// Whether it is still there.
    pub presence: Presence,
}

impl ExplainPage {
    /// Opens on something.
    pub const fn of(subject: Subject) -> Self {
        Self {
            subject,
            look: Look::Words,
            scroll: 0,
            said: None,
            presence: Presence::Asked,
        }
    }
}

/// The longest line that is easily read.
const LONGEST: usize = 118;
/// Cells of a heading beside its sentences; above them where the terminal is narrower.
const HEADING: usize = 20;
/// From so many columns on headings stand beside.
const BESIDE: usize = 70;
/// From so many columns on every look has its name.
const NAMED: usize = 50;
/// From so many columns on a socket and a port stand side by side.
const SIDE_BY_SIDE: usize = 100;

/// Title, looks, and the text from where it is scrolled to.
pub(super) fn explain(state: &ViewState, total: usize, height: usize) -> Vec<Line> {
    let Some(page) = &state.explain else {
        return Vec::new();
    };
    let title = page.said.as_ref().map_or("", |said| said.title.as_str());
    let mut out = vec![rule(title, total)];
    out.extend(above(page, total));
    let Some(said) = &page.said else {
        let words = match page.presence {
            Presence::Gone => " It is not there any more; Esc goes back",
            _ => " looking …",
        };
        out.push(Line::of(cut(words, total), Tone::Dim));
        return out;
    };
    let text = text(said, total);
    let room = height.saturating_sub(out.len());
    let scroll = page.scroll.min(text.len().saturating_sub(room));
    let left_out = text.len().saturating_sub(scroll + room);
    out.extend(text.into_iter().skip(scroll).take(room));
    if left_out > 0
        && let Some(last) = out.last_mut()
    {
        let words = format!(" … {} more lines: ↓", left_out + 1);
        *last = Line::of(cut(&words, total), Tone::Dim);
    }
    out.resize(height, Line::default());
    out
}

/// How far the page can be scrolled.
pub fn explain_height(state: &ViewState) -> usize {
    let total = usize::from(state.size.0);
    let Some(page) = &state.explain else { return 0 };
    let lines = page.said.as_ref().map_or(0, |said| text(said, total).len());
    let room = Areas::of(state)
        .body()
        .saturating_sub(1 + above(page, total).len());
    lines.saturating_sub(room)
}

/// The looks, and that it is gone.
fn above(page: &ExplainPage, total: usize) -> Vec<Line> {
    let mut out = Vec::new();
    if page.subject.has_looks() {
        let mut line = Line::of(" ", Tone::Plain);
        for (number, look) in Look::ALL.into_iter().enumerate() {
            let here = look == page.look;
            let key = match number {
                0 => "e".to_owned(),
                n => n.to_string(),
            };
            // The one that is shown has a frame, so that it is seen without colours.
            let (open, close) = if here { ("[", "]") } else { (" ", " ") };
            let tone = if here { Tone::Accent } else { Tone::Dim };
            let name = match here || total >= NAMED {
                true => format!(" {}", look.name()),
                false => String::new(),
            };
            line.push(format!("{open}{key}{name}{close}"), tone);
        }
        line.push_right(
            Line::of(format!("{} ", page.look.shows()), Tone::Dim),
            total,
        );
        out.push(line);
    }
    if page.presence == Presence::Gone && page.said.is_some() {
        let words = " It is gone. This is what was last said of it.";
        out.push(Line::of(cut(words, total), Tone::Closed));
    }
    out
}

fn text(said: &Explanation, total: usize) -> Vec<Line> {
    let room = total.min(LONGEST);
    let mut out = Vec::new();
    if !said.contrasts.is_empty() {
        contrasts(&mut out, &said.contrasts, room);
    }
    for passage in &said.passages {
        if !out.is_empty() {
            out.push(Line::default());
        }
        paragraph(&mut out, passage.heading, &passage.said, room);
    }
    out.push(Line::default());
    let commands: Vec<Phrase> = said.commands.iter().map(Phrase::fact).collect();
    paragraph(&mut out, "The same elsewhere", &commands, room);
    out.push(Line::default());
    let legend = "~ concluded, not seen   ? not known   ! worth a look";
    out.push(Line::of(cut(&format!(" {legend}"), room), Tone::Dim));
    out
}

/// A heading, and its sentences beside or below it.
fn paragraph(out: &mut Vec<Line>, heading: &str, said: &[Phrase], room: usize) {
    let beside = room >= BESIDE;
    if !beside {
        out.push(Line::of(cut(&format!(" {heading}"), room), Tone::Heading));
    }
    let indent = if beside { HEADING + 2 } else { 1 };
    let cells = room.saturating_sub(indent + 3).max(10);
    let mut heading_lines = wrap(heading, HEADING).into_iter();
    for phrase in said {
        let mut sign = mark(phrase.certainty);
        for words in wrap(&phrase.text, cells) {
            let mut line = Line::default();
            if beside {
                let words = heading_lines.next().unwrap_or_default();
                line.push(format!(" {} ", left(&words, HEADING)), Tone::Heading);
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
        out.push(Line::of(format!(" {words}"), Tone::Heading));
    }
}

/// How sure it is, in one cell.
const fn mark(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Fact => " ",
        Certainty::Inference => "~",
        Certainty::Ignorance => "?",
        Certainty::Warning => "!",
    }
}

/// Cells of the label of a contrast.
const LABEL: usize = 14;

/// A socket and a port side by side, and below them what is here; one under the other where there
/// is no room for that.
fn contrasts(out: &mut Vec<Line>, contrasts: &[Contrast], room: usize) {
    let half = room.saturating_sub(LABEL + 6) / 2;
    let wide = room >= SIDE_BY_SIDE;
    if wide {
        let mut head = Line::of(format!(" {} ", left("", LABEL)), Tone::Dim);
        head.push(left("A SOCKET", half + 2), Tone::Heading);
        head.push("A PORT", Tone::Heading);
        out.push(head);
    }
    for (index, contrast) in contrasts.iter().enumerate() {
        if index > 0 && !wide {
            out.push(Line::default());
        }
        let mut labels = wrap(contrast.label, LABEL).into_iter();
        let mut label = || {
            let words = labels.next().unwrap_or_default();
            format!(" {} ", left(&words, LABEL))
        };
        // What is here and now stands out, also without colours.
        let here = match contrast.here.certainty {
            Certainty::Fact => Tone::Strong,
            other => other.into(),
        };
        if wide {
            let socket = wrap(contrast.socket, half);
            let port = wrap(contrast.port, half);
            for line in 0..socket.len().max(port.len()) {
                let words = |side: &[String]| side.get(line).cloned().unwrap_or_default();
                let mut row = Line::of(label(), Tone::Accent);
                row.push(left(&words(&socket), half + 2), Tone::Plain);
                row.push(words(&port), Tone::Plain);
                out.push(row);
            }
            side(out, &label(), "→ ", &contrast.here.text, here, room);
            continue;
        }
        let mut first = label();
        if room < BESIDE {
            out.push(Line::of(first.trim_end(), Tone::Accent));
            first = " ".into();
        }
        let blank = left("", width(&first));
        side(out, &first, "socket  ", contrast.socket, Tone::Plain, room);
        side(out, &blank, "port    ", contrast.port, Tone::Plain, room);
        side(out, &blank, "here    ", &contrast.here.text, here, room);
    }
}

/// Words behind a label and a name.
fn side(out: &mut Vec<Line>, label: &str, name: &str, words: &str, tone: Tone, room: usize) {
    let before = width(label) + width(name);
    let (mut label, mut name) = (label.to_owned(), name.to_owned());
    for words in wrap(words, room.saturating_sub(before + 1).max(10)) {
        let mut line = Line::of(label.as_str(), Tone::Accent);
        line.push(name.as_str(), Tone::Dim);
        line.push(words, tone);
        out.push(line);
        (label, name) = (left("", width(&label)), left("", width(&name)));
    }
}
