//! The fourteen lessons, as data: what is done, what must be seen, what is asked and what is said.
//!
//! In: nothing; and, to judge and to compare, a [`Scene`] made of a moment. Out: [`LESSONS`], and
//! the words for how an answer or a table agrees with them. Nothing here opens a socket: a lab does
//! what the [`LabAction`]s say and tells the [`LabNames`] which numbers the names came to stand for.
//!
//! A lesson is a list of [`Step`]s. Each asks for a prediction, does its deeds, and says which rows
//! there must be then: those and no others ([`differences`]). What the learner reads is written by
//! [`LabAction::text`] from what the lab carries out.

pub mod call;
mod cast;
pub mod deed;
mod l01_no_port;
mod l02_one_port;
mod l03_four_numbers;
mod l04_ranges;
mod l05_which_address;
mod l06_two_protocols;
mod l07_two_families;
mod l08_kernel_answers;
mod l09_queues;
mod l10_goodbye;
mod l11_time_wait;
mod l12_rare_states;
mod l13_sharing;
mod l14_belief;
pub mod lesson;
mod matching;
pub mod pattern;
pub mod place;
pub mod question;
mod refusal;
mod say;
mod scene;
#[cfg(test)]
mod tests;

pub use call::{Call, LabRole};
pub use cast::LabNames;
pub use deed::{ActualResult, ExpectedResult, LabAction};
pub use lesson::{Capability, ExpectedCount, Fact, Highlight, Lesson, LessonStep, StepCondition};
pub use matching::{CheckTime, Mismatch, row_mismatches, step_mismatches};
pub use pattern::{ExpectedOwner, ExpectedQueue, RowLifetime, RowPattern};
pub use place::{LabEndpoint, LabName, LabPort};
pub use question::{
    AnswerChoice, AnswerFormat, Correctness, GradedAnswer, LearnerAnswer, LessonQuestion,
};
pub use refusal::CallError;
pub use say::{lab_row_text, row_pattern_text};
pub use scene::{LabMetric, LabView, TextSegment, text_segments};

/// The lessons, in their order.
pub const LESSONS: &[Lesson] = &[
    l01_no_port::LESSON,
    l02_one_port::LESSON,
    l03_four_numbers::LESSON,
    l04_ranges::LESSON,
    l05_which_address::LESSON,
    l06_two_protocols::LESSON,
    l07_two_families::LESSON,
    l08_kernel_answers::LESSON,
    l09_queues::LESSON,
    l10_goodbye::LESSON,
    l11_time_wait::LESSON,
    l12_rare_states::LESSON,
    l13_sharing::LESSON,
    l14_belief::LESSON,
];

/// The lesson of this number.
pub fn lesson_by_number(number: u8) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.number == number)
}
