//! The entries of the lesson list: lessons, with the quizzes between them.

use super::catalog::LESSONS;
use super::spec::Lesson;

/// An entry of the lesson list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LessonEntry {
    Lesson(&'static Lesson),
    /// The quiz after the lesson with this number.
    Quiz(u8),
}

/// The numbers of the lessons that a quiz follows.
pub(crate) const QUIZ_AFTER_LESSONS: [u8; 3] = [4, 9, 14];

/// Returns the entries in list order.
pub(crate) fn lesson_entries() -> impl Iterator<Item = LessonEntry> {
    LESSONS.iter().flat_map(|lesson| {
        let has_quiz = QUIZ_AFTER_LESSONS.contains(&lesson.number);
        let has_quiz = has_quiz.then_some(LessonEntry::Quiz(lesson.number));
        [Some(LessonEntry::Lesson(lesson)), has_quiz]
            .into_iter()
            .flatten()
    })
}
