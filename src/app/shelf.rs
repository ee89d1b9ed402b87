//! The filters of earlier runs, in a file.
//!
//! In: filters that were kept. Out: those of earlier runs, as a [`Message`]. A thread of its own
//! reads and writes, so a slow disk or a home on a dead server never holds up a key. Whatever is
//! wrong with the file, the program goes on without it: the log says why.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread;
use std::time::Duration;

use etcetera::BaseStrategy;

use crate::app::run::Message;
use crate::app::update::recall::{MOST, remember};
use crate::query::Filter;

/// How much of the file is read: as many of the longest filters as anybody has, and no film.
const LIMIT: u64 = 256 * 1024;

/// How long leaving waits for the last filter to be written.
const PATIENCE: Duration = Duration::from_millis(500);

/// The thread, from outside.
pub(super) struct Shelf {
    kept: Sender<String>,
    /// Ends when the thread does.
    done: Receiver<()>,
}

impl Shelf {
    /// Starts the thread; `None` where there is no place for the file or no thread.
    pub(super) fn open(messages: SyncSender<Message>) -> Option<Self> {
        let path = path()?;
        let (kept, receiver) = channel::<String>();
        let (alive, done) = channel();
        let work = move || {
            let _alive: Sender<()> = alive;
            // Nobody is left to tell when the loop has ended already.
            drop(messages.send(Message::Recalled(read(&path))));
            drop(messages);
            while let Ok(filter) = receiver.recv() {
                if let Err(error) = add(&path, &filter) {
                    tracing::warn!(path = %path.display(), %error, "the filter is not kept");
                }
            }
        };
        let thread = thread::Builder::new().name("filters".into()).spawn(work);
        thread.is_ok().then_some(Self { kept, done })
    }

    /// Hands over a filter.
    pub(super) fn keep(&self, filter: String) {
        // A thread that is gone has said why.
        drop(self.kept.send(filter));
    }

    /// Waits until everything is written, but not for ever.
    pub(super) fn close(self) {
        let Self { kept, done } = self;
        drop(kept);
        // Either it ended or it was waited for long enough.
        let _ = done.recv_timeout(PATIENCE);
    }
}

/// `$XDG_STATE_HOME/portolan/filters`. Without a home there is none: what the system's list of
/// users says instead is the home of somebody who did not ask for it.
fn path() -> Option<PathBuf> {
    if cfg!(unix) {
        std::env::var_os("HOME").filter(|home| !home.is_empty())?;
    }
    let places = etcetera::choose_base_strategy().ok()?;
    let state = places.state_dir().unwrap_or_else(|| places.data_dir());
    Some(state.join("portolan").join("filters"))
}

/// The filters in the file, the latest first; what is none is left out.
fn read(path: &Path) -> Vec<String> {
    // Opening a pipe would wait for its other end.
    if !fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes));
    if let Err(error) = read {
        tracing::warn!(path = %path.display(), %error, "no earlier filters");
    }
    filters(&bytes)
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
    let folder = path.parent().unwrap_or(path);
    make(folder)?;
    // A link to another file is kept, and one to /dev/null says that nothing is to be kept.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::symlink_metadata(&target).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no file"));
    }
    let mut all = read(&target);
    remember(&mut all, filter);
    let text: String = all.iter().flat_map(|one| [one.as_str(), "\n"]).collect();
    let draft = target.with_extension(format!("{}.new", std::process::id()));
    // What a run of the same number left when it was killed.
    drop(fs::remove_file(&draft));
    let written = private(&draft).and_then(|mut file| file.write_all(text.as_bytes()));
    let done = written.and_then(|()| fs::rename(&draft, &target));
    if done.is_err() {
        drop(fs::remove_file(&draft));
    }
    done
}

#[cfg(unix)]
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)?;
    // Under sudo with the user's own home, the file would be root's afterwards.
    let owner = fs::metadata(folder)?.uid();
    match owner == rustix::process::geteuid().as_raw() {
        true => Ok(()),
        false => Err(io::Error::other("its directory is another user's")),
    }
}

#[cfg(not(unix))]
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// A new file that only its owner may read: filters name hosts and users.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
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
        assert!(add(&nowhere, "tcp").is_err());
        assert_eq!(read(&nowhere), [""; 0]);
    }
}
