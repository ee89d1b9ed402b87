//! Compares the rows that a step expects with the lab's rows.
//!
//! In: the patterns of a step, the [`LabNames`], and the lab's rows. Out: the [`Mismatch`]es; none
//! if every pattern has its own row and no row is left over. Three equal patterns need three rows.

use std::sync::Arc;

use super::lab_names::LabNames;
use super::lab_view::LabView;
use super::question::AnswerFormat;
use super::row_pattern::{ExpectedOwner, ExpectedQueue, RowLifetime, RowPattern};
use super::row_text::{lab_row_text, queue_lengths, row_pattern_text};
use super::spec::LessonStep;
use crate::history::{Ownership, TrackedSocket};
use crate::net::process::{Pid, distinct_processes};

/// A difference between expected and actual rows or counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// An expected row is not there.
    Missing(String),
    /// A row matches no pattern.
    Unexpected(String),
    /// The row with the expected endpoints differs in state, owner, queues, timer or options.
    Different { actual: String, expected: String },
    /// A count differs.
    Count {
        /// What is counted, or the question.
        label: String,
        actual: u32,
        expected: u32,
    },
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(expected) => write!(f, "missing: {expected}"),
            Self::Unexpected(actual) => write!(f, "unexpected: {actual}"),
            Self::Different { actual, expected } => {
                write!(f, "found: {actual}, expected: {expected}")
            }
            Self::Count {
                label,
                actual,
                expected,
            } => write!(f, "{label}: found {actual}, expected {expected}"),
        }
    }
}

/// How long after a step the rows are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckTime {
    /// Right after the step: every row must be there.
    Immediate,
    /// Possibly more than a minute later: rows that expire ([`RowLifetime::Expires`]) may be
    /// missing.
    Later,
}

/// Compares the rows with everything a step states: its expected rows, its expected counts, and the
/// correct answers of its number questions. Counts are only compared at [`CheckTime::Immediate`].
pub fn step_mismatches(
    step: &LessonStep,
    when: CheckTime,
    lab_view: &LabView<'_>,
) -> Vec<Mismatch> {
    let mut mismatches =
        row_mismatches(step.expected_rows, when, lab_view.lab_names, &lab_view.rows);
    let expected_counts = step
        .expected_counts
        .iter()
        .map(|c| (c.metric, c.expected, c.label));
    let number_questions =
        step.questions
            .iter()
            .filter_map(|question| match question.answer_format {
                AnswerFormat::Number {
                    metric, expected, ..
                } => Some((metric, expected, question.text)),
                AnswerFormat::Choices(_) => None,
            });
    for (metric, expected, label) in expected_counts.chain(number_questions) {
        let actual = lab_view.count(metric);
        if actual != expected && when == CheckTime::Immediate {
            mismatches.push(Mismatch::Count {
                label: lab_view.fill_placeholders(label),
                actual,
                expected,
            });
        }
    }
    mismatches
}

/// Compares the lab's rows with the patterns, by a maximum bipartite matching.
pub fn row_mismatches(
    patterns: &[RowPattern],
    when: CheckTime,
    lab_names: &LabNames,
    rows: &[&Arc<TrackedSocket>],
) -> Vec<Mismatch> {
    let expected_rows: Vec<ExpectedRow<'_>> = patterns
        .iter()
        .flat_map(|pattern| {
            (1..=pattern.times).map(move |n| ExpectedRow {
                pattern,
                n,
                lab_names,
            })
        })
        .collect();
    let mut matching = BipartiteMatching {
        assigned: vec![None; rows.len()],
        expected: &expected_rows,
        rows,
    };
    let unmatched: Vec<usize> = (0..expected_rows.len())
        .filter(|which| !matching.assign(*which, &mut vec![false; rows.len()]))
        .collect();
    let mut unassigned: Vec<&Arc<TrackedSocket>> = rows
        .iter()
        .zip(&matching.assigned)
        .filter_map(|(row, assigned)| assigned.is_none().then_some(*row))
        .collect();
    let mut mismatches: Vec<Mismatch> = Vec::new();
    for which in unmatched {
        let expected = &expected_rows[which];
        let same_tuple = unassigned.iter().position(|row| expected.has_tuple_of(row));
        mismatches.push(match same_tuple {
            Some(index) => Mismatch::Different {
                actual: lab_row_text(unassigned.remove(index), lab_names),
                expected: expected.text(),
            },
            None if when == CheckTime::Later
                && expected.pattern.lifetime == RowLifetime::Expires =>
            {
                continue;
            }
            None => Mismatch::Missing(expected.text()),
        });
    }
    let extra = unassigned.into_iter();
    mismatches.extend(extra.map(|row| Mismatch::Unexpected(lab_row_text(row, lab_names))));
    mismatches
}

/// One expected row: a pattern and its repetition.
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

    /// Returns whether the row has the expected protocol and endpoints.
    fn has_tuple_of(&self, row: &TrackedSocket) -> bool {
        let socket = &row.socket;
        let end = |lab_endpoint| self.lab_names.endpoint(lab_endpoint, self.n);
        let remote_fits = match self.pattern.remote {
            Some(remote) => end(remote).is_some_and(|end| socket.remote == Some(end)),
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
            (ExpectedOwner::Processes(roles), Ownership::Known(holders)) => {
                let mut actual: Vec<Pid> = distinct_processes(holders).map(|p| p.pid).collect();
                let mut expected: Vec<Pid> = roles
                    .iter()
                    .filter_map(|role| self.lab_names.pid(*role))
                    .collect();
                actual.sort_unstable();
                expected.sort_unstable();
                actual == expected && expected.len() == roles.len()
            }
            _ => false,
        }
    }
}

/// Compares a socket option; a value that the source does not report matches.
fn option_matches(expected: Option<bool>, actual: Option<bool>) -> bool {
    expected.is_none() || actual.is_none() || expected == actual
}

/// Compares a queue length; a value that the source does not report matches.
fn queue_matches(expected: ExpectedQueue, actual: Option<u32>) -> bool {
    match expected {
        ExpectedQueue::Any => true,
        ExpectedQueue::Exactly(n) => actual.is_none_or(|actual| actual == n),
        ExpectedQueue::NonZero => actual.is_none_or(|actual| actual > 0),
    }
}

/// A maximum matching of expected rows and actual rows, built with augmenting paths: an assigned
/// row is reassigned if its expected row can have another.
struct BipartiteMatching<'a> {
    /// For each actual row, the index of the expected row it is assigned to.
    assigned: Vec<Option<usize>>,
    expected: &'a [ExpectedRow<'a>],
    rows: &'a [&'a Arc<TrackedSocket>],
}

impl BipartiteMatching<'_> {
    /// Finds a row for the expected row `which`; `tried` marks the rows already visited.
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
