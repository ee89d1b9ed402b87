//! Waiting until the table shows what a step says, and playing a lesson up to a step.
//!
//! In: a [`Step`] that was done. Out: [`Settled`]: what was seen at last, and what of it is not as it
//! must be. The kernel takes its time over some things: a lost SYN is sent again after one second,
//! then two, then four.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Done, Lab, LabError, Seen};
use crate::collect::SourceError;
use crate::snapshot::SourceKind;
use crate::teach::lessons::{Call, Difference, Happened, Lesson, Number, Outcome, Refusal};
use crate::teach::lessons::{Scene, Step, When, troubles};

/// Between the first two looks; then twice as long each time, up to the longest: what is not there
/// soon has to wait for somebody else, and looking takes time from him.
const PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What was seen at last.
pub struct Settled {
    /// The table.
    pub seen: Seen,
    /// What is not as it must be; nothing where all is.
    pub troubles: Vec<Difference>,
}

impl Lab {
    /// Looks until the rows are what the step says, or the time is up. `last` is the last call that
    /// was made.
    ///
    /// # Errors
    /// When no table could be read.
    pub fn settle(
        &mut self,
        step: &Step,
        last: Option<&Done>,
        patience: Duration,
    ) -> Result<Settled, SourceError> {
        let until = Instant::now() + patience;
        let mut pause = PAUSE;
        loop {
            let is_last = Instant::now() >= until;
            let seen = self.look()?;
            let scene = Scene {
                cast: self.cast(),
                rows: seen.rows(self.cast()),
                last: last.map(|done| done.happened),
            };
            let troubles = troubles(step, When::AtOnce, &scene);
            if troubles.is_empty() || is_last {
                return Ok(Settled { seen, troubles });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Plays the first `steps` steps of a lesson anew, those that can be shown here: after some
    /// minutes the kernel gives up what a lesson holds, and somebody may come back to it in the
    /// middle.
    ///
    /// # Errors
    /// When the lab cannot go on.
    pub fn play(
        program: &Path,
        lesson: &'static Lesson,
        source: Option<SourceKind>,
        steps: usize,
        patience: Duration,
    ) -> Result<Self, LabError> {
        let mut lab = Self::open(program, lesson, source)?;
        for step in lesson.steps.iter().take(steps) {
            if lab.abilities().allow(step.shown) {
                let done = lab.perform(step)?;
                lab.settle(step, done.last(), patience)?;
            }
        }
        Ok(lab)
    }
}

impl Done {
    /// Whether somebody else took the port between the choice of its number and its use. It has
    /// nothing to do with the lesson, which is to be played once more.
    pub fn met_a_stranger(&self) -> bool {
        let names_port = match self.deed.call {
            Call::Bind(_, place) => matches!(place.port, Number::Named(_)),
            _ => false,
        };
        names_port
            && self.deed.outcome == Outcome::Works
            && self.happened == Happened::Failed(Refusal::AddressInUse)
    }
}
