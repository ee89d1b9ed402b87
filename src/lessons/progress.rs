//! A learner's progress, and the text format of the progress file.
//!
//! One line for each lesson or quiz: `lesson 2 done`, `lesson 3 begun`, `quiz 4 3`. A line that is
//! not understood, perhaps written by a later version, is kept unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Lessons done and started, and quiz scores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LessonProgress {
    /// The numbers of the lessons done.
    pub done: BTreeSet<u8>,
    /// The numbers of the lessons started and not done.
    pub started: BTreeSet<u8>,
    /// The best number of correct answers, by the lesson that the quiz follows.
    pub quizzes: BTreeMap<u8, u8>,
    /// Lines that are not understood, without their newline.
    pub unknown_lines: Vec<Vec<u8>>,
}

/// The most lines kept that are not understood; a file with more is not a progress file.
const MAX_UNKNOWN_LINES: usize = 1000;

impl LessonProgress {
    /// Parses the lines of a progress file. Later lines override earlier ones.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut progress = Self::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            let text = std::str::from_utf8(line).unwrap_or("\u{fffd}").trim();
            if !text.is_empty()
                && progress.parse_line(text).is_none()
                && progress.unknown_lines.len() < MAX_UNKNOWN_LINES
            {
                progress.unknown_lines.push(line.to_vec());
            }
        }
        progress
    }

    fn parse_line(&mut self, text: &str) -> Option<()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["lesson", number, "done"] => self.finish_lesson(parse_lesson_number(number)?),
            ["lesson", number, "begun"] => self.start_lesson(parse_lesson_number(number)?),
            ["quiz", number, right] => {
                let right = right.parse().ok().filter(|right| *right <= 99)?;
                self.record_quiz(parse_lesson_number(number)?, right);
            }
            _ => return None,
        }
        Some(())
    }

    /// Records that a lesson was started.
    pub fn start_lesson(&mut self, number: u8) {
        if !self.done.contains(&number) {
            self.started.insert(number);
        }
    }

    /// Records that a lesson is done.
    pub fn finish_lesson(&mut self, number: u8) {
        self.started.remove(&number);
        self.done.insert(number);
    }

    /// Records the number of correct answers of a quiz, if it is the best so far.
    pub fn record_quiz(&mut self, number: u8, right: u8) {
        let best = self.quizzes.entry(number).or_default();
        *best = right.max(*best);
    }

    /// Adds the progress that another run of the program saved in the meantime.
    pub fn merge(&mut self, other: &Self) {
        other
            .started
            .iter()
            .for_each(|number| self.start_lesson(*number));
        other
            .done
            .iter()
            .for_each(|number| self.finish_lesson(*number));
        for (number, right) in &other.quizzes {
            self.record_quiz(*number, *right);
        }
        for line in &other.unknown_lines {
            if !self.unknown_lines.contains(line) {
                self.unknown_lines.push(line.clone());
            }
        }
    }

    /// Formats the progress file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::new();
        for number in &self.done {
            let _ = writeln!(text, "lesson {number} done");
        }
        for number in &self.started {
            let _ = writeln!(text, "lesson {number} begun");
        }
        for (number, right) in &self.quizzes {
            let _ = writeln!(text, "quiz {number} {right}");
        }
        let mut bytes = text.into_bytes();
        for line in &self.unknown_lines {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        bytes
    }
}

fn parse_lesson_number(number: &str) -> Option<u8> {
    number
        .parse()
        .ok()
        .filter(|number| (1..=99).contains(number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unknown_lines_are_kept() {
        let text = b"lesson 2 done\nlesson 3 begun\nquiz 4 3\nlesson x done\nnew 1\n\xff\x1b[2J\nlesson 0 done\nquiz 4 200\n";
        let progress = LessonProgress::parse(text);
        assert_eq!(progress.done, BTreeSet::from([2]));
        assert_eq!(progress.started, BTreeSet::from([3]));
        assert_eq!(progress.quizzes, BTreeMap::from([(4, 3)]));
        assert_eq!(progress.unknown_lines.len(), 5);
        assert!(
            progress
                .to_bytes()
                .ends_with(b"lesson 0 done\nquiz 4 200\n")
        );
    }

    #[test]
    fn merging_adds_and_never_removes() {
        let mut ours = LessonProgress::parse(b"lesson 1 done\nlesson 2 begun\nquiz 4 4\nours\n");
        ours.merge(&LessonProgress::parse(
            b"lesson 2 done\nlesson 1 begun\nquiz 4 2\nours\ntheirs\n",
        ));
        assert_eq!(
            ours.to_bytes(),
            b"lesson 1 done\nlesson 2 done\nquiz 4 4\nours\ntheirs\n"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_in_the_file_printing_and_reading_changes_nothing(
            bytes in proptest::collection::vec(any::<u8>(), 0..200)
        ) {
            let once = LessonProgress::parse(&bytes);
            prop_assert_eq!(LessonProgress::parse(&once.to_bytes()), once);
        }
    }
}
