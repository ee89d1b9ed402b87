//! Lessons: the system calls to run, the rows expected afterwards, the questions, and grading.
//!
//! A [`Lesson`] is data: a list of [`LessonStep`]s. Each step asks for a prediction, runs its
//! [`LabAction`]s, and lists the expected rows: these and no others ([`row_mismatches`]).
//! Only [`lab`] opens sockets.

pub mod action;
pub mod call;
mod call_error;
pub mod catalog;
pub(crate) mod entries;
pub(crate) mod grading;
#[cfg(target_os = "linux")]
pub mod lab;
pub mod lab_endpoint;
pub mod lab_messages;
mod lab_names;
mod lab_view;
mod matching;
pub mod progress;
pub mod question;
pub mod quiz;
pub mod row_pattern;
mod row_text;
pub mod spec;
#[cfg(test)]
mod tests;

pub use crate::lessons::catalog::{LESSONS, lesson_by_number};

pub use crate::lessons::action::{ActualResult, ExpectedResult, LabAction};
pub use crate::lessons::call::{Call, LabRole};
pub use crate::lessons::call_error::CallError;
pub use crate::lessons::lab_endpoint::{LabEndpoint, LabName, LabPort};
pub use crate::lessons::lab_names::LabNames;
pub use crate::lessons::lab_view::{LabMetric, LabView, TextSegment, text_segments};
pub use crate::lessons::matching::{CheckTime, Mismatch, row_mismatches, step_mismatches};
pub use crate::lessons::question::{
    AnswerChoice, AnswerFormat, Correctness, GradedAnswer, LearnerAnswer, LessonQuestion,
};

pub use crate::lessons::row_pattern::{ExpectedOwner, ExpectedQueue, RowLifetime, RowPattern};
pub use crate::lessons::row_text::{lab_row_text, row_pattern_text};
pub use crate::lessons::spec::{
    Capability, ExpectedCount, Fact, Highlight, Lesson, LessonStep, StepCondition,
};
