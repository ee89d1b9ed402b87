//! Writes snapshots as blocks. Each block is one write, so the file is complete up to its last
//! block.

use std::io;
use std::io::Write;
use std::sync::Arc;

use serde::Serialize;

use super::format::{FILE_MAGIC, RecordingInfo, VERSION, kind};
use super::stored_close::StoredClose;
use super::stored_figures::{StoredFigures, StoredTcpFigures};
use super::stored_sample::{StoredGap, StoredSample};
use super::stored_socket::{SocketDelta, StoredSocket};
use super::{block, directory_delta, row_matching, string_table};
use crate::net::snapshot::{Directory, Gap, Snapshot};
use crate::net::socket::Socket;

/// How often a keyframe is written instead of a delta. A reader can restart at a keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyframeInterval {
    /// Maximum number of samples per keyframe.
    pub samples: u32,
    /// Maximum number of bytes per keyframe.
    pub bytes: u64,
}

impl Default for KeyframeInterval {
    fn default() -> Self {
        Self {
            samples: 60,
            bytes: 16 << 20,
        }
    }
}

/// What was written so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordingSummary {
    /// Number of samples.
    pub samples: u64,
    /// Number of distinct sockets in the samples.
    pub sockets: u64,
    /// Size of the whole file, in bytes.
    pub bytes: u64,
}

/// Writes a recording.
#[derive(Debug)]
pub struct RecordingWriter<W> {
    output: W,
    keyframe_interval: KeyframeInterval,
    summary: RecordingSummary,
    /// What was written since the last keyframe; `None` before the first.
    since_keyframe: Option<SinceKeyframe>,
    string_table: string_table::StringTableWriter,
    directory: Arc<Directory>,
    /// The sockets as a reader has them after the last block.
    sockets: Vec<Socket>,
}

#[derive(Debug)]
struct SinceKeyframe {
    samples: u32,
    bytes: u64,
}

impl<W: Write> RecordingWriter<W> {
    /// Writes the header and the info block.
    ///
    /// # Errors
    /// Returns an error if they cannot be written.
    pub fn new(
        mut output: W,
        info: &RecordingInfo,
        keyframe_interval: KeyframeInterval,
    ) -> io::Result<Self> {
        let mut header = FILE_MAGIC.to_vec();
        header.extend(VERSION.to_le_bytes());
        header.push(0);
        output.write_all(&header)?;
        let mut writer = Self {
            output,
            keyframe_interval,
            summary: RecordingSummary {
                bytes: header.len() as u64,
                ..RecordingSummary::default()
            },
            since_keyframe: None,
            string_table: string_table::StringTableWriter::default(),
            directory: Arc::default(),
            sockets: Vec::new(),
        };
        let mut body = BlockBody::default();
        body.push(info)?;
        writer.write_block(kind::INFO, &body)?;
        Ok(writer)
    }

    /// Appends a snapshot, as a keyframe or a delta.
    ///
    /// # Errors
    /// Returns an error if the block cannot be written or is too large; nothing can be appended
    /// after that.
    pub fn write_snapshot(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let keyframe_interval = self.keyframe_interval;
        let is_within_interval = |since_keyframe: &SinceKeyframe| {
            since_keyframe.samples < keyframe_interval.samples
                && since_keyframe.bytes < keyframe_interval.bytes
        };
        let is_keyframe = !self.since_keyframe.as_ref().is_some_and(is_within_interval);
        if is_keyframe {
            self.string_table = string_table::StringTableWriter::default();
            self.directory = Arc::default();
        }
        let closes = match snapshot.destroyed.as_slice() {
            [] => Vec::new(),
            destroyed => {
                let mut body = BlockBody::default();
                body.push(
                    &destroyed
                        .iter()
                        .map(|close| {
                            let figures = StoredTcpFigures::from_tcp_info(close.tcp.as_ref());
                            (StoredClose::from_destroyed(close), figures)
                        })
                        .collect::<Vec<_>>(),
                )?;
                block::encode_block(kind::CLOSES, &body.0).ok_or(io::ErrorKind::FileTooLarge)?
            }
        };
        let mut fields = BlockBody::default();
        fields.push(&self.diff_directory(&snapshot.directory))?;
        let changed = self.diff_sockets(&snapshot.sockets)?;
        match is_keyframe {
            true => {
                fields.push(&(0_u32, 0_u32))?;
                fields.push_sockets(&self.sockets, &mut self.string_table)?;
            }
            false => fields.0.extend(changed.0),
        }
        let mut body = BlockBody::default();
        body.push(&StoredSample::from_snapshot(snapshot))?;
        let new_strings = self.string_table.take_new();
        body.push(&new_strings.iter().map(AsRef::as_ref).collect::<Vec<&str>>())?;
        body.0.extend(fields.0);
        let kind = match is_keyframe {
            true => kind::KEYFRAME,
            false => kind::DELTA,
        };
        let bytes = self.write_blocks(closes, kind, &body)?;
        self.summary.samples += 1;
        let since_keyframe = self.since_keyframe.take().filter(|_| !is_keyframe);
        self.since_keyframe = Some(match since_keyframe {
            Some(since_keyframe) => SinceKeyframe {
                samples: since_keyframe.samples + 1,
                bytes: since_keyframe.bytes + bytes,
            },
            None => SinceKeyframe {
                samples: 1,
                bytes: 0,
            },
        });
        Ok(())
    }

    /// Appends a failed sample.
    ///
    /// # Errors
    /// Returns an error if the block cannot be written; nothing can be appended after that.
    pub fn write_failure(&mut self, gap: &Gap) -> io::Result<()> {
        let mut body = BlockBody::default();
        body.push(&StoredGap::from_gap(gap))?;
        self.write_block(kind::FAILED_SAMPLE, &body)?;
        Ok(())
    }

