//! Writes, reads and redacts recordings: samples as keyframes and deltas, in compressed,
//! checksummed blocks.

mod block;
mod bounded_vec;
mod directory_delta;
pub mod file;
pub mod format;
pub mod reader;
pub mod redact;
mod row_matching;
mod stored_close;
mod stored_figures;
mod stored_sample;
mod stored_socket;
mod string_table;
pub mod writer;

pub use crate::recording::file::{ExistingFile, create_recording, open_recording};
pub use crate::recording::format::{MAX_ENTRIES, MAX_SOCKETS, RecordingInfo, VERSION};
pub use crate::recording::reader::{OpenRecordingError, RecordingEnd, RecordingReader};
pub use crate::recording::redact::Redactor;
pub use crate::recording::writer::{KeyframeInterval, RecordingSummary, RecordingWriter};
