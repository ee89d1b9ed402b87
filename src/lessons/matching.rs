//! Patterns against rows: nothing missing, nothing too much.
//!
//! In: the patterns of a step, the [`LabNames`], and the lab's rows. Out: the [`Mismatch`]s, none
//! where all is as it must be. A row counts for one pattern only: three like patterns want three rows.

use std::sync::Arc;

use super::lab_names::LabNames;
use super::lab_view::LabView;
use super::question::AnswerFormat;
use super::row_pattern::{ExpectedOwner, ExpectedQueue, RowLifetime, RowPattern};
use super::row_text::{lab_row_text, queue_lengths, row_pattern_text};
use super::spec::LessonStep;
use crate::history::{Ownership, TrackedSocket};
use crate::net::process::{Pid, distinct_processes};

/// What is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// No row for a pattern.
    Missing(String),
    /// No pattern for a row.
    Unexpected(String),
    /// The row between these ends is there and does not look as it must.
    Different {
        /// What it looks like.
        actual: String,
        /// What it must look like.
        expected: String,
    },
    /// Something comes to another number.
    Count {
        /// What is counted.
        label: String,
        /// What it comes to.
        actual: u32,
        /// What it must come to.
        expected: u32,
    },
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(wanted) => write!(f, "missing: {wanted}"),
            Self::Unexpected(seen) => write!(f, "too much: {seen}"),
            Self::Different {
                actual: seen,
                expected: wanted,
            } => write!(f, "seen: {seen}, wanted: {wanted}"),
            Self::Count {
                label: what,
                actual: seen,
                expected: wanted,
            } => write!(f, "{what}: seen {seen}, wanted {wanted}"),
        }
    }
}

/// How long after a step it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckTime {
    /// At once: every row must be there.
    Immediate,
    /// Perhaps more than a minute later: rows that the kernel forgets by itself may be gone.
    Later,
}

/// Compares what there is to see with all that a step says of it: its rows, its claims, and the
/// right answers of its questions about numbers.
pub fn step_mismatches(
    step: &LessonStep,
    when: CheckTime,
    lab_view: &LabView<'_>,
) -> Vec<Mismatch> {
    let mut found = row_mismatches(step.expected_rows, when, lab_view.lab_names, &lab_view.rows);
    let expected_counts = step
        .expected_counts
        .iter()
        .map(|c| (c.metric, c.expected, c.label));
    let number_questions =
        step.questions
            .iter()
            .filter_map(|question| match question.answer_format {
                AnswerFormat::Number {
                    metric: measure,
                    expected: right,
                    ..
                } => Some((measure, right, question.text)),
                AnswerFormat::Choices(_) => None,
            });
    for (measure, wanted, what) in expected_counts.chain(number_questions) {
        let seen = lab_view.count(measure);
        if seen != wanted && when == CheckTime::Immediate {
            found.push(Mismatch::Count {
                label: lab_view.fill_placeholders(what),
                actual: seen,
                expected: wanted,
            });
        }
    }
    found
}

/// Compares the lab's rows with the patterns.
pub fn row_mismatches(
    patterns: &[RowPattern],
    when: CheckTime,
    lab_names: &LabNames,
    rows: &[&Arc<TrackedSocket>],
) -> Vec<Mismatch> {
    let wanted: Vec<ExpectedRow<'_>> = patterns
        .iter()
        .flat_map(|pattern| {
            (1..=pattern.times).map(move |n| ExpectedRow {
                pattern,
                n,
                lab_names,
            })
        })
        .collect();
    let mut pairing = BipartiteMatching {
        assigned: vec![None; rows.len()],
        expected: &wanted,
        rows,
    };
    let unmatched: Vec<usize> = (0..wanted.len())
        .filter(|which| !pairing.assign(*which, &mut vec![false; rows.len()]))
        .collect();
    let mut unassigned: Vec<&Arc<TrackedSocket>> = rows
        .iter()
        .zip(&pairing.assigned)
        .filter_map(|(row, taken)| taken.is_none().then_some(*row))
        .collect();
    let mut found: Vec<Mismatch> = Vec::new();
    for which in unmatched {
        let want = &wanted[which];
        let same_tuple = unassigned.iter().position(|row| want.has_tuple_of(row));
        found.push(match same_tuple {
            Some(index) => Mismatch::Different {
                actual: lab_row_text(unassigned.remove(index), lab_names),
                expected: want.text(),
            },
            None if when == CheckTime::Later && want.pattern.lifetime == RowLifetime::Expires => {
                continue;
            }
            None => Mismatch::Missing(want.text()),
        });
    }
    let extra = unassigned.into_iter();
    found.extend(extra.map(|row| Mismatch::Unexpected(lab_row_text(row, lab_names))));
    found
}

