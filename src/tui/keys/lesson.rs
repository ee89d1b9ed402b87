//! Keys with a meaning of their own in a lesson; they precede
//! [`KEY_BINDINGS`](super::KEY_BINDINGS).
//!
//! In: nothing. Out: [`LESSON_KEY_BINDINGS`], read by the lessons, the help and a test of the
//! README.

use super::key::Key;

/// An action that a key starts in a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LessonKeyAction {
    /// Submits the answer, runs the calls, or goes to the next page.
    Continue,
    /// Shows the next hint.
    Hint,
    /// Opens or closes the page with the background and its sources.
    ShowBackground,
    Restart,
    /// Closes what is open: the background, the pane mode, the lesson.
    Leave,
}

/// Keys with one action in a lesson, and its help text.
#[derive(Clone, Copy, Debug)]
pub struct LessonKeyBinding {
    pub keys: &'static [Key],
    pub action: LessonKeyAction,
    /// One phrase, for the help.
    pub help_text: &'static str,
}

const fn lesson_key_binding(
    keys: &'static [Key],
    action: LessonKeyAction,
    help_text: &'static str,
) -> LessonKeyBinding {
    LessonKeyBinding {
        keys,
        action,
        help_text,
    }
}

/// The keys of a lesson. Digits answer the question that is shown.
pub const LESSON_KEY_BINDINGS: &[LessonKeyBinding] = &[
    lesson_key_binding(
        &[Key::Enter],
        LessonKeyAction::Continue,
        "begin, answer, make the calls, continue",
    ),
    lesson_key_binding(
        &[Key::Char('i')],
        LessonKeyAction::Hint,
        "show a hint; again: another, at most three",
    ),
    lesson_key_binding(
        &[Key::Char('w')],
        LessonKeyAction::ShowBackground,
        "why it is so, with sources; again to go back",
    ),
    lesson_key_binding(
        &[Key::Char('a')],
        LessonKeyAction::Restart,
        "restart the lesson, with new sockets",
    ),
    lesson_key_binding(
        &[Key::Escape],
        LessonKeyAction::Leave,
        "close the page, then the lesson, then the lessons",
    ),
];

/// Returns the action of a key in a lesson.
pub fn lesson_action_for_key(key: Key) -> Option<LessonKeyAction> {
    LESSON_KEY_BINDINGS
        .iter()
        .find(|b| b.keys.contains(&key))
        .map(|b| b.action)
}
