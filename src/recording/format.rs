//! Defines the recording file format, version 2.
//!
//! A recording holds snapshots as a collector takes them; reading one yields what a
//! [`Sampler`](crate::collect::Sampler) would have sent. Only observed facts are stored; everything
//! derived from them is derived again during playback.
//!
//! # File layout
//!
//! All numbers outside bodies are little-endian.
//!
//! ```text
//! file    89 "PORTOLAN" 0d 0a 1a 0a   13 bytes: detects transfers that change line ends
//!         version                     u16, 2
//!         0                           1 byte
//!         blocks …
//!
//! block   f1 "blk"                    4 bytes, by which a reader finds the next block after damage
//!         kind                        1 byte, a letter
//!         length                      u32, of the stored body, at most 64 MiB
//!         CRC-32 of the stored body   u32
//!         CRC-32 of these 13 bytes    u32
//!         stored body                 u32 size of the body, at most 128 MiB; the body as an LZ4 block
//! ```
//!
//! | kind | the body, in the postcard wire format |
//! |---|---|
//! | `A` | info: program, host, filter |
//! | `K` | keyframe: sample, new strings, directory, no closed rows, no changes, every socket |
//! | `D` | delta to the previous sample: sample, new strings, directory changes, indices of closed
//! sockets, socket changes, new sockets |
//! | `C` | close events received before the next sample |
//! | `F` | a sample that failed, and why |
//! | `E` | the end: number of samples |
//!
//! * Version 1 is read as well. It is the same without the figures behind each socket, each change of
//!   one and each close event (`stored_figures.rs`).
//! * Readers skip unknown kinds. A later program stores additional facts of a sample in blocks of
//!   another kind *before* the sample's own block, so that needs no new version.
//! * A socket is identified by its index in the previous sample's list. Closed sockets are removed
//!   from it first, then changed ones are updated in place, then new ones are appended. Indices
//!   ascend; each is written as its distance from the index after the previous one.
//! * A string is written once between two keyframes; later uses refer to it by number.
//! * A file without a final `E` was cut off: by a crash, a full disk or an unfinished copy.
//!
//! # What a hostile file cannot do
//!
//! The reader allocates nothing for a length before it has read that many bytes. A body is at most
//! 255 times its stored size (the maximum of LZ4) and at most 128 MiB; sockets, close events,
//! strings and directory entries are limited in number ([`MAX_SOCKETS`], [`MAX_ENTRIES`]). Every
//! string is sanitised by [`crate::text`] as if it came from /proc.

use serde::{Deserialize, Serialize};

/// The format version this program writes.
pub const VERSION: u16 = 2;

/// The format versions this program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormatVersion {
    /// Without figures behind sockets, changes and close events.
    V1,
    /// With them.
    V2,
}

impl FormatVersion {
    /// Finds the version of this number; `None` for one that this program does not know.
    pub(super) const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::V1),
            VERSION => Some(Self::V2),
            _ => None,
        }
    }
}

/// The first bytes of every recording.
pub(super) const FILE_MAGIC: [u8; 13] = *b"\x89PORTOLAN\r\n\x1a\n";

/// Magic, version (u16) and a zero byte.
pub(super) const FILE_HEADER_LEN: usize = FILE_MAGIC.len() + 3;

/// Maximum number of sockets in one sample (2^21), and of close events before it.
pub const MAX_SOCKETS: usize = 1 << 21;

/// Maximum number of strings between two keyframes, and of entries of each kind in the directory
/// (2^20).
pub const MAX_ENTRIES: usize = 1 << 20;

/// Maximum number of holders of one socket, and of gaps of one sample.
pub(super) const MAX_PER_ITEM: usize = 1 << 16;

/// What a recording says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingInfo {
    /// The program that wrote it, with its version.
    pub program: String,
    /// The host name of the recorded machine; `None` if redacted or unknown.
    pub host: Option<String>,
    /// The filter expression the samples were reduced by; empty for all sockets.
    pub filter: String,
}

/// Error for a body that passed its checksum but does not decode to valid data.
#[derive(Debug)]
pub(super) struct InvalidData;

impl From<postcard::Error> for InvalidData {
    fn from(_: postcard::Error) -> Self {
        Self
    }
}

/// Block kinds.
pub(super) mod kind {
    pub(crate) const INFO: u8 = b'A';
    pub(crate) const KEYFRAME: u8 = b'K';
    pub(crate) const DELTA: u8 = b'D';
    pub(crate) const CLOSES: u8 = b'C';
    pub(crate) const FAILED_SAMPLE: u8 = b'F';
    pub(crate) const END: u8 = b'E';
}
