//! Loads and saves lesson progress in `$XDG_STATE_HOME/portolan/lessons`.
//!
//! If the file cannot be used, the lessons continue and its content is not overwritten.

use std::path::Path;
use std::{fs, io};

use super::state_file;
use super::state_file::MAX_BYTES;
use crate::lessons::progress::LessonProgress;

pub(crate) const FILE_NAME: &str = "lessons";

/// Loads the progress of earlier runs, and a warning if it cannot be used in full.
pub(crate) fn load() -> (LessonProgress, Option<String>) {
    match state_file::path(FILE_NAME) {
        Some(path) => load_from(&path),
        None => (
            LessonProgress::default(),
            Some("your progress is not saved: no home directory".into()),
        ),
    }
}

fn load_from(path: &Path) -> (LessonProgress, Option<String>) {
    let place = path.display();
    let warning = match state_file::read(path) {
        Err(error) => format!("your progress cannot be read ({place}: {error})"),
        Ok(bytes) if bytes.len() as u64 == MAX_BYTES => {
            format!("{place} is too large for a progress file; it is left alone")
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

/// Merges the progress into the file.
///
/// # Errors
/// Returns an error if it cannot be saved; the file is then unchanged.
pub(crate) fn save(progress: &LessonProgress) -> io::Result<()> {
    match state_file::path(FILE_NAME) {
        Some(path) => save_to(&path, progress),
        None => Err(io::Error::other("no home directory")),
    }
}

fn save_to(path: &Path, progress: &LessonProgress) -> io::Result<()> {
    let target = state_file::resolve_target(path)?;
    let bytes = state_file::read(&target)?;
    if bytes.len() as u64 == MAX_BYTES {
        return Err(io::Error::other("the file is too large"));
    }
    // Another run may have written it meanwhile.
    let mut merged = LessonProgress::parse(&bytes);
    merged.merge(progress);
    state_file::write_atomic(&target, &merged.to_bytes())
}

/// Removes the file. Returns whether there was one.
///
/// # Errors
/// Returns an error if the file cannot be removed.
pub(crate) fn reset() -> io::Result<bool> {
    let Some(path) = state_file::path(FILE_NAME) else {
        return Ok(false);
    };
    // A link to /dev/null stays: it disables saving.
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
