//! Questions of the quizzes between lessons: fixed questions, and questions about the live table.

mod lessons_10_to_14;
mod lessons_1_to_4;
mod lessons_5_to_9;
pub(crate) mod pool;
pub(crate) mod table_questions;
