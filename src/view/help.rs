//! The help: every key, every sign, and what could not be seen, from the tables the program runs on.

use crate::teach;
use crate::view::areas::Areas;
use crate::view::cells::{left, width, wrap};
use crate::view::groups::{CODES, tone};
use crate::view::keys::{BINDINGS, Key, LESSON, TYPING};
use crate::view::screen::{Line, Tone};
use crate::view::state::{Origin, ViewState};

/// `height` lines of help, from `scroll` on.
pub(super) fn help(state: &ViewState, total: usize, height: usize, scroll: usize) -> Vec<Line> {
    let all = text(state, total);
    let scroll = scroll.min(all.len().saturating_sub(height));
    let mut out: Vec<Line> = all.into_iter().skip(scroll).take(height).collect();
    out.resize(height, Line::default());
    out
}

/// How far it can be scrolled.
pub fn help_overflow(state: &ViewState) -> usize {
    let lines = text(state, usize::from(state.size.0)).len();
    lines.saturating_sub(Areas::of(state).body())
}

fn text(state: &ViewState, total: usize) -> Vec<Line> {
    let mut out = Vec::new();
    // What is open comes first.
    let learning = state.course.is_some();
    if learning {
        lesson(&mut out, total);
        out.push(Line::default());
    }
    out.push(Line::of(" KEYS", Tone::Heading));
    keys(&mut out, total);
    labelled(
        &mut out,
        "mouse",
        Tone::Accent,
        "click selects, a second click opens, a click on a column head orders, the wheel scrolls; hold Shift to select text",
        total,
    );
    out.push(Line::default());
    out.push(Line::of(" WHILE TYPING A FILTER", Tone::Heading));
    typing(&mut out, total);
    if !learning {
        out.push(Line::default());
        lesson(&mut out, total);
    }
    out.push(Line::default());
    out.push(Line::of(" SIGNS", Tone::Heading));
    signs(&mut out, total);
    out.push(Line::default());
    out.push(Line::of(" TCP STATES", Tone::Heading));
    states(&mut out, total);
    out.push(Line::default());
    out.push(Line::of(" WORDS", Tone::Heading));
    for (word, meaning) in WORDS {
        labelled(&mut out, word, Tone::Accent, meaning, total);
    }
    out.push(Line::default());
    out.push(Line::of(" WHAT IS SEEN", Tone::Heading));
    if let Some(Origin { kind, reason }) = &state.source {
        labelled(
            &mut out,
            kind.name(),
            Tone::Accent,
            &format!("the source in use: {reason}"),
            total,
        );
    }
    for notice in &state.notices {
        labelled(&mut out, "!", Tone::Warning, &notice.text, total);
    }
    let owners = format!("the owners of other users' sockets: {}", teach::remedy());
    labelled(&mut out, "to see more", Tone::Accent, &owners, total);
    out
}

const WORDS: [(&str, &str); 8] = [
    (
        "SERVICE",
        "the name registered for the port's number; no proof of what really runs there",
    ),
    ("port", "a number, per protocol"),
    ("endpoint", "an address and a port"),
    ("socket", "one object of the kernel, one row here"),
    (
        "connection",
        "a pair of endpoints: two sockets when both ends are on this machine",
    ),
    (
        "shared port",
        "the one of a socket's two ports that many sockets share: the listener's",
    ),
    (
        "waiting 2 of 5",
        "a listener's queue: established by the kernel, not yet accepted by the program",
    ),
    (
        "RECV/SEND, R/S",
        "bytes not read yet, bytes not acknowledged yet; of a listener: connections waiting, and how many may",
    ),
];

fn lesson(out: &mut Vec<Line>, total: usize) {
    out.push(Line::of(" IN A LESSON", Tone::Heading));
    for binding in LESSON {
        labelled(
            out,
            &names(binding.keys),
            Tone::Accent,
            binding.words,
            total,
        );
    }
}

fn keys(out: &mut Vec<Line>, total: usize) {
    for binding in BINDINGS {
        labelled(
            out,
            &names(binding.keys),
            Tone::Accent,
            binding.words,
            total,
        );
    }
}

fn typing(out: &mut Vec<Line>, total: usize) {
    for hint in TYPING {
        labelled(out, &names(hint.keys), Tone::Accent, hint.words, total);
    }
}

fn names(keys: &[Key]) -> String {
    let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
    names.join(" ")
}

fn signs(out: &mut Vec<Line>, total: usize) {
    for (sign, tone, meaning) in [
        ("+", Tone::Opened, "new in the last seconds"),
        ("−", Tone::Closed, "gone; the row stays a few seconds"),
        (
            "~",
            Tone::Changed,
            "its state changed; on a folded group: something in it (± when sockets came and went)",
        ),
        ("←", Tone::Plain, "accepted here from that endpoint"),
        (":5000 →", Tone::Plain, "dialled from that local port"),
        (
            "⇄",
            Tone::Plain,
            "the process at the other end, on this machine",
        ),
        (
            "(was x)",
            Tone::Inference,
            "no process has it any more; x had it last",
        ),
        (
            "4711/tcp?",
            Tone::Inference,
            "only guessed to be the shared port of its sockets",
        ),
        (
            "hidden",
            Tone::Ignorance,
            "a process of another user (named behind it) has it; root sees which",
        ),
        (
            "≥2m",
            Tone::Dim,
            "seen for that long; it was there before the first look",
        ),
        ("—", Tone::Dim, "not counted by the kernel, or not yet"),
        (
            "!",
            Tone::Warning,
            "something is stuck or odd at this port: f tells what",
        ),
    ] {
        labelled(out, sign, tone, meaning, total);
    }
}

fn states(out: &mut Vec<Line>, total: usize) {
    let mut line = Line::of(" ", Tone::Plain);
    for (state, code) in CODES {
        let text = format!(" {code} ");
        if line.width() + width(&text) + width(state.name()) + 2 > total {
            out.push(std::mem::replace(&mut line, Line::of(" ", Tone::Plain)));
        }
        line.push(text, tone(Some(state)));
        line.push(format!("{}  ", state.name()), Tone::Plain);
    }
    out.push(line);
}

fn labelled(out: &mut Vec<Line>, label: &str, tone: Tone, words: &str, total: usize) {
    const LABEL: usize = 16;
    for (index, text) in wrap(words, total.saturating_sub(LABEL + 4))
        .into_iter()
        .enumerate()
    {
        let label = if index == 0 { label } else { "" };
        let mut line = Line::of("  ", Tone::Plain);
        line.push(left(label, LABEL), tone);
        line.push(format!(" {text}"), Tone::Plain);
        out.push(line);
    }
}
