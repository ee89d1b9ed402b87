//! Messages to the event loop. Only types: every thread imports this, this imports no thread.

use super::exit::Exit;
use crate::lessons::lab_messages;
use crate::lessons::progress::LessonProgress;
use crate::recording::reader::RecordingEnd;
use crate::tui::effect::StateFile;
use crate::tui::input::Input;
use crate::tui::state::view_state::RecordingStatus;

/// A report of the recorder thread.
#[derive(Clone, Debug)]
pub(crate) enum RecorderEvent {
    /// File name and size so far.
    Progress(RecordingStatus),
    /// The recording was finished; the string is a summary.
    Finished(String),
    /// The recording failed; the string is the reason.
    Failed(String),
}

/// A message to the event loop.
#[derive(Debug)]
pub(crate) enum Message {
    Input(Input),
    /// A new response can be fetched from the engine thread.
    ResponseReady,
    /// Suspend until continued (SIGTSTP).
    Suspend,
    /// Continued after being suspended (SIGCONT).
    Resumed,
    Exit(Exit),
    /// Filters of earlier runs, newest first.
    FiltersLoaded(Vec<String>),
    /// Lesson progress, and a warning if it could not be read.
    ProgressLoaded(LessonProgress, Option<String>),
    /// The error message if a file cannot be saved; `None` once it can be saved again.
    SaveStatus(StateFile, Option<String>),
    /// Number of a lab request, and its result.
    Lab(u64, lab_messages::LabEvent),
    /// The recording that is shown has ended.
    PlaybackEnded(RecordingEnd),
    /// A report on the recording that is being made.
    Recorder(RecorderEvent),
    /// The terminal cannot be read any more; the string is the reason.
    TerminalLost(String),
}
