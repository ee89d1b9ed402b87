//! The last line: the keys that matter now.

use crate::view::cells::width;
use crate::view::course;
use crate::view::keys::{Action, BINDINGS};
use crate::view::screen::{Line, Tone};
use crate::view::state::{Details, Feed, Mode, ViewState};

/// As many keys as fit, the most useful first.
pub(super) fn footer(state: &ViewState, total: usize) -> Line {
    match state.mode {
        Mode::Filter if state.menu.is_some() => keys(
            &[
                ("Tab", "next"),
                ("Shift-Tab", "before"),
                ("Enter", "take"),
                ("Esc", "as it was typed"),
            ],
            total,
        ),
        Mode::Filter => keys(
            &[
                ("Enter", "keep"),
                ("Esc", "clear"),
                ("Tab", "complete"),
                ("↑↓", "earlier filters"),
                ("Ctrl-n", "row below"),
                ("Ctrl-u", "empty the line"),
            ],
            total,
        ),
        Mode::Pick(_) => keys(
            &[
                ("Enter", "take"),
                ("↑↓", "choose"),
                ("=", "only these"),
                ("!", "without these"),
                ("Esc", "back"),
            ],
            total,
        ),
        Mode::Record => keys(
            &[("Enter", "record this"), ("↑↓", "choose"), ("Esc", "back")],
            total,
        ),
        Mode::Palette => keys(
            &[("Enter", "do it"), ("↑↓", "choose"), ("Esc", "back")],
            total,
        ),
        Mode::Explain => {
            let looks = state
                .explain
                .as_ref()
                .is_some_and(|p| p.subject.has_looks());
            let looks: &[(&str, &str)] = match looks {
                true => &[("1-4", "looks"), ("e", "plain words"), ("Tab", "next look")],
                false => &[],
            };
            let others = [("Esc", "back"), ("↑↓", "scroll")];
            keys(&[&others, looks, &[("q", "quit")]].concat(), total)
        }
        Mode::Findings(_) => keys(
            &[
                ("Enter", "go there"),
                ("↑↓", "choose"),
                ("Esc", "back"),
                ("q", "quit"),
            ],
            total,
        ),
        Mode::Help { .. } => keys(&[("Esc", "back"), ("↑↓", "scroll"), ("q", "quit")], total),
        Mode::Browse if state.course.is_some() => {
            let pairs = state.course.as_ref().map(course::said_of_keys);
            keys(&pairs.unwrap_or_default(), total)
        }
        Mode::Browse if state.details == Details::Full => keys(
            &[
                ("Esc", "back"),
                ("Enter", "back to the chart"),
                ("↑↓", "scroll"),
                ("q", "quit"),
            ],
            total,
        ),
        Mode::Browse if state.feed != Feed::Live => travelling(state, total),
        Mode::Browse => browse(state, total),
    }
}

/// In the past the keys of time come first.
fn travelling(state: &ViewState, total: usize) -> Line {
    const TIME: [(&str, &str); 4] = [
        ("p", "go on"),
        ("[ ]", "a sample"),
        ("{ }", "a minute"),
        ("Home End", "oldest, newest"),
    ];
    let mut line = keys(&TIME, total);
    let rest = browse(state, total.saturating_sub(line.width()));
    // What goes on is said already.
    let mut spans = rest.spans.into_iter();
    while let (Some(key), Some(word)) = (spans.next(), spans.next()) {
        if key.text != " p" {
            line.spans.extend([key, word]);
        }
    }
    line
}

fn browse(state: &ViewState, total: usize) -> Line {
    let mut bindings: Vec<_> = BINDINGS
        .iter()
        .filter_map(|b| Some((b.footer?, b)))
        .collect();
    bindings.sort_by_key(|(place, _)| *place);
    let names: Vec<(String, &str)> = bindings
        .iter()
        .filter_map(|(_, b)| {
            let short = match (b.action, state.feed) {
                (Action::Pause, Feed::Paused { .. } | Feed::Past(_)) => "go on",
                _ => b.short,
            };
            Some((b.keys.first()?.to_string(), short))
        })
        .collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|(k, s)| (k.as_str(), *s)).collect();
    keys(&pairs, total)
}

fn keys(pairs: &[(&str, &str)], total: usize) -> Line {
    let mut line = Line::default();
    for (key, word) in pairs {
        let needed = width(key) + width(word) + 3;
        if line.width() + needed > total {
            break;
        }
        line.push(format!(" {key}"), Tone::Accent);
        line.push(format!(" {word} "), Tone::Dim);
    }
    line
}
