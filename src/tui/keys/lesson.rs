//! What keys do in a lesson, before they do what they always do.
//!
//! In: nothing. Out: [`LESSON_KEY_BINDINGS`], which the lessons, the help and a test of the README read.

use super::key::Key;

/// What a learner can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LessonKeyAction {
    /// Answer, have the calls made, read on.
    Continue,
    /// Ask for a hint, and for another.
    Hint,
    /// Open or leave the page that tells why.
    ShowBackground,
    /// Begin the lesson again.
    Restart,
    /// Leave what is open: the page, the look, the lesson, the list.
    Leave,
}

/// Keys that do one thing in a lesson, and the words for it.
#[derive(Clone, Copy, Debug)]
pub struct LessonKeyBinding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub action: LessonKeyAction,
    /// In the help, one phrase.
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

/// The keys of a lesson. Digits answer a question while one is asked.
pub const LESSON_KEY_BINDINGS: &[LessonKeyBinding] = &[
    lesson_key_binding(
        &[Key::Enter],
        LessonKeyAction::Continue,
        "begin, answer, make the calls, go on",
    ),
    lesson_key_binding(
        &[Key::Char('i')],
        LessonKeyAction::Hint,
        "a hint; again for another, three at most",
    ),
    lesson_key_binding(
        &[Key::Char('w')],
        LessonKeyAction::ShowBackground,
        "why it is so, and where it is written; again to go back",
    ),
    lesson_key_binding(
        &[Key::Char('a')],
        LessonKeyAction::Restart,
        "the lesson again from its beginning, with new sockets",
    ),
    lesson_key_binding(
        &[Key::Escape],
        LessonKeyAction::Leave,
        "leave the page, then the lesson, then the lessons",
    ),
];

/// What a key does in a lesson.
pub fn lesson_action_for_key(key: Key) -> Option<LessonKeyAction> {
    LESSON_KEY_BINDINGS
        .iter()
        .find(|b| b.keys.contains(&key))
        .map(|b| b.action)
}
