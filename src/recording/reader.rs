//! Reads snapshots from bytes that it does not trust.

use std::io;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::block::{BlockRead, BlockReader};
use super::bounded_vec::BoundedVec;
use super::format::{
    FILE_HEADER_LEN, FILE_MAGIC, FormatVersion, InvalidData, MAX_ENTRIES, MAX_SOCKETS,
    RecordingInfo, VERSION, kind,
};
use super::stored_close::StoredClose;
use super::stored_figures::{StoredFigures, StoredTcpFigures};
use super::stored_sample::{StoredGap, StoredSample};
use super::stored_socket::{SocketDelta, StoredSocket};
use super::string_table::sanitize_stored;
use super::{block, directory_delta, string_table};
use crate::collect::SampleOutcome;
use crate::net::destroyed::Destroyed;
use crate::net::snapshot::{Directory, Gap, Snapshot};
use crate::net::socket::Socket;

/// Why a file cannot be replayed at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenRecordingError {
    /// The file does not begin with the recording magic.
    #[error("not a portolan recording")]
    NotARecording,
    /// The format version is newer than [`VERSION`].
    #[error("unsupported recording version {0} (this program reads versions up to {VERSION})")]
    UnsupportedVersion(u16),
    /// The file ends within its header.
    #[error("the recording is cut off before its first sample")]
    Truncated,
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingEnd {
    /// With an end block: the recording was stopped normally.
    Complete,
    /// Without an end block: a crash, a full disk, part of a file, or still being written.
    Truncated,
    /// The operating system could not read on; the string is its error.
    IoError(String),
}

/// An iterator over the samples of a recording.
#[derive(Debug)]
pub struct RecordingReader<R> {
    blocks: BlockReader<R>,
    version: FormatVersion,
    /// The first block, if it is not the info block.
    first: Option<BlockRead>,
    info: RecordingInfo,
    /// The state the next delta applies to; `None` after damage, until the next keyframe.
    state: Option<ReplayState>,
    /// [`Snapshot::elapsed`] of the newest sample.
    last_elapsed: Duration,
    damage_status: DamageStatus,
    /// Close events that belong to the next sample.
    pending_closes: Vec<Destroyed>,
    recording_end: Option<RecordingEnd>,
}

/// Whether damage was found that no sample has reported yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DamageStatus {
    None,
    Unreported,
}

#[derive(Debug, Default)]
struct ReplayState {
    string_table: string_table::StringTableReader,
    directory: Arc<Directory>,
    sockets: Vec<Socket>,
}

impl<R: Read> RecordingReader<R> {
    /// Reads the header and the info block.
    ///
    /// # Errors
    /// Returns an error if `input` is not a recording of a supported version.
    pub fn open(input: R) -> Result<Self, OpenRecordingError> {
        let mut blocks = BlockReader::new(input);
        let header = blocks.take(FILE_HEADER_LEN)?;
        let common = header.len().min(FILE_MAGIC.len());
        if header.get(..common) != FILE_MAGIC.get(..common) {
            return Err(OpenRecordingError::NotARecording);
        }
        let version = header
            .get(FILE_MAGIC.len()..FILE_HEADER_LEN)
            .ok_or(OpenRecordingError::Truncated)?;
        let version = version
            .first_chunk::<2>()
            .ok_or(OpenRecordingError::Truncated)?;
        let number = u16::from_le_bytes(*version);
        let version = FormatVersion::from_number(number)
            .ok_or(OpenRecordingError::UnsupportedVersion(number))?;
        let mut reader = Self {
            blocks,
            version,
            first: None,
            info: RecordingInfo::default(),
            state: None,
            last_elapsed: Duration::ZERO,
            damage_status: DamageStatus::None,
            pending_closes: Vec::new(),
            recording_end: None,
        };
        match reader.blocks.next_block() {
            BlockRead::Block(kind::INFO, stored) => reader.read_info(&stored),
            other => reader.first = Some(other),
        }
        Ok(reader)
    }

    /// Returns what the recording says about itself.
    pub const fn info(&self) -> &RecordingInfo {
        &self.info
    }

    /// Returns how the recording ended, or `None` if it has not ended yet.
    pub const fn recording_end(&self) -> Option<&RecordingEnd> {
        self.recording_end.as_ref()
    }

