//! Encodes and decodes blocks, and finds the next block after damage.

use std::io;
use std::io::Read;

use super::format::InvalidData;

/// The first bytes of a block, by which the next block is found after damage.
const BLOCK_MAGIC: [u8; 4] = *b"\xf1blk";

/// Magic, kind, length and two checksums.
const BLOCK_HEADER_LEN: usize = 17;

/// The part of the header that its own checksum covers.
const CHECKSUMMED_LEN: usize = 13;
const MAX_STORED_LEN: usize = 64 << 20;
const MAX_BODY_LEN: usize = 128 << 20;

/// LZ4 expands one byte to at most 255 bytes.
const LZ4_MAX_RATIO: usize = 255;

/// Bytes read at a time: a false length allocates no more than this.
const READ_CHUNK_LEN: u64 = 64 << 10;

/// Encodes `body` as a block. Returns `None` if it exceeds the size limits.
pub(crate) fn encode_block(kind: u8, body: &[u8]) -> Option<Vec<u8>> {
    if body.len() > MAX_BODY_LEN {
        return None;
    }
    let stored = lz4_flex::block::compress_prepend_size(body);
    let length = u32::try_from(stored.len()).ok()?;
    if stored.len() > MAX_STORED_LEN {
        return None;
    }
    let mut block = Vec::with_capacity(BLOCK_HEADER_LEN + stored.len());
    block.extend(BLOCK_MAGIC);
    block.push(kind);
    block.extend(length.to_le_bytes());
    block.extend(crc32fast::hash(&stored).to_le_bytes());
    block.extend(crc32fast::hash(&block).to_le_bytes());
    block.extend(stored);
    Some(block)
}

/// Decompresses the stored body of a block.
pub(crate) fn decode_body(stored: &[u8]) -> Result<Vec<u8>, InvalidData> {
    let (size, packed) = stored.split_first_chunk::<4>().ok_or(InvalidData)?;
    let size = usize::try_from(u32::from_le_bytes(*size)).map_err(|_| InvalidData)?;
    if size > MAX_BODY_LEN || size > packed.len().saturating_mul(LZ4_MAX_RATIO) {
        return Err(InvalidData);
    }
    let body = lz4_flex::block::decompress(packed, size).map_err(|_| InvalidData)?;
    match body.len() == size {
        true => Ok(body),
        false => Err(InvalidData),
    }
}

/// What [`BlockReader::next_block`] found.
#[derive(Debug)]
pub(crate) enum BlockRead {
    /// A block with correct checksums: kind and stored body.
    Block(u8, Vec<u8>),
    /// Bytes that are not a block; skipped to where the next may begin.
    Damaged,
    /// End of the file, between two blocks or inside one.
    End,
    /// The operating system could not read on.
    IoError(io::Error),
}

/// Reads a file block by block.
#[derive(Debug)]
pub(crate) struct BlockReader<R> {
    input: R,
    /// Bytes read; those before `position` are consumed.
    buffer: Vec<u8>,
    position: usize,
}

impl<R: Read> BlockReader<R> {
    pub(crate) const fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            position: 0,
        }
    }

    /// Takes `count` bytes; fewer at the end of the file.
    pub(crate) fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        self.fill(count)?;
        let end = self.buffer.len().min(self.position + count);
        let taken = self
            .buffer
            .get(self.position..end)
            .unwrap_or_default()
            .to_vec();
        self.position = end;
        Ok(taken)
    }

    /// Reads the next block.
    pub(crate) fn next_block(&mut self) -> BlockRead {
        match self.read_block() {
            Ok(block_read) => block_read,
            Err(error) => BlockRead::IoError(error),
        }
    }

    fn read_block(&mut self) -> io::Result<BlockRead> {
        self.fill(BLOCK_HEADER_LEN)?;
        let Some(header) = self.remaining().first_chunk::<BLOCK_HEADER_LEN>() else {
            return Ok(BlockRead::End);
        };
        let Some((kind, length, checksum)) = parse_header(header) else {
            self.position += 1;
            return self.resync();
        };
        // The header's checksum is right, so its length is where the block ends.
        self.fill(BLOCK_HEADER_LEN + length)?;
        let Some(stored) = self
            .remaining()
            .get(BLOCK_HEADER_LEN..BLOCK_HEADER_LEN + length)
        else {
            return Ok(BlockRead::End);
        };
        let block_read = match crc32fast::hash(stored) == checksum {
            true => BlockRead::Block(kind, stored.to_vec()),
            false => BlockRead::Damaged,
        };
        self.position += BLOCK_HEADER_LEN + length;
        Ok(block_read)
    }

    /// Skips to the next occurrence of the block magic.
    fn resync(&mut self) -> io::Result<BlockRead> {
        loop {
            let rest = self.remaining();
            if let Some(ahead) = rest
                .windows(BLOCK_MAGIC.len())
                .position(|four| four == BLOCK_MAGIC)
            {
                self.position += ahead;
                return Ok(BlockRead::Damaged);
            }
            // The last three bytes may be the beginning of a block magic.
            self.position += rest.len().saturating_sub(BLOCK_MAGIC.len() - 1);
            let len_before = self.remaining().len();
            self.fill(len_before + 1)?;
            if self.remaining().len() == len_before {
                self.position = self.buffer.len();
                return Ok(BlockRead::Damaged);
            }
        }
    }

    fn remaining(&self) -> &[u8] {
        self.buffer.get(self.position..).unwrap_or_default()
    }

    /// Reads until `count` bytes are buffered, or the file ends.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        if self.remaining().len() >= count {
            return Ok(());
        }
        self.buffer.drain(..self.position);
        self.position = 0;
        while self.buffer.len() < count {
            let mut chunk = (&mut self.input).take(READ_CHUNK_LEN);
            if chunk.read_to_end(&mut self.buffer)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// Parses a block header into kind, stored length and checksum of the body.
fn parse_header(header: &[u8; BLOCK_HEADER_LEN]) -> Option<(u8, usize, u32)> {
    let number = |at: usize| Some(u32::from_le_bytes(*header.get(at..)?.first_chunk::<4>()?));
    let checked = header.get(..CHECKSUMMED_LEN)?;
    if !header.starts_with(&BLOCK_MAGIC) || number(CHECKSUMMED_LEN)? != crc32fast::hash(checked) {
        return None;
    }
    let length = usize::try_from(number(5)?).ok()?;
    (length <= MAX_STORED_LEN).then_some((header[4], length, number(9)?))
}
