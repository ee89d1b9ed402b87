//! Waits until the table shows the rows that a step expects, and plays a lesson up to a step.
//!
//! In: a [`LessonStep`] whose calls were made. Out: [`SettledRows`]: the last sample and its
//! mismatches. Some rows take seconds: a lost SYN is sent again after one second, then two, then
//! four (RFC 6298).

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

/// The pause after the first sample. It doubles each time, up to [`MAX_PAUSE`]: sampling takes CPU
/// time from the processes whose rows it waits for.
const INITIAL_PAUSE: Duration = Duration::from_millis(4);
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// The last sample of a wait.
pub struct SettledRows {
    pub sample: LabSample,
    /// The differences from the expected rows; empty if there are none.
    pub mismatches: Vec<Mismatch>,
}

impl Lab {
    /// Samples until the rows are as the step expects, or until the timeout. `last` is the last
    /// call of the step.
    ///
    /// # Errors
    /// If the socket table cannot be read.
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

    /// Starts a lab and plays those of the first `steps` steps that can be shown here. Needed to
    /// resume a lesson: after some minutes the kernel drops the connections that a lesson holds
    /// open.
    ///
    /// # Errors
    /// If the lab itself fails.
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
