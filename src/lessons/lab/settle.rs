//! Waiting until the table shows what a step says, and playing a lesson up to a step.
//!
//! In: a [`Step`] that was done. Out: [`SettledRows`]: what was seen at last, and what of it is not as it
//! must be. The kernel takes its time over some things: a lost SYN is sent again after one second,
//! then two, then four.

use std::path::Path;
use std::time::{Duration, Instant};

use super::error::LabError;
use super::executed_call::ExecutedCall;
use super::executor::Lab;
use super::sampler::LabSample;
use crate::collect::source::SourceError;
use crate::lessons::lab_view::LabView;
use crate::lessons::matching::{CheckTime, Mismatch, step_mismatches};
use crate::lessons::spec::{Lesson, LessonStep};
use crate::net::snapshot::SourceKind;

/// Between the first two looks; then twice as long each time, up to the longest: what is not there
/// soon has to wait for somebody else, and looking takes time from him.
const INITIAL_PAUSE: Duration = Duration::from_millis(4);
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// What was seen at last.
pub struct SettledRows {
    /// The table.
    pub sample: LabSample,
    /// What is not as it must be; nothing where all is.
    pub mismatches: Vec<Mismatch>,
}

impl Lab {
    /// Looks until the rows are what the step says, or the time is up. `last` is the last call that
    /// was made.
    ///
    /// # Errors
    /// When no table could be read.
    pub fn wait_for_rows(
        &mut self,
        step: &LessonStep,
        last: Option<&ExecutedCall>,
        timeout: Duration,
    ) -> Result<SettledRows, SourceError> {
        let deadline = Instant::now() + timeout;
        let mut pause = INITIAL_PAUSE;
        loop {
            let is_last = Instant::now() >= deadline;
            let sample = self.sample_rows()?;
            let lab_view = LabView {
                lab_names: self.lab_names(),
                rows: sample.rows(self.lab_names()),
                last_result: last.map(|done| done.actual),
            };
            let mismatches = step_mismatches(step, CheckTime::Immediate, &lab_view);
            if mismatches.is_empty() || is_last {
                return Ok(SettledRows { sample, mismatches });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Plays the first `steps` steps of a lesson anew, those that can be shown here: after some
    /// minutes the kernel gives up what a lesson holds, and somebody may come back to it in the
    /// middle.
    ///
    /// # Errors
    /// When the lab cannot go on.
    pub fn open_at_step(
        program: &Path,
        lesson: &'static Lesson,
        source: Option<SourceKind>,
        steps: usize,
        timeout: Duration,
    ) -> Result<Self, LabError> {
        let mut lab = Self::open(program, lesson, source)?;
        for step in lesson.steps.iter().take(steps) {
            if lab.capabilities().allows(step.condition) {
                let done = lab.run_step(step)?;
                lab.wait_for_rows(step, done.last(), timeout)?;
            }
        }
        Ok(lab)
    }
}