/// One row that is wanted.
#[derive(Clone, Copy)]
struct ExpectedRow<'a> {
    pattern: &'a RowPattern,
    n: u8,
    lab_names: &'a LabNames,
}

impl ExpectedRow<'_> {
    fn text(&self) -> String {
        row_pattern_text(self.pattern, self.n, self.lab_names)
    }

    /// Whether the row has the protocol and the ends.
    fn has_tuple_of(&self, row: &TrackedSocket) -> bool {
        let socket = &row.socket;
        let end = |place| self.lab_names.endpoint(place, self.n);
        let remote_fits = match self.pattern.remote {
            Some(place) => end(place).is_some_and(|end| socket.remote == Some(end)),
            None => socket.remote.is_none(),
        };
        socket.protocol() == self.pattern.transport.protocol()
            && end(self.pattern.local) == Some(socket.local)
            && remote_fits
    }

    fn matches(&self, row: &TrackedSocket) -> bool {
        let (pattern, socket) = (self.pattern, &row.socket);
        let (received, sent) = queue_lengths(socket);
        self.has_tuple_of(row)
            && socket.transport == pattern.transport
            && self.owner_matches(row)
            && queue_matches(pattern.recv_queue, received)
            && queue_matches(pattern.send_queue, sent)
            && pattern
                .timer
                .is_none_or(|kind| socket.timer.is_some_and(|timer| timer.kind == kind))
            && option_matches(pattern.v6only, socket.v6only)
    }

    fn owner_matches(&self, row: &TrackedSocket) -> bool {
        match (self.pattern.owner, &row.ownership) {
            (ExpectedOwner::Any, _) | (ExpectedOwner::Unaccepted, Ownership::Unaccepted) => true,
            (ExpectedOwner::Kernel, Ownership::Kernel | Ownership::Former(_)) => true,
            (ExpectedOwner::Processes(actors), Ownership::Known(held)) => {
                let mut have: Vec<Pid> = distinct_processes(held).map(|p| p.pid).collect();
                let mut want: Vec<Pid> = actors
                    .iter()
                    .filter_map(|a| self.lab_names.pid(*a))
                    .collect();
                have.sort_unstable();
                want.sort_unstable();
                have == want && want.len() == actors.len()
            }
            _ => false,
        }
    }
}

/// What the source does not tell contradicts nothing.
fn option_matches(wanted: Option<bool>, seen: Option<bool>) -> bool {
    wanted.is_none() || seen.is_none() || wanted == seen
}

/// The same for a queue.
fn queue_matches(amount: ExpectedQueue, seen: Option<u32>) -> bool {
    match amount {
        ExpectedQueue::Any => true,
        ExpectedQueue::Exactly(n) => seen.is_none_or(|seen| seen == n),
        ExpectedQueue::NonZero => seen.is_none_or(|seen| seen > 0),
    }
}

/// Rows given to patterns so that as many patterns as possible have one: a row that was given away
/// is taken back when its pattern can do with another (augmenting paths).
struct BipartiteMatching<'a> {
    /// Which wanted row each row is.
    assigned: Vec<Option<usize>>,
    expected: &'a [ExpectedRow<'a>],
    rows: &'a [&'a Arc<TrackedSocket>],
}

impl BipartiteMatching<'_> {
    fn assign(&mut self, which: usize, tried: &mut [bool]) -> bool {
        for index in 0..self.rows.len() {
            if tried[index] || !self.expected[which].matches(self.rows[index]) {
                continue;
            }
            tried[index] = true;
            let is_free = match self.assigned[index] {
                None => true,
                Some(other) => self.assign(other, tried),
            };
            if is_free {
                self.assigned[index] = Some(which);
                return true;
            }
        }
        false
    }
}
