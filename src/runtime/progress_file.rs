//! A learner's progress, in a file: `$XDG_STATE_HOME/portolan/lessons`.
//!
//! In: a [`LessonProgress`]. Out: the one of earlier runs, and a word where it could not be had or kept.
//! Whatever is wrong with the file, the lessons go on, and what is in it is not lost.

use std::path::Path;
use std::{fs, io};

use super::state_file;
use super::state_file::MAX_BYTES;
use crate::lessons::progress::LessonProgress;

/// Its name.
pub(crate) const FILE_NAME: &str = "lessons";

/// What earlier runs kept, and a word where something is wrong with it.
pub(crate) fn load() -> (LessonProgress, Option<String>) {
    match state_file::path(FILE_NAME) {
        Some(path) => load_from(&path),
        None => (
            LessonProgress::default(),
            Some("your progress is not kept: there is no home directory".into()),
        ),
    }
}

fn load_from(path: &Path) -> (LessonProgress, Option<String>) {
    let place = path.display();
    let warning = match state_file::read(path) {
        Err(error) => format!("your progress cannot be read ({place}: {error})"),
        Ok(bytes) if bytes.len() as u64 == MAX_BYTES => {
            format!("{place} is too large to be your progress; it is left alone")
        }
        Ok(bytes) => {
            let progress = LessonProgress::parse(&bytes);
            let warning = match progress.unknown_lines.len() {
                0 => None,
                1 => Some(format!(
                    "a line of {place} is not understood and left alone"
                )),
                some => Some(format!(
                    "{some} lines of {place} are not understood and left alone"
                )),
            };
            return (progress, warning);
        }
    };
    (LessonProgress::default(), Some(warning))
}

/// Adds it to what is kept.
///
/// # Errors
/// Where it cannot be kept; what was there is still there.
pub(crate) fn save(progress: &LessonProgress) -> io::Result<()> {
    match state_file::path(FILE_NAME) {
        Some(path) => save_to(&path, progress),
        None => Err(io::Error::other("there is no home directory")),
    }
}

fn save_to(path: &Path, progress: &LessonProgress) -> io::Result<()> {
    let target = state_file::resolve_target(path)?;
    let bytes = state_file::read(&target)?;
    if bytes.len() as u64 == MAX_BYTES {
        return Err(io::Error::other("what is there is too large"));
    }
    // Another run may have written meanwhile.
    let mut merged = LessonProgress::parse(&bytes);
    merged.merge(progress);
    state_file::write_atomic(&target, &merged.to_bytes())
}

/// Forgets it. Tells whether there was something to forget.
///
/// # Errors
/// Where the file cannot be removed.
pub(crate) fn reset() -> io::Result<bool> {
    let Some(path) = state_file::path(FILE_NAME) else {
        return Ok(false);
    };
    // A link to /dev/null stays: it says that nothing is to be kept.
    match fs::metadata(&path) {
        Ok(found) if found.is_file() => fs::remove_file(path).map(|()| true),
        Ok(_) => Ok(false),
        Err(error) if is_not_found(error.kind()) => Ok(false),
        Err(error) => Err(error),
    }
}

const fn is_not_found(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn malformed_file_warns_and_keeps_its_content() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("portolan/lessons");
        assert_eq!(load_from(&path), (LessonProgress::default(), None));
        let mut done = LessonProgress::default();
        done.finish_lesson(2);
        save_to(&path, &done).unwrap();
        assert_eq!(load_from(&path), (done.clone(), None));

        fs::write(&path, b"lesson 1 done\n\x00\xff\x1b[2J\n").unwrap();
        let (progress, warning) = load_from(&path);
        assert!(progress.done.contains(&1));
        assert!(warning.unwrap().contains("a line of"));
        save_to(&path, &done).unwrap();
        assert_eq!(
            fs::read(&path).unwrap(),
            b"lesson 1 done\nlesson 2 done\n\x00\xff\x1b[2J\n"
        );
    }

    #[test]
    fn unreadable_path_is_not_treated_as_empty() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("portolan");
        fs::write(&file, b"").unwrap();
        let path = file.join("lessons");
        assert!(load_from(&path).1.unwrap().contains("cannot be read"));
        assert!(save_to(&path, &LessonProgress::default()).is_err());
    }

    #[test]
    fn oversized_or_non_regular_file_is_not_overwritten() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lessons");
        let oversized = vec![b'x'; usize::try_from(MAX_BYTES).unwrap() + 1];
        fs::write(&path, &oversized).unwrap();
        assert!(load_from(&path).1.unwrap().contains("too large"));
        assert!(save_to(&path, &LessonProgress::default()).is_err());
        assert_eq!(fs::read(&path).unwrap(), oversized);

        let folder = place.path().join("folder");
        fs::create_dir(&folder).unwrap();
        assert_eq!(load_from(&folder).0, LessonProgress::default());
        assert!(save_to(&folder, &LessonProgress::default()).is_err());
    }
}
