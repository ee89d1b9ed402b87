//! The filters of earlier runs, in a file, and the thread that writes what is kept.
//!
//! In: filters that were kept, and how far a learner is. Out: the filters of earlier runs, as a
//! [`Message`]. A thread of its own reads and writes, so a slow disk or a home on a dead server never holds up a key. Whatever is
//! wrong with the file, the program goes on without it: the log says why.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread;
use std::time::Duration;

use crate::app::run::Message;
use crate::app::update::recall::{MOST, remember};
use crate::app::{progress, state_file};
use crate::query::Filter;
use crate::teach::Progress;

/// How long leaving waits for the last filter to be written.
const PATIENCE: Duration = Duration::from_millis(500);

/// Something to be kept.
enum Kept {
    Filter(String),
    Progress(Box<Progress>),
}

/// What could not be kept, or can be again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unkept {
    /// The filters.
    Filters,
    /// A learner's progress.
    Progress,
}

/// The word on it; none where it is kept, or where nobody wants it to be.
fn unkept(what: Unkept, outcome: io::Result<()>) -> Option<String> {
    let error = outcome
        .err()
        .filter(|error| error.kind() != io::ErrorKind::Unsupported)?;
    let (what, name) = match what {
        Unkept::Filters => ("filters", "filters"),
        Unkept::Progress => ("progress", progress::NAME),
    };
    Some(match state_file::path(name) {
        Some(path) => format!("{what} cannot be kept: {}: {error}", path.display()),
        None => format!("{what} cannot be kept: {error}"),
    })
}

/// The thread, from outside.
pub(super) struct Shelf {
    kept: Sender<Kept>,
    /// Ends when the thread does.
    done: Receiver<()>,
}

impl Shelf {
    /// Starts the thread; `None` where there is no place for the file or no thread.
    pub(super) fn open(messages: SyncSender<Message>) -> Option<Self> {
        let path = state_file::path("filters")?;
        let (kept, receiver) = channel();
        let (alive, done) = channel();
        let work = move || {
            let _alive: Sender<()> = alive;
            // Nobody is left to tell when the loop has ended already.
            drop(messages.send(Message::Recalled(read(&path))));
            let (progress, word) = progress::load();
            drop(messages.send(Message::Progress(progress, word)));
            let (mut filters, mut lessons) = (None, None);
            while let Ok(kept) = receiver.recv() {
                let (what, before, outcome) = match kept {
                    Kept::Filter(filter) => (Unkept::Filters, &mut filters, add(&path, &filter)),
                    Kept::Progress(progress) => {
                        (Unkept::Progress, &mut lessons, progress::keep(&progress))
                    }
                };
                if let Err(error) = &outcome {
                    tracing::warn!(%error, "{what:?} are not kept");
                }
                let word = unkept(what, outcome);
                // Said once, and not to a loop that is too busy to hear it: it may be at its end.
                if *before != word
                    && messages
                        .try_send(Message::Unkept(what, word.clone()))
                        .is_ok()
                {
                    *before = word;
                }
            }
        };
        let thread = thread::Builder::new().name("filters".into()).spawn(work);
        thread.is_ok().then_some(Self { kept, done })
    }

    /// Hands over a filter.
    pub(super) fn keep(&self, filter: String) {
        // A thread that is gone has said why.
        drop(self.kept.send(Kept::Filter(filter)));
    }

    /// Hands over a learner's progress.
    pub(super) fn keep_progress(&self, progress: Progress) {
        drop(self.kept.send(Kept::Progress(Box::new(progress))));
    }

    /// Waits until everything is written, but not for ever.
    pub(super) fn close(self) {
        let Self { kept, done } = self;
        drop(kept);
        // Either it ended or it was waited for long enough.
        let _ = done.recv_timeout(PATIENCE);
    }
}

/// The filters in the file, the latest first; what is none is left out.
fn read(path: &Path) -> Vec<String> {
    match state_file::read(path) {
        Ok(bytes) => filters(&bytes),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "no earlier filters");
            Vec::new()
        }
    }
}

fn filters(bytes: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter_map(|line| std::str::from_utf8(line).ok()) {
        let line = line.trim();
        let is_filter = !line.chars().any(char::is_control)
            && Filter::parse(line).is_ok_and(|filter| !filter.is_empty());
        if is_filter && !found.iter().any(|known| known == line) {
            found.push(line.to_owned());
        }
        if found.len() == MOST {
            break;
        }
    }
    found
}

/// Writes the file anew with one filter more. Another run may have written meanwhile, so it is read
/// again; who reads it meanwhile sees the old or the new one, never half.
fn add(path: &Path, filter: &str) -> io::Result<()> {
    if filter.chars().any(char::is_control) {
        return Ok(());
    }
    let target = state_file::target(path)?;
    let mut all = read(&target);
    remember(&mut all, filter);
    let text: String = all.iter().flat_map(|one| [one.as_str(), "\n"]).collect();
    state_file::write(&target, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_filters_are_read_and_each_once() {
        let text = b"port:443\n\n  nginx \nprot:x\nport:443\n\xff\xfe\na\x1bb\r\n\"a b\"\n";
        assert_eq!(filters(text), ["port:443", "nginx", "\"a b\""]);
        let many: String = (1..1000).map(|n| format!("{n}\n")).collect();
        assert_eq!(filters(many.as_bytes()).len(), MOST);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_written_whole_and_for_its_owner_alone() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("portolan/filters");
        add(&path, "nginx").unwrap();
        add(&path, "port:443").unwrap();
        add(&path, "nginx").unwrap();
        add(&path, "not\none").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "nginx\nport:443\n");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);

        let link = place.path().join("link");
        symlink(&path, &link).unwrap();
        add(&link, "tcp").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(read(&path), ["tcp", "nginx", "port:443"]);
        let nowhere = place.path().join("nowhere");
        symlink("/dev/null", &nowhere).unwrap();
        let refused = add(&nowhere, "tcp");
        assert!(refused.is_err());
        assert_eq!(unkept(Unkept::Filters, refused), None, "it is wished");
        let word = unkept(Unkept::Filters, Err(io::Error::other("it is full"))).unwrap();
        assert!(word.starts_with("filters cannot be kept: ") && word.ends_with(": it is full"));
        assert_eq!(unkept(Unkept::Progress, Ok(())), None);
        assert_eq!(read(&nowhere), [""; 0]);
    }
}
