//! A learner's progress, in a file: `$XDG_STATE_HOME/portolan/lessons`.
//!
//! In: a [`Progress`]. Out: the one of earlier runs, and a word where it could not be had or kept.
//! Whatever is wrong with the file, the lessons go on, and what is in it is not lost.

use std::path::Path;
use std::{fs, io};

use crate::app::state_file::{self, LIMIT};
use crate::teach::Progress;

/// Its name.
pub(super) const NAME: &str = "lessons";

/// What earlier runs kept, and a word where something is wrong with it.
pub(super) fn load() -> (Progress, Option<String>) {
    match state_file::path(NAME) {
        Some(path) => load_from(&path),
        None => (
            Progress::default(),
            Some("your progress is not kept: there is no home directory".into()),
        ),
    }
}

fn load_from(path: &Path) -> (Progress, Option<String>) {
    let place = path.display();
    let word = match state_file::read(path) {
        Err(error) => format!("your progress cannot be read ({place}: {error})"),
        Ok(bytes) if bytes.len() as u64 == LIMIT => {
            format!("{place} is too large to be your progress; it is left alone")
        }
        Ok(bytes) => {
            let progress = Progress::read(&bytes);
            let word = match progress.rest.len() {
                0 => None,
                1 => Some(format!(
                    "a line of {place} is not understood and left alone"
                )),
                some => Some(format!(
                    "{some} lines of {place} are not understood and left alone"
                )),
            };
            return (progress, word);
        }
    };
    (Progress::default(), Some(word))
}

/// Adds it to what is kept.
///
/// # Errors
/// Where it cannot be kept; what was there is still there.
pub(super) fn keep(progress: &Progress) -> io::Result<()> {
    match state_file::path(NAME) {
        Some(path) => keep_in(&path, progress),
        None => Err(io::Error::other("there is no home directory")),
    }
}

fn keep_in(path: &Path, progress: &Progress) -> io::Result<()> {
    let target = state_file::target(path)?;
    let bytes = state_file::read(&target)?;
    if bytes.len() as u64 == LIMIT {
        return Err(io::Error::other("what is there is too large"));
    }
    // Another run may have written meanwhile.
    let mut all = Progress::read(&bytes);
    all.join(progress);
    state_file::write(&target, &all.print())
}

/// Forgets it. Tells whether there was something to forget.
///
/// # Errors
/// Where the file cannot be removed.
pub(super) fn reset() -> io::Result<bool> {
    let Some(path) = state_file::path(NAME) else {
        return Ok(false);
    };
    // A link to /dev/null stays: it says that nothing is to be kept.
    match fs::metadata(&path) {
        Ok(found) if found.is_file() => fs::remove_file(path).map(|()| true),
        Ok(_) => Ok(false),
        Err(error) if is_absence(error.kind()) => Ok(false),
        Err(error) => Err(error),
    }
}

const fn is_absence(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_costs_a_word_and_loses_nothing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("portolan/lessons");
        assert_eq!(load_from(&path), (Progress::default(), None));
        let mut done = Progress::default();
        done.finish(2);
        keep_in(&path, &done).unwrap();
        assert_eq!(load_from(&path), (done.clone(), None));

        fs::write(&path, b"lesson 1 done\n\x00\xff\x1b[2J\n").unwrap();
        let (progress, word) = load_from(&path);
        assert!(progress.done.contains(&1));
        assert!(word.unwrap().contains("a line of"));
        keep_in(&path, &done).unwrap();
        assert_eq!(
            fs::read(&path).unwrap(),
            b"lesson 1 done\nlesson 2 done\n\x00\xff\x1b[2J\n"
        );
    }

    #[test]
    fn a_path_that_cannot_be_reached_is_no_empty_file() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("portolan");
        fs::write(&file, b"").unwrap();
        let path = file.join("lessons");
        assert!(load_from(&path).1.unwrap().contains("cannot be read"));
        assert!(keep_in(&path, &Progress::default()).is_err());
    }

    #[test]
    fn what_cannot_be_progress_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lessons");
        let film = vec![b'x'; usize::try_from(LIMIT).unwrap() + 1];
        fs::write(&path, &film).unwrap();
        assert!(load_from(&path).1.unwrap().contains("too large"));
        assert!(keep_in(&path, &Progress::default()).is_err());
        assert_eq!(fs::read(&path).unwrap(), film);

        let folder = place.path().join("folder");
        fs::create_dir(&folder).unwrap();
        assert_eq!(load_from(&folder).0, Progress::default());
        assert!(keep_in(&folder, &Progress::default()).is_err());
    }
}
