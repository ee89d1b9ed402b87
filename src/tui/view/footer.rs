//! The last line: the keys that matter now.

use super::screen::{StyledLine, Tone};
use crate::text::width::width;
use crate::tui::keys::action::KeyAction;
use crate::tui::keys::bindings::KEY_BINDINGS;
use crate::tui::state::view_state::{DetailsLevel, Mode, TimeMode, ViewState};
use crate::tui::view::lessons::footer_keys;

/// As many keys as fit, the most useful first.
pub(crate) fn draw_footer(state: &ViewState, total: usize) -> StyledLine {
    match state.mode {
        Mode::Filter if state.menu.is_some() => key_line(
            &[
                ("Tab", "next"),
                ("Shift-Tab", "before"),
                ("Enter", "take"),
                ("Esc", "as it was typed"),
            ],
            total,
        ),
        Mode::Filter => key_line(
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
        Mode::FilterMenu(_) => key_line(
            &[
                ("Enter", "take"),
                ("↑↓", "choose"),
                ("=", "only these"),
                ("!", "without these"),
                ("Esc", "back"),
            ],
            total,
        ),
        Mode::RecordMenu => key_line(
            &[("Enter", "record this"), ("↑↓", "choose"), ("Esc", "back")],
            total,
        ),
        Mode::Palette => key_line(
            &[("Enter", "do it"), ("↑↓", "choose"), ("Esc", "back")],
            total,
        ),
        Mode::Explain => {
            let perspective_keys = state
                .explain
                .as_ref()
                .is_some_and(|p| p.subject.has_perspectives());
            let perspective_keys: &[(&str, &str)] = match perspective_keys {
                true => &[("1-4", "looks"), ("e", "plain words"), ("Tab", "next look")],
                false => &[],
            };
            let page_keys = [("Esc", "back"), ("↑↓", "scroll")];
            key_line(
                &[&page_keys, perspective_keys, &[("q", "quit")]].concat(),
                total,
            )
        }
        Mode::Findings(_) => key_line(
            &[
                ("Enter", "go there"),
                ("↑↓", "choose"),
                ("Esc", "back"),
                ("q", "quit"),
            ],
            total,
        ),
        Mode::Help { .. } => key_line(&[("Esc", "back"), ("↑↓", "scroll"), ("q", "quit")], total),
        Mode::Browse if state.lessons.is_some() => {
            let pairs = state.lessons.as_ref().map(footer_keys::footer_keys);
            key_line(&pairs.unwrap_or_default(), total)
        }
        Mode::Browse if state.details == DetailsLevel::Full => key_line(
            &[
                ("Esc", "back"),
                ("Enter", "back to the chart"),
                ("↑↓", "scroll"),
                ("q", "quit"),
            ],
            total,
        ),
        Mode::Browse if state.time_mode != TimeMode::Live => time_travel_keys(state, total),
        Mode::Browse => browse_keys(state, total),
    }
}

/// In the past the keys of time come first.
fn time_travel_keys(state: &ViewState, total: usize) -> StyledLine {
    const TIME: [(&str, &str); 4] = [
        ("p", "go on"),
        ("[ ]", "a sample"),
        ("{ }", "a minute"),
        ("Home End", "oldest, newest"),
    ];
    let mut line = key_line(&TIME, total);
    let rest = browse_keys(state, total.saturating_sub(line.width()));
    // What goes on is said already.
    let mut spans = rest.spans.into_iter();
    while let (Some(key), Some(word)) = (spans.next(), spans.next()) {
        if key.text != " p" {
            line.spans.extend([key, word]);
        }
    }
    line
}

fn browse_keys(state: &ViewState, total: usize) -> StyledLine {
    let mut bindings: Vec<_> = KEY_BINDINGS
        .iter()
        .filter_map(|binding| Some((binding.footer_position?, binding)))
        .collect();
    bindings.sort_by_key(|(place, _)| *place);
    let names: Vec<(String, &str)> = bindings
        .iter()
        .filter_map(|(_, binding)| {
            let short = match (binding.action, state.time_mode) {
                (KeyAction::Pause, TimeMode::Paused { .. } | TimeMode::Past(_)) => "go on",
                _ => binding.footer_label,
            };
            Some((binding.keys.first()?.to_string(), short))
        })
        .collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|(k, s)| (k.as_str(), *s)).collect();
    key_line(&pairs, total)
}

fn key_line(pairs: &[(&str, &str)], total: usize) -> StyledLine {
    let mut line = StyledLine::default();
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
