//! Saves filters and lesson progress on a thread of its own, and loads those of earlier runs.
//!
//! What was loaded is sent as [`Message::FiltersLoaded`] and [`Message::ProgressLoaded`]. A slow
//! disk or a home directory on an unreachable server never delays a key. If a file cannot be used,
//! the program continues without it and logs why.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::time::Duration;
use std::{io, thread};

use super::messages::Message;
use super::{progress_file, state_file};
use crate::filter::ast::Filter;
use crate::lessons::progress::LessonProgress;
use crate::tui::effect::StateFile;
use crate::tui::update::filter_history::{MAX_FILTERS, push_front_unique};

/// How long exiting waits for pending writes.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Something to save.
enum SaveRequest {
    Filter(String),
    Progress(Box<LessonProgress>),
}

/// Returns the error message; `None` if it was saved, or saving is disabled by a link to /dev/null.
fn save_failure_message(what: StateFile, outcome: io::Result<()>) -> Option<String> {
    let error = outcome
        .err()
        .filter(|error| error.kind() != io::ErrorKind::Unsupported)?;
    let (what, name) = match what {
        StateFile::Filters => ("filters", "filters"),
        StateFile::Progress => ("progress", progress_file::FILE_NAME),
    };
    Some(match state_file::path(name) {
        Some(path) => format!("{what} cannot be saved: {}: {error}", path.display()),
        None => format!("{what} cannot be saved: {error}"),
    })
}

/// A handle to the writer thread.
pub(crate) struct StateWriter {
    requests: Sender<SaveRequest>,
    /// Disconnected when the thread ends.
    done: Receiver<()>,
}

impl StateWriter {
    /// Starts the thread; `None` if there is no directory for the file, or no thread can be
    /// started.
    pub(crate) fn start(messages: SyncSender<Message>) -> Option<Self> {
        let path = state_file::path("filters")?;
        let (requests, receiver) = channel();
        let (thread_guard, done) = channel();
        let work = move || {
            let _thread_guard: Sender<()> = thread_guard;
            // Fails only if the loop has ended already.
            drop(messages.send(Message::FiltersLoaded(read_filters(&path))));
            let (progress, message) = progress_file::load();
            drop(messages.send(Message::ProgressLoaded(progress, message)));
            let (mut filters, mut lessons) = (None, None);
            while let Ok(request) = receiver.recv() {
                let (what, last_message, outcome) = match request {
                    SaveRequest::Filter(filter) => {
                        (StateFile::Filters, &mut filters, add_filter(&path, &filter))
                    }
                    SaveRequest::Progress(progress) => (
                        StateFile::Progress,
                        &mut lessons,
                        progress_file::save(&progress),
                    ),
                };
                if let Err(error) = &outcome {
                    tracing::warn!(%error, "{what:?} are not saved");
                }
                let message = save_failure_message(what, outcome);
                // Reported once, without blocking: the loop may be busy or about to exit.
                if *last_message != message
                    && messages
                        .try_send(Message::SaveStatus(what, message.clone()))
                        .is_ok()
                {
                    *last_message = message;
                }
            }
        };
        let thread = thread::Builder::new().name("filters".into()).spawn(work);
        thread.is_ok().then_some(Self { requests, done })
    }

    /// Queues a filter for saving.
    pub(crate) fn save_filter(&self, filter: String) {
        // A thread that has ended has reported why.
        drop(self.requests.send(SaveRequest::Filter(filter)));
    }

    /// Queues lesson progress for saving.
    pub(crate) fn save_progress(&self, progress: LessonProgress) {
        drop(
            self.requests
                .send(SaveRequest::Progress(Box::new(progress))),
        );
    }

    /// Waits until everything is written, up to [`CLOSE_TIMEOUT`].
    pub(crate) fn close(self) {
        let Self { requests, done } = self;
        drop(requests);
        let _ = done.recv_timeout(CLOSE_TIMEOUT);
    }
}

/// Reads the filters in the file, newest first; skips invalid lines.
fn read_filters(path: &Path) -> Vec<String> {
    match state_file::read(path) {
        Ok(bytes) => parse_filters(&bytes),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "no earlier filters");
            Vec::new()
        }
    }
}

fn parse_filters(bytes: &[u8]) -> Vec<String> {
    let mut parsed: Vec<String> = Vec::new();
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter_map(|line| std::str::from_utf8(line).ok()) {
        let line = line.trim();
        let is_filter = !line.chars().any(char::is_control)
            && Filter::parse(line).is_ok_and(|filter| !filter.is_empty());
        if is_filter && !parsed.iter().any(|existing| existing == line) {
            parsed.push(line.to_owned());
        }
        if parsed.len() == MAX_FILTERS {
            break;
        }
    }
    parsed
}

/// Adds a filter to the file. Reads it again, because another run may have written it, and replaces
/// it atomically.
fn add_filter(path: &Path, filter: &str) -> io::Result<()> {
    if filter.chars().any(char::is_control) {
        return Ok(());
    }
    let target = state_file::resolve_target(path)?;
    let mut all = read_filters(&target);
    push_front_unique(&mut all, filter);
    let text: String = all.iter().flat_map(|one| [one.as_str(), "\n"]).collect();
    state_file::write_atomic(&target, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn invalid_and_duplicate_filters_are_skipped() {
        let text = b"port:443\n\n  nginx \nprot:x\nport:443\n\xff\xfe\na\x1bb\r\n\"a b\"\n";
        assert_eq!(parse_filters(text), ["port:443", "nginx", "\"a b\""]);
        let many: String = (1..1000).map(|n| format!("{n}\n")).collect();
        assert_eq!(parse_filters(many.as_bytes()).len(), MAX_FILTERS);
    }

    #[cfg(unix)]
    #[test]
    fn file_is_replaced_whole_and_readable_only_by_its_owner() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("portolan/filters");
        add_filter(&path, "nginx").unwrap();
        add_filter(&path, "port:443").unwrap();
        add_filter(&path, "nginx").unwrap();
        add_filter(&path, "not\none").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "nginx\nport:443\n");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);

        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        add_filter(&link, "tcp").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(read_filters(&path), ["tcp", "nginx", "port:443"]);
        let null_link = directory.path().join("nowhere");
        symlink("/dev/null", &null_link).unwrap();
        let outcome = add_filter(&null_link, "tcp");
        assert!(outcome.is_err());
        assert_eq!(
            save_failure_message(StateFile::Filters, outcome),
            None,
            "disabled on purpose"
        );
        let message =
            save_failure_message(StateFile::Filters, Err(io::Error::other("it is full"))).unwrap();
        assert!(
            message.starts_with("filters cannot be saved: ") && message.ends_with(": it is full")
        );
        assert_eq!(save_failure_message(StateFile::Progress, Ok(())), None);
        assert_eq!(read_filters(&null_link), [""; 0]);
    }
}
