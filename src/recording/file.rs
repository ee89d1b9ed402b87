//! Opens and creates recording files, readable by their owner only.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::{fs, io};

use super::format::RecordingInfo;
use super::reader::{OpenRecordingError, RecordingReader};
use super::writer::{KeyframeInterval, RecordingWriter};

/// What to do if the file exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingFile {
    /// Fail with [`io::ErrorKind::AlreadyExists`].
    Keep,
    /// Replace it.
    Replace,
}

/// Creates a recording file with mode 0600, since it contains command lines and addresses.
///
/// # Errors
/// Returns an error if the file exists and is to be kept, or cannot be created or written.
pub fn create_recording(
    path: &Path,
    existing_file: ExistingFile,
    info: &RecordingInfo,
) -> io::Result<RecordingWriter<File>> {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match fs::metadata(path) {
        // A device or a pipe has no contents to lose, and keeps its own mode.
        Ok(found) if !found.is_file() => {}
        Ok(_) if existing_file == ExistingFile::Replace => {
            // A new file rather than a truncated old one: a program that has the old one open keeps
            // its contents, and the new one gets the mode 0600.
            fs::remove_file(path)?;
            options.create_new(true);
        }
        _ => {
            options.create_new(true);
        }
    }
    let file = options.open(path)?;
    RecordingWriter::new(file, info, KeyframeInterval::default())
}

/// Opens a recording for reading.
///
/// # Errors
/// Returns an error if the file cannot be read or is not a recording of a supported version.
pub fn open_recording(path: &Path) -> Result<RecordingReader<File>, OpenRecordingError> {
    RecordingReader::open(File::open(path)?)
}

impl RecordingWriter<File> {
    /// Truncates the file to its last complete block, after a block was written in part (for
    /// example on a full disk).
    pub fn truncate_partial_block(&self) {
        // A pipe or device cannot be truncated; a reader skips the incomplete block.
        let _ = self.output().set_len(self.summary().bytes);
    }
}
