//! How far a learner is.
//!
//! In: lines of text, one a lesson or quiz. Out: [`Progress`], and lines again. A line that is not
//! understood, perhaps a later version's, is kept as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What was done, and what was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lessons done, by number.
    pub done: BTreeSet<u8>,
    /// Lessons begun and not done.
    pub begun: BTreeSet<u8>,
    /// Right answers in the quiz after a lesson: the best of all tries.
    pub quizzes: BTreeMap<u8, u8>,
    /// Lines that are not understood.
    pub rest: Vec<Vec<u8>>,
}

/// Lines that are kept without being understood; more is no progress of anybody.
const MOST: usize = 1000;

impl Progress {
    /// Reads the lines. Later lines win over earlier ones.
    pub fn read(bytes: &[u8]) -> Self {
        let mut progress = Self::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            let text = std::str::from_utf8(line).unwrap_or("\u{fffd}").trim();
            if !text.is_empty() && progress.line(text).is_none() && progress.rest.len() < MOST {
                progress.rest.push(line.to_vec());
            }
        }
        progress
    }

    fn line(&mut self, text: &str) -> Option<()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["lesson", number, "done"] => self.finish(lesson(number)?),
            ["lesson", number, "begun"] => self.begin(lesson(number)?),
            ["quiz", number, right] => {
                let right = right.parse().ok().filter(|right| *right <= 99)?;
                self.answered(lesson(number)?, right);
            }
            _ => return None,
        }
        Some(())
    }

    /// The lesson was begun.
    pub fn begin(&mut self, number: u8) {
        if !self.done.contains(&number) {
            self.begun.insert(number);
        }
    }

    /// The lesson is done.
    pub fn finish(&mut self, number: u8) {
        self.begun.remove(&number);
        self.done.insert(number);
    }

    /// So many answers in the quiz were right.
    pub fn answered(&mut self, number: u8, right: u8) {
        let best = self.quizzes.entry(number).or_default();
        *best = right.max(*best);
    }

    /// Adds what another run did meanwhile.
    pub fn join(&mut self, other: &Self) {
        other.begun.iter().for_each(|number| self.begin(*number));
        other.done.iter().for_each(|number| self.finish(*number));
        for (number, right) in &other.quizzes {
            self.answered(*number, *right);
        }
        for line in &other.rest {
            if !self.rest.contains(line) {
                self.rest.push(line.clone());
            }
        }
    }

    /// As lines.
    pub fn print(&self) -> Vec<u8> {
        let mut text = String::new();
        for number in &self.done {
            let _ = writeln!(text, "lesson {number} done");
        }
        for number in &self.begun {
            let _ = writeln!(text, "lesson {number} begun");
        }
        for (number, right) in &self.quizzes {
            let _ = writeln!(text, "quiz {number} {right}");
        }
        let mut bytes = text.into_bytes();
        for line in &self.rest {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        bytes
    }
}

fn lesson(number: &str) -> Option<u8> {
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
    fn what_is_not_understood_is_kept() {
        let text = b"lesson 2 done\nlesson 3 begun\nquiz 4 3\nlesson x done\nnew 1\n\xff\x1b[2J\nlesson 0 done\nquiz 4 200\n";
        let progress = Progress::read(text);
        assert_eq!(progress.done, BTreeSet::from([2]));
        assert_eq!(progress.begun, BTreeSet::from([3]));
        assert_eq!(progress.quizzes, BTreeMap::from([(4, 3)]));
        assert_eq!(progress.rest.len(), 5);
        assert!(progress.print().ends_with(b"lesson 0 done\nquiz 4 200\n"));
    }

    #[test]
    fn what_another_run_did_is_added_and_nothing_is_undone() {
        let mut ours = Progress::read(b"lesson 1 done\nlesson 2 begun\nquiz 4 4\nours\n");
        ours.join(&Progress::read(
            b"lesson 2 done\nlesson 1 begun\nquiz 4 2\nours\ntheirs\n",
        ));
        assert_eq!(
            ours.print(),
            b"lesson 1 done\nlesson 2 done\nquiz 4 4\nours\ntheirs\n"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_in_the_file_printing_and_reading_changes_nothing(
            bytes in proptest::collection::vec(any::<u8>(), 0..200)
        ) {
            let once = Progress::read(&bytes);
            prop_assert_eq!(Progress::read(&once.print()), once);
        }
    }
}
