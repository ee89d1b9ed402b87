//! Where recordings are kept: files that only their owner may read.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::{fs, io};

use super::format::RecordingInfo;
use super::reader::{OpenRecordingError, RecordingReader};
use super::writer::{KeyframeInterval, RecordingWriter};

/// What is to be done where a file is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingFile {
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
        // A device or a pipe holds nothing that could be lost, and has its own mode.
        Ok(found) if !found.is_file() => {}
        Ok(_) if existing_file == ExistingFile::Replace => {
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
    RecordingWriter::new(file, info, KeyframeInterval::default())
}

/// Opens a recording.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn open_recording(path: &Path) -> Result<RecordingReader<File>, OpenRecordingError> {
    RecordingReader::open(File::open(path)?)
}

impl RecordingWriter<File> {
    /// Takes back what was written of a block that did not get its room: the file is whole up to there.
    pub fn truncate_partial_block(&self) {
        // What is no file has nothing to take back; a half block is left out by whoever reads.
        let _ = self.output().set_len(self.summary().bytes);
    }
}
