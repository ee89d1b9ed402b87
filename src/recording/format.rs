//! Snapshots ⇄ a file.
//!
//! In: snapshots as a collector takes them, or a file that holds such. Out: the file, or the
//! snapshots again, as what a [`Sampler`](crate::collect::Sampler) would have sent. Only ground facts are kept, so whatever
//! is concluded from them is concluded anew by whoever replays.
//!
//! # The file, version 2
//!
//! All numbers outside of bodies are little-endian.
//!
//! ```text
//! file    89 "PORTOLAN" 0d 0a 1a 0a   13 bytes: a transfer that changes line ends is noticed
//!         version                     u16, 2
//!         0                           1 byte
//!         blocks …
//!
//! block   f1 "blk"                    4 bytes by which the next block is found after damage
//!         kind                        1 byte, a letter
//!         length                      u32, of the stored body, at most 64 MiB
//!         CRC-32 of the stored body   u32
//!         CRC-32 of these 13 bytes    u32
//!         stored body                 u32 size of the body, at most 128 MiB; the body as an LZ4 block
//! ```
//!
//! | kind | the body, in the postcard wire format |
//! |---|---|
//! | `A` | about: program, host, filter |
//! | `K` | keyframe: sample, new texts, directory, nothing closed, nothing changed, every socket |
//! | `D` | difference to the sample before: sample, new texts, changes in the directory, the places of closed sockets, changes of sockets, new sockets |
//! | `C` | the ends of sockets that were heard before the next sample |
//! | `F` | a look that failed, and why |
//! | `E` | the end: number of samples |
//!
//! * Version 1 is read, too. It has neither the figures that stand behind each socket, each change of
//!   one and each end ([`stored_figures`](super::stored_figures)), nor anything else that differs.
//! * A kind that is not known is skipped. What a later program wants to keep of a sample besides
//!   goes into blocks of another kind *before* the sample's own, so it needs no new version.
//! * A socket is told by its place in the list of the sample before, from which first the closed
//!   are taken out, then the changed are changed in place, then the new are added at the end. Places
//!   ascend, and each is written as its distance from the one after the last.
//! * Texts are written once between two keyframes and are told by their number from then on.
//! * A file without `E` at its end is one that was cut off: by a crash, a full disk, a copy that
//!   was not finished.
//!
//! # What a hostile file cannot do
//!
//! Nothing is allocated for a length before that many bytes were read; a body is at most 255 times
//! its stored form (LZ4 gives no more) and at most 128 MiB; sockets, ends, texts and entries are bounded in number
//! ([`MAX_SOCKETS`], [`MAX_ENTRIES`]). Every text goes through [`crate::text`] as if it came from /proc.

use serde::{Deserialize, Serialize};

/// The version that is written.
pub const VERSION: u16 = 2;

/// The versions that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormatVersion {
    /// Without figures behind sockets, changes and ends.
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

/// The magic, the version and a zero.
pub(super) const FILE_HEADER_LEN: usize = FILE_MAGIC.len() + 3;

/// The most sockets one sample may have.
pub const MAX_SOCKETS: usize = 1 << 21;

/// The most texts, and the most entries of each kind in the directory.
pub const MAX_ENTRIES: usize = 1 << 20;

/// The most processes that hold one socket, and the most gaps of a sample.
pub(super) const MAX_PER_ITEM: usize = 1 << 16;

/// What a recording says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingInfo {
    /// The program that wrote it.
    pub program: String,
    /// The machine it was made on.
    pub host: Option<String>,
    /// The filter it was made with; empty for everything.
    pub filter: String,
}

/// Why a body that came whole is nonsense all the same.
#[derive(Debug)]
pub(super) struct InvalidData;

impl From<postcard::Error> for InvalidData {
    fn from(_: postcard::Error) -> Self {
        Self
    }
}

/// The kinds of blocks.
pub(super) mod kind {
    pub(crate) const INFO: u8 = b'A';
    pub(crate) const KEYFRAME: u8 = b'K';
    pub(crate) const DELTA: u8 = b'D';
    pub(crate) const CLOSES: u8 = b'C';
    pub(crate) const FAILED_SAMPLE: u8 = b'F';
    pub(crate) const END: u8 = b'E';
}
