//! How the program ends: what it says, and the number it leaves behind.

use std::io;
use std::io::Write;
use std::process::ExitCode;

use unicode_width::UnicodeWidthStr;

use crate::collect::source::SourceError;
use crate::filter::FilterError;
use crate::text::sanitize;

/// The exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done. A pipe that was closed by its reader counts as done.
    Success,
    /// The answer is no.
    Negative,
    /// The request was wrong: an unknown flag, a filter that is none.
    UsageError,
    /// The system refused.
    SystemError,
    /// This program failed.
    InternalError,
    /// A signal ended it: 128 and the signal's number, as shells count.
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Negative => 1,
            Self::UsageError => 2,
            Self::SystemError => 3,
            Self::InternalError => 101,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

/// Why the program ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The filter on the command line is none.
    #[error("the filter is wrong: {error}{}", underline_error(text, error))]
    Filter {
        /// What was given.
        text: String,
        /// What is wrong with it.
        error: FilterError,
    },
    /// Options that do not go together.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be read or understood.
    #[error("the configuration {place}: {why}")]
    Config {
        /// The file, and the line where one is to blame.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// The socket table cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The terminal cannot be used.
    #[error("the terminal cannot be used: {0}")]
    Terminal(io::Error),
    /// The log cannot be written.
    #[error("the log {path} cannot be written: {error}")]
    Log {
        /// Where.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    /// There is a file already that was not to be replaced, or it is no recording.
    #[error("{path}: {why}")]
    Recording {
        /// Where.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The system refuses the recording.
    #[error("{path}: {error}")]
    RecordingIo {
        /// Where.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A lesson's lab cannot go on.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Lab(#[from] crate::lessons::lab::error::LabError),
    /// A learner's progress stays where it is.
    #[error("your progress cannot be forgotten: {0}")]
    Progress(io::Error),
    /// No thread.
    #[error("the system gives no thread: {0}")]
    Thread(io::Error),
}

/// How many characters of a filter are repeated on each side of the wrong place, and of it: a
/// pasted file is not said back.
const MAX_ECHO_CHARS: usize = 40;

/// The filter with a line of carets under the wrong part; nothing where all of it is too much.
/// ```text
///   tcp 10.0.0.999
///       ^^^^^^^^^^
/// ```
pub(crate) fn underline_error(text: &str, error: &FilterError) -> String {
    let (start, end) = (error.span.start, error.span.end);
    let part = |range| sanitize::sanitize(text.get(range).unwrap_or("").as_bytes());
    let (before, marked, after) = (part(0..start), part(start..end), part(end..text.len()));
    // Of a long wrong part the two ends are repeated.
    let marked = match (
        marked.char_indices().nth(MAX_ECHO_CHARS / 2),
        marked.char_indices().rev().nth(MAX_ECHO_CHARS / 2 - 1),
    ) {
        (Some((head, _)), Some((tail, _))) if marked.chars().count() > MAX_ECHO_CHARS => {
            format!("{}…{}", &marked[..head], &marked[tail..])
        }
        _ => marked.to_string(),
    };
    let before = match before.char_indices().rev().nth(MAX_ECHO_CHARS) {
        Some((cut, c)) => format!("…{}", &before[cut + c.len_utf8()..]),
        None => before.to_string(),
    };
    let after = match after.char_indices().nth(MAX_ECHO_CHARS) {
        Some((cut, _)) => format!("{}…", &after[..cut]),
        None => after.to_string(),
    };
    let indent = " ".repeat(before.width());
    let carets = "^".repeat(marked.width().max(1));
    format!("\n  {before}{marked}{after}\n  {indent}{carets}")
}

/// Says on stderr what went wrong and tells how to end. A reader that went away is no failure.
pub(crate) fn report_failure(failure: &Failure) -> Exit {
    let exit = match failure {
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            return Exit::Success;
        }
        Failure::Filter { .. }
        | Failure::Usage(_)
        | Failure::Config { .. }
        | Failure::Log { .. }
        | Failure::Recording { .. } => Exit::UsageError,
        Failure::Source(_)
        | Failure::Terminal(_)
        | Failure::Output(_)
        | Failure::RecordingIo { .. }
        | Failure::Progress(_)
        | Failure::Thread(_) => Exit::SystemError,
        #[cfg(target_os = "linux")]
        Failure::Lab(_) => Exit::SystemError,
    };
    // Nobody is left to tell when stderr is gone, too.
    let _ = writeln!(io::stderr(), "portolan: {failure}");
    exit
}
