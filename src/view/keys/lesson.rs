//! What keys do in a lesson, before they do what they always do.
//!
//! In: nothing. Out: [`LESSON`], which the lessons, the help and a test of the README read.

use super::Key;

/// What a learner can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LessonAction {
    /// Answer, have the calls made, read on.
    GoOn,
    /// Ask for a hint, and for another.
    Hint,
    /// Open or leave the page that tells why.
    Why,
    /// Begin the lesson again.
    Again,
    /// Leave what is open: the page, the look, the lesson, the list.
    Leave,
}

/// Keys that do one thing in a lesson, and the words for it.
#[derive(Clone, Copy, Debug)]
pub struct LessonBinding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub action: LessonAction,
    /// In the help, one phrase.
    pub words: &'static str,
}

const fn bind(keys: &'static [Key], action: LessonAction, words: &'static str) -> LessonBinding {
    LessonBinding {
        keys,
        action,
        words,
    }
}

/// The keys of a lesson. Digits answer a question while one is asked.
pub const LESSON: &[LessonBinding] = &[
    bind(
        &[Key::Enter],
        LessonAction::GoOn,
        "begin, answer, make the calls, go on",
    ),
    bind(
        &[Key::Char('i')],
        LessonAction::Hint,
        "a hint; again for another, three at most",
    ),
    bind(
        &[Key::Char('w')],
        LessonAction::Why,
        "why it is so, and where it is written; again to go back",
    ),
    bind(
        &[Key::Char('a')],
        LessonAction::Again,
        "the lesson again from its beginning, with new sockets",
    ),
    bind(
        &[Key::Escape],
        LessonAction::Leave,
        "leave the page, then the lesson, then the lessons",
    ),
];

/// What a key does in a lesson.
pub fn lesson_action_of(key: Key) -> Option<LessonAction> {
    LESSON
        .iter()
        .find(|b| b.keys.contains(&key))
        .map(|b| b.action)
}
