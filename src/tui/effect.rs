//! Effects: what an input asks the event loop to do outside of the state.

use std::sync::Arc;
use std::time::Duration;

use crate::filter::ast::Filter;
use crate::filter::quick_filter::QuickFilter;
use crate::lessons::lab_messages::LabRequest;
use crate::lessons::progress::LessonProgress;

/// What could not be kept, or can be again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFile {
    /// The filters.
    Filters,
    /// A learner's progress.
    Progress,
}
/// Something to do outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the model.
    SendRequest,
    /// Tell the sampler the interval.
    SetInterval(Duration),
    /// Take a sample now.
    SampleNow,
    /// Tell the player.
    Playback(PlaybackCommand),
    /// Begin to record.
    StartRecording(RecordingRequest),
    /// End the recording.
    StopRecording,
    /// Keep this filter for later runs.
    SaveFilter(String),
    /// Keep how far the learner is.
    SaveProgress(Box<LessonProgress>),
    /// Have the lab do this; the news of it have this number.
    Lab(u64, LabRequest),
    /// Copy this text.
    Copy(String),
    /// Stop until continued.
    Suspend,
    /// Paint everything anew.
    Redraw,
    /// End the program.
    Quit,
}
/// What a player is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackCommand {
    /// Go on.
    Play,
    /// Wait.
    Pause,
    /// Show the next sample now.
    SkipWait,
    /// Show the next sample, and wait.
    Step,
    /// Show at once all until this time after the beginning, and wait.
    FastForwardTo(Duration),
    /// Begin anew, and go on from this time after the beginning.
    ReplayFrom(Duration),
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
}
/// What is done with names and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// They are kept.
    Off,
    /// They are replaced by pseudonyms.
    On,
}
/// What is to be recorded.
#[derive(Clone, Debug)]
pub struct RecordingRequest {
    /// The sockets.
    pub filter: Arc<Filter>,
    /// As it was typed.
    pub text: String,
    /// The switches.
    pub quick_filter: QuickFilter,
    /// What is done with names.
    pub redaction: Redaction,
}
/// Two takes are the same if they ask for the same, in the same words.
impl PartialEq for RecordingRequest {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.quick_filter, self.redaction)
            == (&other.text, other.quick_filter, other.redaction)
    }
}
impl Eq for RecordingRequest {}
