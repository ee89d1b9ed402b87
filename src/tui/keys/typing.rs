//! Keys while typing a filter or choosing from a list. The line editor's own keys are those of
//! readline.
//!
//! In: nothing. Out: [`TYPING_KEY_BINDINGS`], read by the help and a test of the README.

use super::key::Key;

/// Keys and their help text.
#[derive(Clone, Copy, Debug)]
pub struct TypingKeyBinding {
    pub keys: &'static [Key],
    pub help_text: &'static str,
}

const fn typing_key_binding(keys: &'static [Key], help_text: &'static str) -> TypingKeyBinding {
    TypingKeyBinding { keys, help_text }
}

/// The keys of the filter line and of the menus.
pub const TYPING_KEY_BINDINGS: &[TypingKeyBinding] = &[
    typing_key_binding(
        &[Key::Tab],
        "complete fields, keywords and current values; again: next, Shift-Tab: previous",
    ),
    typing_key_binding(
        &[Key::Up, Key::Down],
        "earlier filters that start with the typed text; in a list: up and down",
    ),
    typing_key_binding(
        &[Key::Ctrl('n'), Key::Ctrl('p')],
        "next row, previous row; PgDn and PgUp: a screen",
    ),
    typing_key_binding(
        &[Key::Enter],
        "accept the selected item; without a list: keep the filter",
    ),
    typing_key_binding(
        &[Key::Escape],
        "close the list and undo its completion; then clear the filter",
    ),
    typing_key_binding(
        &[Key::Ctrl('u'), Key::Ctrl('w')],
        "clear the line, delete a word",
    ),
    typing_key_binding(
        &[Key::Char('='), Key::Char('!')],
        "in the menu of a row: show only this, exclude this",
    ),
    typing_key_binding(
        &[Key::Char('1'), Key::Char('9')],
        "in that menu: 1 to 9 choose an item at once",
    ),
];
