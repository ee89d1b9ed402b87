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
mod l02_one_port;
pub mod lesson;
mod matching;
pub mod pattern;
pub mod place;
pub mod question;
mod refusal;
mod say;
mod scene;

pub use call::{Actor, Call};
pub use cast::Cast;
pub use deed::{Deed, Happened, Outcome};
pub use lesson::{Ability, Claim, Fact, Lesson, LookAt, Shown, Step};
pub use matching::{Difference, differences};
pub use pattern::{Amount, Pattern, Whose};
pub use place::{Name, Place};
pub use question::{Choice, Form, Given, Judgement, Question, Truth};
pub use refusal::Refusal;
pub use say::{say_pattern, say_row};
pub use scene::{Measure, Piece, Scene, pieces};

/// The lessons, in their order.
pub const LESSONS: &[Lesson] = &[l02_one_port::LESSON];

/// The lesson of this number.
pub fn lesson(number: u8) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.number == number)
}
