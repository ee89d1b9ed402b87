//! What keys do while something is typed or chosen. The line editor's own keys are those of
//! readline.
//!
//! In: nothing. Out: [`TYPING_KEY_BINDINGS`], which the help and a test of the README read.

use super::key::Key;

/// Keys and the words for them.
#[derive(Clone, Copy, Debug)]
pub struct TypingKeyBinding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub help_text: &'static str,
}

const fn typing_key_binding(keys: &'static [Key], help_text: &'static str) -> TypingKeyBinding {
    TypingKeyBinding { keys, help_text }
}

/// The keys of the filter line, and of the lists.
pub const TYPING_KEY_BINDINGS: &[TypingKeyBinding] = &[
    typing_key_binding(
        &[Key::Tab],
        "complete: fields, words and what is there now; again for the next, Shift-Tab for the one before",
    ),
    typing_key_binding(
        &[Key::Up, Key::Down],
        "earlier filters that begin as typed, and back; in a list, up and down",
    ),
    typing_key_binding(
        &[Key::Ctrl('n'), Key::Ctrl('p')],
        "the row below, above; PgDn and PgUp a screen",
    ),
    typing_key_binding(
        &[Key::Enter],
        "take what is chosen; without a list, keep the filter",
    ),
    typing_key_binding(
        &[Key::Escape],
        "close the list, and take back what it put in; then clear the filter",
    ),
    typing_key_binding(
        &[Key::Ctrl('u'), Key::Ctrl('w')],
        "empty the line, delete a word",
    ),
    typing_key_binding(
        &[Key::Char('='), Key::Char('!')],
        "in the list of what a row is: show only these, leave them out",
    ),
    typing_key_binding(
        &[Key::Char('1'), Key::Char('9')],
        "in that list: these digits and those between take it at once",
    ),
];
