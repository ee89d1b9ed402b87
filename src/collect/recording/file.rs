//! Where recordings are kept: files that only their owner may read.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::{About, Reader, Rhythm, Unreadable, Writer};

/// What is to be done where a file is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays.
    Keep,
    /// It is replaced.
    Replace,
}

/// Begins a recording in a file. Command lines and addresses are nobody else's business, so only
/// the owner may read it.
///
/// # Errors
/// When there is a file already that is to be kept, or the system refuses.
pub fn create(path: &Path, existing: Existing, about: &About) -> io::Result<Writer<File>> {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match fs::metadata(path) {
        // A device or a pipe holds nothing that could be lost, and has its own mode.
        Ok(found) if !found.is_file() => {}
        Ok(_) if existing == Existing::Replace => {
            // Another file rather than the old one cut to nothing: whoever has that open keeps it,
            // and its mode is not what this one should have.
            fs::remove_file(path)?;
            options.create_new(true);
        }
        _ => {
            options.create_new(true);
        }
    }
    let file = options.open(path)?;
    Writer::begin(file, about, Rhythm::default())
}

/// Opens a recording.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn open(path: &Path) -> Result<Reader<File>, Unreadable> {
    Reader::open(File::open(path)?)
}

impl Writer<File> {
    /// Takes back what was written of a block that did not get its room: the file is whole up to there.
    pub fn take_back(&self) {
        // What is no file has nothing to take back; a half block is left out by whoever reads.
        let _ = self.output().set_len(self.summary().bytes);
    }
}
