//! Effects: what the event loop has to do after an input, outside the state.

use std::sync::Arc;
use std::time::Duration;

use crate::filter::ast::Filter;
use crate::filter::quick_filter::QuickFilter;
use crate::lessons::lab_messages::LabRequest;
use crate::lessons::progress::LessonProgress;

/// A state file that can or cannot be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFile {
    /// The filter history.
    Filters,
    /// The learner's progress.
    Progress,
}

/// An action for the event loop to perform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Sends the current [`EngineRequest`](crate::tui::engine_request::EngineRequest) to the
    /// engine.
    SendRequest,
    /// Sets the sampling interval.
    SetInterval(Duration),
    /// Takes a sample now.
    SampleNow,
    Playback(PlaybackCommand),
    StartRecording(RecordingRequest),
    StopRecording,
    /// Adds this filter to the saved filter history.
    SaveFilter(String),
    SaveProgress(Box<LessonProgress>),
    /// Sends a request to the lab thread; its events carry this session id.
    Lab(u64, LabRequest),
    /// Copies this text to the clipboard.
    Copy(String),
    /// Suspends the program (SIGSTOP) until `fg`.
    Suspend,
    /// Repaints the whole screen.
    Redraw,
    Quit,
}

/// A command for the player of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackCommand {
    Play,
    Pause,
    /// Shows the next sample now instead of waiting for its time.
    SkipWait,
    /// Shows the next sample, then pauses.
    Step,
    /// Applies all samples up to this time since the beginning at once, then pauses.
    FastForwardTo(Duration),
    /// Restarts the recording and plays on from this time since the beginning.
    ReplayFrom(Duration),
    /// Doubles the speed.
    Faster,
    /// Halves the speed.
    Slower,
}

/// Whether a recording replaces names and addresses by pseudonyms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    Off,
    On,
}

/// What to record.
#[derive(Clone, Debug)]
pub struct RecordingRequest {
    pub filter: Arc<Filter>,
    /// The filter as typed.
    pub text: String,
    pub quick_filter: QuickFilter,
    pub redaction: Redaction,
}

/// Compares filters as typed; each comes with its text.
impl PartialEq for RecordingRequest {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.quick_filter, self.redaction)
            == (&other.text, other.quick_filter, other.redaction)
    }
}

impl Eq for RecordingRequest {}
