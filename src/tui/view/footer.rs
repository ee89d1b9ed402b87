//! The footer: the keys that matter now.

use super::screen::{StyledLine, Tone};
use crate::text::width::width;
use crate::tui::keys::action::KeyAction;
use crate::tui::keys::bindings::KEY_BINDINGS;
use crate::tui::state::view_state::{DetailsLevel, Mode, TimeMode, ViewState};
use crate::tui::view::lessons::footer_keys;

/// Draws as many keys as fit, the most useful first.
pub(crate) fn draw_footer(state: &ViewState, total: usize) -> StyledLine {
    match state.mode {
        Mode::Filter if state.menu.is_some() => key_line(
            &[
                ("Tab", "next"),
                ("Shift-Tab", "previous"),
                ("Enter", "accept"),
                ("Esc", "undo"),
            ],
            total,
        ),
        Mode::Filter => key_line(
            &[
                ("Enter", "keep"),
                ("Esc", "clear"),
                ("Tab", "complete"),
                ("↑↓", "earlier filters"),
                ("Ctrl-n", "next row"),
                ("Ctrl-u", "clear the line"),
            ],
            total,
        ),
        Mode::FilterMenu(_) => key_line(
            &[
                ("Enter", "apply"),
                ("↑↓", "choose"),
                ("=", "show only"),
                ("!", "exclude"),
                ("Esc", "back"),
            ],
            total,
        ),
        Mode::RecordMenu => key_line(
            &[("Enter", "record this"), ("↑↓", "choose"), ("Esc", "back")],
            total,
        ),
        Mode::Palette => key_line(
            &[("Enter", "run"), ("↑↓", "choose"), ("Esc", "back")],
            total,
        ),
        Mode::Explain => {
            let perspective_keys = state
                .explain
                .as_ref()
                .is_some_and(|p| p.subject.has_perspectives());
            let perspective_keys: &[(&str, &str)] = match perspective_keys {
                true => &[
                    ("1-4", "perspectives"),
                    ("e", "plain words"),
                    ("Tab", "next"),
                ],
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
                ("Enter", "back to the table"),
                ("↑↓", "scroll"),
                ("q", "quit"),
            ],
            total,
        ),
        Mode::Browse if state.time_mode != TimeMode::Live => time_travel_keys(state, total),
        Mode::Browse => browse_keys(state, total),
    }
}

/// Draws the footer while paused or in the past: the keys of time travel come first.
fn time_travel_keys(state: &ViewState, total: usize) -> StyledLine {
    const TIME: [(&str, &str); 4] = [
        ("p", "resume"),
        ("[ ]", "a sample"),
        ("{ }", "a minute"),
        ("Home End", "oldest, newest"),
    ];
    let mut line = key_line(&TIME, total);
    let rest = browse_keys(state, total.saturating_sub(line.width()));
    // The key p is there already.
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
    bindings.sort_by_key(|(position, _)| *position);
    let names: Vec<(String, &str)> = bindings
        .iter()
        .filter_map(|(_, binding)| {
            let label = match (binding.action, state.time_mode) {
                (KeyAction::Pause, TimeMode::Paused { .. } | TimeMode::Past(_)) => "resume",
                _ => binding.footer_label,
            };
            Some((binding.keys.first()?.to_string(), label))
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
