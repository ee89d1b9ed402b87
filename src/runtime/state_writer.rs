//! The filters of earlier runs, in a file, and the thread that writes what is kept.
//!
//! In: filters that were kept, and how far a learner is. Out: the filters of earlier runs, as a
//! [`NetlinkMessage`]. A thread of its own reads and writes, so a slow disk or a home on a dead server never holds up a key. Whatever is
//! wrong with the file, the program goes on without it: the log says why.

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

/// How long leaving waits for the last filter to be written.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Something to be kept.
enum SaveRequest {
    Filter(String),
    Progress(Box<LessonProgress>),
}

/// The word on it; none where it is kept, or where nobody wants it to be.
fn save_failure_message(what: StateFile, outcome: io::Result<()>) -> Option<String> {
    let error = outcome
        .err()
        .filter(|error| error.kind() != io::ErrorKind::Unsupported)?;
    let (what, name) = match what {
        StateFile::Filters => ("filters", "filters"),
        StateFile::Progress => ("progress", progress_file::FILE_NAME),
    };
    Some(match state_file::path(name) {
        Some(path) => format!("{what} cannot be kept: {}: {error}", path.display()),
        None => format!("{what} cannot be kept: {error}"),
    })
}

/// The thread, from outside.
pub(crate) struct StateWriter {
    requests: Sender<SaveRequest>,
    /// Ends when the thread does.
    done: Receiver<()>,
}

impl StateWriter {
    /// Starts the thread; `None` where there is no place for the file or no thread.
    pub(crate) fn start(messages: SyncSender<Message>) -> Option<Self> {
        let path = state_file::path("filters")?;
        let (request, receiver) = channel();
        let (thread_guard, done) = channel();
        let work = move || {
            let _thread_guard: Sender<()> = thread_guard;
            // Nobody is left to tell when the loop has ended already.
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
                    tracing::warn!(%error, "{what:?} are not kept");
                }
                let message = save_failure_message(what, outcome);
                // Said once, and not to a loop that is too busy to hear it: it may be at its end.
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
        thread.is_ok().then_some(Self {
            requests: request,
            done,
        })
    }

    /// Hands over a filter.
    pub(crate) fn save_filter(&self, filter: String) {
        // A thread that is gone has said why.
        drop(self.requests.send(SaveRequest::Filter(filter)));
    }

    /// Hands over a learner's progress.
    pub(crate) fn save_progress(&self, progress: LessonProgress) {
        drop(
            self.requests
                .send(SaveRequest::Progress(Box::new(progress))),
        );
    }

    /// Waits until everything is written, but not for ever.
    pub(crate) fn close(self) {
        let Self {
            requests: request,
            done,
        } = self;
        drop(request);
        // Either it ended or it was waited for long enough.
        let _ = done.recv_timeout(CLOSE_TIMEOUT);
    }
}

/// The filters in the file, the latest first; what is none is left out.
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

/// Writes the file anew with one filter more. Another run may have written meanwhile, so it is read
/// again; who reads it meanwhile sees the old or the new one, never half.
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
            "it is wished"
        );
        let message =
            save_failure_message(StateFile::Filters, Err(io::Error::other("it is full"))).unwrap();
        assert!(
            message.starts_with("filters cannot be kept: ") && message.ends_with(": it is full")
        );
        assert_eq!(save_failure_message(StateFile::Progress, Ok(())), None);
        assert_eq!(read_filters(&null_link), [""; 0]);
    }
}
