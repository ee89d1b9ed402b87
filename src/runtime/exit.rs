//! Defines exit statuses and error messages.

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
    /// Done. A pipe closed by its reader also counts as done.
    Success,
    /// The result is negative.
    Negative,
    /// The request was invalid: an unknown option or an invalid filter.
    UsageError,
    /// The operating system refused something.
    SystemError,
    /// An internal error.
    InternalError,
    /// Ended by a signal: 128 plus the signal number, as shells report it.
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Exit {
    /// Returns the number.
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

/// Why the program ended with an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The filter on the command line is invalid.
    #[error("invalid filter: {error}{}", underline_error(text, error))]
    Filter { text: String, error: FilterError },
    /// Options that cannot be combined.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be read or is invalid.
    #[error("the configuration {place}: {why}")]
    Config {
        /// The file, with a line number if known.
        place: String,
        why: String,
    },
    /// The socket table cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The terminal cannot be used.
    #[error("cannot use the terminal: {0}")]
    Terminal(io::Error),
    /// The log cannot be written.
    #[error("the log {path} cannot be written: {error}")]
    Log { path: String, error: io::Error },
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    /// The file exists and was not to be replaced, or it is not a recording.
    #[error("{path}: {why}")]
    Recording { path: String, why: String },
    /// The recording cannot be read or written.
    #[error("{path}: {error}")]
    RecordingIo { path: String, error: io::Error },
    /// The lab of a lesson failed.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Lab(#[from] crate::lessons::lab::error::LabError),
    /// The lesson progress cannot be reset.
    #[error("cannot reset your progress: {0}")]
    Progress(io::Error),
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// Maximum number of characters of a filter to show before, in and after the error: a pasted file
/// is not repeated.
const MAX_ECHO_CHARS: usize = 40;

/// Returns the filter with carets under the invalid part, shortened if long.
/// ```text
///   tcp 10.0.0.999
///       ^^^^^^^^^^
/// ```
pub(crate) fn underline_error(text: &str, error: &FilterError) -> String {
    let (start, end) = (error.span.start, error.span.end);
    let part = |range| sanitize::sanitize(text.get(range).unwrap_or("").as_bytes());
    let (before, marked, after) = (part(0..start), part(start..end), part(end..text.len()));
    // Of a long invalid part, its beginning and end are shown.
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

/// Prints the error on stderr and returns the exit status. A pipe closed by its reader is no error.
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
    // There is no other place to report an error of stderr.
    let _ = writeln!(io::stderr(), "portolan: {failure}");
    exit
}
