//! Small files that outlive a run, in `$XDG_STATE_HOME/portolan`.
//!
//! In: a name. Out: its bytes, or a new content. A file is written whole or not at all, for its owner
//! alone; what is no file, too large or another user's is left alone.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

use etcetera::BaseStrategy;

/// How much of a file is read: more than anybody has of what is kept there, and no film.
pub(crate) const MAX_BYTES: u64 = 256 * 1024;

/// `$XDG_STATE_HOME/portolan/NAME`. Without a home there is none: what the system's list of
/// users says instead is the home of somebody who did not ask for it.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    if cfg!(unix) {
        std::env::var_os("HOME").filter(|home| !home.is_empty())?;
    }
    let base_dirs = etcetera::choose_base_strategy().ok()?;
    let state = base_dirs
        .state_dir()
        .unwrap_or_else(|| base_dirs.data_dir());
    Some(state.join("portolan").join(name))
}

/// What is in the file, [`LIMIT`] at most; nothing where there is none.
///
/// # Errors
/// What the system refused.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        // Opening a pipe would wait for its other end.
        Ok(_) => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file itself: a link to another file is kept, and one to /dev/null says that nothing is to be
/// kept. Makes the directory where there is none.
///
/// # Errors
/// Where nothing can be kept there; of the kind `Unsupported` where that is wished.
pub(crate) fn resolve_target(path: &Path) -> io::Result<PathBuf> {
    create_private_dir(path.parent().unwrap_or(path))?;
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::symlink_metadata(&target) {
        Ok(metadata) if metadata.is_dir() => Err(io::Error::other("it is a directory")),
        Ok(metadata) if !metadata.is_file() => {
            Err(io::Error::new(io::ErrorKind::Unsupported, "it is no file"))
        }
        _ => Ok(()),
    }?;
    Ok(target)
}

/// Writes the file anew; who reads it meanwhile sees the old or the new one, never half. `target` is
/// what [`target`] gave.
///
/// # Errors
/// What the system refused; the old file is then as it was.
pub(crate) fn write_atomic(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = target.with_extension(format!("{}.new", std::process::id()));
    // What a run of the same number left when it was killed.
    drop(fs::remove_file(&temporary));
    let written = create_private_file(&temporary).and_then(|mut file| file.write_all(bytes));
    let done = written.and_then(|()| fs::rename(&temporary, target));
    if done.is_err() {
        drop(fs::remove_file(&temporary));
    }
    done
}

#[cfg(unix)]
fn create_private_dir(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)?;
    // Under sudo with the user's own home, the file would be root's afterwards.
    let owner = fs::metadata(directory)?.uid();
    match owner == rustix::process::geteuid().as_raw() {
        true => Ok(()),
        false => Err(io::Error::other("its directory is another user's")),
    }
}

#[cfg(not(unix))]
fn make(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// A new file that only its owner may read: filters name hosts and users.
fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
