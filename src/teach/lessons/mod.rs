//! The fourteen lessons, as data: what is done, what must be seen, what is asked and what is said.
//!
//! In: nothing; and, to judge and to compare, a [`Scene`] made of a moment. Out: [`LESSONS`], and
//! the words for how an answer or a table agrees with them. Nothing here opens a socket: a lab does
//! what the [`Deed`]s say and tells the [`Cast`] which numbers the names came to stand for.
//!
//! A lesson is a list of [`Step`]s. Each asks for a prediction, does its deeds, and says which rows
//! there must be then: those and no others ([`differences`]). What the learner reads is written by
//! [`Deed::text`] from what the lab carries out.

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

pub use call::{Actor, Call};
pub use cast::Cast;
pub use deed::{Deed, Happened, Outcome};
pub use lesson::{Ability, Claim, Fact, Lesson, LookAt, Shown, Step};
pub use matching::{Difference, When, differences, troubles};
pub use pattern::{Amount, Pattern, Stay, Whose};
pub use place::{Name, Number, Place};
pub use question::{Choice, Form, Given, Judgement, Question, Truth};
pub use refusal::Refusal;
pub use say::{say_pattern, say_row};
pub use scene::{Measure, Piece, Scene, pieces};

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
pub fn lesson(number: u8) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.number == number)
}
