//! Reads and writes small files that outlive a run, in `$XDG_STATE_HOME/portolan`.
//!
//! A file is replaced as a whole, readable by its owner only. What is not a regular file, is too
//! large or belongs to another user is not touched.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

use etcetera::BaseStrategy;

/// Maximum number of bytes read from a file; a state file is far smaller.
pub(crate) const MAX_BYTES: u64 = 256 * 1024;

/// Returns `$XDG_STATE_HOME/portolan/NAME`; `None` without `HOME`: the home directory in the user
/// database may belong to a user who did not start the program.
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

/// Reads at most [`MAX_BYTES`] of a file; nothing if it does not exist or is not a regular file.
///
/// # Errors
/// Returns the error of the operating system.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        // Opening a FIFO would block until it has a writer.
        Ok(_) => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Resolves links, so that the file they point to is replaced, and creates the directory. A link to
/// /dev/null disables saving.
///
/// # Errors
/// Returns an error if nothing can be saved there; of kind `Unsupported` if it is not a regular
/// file.
pub(crate) fn resolve_target(path: &Path) -> io::Result<PathBuf> {
    create_private_dir(path.parent().unwrap_or(path))?;
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::symlink_metadata(&target) {
        Ok(metadata) if metadata.is_dir() => Err(io::Error::other("is a directory")),
        Ok(metadata) if !metadata.is_file() => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "not a regular file",
        )),
        _ => Ok(()),
    }?;
    Ok(target)
}

/// Replaces the file atomically; a concurrent reader sees the old or the new content. `target`
/// comes from [`resolve_target`].
///
/// # Errors
/// Returns the error of the operating system; the old file is then unchanged.
pub(crate) fn write_atomic(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = target.with_extension(format!("{}.new", std::process::id()));
    // Left over from a killed run with the same pid.
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
    // Under sudo with the user's own home, the file would belong to root afterwards.
    let owner = fs::metadata(directory)?.uid();
    match owner == rustix::process::geteuid().as_raw() {
        true => Ok(()),
        false => Err(io::Error::other("its directory belongs to another user")),
    }
}

#[cfg(not(unix))]
fn create_private_dir(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Creates a file with mode 0600: filters name hosts and users.
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
