//! The help: keys, signs, terms and limitations, from the same tables that the program uses.

use super::cells::align_left;
use super::groups::{STATE_CODES, tcp_state_tone};
use super::layout::ScreenLayout;
use super::screen::{StyledLine, Tone};
use crate::explain::hidden_owners;
use crate::text::width::width;
use crate::text::wrap::wrap;
use crate::tui::keys::bindings::KEY_BINDINGS;
use crate::tui::keys::key::Key;
use crate::tui::keys::lesson::LESSON_KEY_BINDINGS;
use crate::tui::keys::typing::TYPING_KEY_BINDINGS;
use crate::tui::state::view_state::{SourceInfo, ViewState};

/// Draws `height` lines of help, from line `scroll` on.
pub(crate) fn draw_help(
    state: &ViewState,
    total: usize,
    height: usize,
    scroll: usize,
) -> Vec<StyledLine> {
    let all = help_lines(state, total);
    let scroll = scroll.min(all.len().saturating_sub(height));
    let mut out: Vec<StyledLine> = all.into_iter().skip(scroll).take(height).collect();
    out.resize(height, StyledLine::default());
    out
}

/// Returns the largest scroll position of the help, in lines.
pub fn help_max_scroll(state: &ViewState) -> usize {
    let lines = help_lines(state, usize::from(state.size.0)).len();
    lines.saturating_sub(ScreenLayout::new(state).body_rows())
}

fn help_lines(state: &ViewState, total: usize) -> Vec<StyledLine> {
    let mut out = Vec::new();
    // The keys of what is open come first.
    let learning = state.lessons.is_some();
    if learning {
        push_lesson_keys(&mut out, total);
        out.push(StyledLine::default());
    }
    out.push(StyledLine::new(" KEYS", Tone::Heading));
    push_keys(&mut out, total);
    push_labelled(
        &mut out,
        "mouse",
        Tone::Accent,
        "click selects, a second click opens, a click on a column head sorts, the wheel scrolls; hold Shift to select text",
        total,
    );
    out.push(StyledLine::default());
    out.push(StyledLine::new(" WHILE TYPING A FILTER", Tone::Heading));
    push_typing_keys(&mut out, total);
    if !learning {
        out.push(StyledLine::default());
        push_lesson_keys(&mut out, total);
    }
    out.push(StyledLine::default());
    out.push(StyledLine::new(" SIGNS", Tone::Heading));
    push_signs(&mut out, total);
    out.push(StyledLine::default());
    out.push(StyledLine::new(" TCP STATES", Tone::Heading));
    push_state_codes(&mut out, total);
    out.push(StyledLine::default());
    out.push(StyledLine::new(" WORDS", Tone::Heading));
    for (word, meaning) in GLOSSARY {
        push_labelled(&mut out, word, Tone::Accent, meaning, total);
    }
    out.push(StyledLine::default());
    out.push(StyledLine::new(" DATA SOURCE", Tone::Heading));
    if let Some(SourceInfo { kind, reason }) = &state.source {
        push_labelled(
            &mut out,
            kind.name(),
            Tone::Accent,
            &format!("the source in use: {reason}"),
            total,
        );
    }
    for notice in &state.notices {
        push_labelled(&mut out, "!", Tone::Warning, &notice.text, total);
    }
    let owners = format!(
        "the owners of other users' sockets: {}",
        hidden_owners::privilege_hint()
    );
    push_labelled(&mut out, "to see more", Tone::Accent, &owners, total);
    out
}

const GLOSSARY: [(&str, &str); 8] = [
    (
        "SERVICE",
        "the name registered for the port number; no proof of what really runs there",
    ),
    ("port", "a number, per protocol"),
    ("endpoint", "an address and a port"),
    ("socket", "a kernel object; one row here"),
    (
        "connection",
        "a pair of endpoints: two sockets when both ends are on this machine",
    ),
    (
        "shared port",
        "of a socket's two ports, the one that many sockets share: the listener's",
    ),
    (
        "queue, limit",
        "a listener's accept queue: connections not accepted yet, and the limit (backlog)",
    ),
    (
        "RECV/SEND, R/S",
        "bytes not read yet, bytes not acknowledged yet; of a listener: its accept queue and its limit",
    ),
];

fn push_lesson_keys(out: &mut Vec<StyledLine>, total: usize) {
    out.push(StyledLine::new(" IN A LESSON", Tone::Heading));
    for binding in LESSON_KEY_BINDINGS {
        push_labelled(
            out,
            &key_names(binding.keys),
            Tone::Accent,
            binding.help_text,
            total,
        );
    }
}

fn push_keys(out: &mut Vec<StyledLine>, total: usize) {
    for binding in KEY_BINDINGS {
        push_labelled(
            out,
            &key_names(binding.keys),
            Tone::Accent,
            binding.help_text,
            total,
        );
    }
}

fn push_typing_keys(out: &mut Vec<StyledLine>, total: usize) {
    for hint in TYPING_KEY_BINDINGS {
        push_labelled(
            out,
            &key_names(hint.keys),
            Tone::Accent,
            hint.help_text,
            total,
        );
    }
}

fn key_names(keys: &[Key]) -> String {
    let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
    names.join(" ")
}

fn push_signs(out: &mut Vec<StyledLine>, total: usize) {
    for (sign, tone, meaning) in [
        ("+", Tone::Opened, "new in the last seconds"),
        ("−", Tone::Closed, "closed; the row stays a few seconds"),
        (
            "~",
            Tone::Changed,
            "the state changed; on a folded group: a socket in it changed (±: some opened, some closed)",
        ),
        ("←", Tone::Plain, "accepted here from that endpoint"),
        (":5000 →", Tone::Plain, "connected from that local port"),
        ("⇄", Tone::Plain, "the peer process, on this machine"),
        (
            "(was x)",
            Tone::Inference,
            "no process holds it now; x held it last",
        ),
        (
            "4711/tcp?",
            Tone::Inference,
            "a guess: this may not be the shared port of its sockets",
        ),
        (
            "hidden",
            Tone::Unknown,
            "held by a process of another user (named after it); root can see which",
        ),
        (
            "≥2m",
            Tone::Dim,
            "at least that old; it was open before the first sample",
        ),
        ("—", Tone::Dim, "not counted by the kernel, or not yet"),
        ("!", Tone::Warning, "a problem at this port; f lists it"),
    ] {
        push_labelled(out, sign, tone, meaning, total);
    }
}

fn push_state_codes(out: &mut Vec<StyledLine>, total: usize) {
    let mut line = StyledLine::new(" ", Tone::Plain);
    for (state, code) in STATE_CODES {
        let text = format!(" {code} ");
        if line.width() + width(&text) + width(state.name()) + 2 > total {
            out.push(std::mem::replace(
                &mut line,
                StyledLine::new(" ", Tone::Plain),
            ));
        }
        line.push(text, tcp_state_tone(Some(state)));
        line.push(format!("{}  ", state.name()), Tone::Plain);
    }
    out.push(line);
}

fn push_labelled(out: &mut Vec<StyledLine>, label: &str, tone: Tone, words: &str, total: usize) {
    const LABEL: usize = 16;
    for (index, text) in wrap(words, total.saturating_sub(LABEL + 4))
        .into_iter()
        .enumerate()
    {
        let label = if index == 0 { label } else { "" };
        let mut line = StyledLine::new("  ", Tone::Plain);
        line.push(align_left(label, LABEL), tone);
        line.push(format!(" {text}"), Tone::Plain);
        out.push(line);
    }
}
