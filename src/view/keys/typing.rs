//! What keys do while something is typed or chosen. The line editor's own keys are those of
//! readline.
//!
//! In: nothing. Out: [`TYPING`], which the help and a test of the README read.

use super::Key;

/// Keys and the words for them.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub words: &'static str,
}

const fn hint(keys: &'static [Key], words: &'static str) -> Hint {
    Hint { keys, words }
}

/// The keys of the filter line, and of the lists.
pub const TYPING: &[Hint] = &[
    hint(
        &[Key::Tab],
        "complete: fields, words and what is there now; again for the next, Shift-Tab for the one before",
    ),
    hint(
        &[Key::Up, Key::Down],
        "earlier filters that begin as typed, and back; in a list, up and down",
    ),
    hint(
        &[Key::Ctrl('n'), Key::Ctrl('p')],
        "the row below, above; PgDn and PgUp a screen",
    ),
    hint(
        &[Key::Enter],
        "take what is chosen; without a list, keep the filter",
    ),
    hint(
        &[Key::Escape],
        "close the list, and take back what it put in; then clear the filter",
    ),
    hint(
        &[Key::Ctrl('u'), Key::Ctrl('w')],
        "empty the line, delete a word",
    ),
    hint(
        &[Key::Char('='), Key::Char('!')],
        "in the list of what a row is: show only these, leave them out",
    ),
    hint(
        &[Key::Char('1'), Key::Char('9')],
        "in that list: these digits and those between take it at once",
    ),
];
