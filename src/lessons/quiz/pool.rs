//! Selects the fixed quiz questions that follow a lesson.

use super::{lessons_1_to_4, lessons_5_to_9, lessons_10_to_14};
use crate::lessons::question::LessonQuestion;

/// Returns the questions of the quiz after lesson `after`; empty if that lesson has no quiz.
pub(crate) fn questions_after_lesson(after: u8) -> &'static [LessonQuestion] {
    match after {
        4 => lessons_1_to_4::QUESTIONS,
        9 => lessons_5_to_9::QUESTIONS,
        14 => lessons_10_to_14::QUESTIONS,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::question::AnswerFormat;
    use crate::lessons::question::Correctness;

    #[test]
    fn every_question_has_one_correct_answer_and_every_quiz_has_five_questions() {
        for after in [4, 9, 14] {
            assert!(questions_after_lesson(after).len() >= 5, "{after}");
            for question in questions_after_lesson(after) {
                let AnswerFormat::Choices(choices) = question.answer_format else {
                    panic!("{}", question.text);
                };
                let correct = choices
                    .iter()
                    .filter(|c| c.correctness == Correctness::Correct)
                    .count();
                assert_eq!(correct, 1, "{}", question.text);
                assert!(choices.iter().all(|c| !c.proof.is_empty()));
            }
        }
        assert!(questions_after_lesson(5).is_empty());
    }
}