    /// Writes the end block and returns the summary.
    ///
    /// # Errors
    /// Returns an error if the end block cannot be written.
    pub fn finish(&mut self) -> io::Result<RecordingSummary> {
        let mut body = BlockBody::default();
        body.push(&self.summary.samples)?;
        self.write_block(kind::END, &body)?;
        Ok(self.summary)
    }

    /// Returns what was written so far, in complete blocks.
    pub const fn summary(&self) -> RecordingSummary {
        self.summary
    }

    /// Returns the underlying output.
    pub const fn output(&self) -> &W {
        &self.output
    }

    fn diff_directory(&mut self, now: &Arc<Directory>) -> directory_delta::DirectoryDelta {
        let before = std::mem::replace(&mut self.directory, Arc::clone(now));
        match Arc::ptr_eq(&before, now) {
            true => directory_delta::diff_directories(
                &Directory::default(),
                &Directory::default(),
                &mut self.string_table,
            ),
            false => directory_delta::diff_directories(&before, now, &mut self.string_table),
        }
    }

    /// Updates `self.sockets` to `now` and encodes the changes: closed, changed, new.
    fn diff_sockets(&mut self, now: &[Socket]) -> io::Result<BlockBody> {
        let indices = row_matching::match_rows(&self.sockets, now);
        let mut matched: Vec<Option<&Socket>> = vec![None; self.sockets.len()];
        let mut new = Vec::new();
        for (socket, index) in now.iter().zip(indices) {
            match index.and_then(|index| matched.get_mut(index)) {
                Some(slot) => *slot = Some(socket),
                None => new.push(socket.clone()),
            }
        }
        let mut body = BlockBody::default();
        body.push_indices(matched.iter().map(Option::is_none), |_, _| Ok(()))?;
        let mut at = matched.iter();
        self.sockets
            .retain(|_| at.next().is_some_and(Option::is_some));
        let matched: Vec<&Socket> = matched.into_iter().flatten().collect();
        let is_changed = self
            .sockets
            .iter_mut()
            .zip(&matched)
            .map(|(was, is)| is_changed(was, is));
        let is_changed: Vec<bool> = is_changed.collect();
        let (sockets, string_table) = (&mut self.sockets, &mut self.string_table);
        body.push_indices(is_changed.into_iter(), |body, index| {
            if let (Some(was), Some(is)) = (sockets.get_mut(index), matched.get(index)) {
                body.push(&SocketDelta::diff(was, is, string_table))?;
                body.push(&StoredFigures::diff(was, is))?;
                *was = Socket::clone(is);
            }
            Ok(())
        })?;
        body.push_sockets(&new, &mut self.string_table)?;
        self.summary.sockets += new.len() as u64;
        self.sockets.append(&mut new);
        Ok(body)
    }

    fn write_block(&mut self, kind: u8, body: &BlockBody) -> io::Result<u64> {
        self.write_blocks(Vec::new(), kind, body)
    }

    /// Writes a block, preceded by the encoded blocks that belong before it, in one write.
    fn write_blocks(&mut self, mut blocks: Vec<u8>, kind: u8, body: &BlockBody) -> io::Result<u64> {
        blocks.extend(block::encode_block(kind, &body.0).ok_or(io::ErrorKind::FileTooLarge)?);
        self.output.write_all(&blocks)?;
        self.output.flush()?;
        let bytes = blocks.len() as u64;
        self.summary.bytes += bytes;
        Ok(bytes)
    }
}

/// Returns whether the row has to be written again. Jitter of its idle time alone is ignored, or every
/// idle socket would be written in every sample. `was` is unchanged afterwards.
fn is_changed(was: &mut Socket, is: &Socket) -> bool {
    let time_before = was.tcp.and_then(|tcp| tcp.last_data);
    let time_now = is.tcp.and_then(|tcp| tcp.last_data);
    let is_jitter = match (time_before, time_now) {
        (Some(before), Some(now)) => before.is_same_as(now),
        _ => false,
    };
    if !is_jitter {
        return was != is;
    }
    let mut set_time = |time| {
        if let Some(tcp) = &mut was.tcp {
            tcp.last_data = time;
        }
        &*was != is
    };
    let changed = set_time(time_now);
    set_time(time_before);
    changed
}

/// A body under construction. Values pushed one after another decode as one tuple.
#[derive(Debug, Default)]
struct BlockBody(Vec<u8>);

impl BlockBody {
    fn push<T: Serialize>(&mut self, fields: &T) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.0);
        self.0 = postcard::to_extend(fields, bytes).map_err(io::Error::other)?;
        Ok(())
    }

    fn push_count(&mut self, count: usize) -> io::Result<()> {
        self.push(&u32::try_from(count).map_err(io::Error::other)?)
    }

    fn push_sockets(
        &mut self,
        sockets: &[Socket],
        string_table: &mut string_table::StringTableWriter,
    ) -> io::Result<()> {
        self.push_count(sockets.len())?;
        sockets.iter().try_for_each(|socket| {
            self.push(&StoredSocket::from_socket(socket, string_table))?;
            self.push(&StoredFigures::from_socket(socket))
        })
    }

    /// Writes the indices of the marked entries as distances, each followed by what `more` pushes.
    fn push_indices(
        &mut self,
        marked: impl Iterator<Item = bool> + Clone,
        mut more: impl FnMut(&mut Self, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        self.push_count(marked.clone().filter(|is| *is).count())?;
        let mut expected = 0;
        for (index, _) in marked.enumerate().filter(|(_, is)| *is) {
            self.push_count(index - expected)?;
            more(self, index)?;
            expected = index + 1;
        }
        Ok(())
    }
}
