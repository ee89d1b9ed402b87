//! Messages to the event loop. Only types: every thread imports this, this imports no thread.

use super::exit::Exit;
use crate::lessons::lab_messages;
use crate::lessons::progress::LessonProgress;
use crate::recording::reader::RecordingEnd;
use crate::tui::effect::StateFile;
use crate::tui::input::Input;
use crate::tui::state::view_state::RecordingStatus;

/// How a recording goes.
#[derive(Clone, Debug)]
pub(crate) enum RecorderEvent {
    /// So much is in the file.
    Progress(RecordingStatus),
    /// It is over, and why.
    Finished(String),
    /// It ended before somebody wanted it to.
    Failed(String),
}
/// What the loop is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// From the terminal.
    Input(Input),
    /// There is an answer to fetch.
    ResponseReady,
    /// Stop until continued.
    Suspend,
    /// We were continued.
    Resumed,
    /// End.
    Exit(Exit),
    /// The filters of earlier runs, the latest first.
    FiltersLoaded(Vec<String>),
    /// How far the learner is, and a word where that is not known.
    ProgressLoaded(LessonProgress, Option<String>),
    /// Something cannot be kept, and why; without a word, it can be again.
    SaveStatus(StateFile, Option<String>),
    /// What the lab did, and by which order.
    Lab(u64, lab_messages::LabEvent),
    /// The recording that is shown is at its end.
    PlaybackEnded(RecordingEnd),
    /// How the recording goes that is made.
    Recorder(RecorderEvent),
    /// The terminal cannot be read any more.
    TerminalLost(String),
}
