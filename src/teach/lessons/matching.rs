//! Patterns against rows: nothing missing, nothing too much.
//!
//! In: the patterns of a step, the [`Cast`], and the lab's rows. Out: the [`Difference`]s, none
//! where all is as it must be. A row counts for one pattern only: three like patterns want three rows.

use std::sync::Arc;

use crate::history::{Ownership, Tracked};
use crate::process::{Pid, distinct_processes};
use crate::teach::lessons::cast::Cast;
use crate::teach::lessons::lesson::Step;
use crate::teach::lessons::pattern::{Amount, Pattern, Stay, Whose};
use crate::teach::lessons::question::Form;
use crate::teach::lessons::say::{queues, say_pattern, say_row};
use crate::teach::lessons::scene::Scene;

/// What is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// No row for a pattern.
    Missing(String),
    /// No pattern for a row.
    TooMuch(String),
    /// The row between these ends is there and does not look as it must.
    Differs {
        /// What it looks like.
        seen: String,
        /// What it must look like.
        wanted: String,
    },
    /// Something comes to another number.
    Count {
        /// What is counted.
        what: String,
        /// What it comes to.
        seen: u32,
        /// What it must come to.
        wanted: u32,
    },
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(wanted) => write!(f, "missing: {wanted}"),
            Self::TooMuch(seen) => write!(f, "too much: {seen}"),
            Self::Differs { seen, wanted } => write!(f, "seen: {seen}, wanted: {wanted}"),
            Self::Count { what, seen, wanted } => write!(f, "{what}: seen {seen}, wanted {wanted}"),
        }
    }
}

/// How long after a step it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once: every row must be there.
    AtOnce,
    /// Perhaps more than a minute later: rows that the kernel forgets by itself may be gone.
    Later,
}

/// Compares what there is to see with all that a step says of it: its rows, its claims, and the
/// right answers of its questions about numbers.
pub fn troubles(step: &Step, when: When, scene: &Scene<'_>) -> Vec<Difference> {
    let mut found = differences(step.rows, when, scene.cast, &scene.rows);
    let claimed = step.claims.iter().map(|c| (c.measure, c.is, c.what));
    let asked = step
        .questions
        .iter()
        .filter_map(|question| match question.form {
            Form::Number { measure, right, .. } => Some((measure, right, question.text)),
            Form::Choices(_) => None,
        });
    for (measure, wanted, what) in claimed.chain(asked) {
        let seen = scene.count(measure);
        if seen != wanted && when == When::AtOnce {
            found.push(Difference::Count {
                what: scene.fill(what),
                seen,
                wanted,
            });
        }
    }
    found
}

/// Compares the lab's rows with the patterns.
pub fn differences(
    patterns: &[Pattern],
    when: When,
    cast: &Cast,
    rows: &[&Arc<Tracked>],
) -> Vec<Difference> {
    let wanted: Vec<Wanted<'_>> = patterns
        .iter()
        .flat_map(|pattern| (1..=pattern.each).map(move |n| Wanted { pattern, n, cast }))
        .collect();
    let mut pairing = Pairing {
        takes: vec![None; rows.len()],
        wanted: &wanted,
        rows,
    };
    let lonely: Vec<usize> = (0..wanted.len())
        .filter(|which| !pairing.place(*which, &mut vec![false; rows.len()]))
        .collect();
    let mut spare: Vec<&Arc<Tracked>> = rows
        .iter()
        .zip(&pairing.takes)
        .filter_map(|(row, taken)| taken.is_none().then_some(*row))
        .collect();
    let mut found: Vec<Difference> = Vec::new();
    for which in lonely {
        let want = &wanted[which];
        let near = spare.iter().position(|row| want.is_between(row));
        found.push(match near {
            Some(index) => Difference::Differs {
                seen: say_row(spare.remove(index), cast),
                wanted: want.text(),
            },
            None if when == When::Later && want.pattern.stay == Stay::Minute => continue,
            None => Difference::Missing(want.text()),
        });
    }
    let extra = spare.into_iter();
    found.extend(extra.map(|row| Difference::TooMuch(say_row(row, cast))));
    found
}

/// One row that is wanted.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    pattern: &'a Pattern,
    n: u8,
    cast: &'a Cast,
}

impl Wanted<'_> {
    fn text(&self) -> String {
        say_pattern(self.pattern, self.n, self.cast)
    }

    /// Whether the row has the protocol and the ends.
    fn is_between(&self, row: &Tracked) -> bool {
        let socket = &row.socket;
        let end = |place| self.cast.endpoint(place, self.n);
        let remote_fits = match self.pattern.remote {
            Some(place) => end(place).is_some_and(|end| socket.remote == Some(end)),
            None => socket.remote.is_none(),
        };
        socket.protocol() == self.pattern.transport.protocol()
            && end(self.pattern.local) == Some(socket.local)
            && remote_fits
    }

    fn fits(&self, row: &Tracked) -> bool {
        let (pattern, socket) = (self.pattern, &row.socket);
        let (received, sent) = queues(socket);
        self.is_between(row)
            && socket.transport == pattern.transport
            && self.is_whose(row)
            && holds(pattern.received, received)
            && holds(pattern.sent, sent)
            && pattern
                .timer
                .is_none_or(|kind| socket.timer.is_some_and(|timer| timer.kind == kind))
            && agrees(pattern.v6only, socket.v6only)
    }

    fn is_whose(&self, row: &Tracked) -> bool {
        match (self.pattern.whose, &row.ownership) {
            (Whose::Anybody, _) | (Whose::Unaccepted, Ownership::Unaccepted) => true,
            (Whose::Kernel, Ownership::Kernel | Ownership::Remembered(_)) => true,
            (Whose::Of(actors), Ownership::Known(held)) => {
                let mut have: Vec<Pid> = distinct_processes(held).map(|p| p.pid).collect();
                let mut want: Vec<Pid> = actors.iter().filter_map(|a| self.cast.pid(*a)).collect();
                have.sort_unstable();
                want.sort_unstable();
                have == want && want.len() == actors.len()
            }
            _ => false,
        }
    }
}

/// What the source does not tell contradicts nothing.
fn agrees(wanted: Option<bool>, seen: Option<bool>) -> bool {
    wanted.is_none() || seen.is_none() || wanted == seen
}

/// The same for a queue.
fn holds(amount: Amount, seen: Option<u32>) -> bool {
    match amount {
        Amount::Any => true,
        Amount::Exactly(n) => seen.is_none_or(|seen| seen == n),
        Amount::Some => seen.is_none_or(|seen| seen > 0),
    }
}

/// Rows given to patterns so that as many patterns as possible have one: a row that was given away
/// is taken back when its pattern can do with another (augmenting paths).
struct Pairing<'a> {
    /// Which wanted row each row is.
    takes: Vec<Option<usize>>,
    wanted: &'a [Wanted<'a>],
    rows: &'a [&'a Arc<Tracked>],
}

impl Pairing<'_> {
    fn place(&mut self, which: usize, tried: &mut [bool]) -> bool {
        for index in 0..self.rows.len() {
            if tried[index] || !self.wanted[which].fits(self.rows[index]) {
                continue;
            }
            tried[index] = true;
            let is_free = match self.takes[index] {
                None => true,
                Some(other) => self.place(other, tried),
            };
            if is_free {
                self.takes[index] = Some(which);
                return true;
            }
        }
        false
    }
}