    fn read_info(&mut self, stored: &[u8]) {
        let body = block::decode_body(stored);
        let Ok(info) = body.and_then(|body| Ok(postcard::from_bytes::<RecordingInfo>(&body)?))
        else {
            return;
        };
        let sanitize_stored = |text: String| sanitize_stored(&text).to_string();
        self.info = RecordingInfo {
            program: sanitize_stored(info.program),
            host: info.host.map(sanitize_stored),
            filter: sanitize_stored(info.filter),
        };
    }

    /// Decodes a block; returns `None` if it holds no sample.
    fn read_block(
        &mut self,
        kind: u8,
        stored: &[u8],
    ) -> Result<Option<SampleOutcome>, InvalidData> {
        let state = match kind {
            kind::KEYFRAME => ReplayState::default(),
            kind::DELTA => match self.state.take() {
                Some(state) => state,
                None => return Ok(None),
            },
            kind::CLOSES => {
                let closes = read_closes(&block::decode_body(stored)?, self.version)?;
                if self.pending_closes.len() + closes.len() > MAX_SOCKETS {
                    return Err(InvalidData);
                }
                self.pending_closes.extend(closes);
                return Ok(None);
            }
            kind::FAILED_SAMPLE => {
                let gap: StoredGap = postcard::from_bytes(&block::decode_body(stored)?)?;
                return Ok(Some(SampleOutcome::Failed(gap.into_gap())));
            }
            kind::INFO => {
                self.read_info(stored);
                return Ok(None);
            }
            kind::END => {
                self.recording_end = Some(RecordingEnd::Complete);
                return Ok(None);
            }
            _ => return Ok(None),
        };
        let (state, mut snapshot) =
            state.apply_sample(&block::decode_body(stored)?, self.version)?;
        // Everything downstream relies on time that never decreases.
        if snapshot.elapsed < self.last_elapsed {
            return Err(InvalidData);
        }
        self.last_elapsed = snapshot.elapsed;
        snapshot.destroyed = std::mem::take(&mut self.pending_closes);
        self.state = Some(state);
        if std::mem::replace(&mut self.damage_status, DamageStatus::None)
            == DamageStatus::Unreported
        {
            snapshot.gaps.push(damage_gap());
        }
        Ok(Some(SampleOutcome::Snapshot(Box::new(snapshot))))
    }
}

fn read_closes(body: &[u8], version: FormatVersion) -> Result<Vec<Destroyed>, InvalidData> {
    match version {
        FormatVersion::V1 => {
            let closes: BoundedVec<StoredClose, MAX_SOCKETS> = postcard::from_bytes(body)?;
            let closes = closes.0.into_iter();
            Ok(closes.map(StoredClose::into_destroyed).collect())
        }
        FormatVersion::V2 => {
            let closes: BoundedVec<(StoredClose, StoredTcpFigures), MAX_SOCKETS> =
                postcard::from_bytes(body)?;
            let closes = closes.0.into_iter().map(|(close, figures)| {
                let mut destroyed = close.into_destroyed();
                if let Some(tcp) = &mut destroyed.tcp {
                    figures.apply_to(tcp);
                }
                destroyed
            });
            Ok(closes.collect())
        }
    }
}

/// The gap reported where part of the recording is missing.
fn damage_gap() -> Gap {
    Gap::Sampler("the recording is damaged here".into())
}

impl<R: Read> Iterator for RecordingReader<R> {
    type Item = SampleOutcome;

    fn next(&mut self) -> Option<SampleOutcome> {
        while self.recording_end.is_none() {
            let block_read = self
                .first
                .take()
                .unwrap_or_else(|| self.blocks.next_block());
            let outcome = match block_read {
                BlockRead::Block(kind, stored) => self.read_block(kind, &stored),
                BlockRead::Damaged => Err(InvalidData),
                BlockRead::End => {
                    self.recording_end = Some(RecordingEnd::Truncated);
                    Ok(None)
                }
                BlockRead::IoError(error) => {
                    self.recording_end = Some(RecordingEnd::IoError(error.to_string()));
                    Ok(None)
                }
            };
            match outcome {
                Ok(Some(sampled)) => return Some(sampled),
                Ok(None) => {}
                Err(InvalidData) => {
                    self.state = None;
                    self.damage_status = DamageStatus::Unreported;
                }
            }
        }
        // Damage at the end has no later sample to report it.
        let status = std::mem::replace(&mut self.damage_status, DamageStatus::None);
        (status == DamageStatus::Unreported).then(|| SampleOutcome::Failed(damage_gap()))
    }
}

