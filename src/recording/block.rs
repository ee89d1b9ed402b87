//! Bytes ⇄ blocks: the frame around every body, and finding the next one after damage.

use std::io;
use std::io::Read;

use super::format::InvalidData;

/// By which the next block is found after damage.
const BLOCK_MAGIC: [u8; 4] = *b"\xf1blk";
/// Mark, kind, length and two checksums.
const BLOCK_HEADER_LEN: usize = 17;
/// The part of the head that its own checksum covers.
const CHECKSUMMED_LEN: usize = 13;
const MAX_STORED_LEN: usize = 64 << 20;
const MAX_BODY_LEN: usize = 128 << 20;
/// One byte of LZ4 stands for at most 255 bytes.
const LZ4_MAX_RATIO: usize = 255;
/// How much is read at once: a length that lies costs no more than that.
const READ_CHUNK_LEN: u64 = 64 << 10;

/// The block around this body. `None` where it is too large for one.
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

/// The body of a block.
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

/// What comes next in a file.
#[derive(Debug)]
pub(crate) enum BlockRead {
    /// A block whose checksums are right, with its stored body.
    Block(u8, Vec<u8>),
    /// Bytes that are no block, up to where the next may begin.
    Damaged,
    /// The file ends: between two blocks or within one.
    End,
    /// The system gave no more of it.
    IoError(io::Error),
}

/// A file, block by block.
#[derive(Debug)]
pub(crate) struct BlockReader<R> {
    input: R,
    /// What was read and not yet taken, from `at` on.
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

    /// Takes so many bytes; fewer where the file ends.
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

    /// The next block, or what is there instead.
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
        // A head whose checksum is right says truly where its block ends.
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

    /// Goes to the next place that looks like the beginning of a block.
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
            // The last three bytes may be the beginning of a mark.
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

    /// Reads until so many bytes wait, or the file ends.
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

/// Kind, length and checksum of the body, where this is the head of a block.
fn parse_header(header: &[u8; BLOCK_HEADER_LEN]) -> Option<(u8, usize, u32)> {
    let number = |at: usize| Some(u32::from_le_bytes(*header.get(at..)?.first_chunk::<4>()?));
    let checked = header.get(..CHECKSUMMED_LEN)?;
    if !header.starts_with(&BLOCK_MAGIC) || number(CHECKSUMMED_LEN)? != crc32fast::hash(checked) {
        return None;
    }
    let length = usize::try_from(number(5)?).ok()?;
    (length <= MAX_STORED_LEN).then_some((header[4], length, number(9)?))
}
