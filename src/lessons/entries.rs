//! The list that a learner chooses from: lessons with the quizzes between them.

use super::catalog::LESSONS;
use super::spec::Lesson;

/// An entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LessonEntry {
    /// A lesson.
    Lesson(&'static Lesson),
    /// The quiz after the lesson of this number.
    Quiz(u8),
}
/// After these lessons there is a quiz.
pub(crate) const QUIZ_AFTER_LESSONS: [u8; 3] = [4, 9, 14];
/// The entries of the list: the lessons, with the quizzes between them.
pub(crate) fn lesson_entries() -> impl Iterator<Item = LessonEntry> {
    LESSONS.iter().flat_map(|lesson| {
        let has_quiz = QUIZ_AFTER_LESSONS.contains(&lesson.number);
        let has_quiz = has_quiz.then_some(LessonEntry::Quiz(lesson.number));
        [Some(LessonEntry::Lesson(lesson)), has_quiz]
            .into_iter()
            .flatten()
    })
}