impl ReplayState {
    /// Applies the body of a sample block to the state.
    fn apply_sample(
        mut self,
        body: &[u8],
        version: FormatVersion,
    ) -> Result<(Self, Snapshot), InvalidData> {
        let mut fields = FieldReader(body);
        let sample: StoredSample = fields.take()?;
        let new_strings: BoundedVec<String, MAX_ENTRIES> = fields.take()?;
        self.string_table.extend(new_strings.0)?;
        let changes: directory_delta::DirectoryDelta = fields.take()?;
        changes.apply(&mut self.directory, &self.string_table)?;
        self.remove_closed(&mut fields)?;
        self.apply_changes(&mut fields, version)?;
        self.add_new(&mut fields, version)?;
        let snapshot = sample.into_snapshot(self.sockets.clone(), Arc::clone(&self.directory))?;
        Ok((self, snapshot))
    }

    fn remove_closed(&mut self, fields: &mut FieldReader<'_>) -> Result<(), InvalidData> {
        let mut closed = vec![false; self.sockets.len()];
        let mut indices = IndexDeltas::new(fields)?;
        while let Some(index) = indices.next(fields)? {
            *closed.get_mut(index).ok_or(InvalidData)? = true;
        }
        let mut closed = closed.into_iter();
        self.sockets.retain(|_| closed.next() == Some(false));
        Ok(())
    }

    fn apply_changes(
        &mut self,
        fields: &mut FieldReader<'_>,
        version: FormatVersion,
    ) -> Result<(), InvalidData> {
        let mut indices = IndexDeltas::new(fields)?;
        while let Some(index) = indices.next(fields)? {
            let change: SocketDelta = fields.take()?;
            let socket = self.sockets.get_mut(index).ok_or(InvalidData)?;
            change.apply_to(socket, &self.string_table)?;
            if version == FormatVersion::V2
                && let Some(figures) = fields.take::<Option<StoredFigures>>()?
            {
                figures.apply_to(socket);
            }
        }
        Ok(())
    }

    fn add_new(
        &mut self,
        fields: &mut FieldReader<'_>,
        version: FormatVersion,
    ) -> Result<(), InvalidData> {
        let count = fields.count()?;
        if self.sockets.len() + count > MAX_SOCKETS {
            return Err(InvalidData);
        }
        for _ in 0..count {
            let socket: StoredSocket = fields.take()?;
            let mut socket = socket.into_socket(&self.string_table)?;
            if version == FormatVersion::V2 {
                fields.take::<StoredFigures>()?.apply_to(&mut socket);
            }
            self.sockets.push(socket);
        }
        Ok(())
    }
}

/// The unread rest of a body.
struct FieldReader<'a>(&'a [u8]);

impl FieldReader<'_> {
    fn take<T: DeserializeOwned>(&mut self) -> Result<T, InvalidData> {
        let (fields, rest) = postcard::take_from_bytes(self.0)?;
        self.0 = rest;
        Ok(fields)
    }

    fn count(&mut self) -> Result<usize, InvalidData> {
        usize::try_from(self.take::<u32>()?).map_err(|_| InvalidData)
    }
}

/// Reads ascending indices stored as distances.
struct IndexDeltas {
    left: usize,
    expected: usize,
}

impl IndexDeltas {
    fn new(fields: &mut FieldReader<'_>) -> Result<Self, InvalidData> {
        Ok(Self {
            left: fields.count()?,
            expected: 0,
        })
    }

    fn next(&mut self, fields: &mut FieldReader<'_>) -> Result<Option<usize>, InvalidData> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let index = self
            .expected
            .checked_add(fields.count()?)
            .ok_or(InvalidData)?;
        self.expected = index.checked_add(1).ok_or(InvalidData)?;
        Ok(Some(index))
    }
}
