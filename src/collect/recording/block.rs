//! Bytes ⇄ blocks: the frame around every body, and finding the next one after damage.

use std::io::{self, Read};

use super::Nonsense;

/// By which the next block is found after damage.
const MARK: [u8; 4] = *b"\xf1blk";
/// Mark, kind, length and two checksums.
const HEAD: usize = 17;
/// The part of the head that its own checksum covers.
const CHECKED: usize = 13;
const LARGEST_STORED: usize = 64 << 20;
const LARGEST_BODY: usize = 128 << 20;
/// One byte of LZ4 stands for at most 255 bytes.
const LZ4_MOST: usize = 255;
/// How much is read at once: a length that lies costs no more than that.
const CHUNK: u64 = 64 << 10;

/// The block around this body. `None` where it is too large for one.
pub(super) fn block(kind: u8, body: &[u8]) -> Option<Vec<u8>> {
    if body.len() > LARGEST_BODY {
        return None;
    }
    let stored = lz4_flex::block::compress_prepend_size(body);
    let length = u32::try_from(stored.len()).ok()?;
    if stored.len() > LARGEST_STORED {
        return None;
    }
    let mut block = Vec::with_capacity(HEAD + stored.len());
    block.extend(MARK);
    block.push(kind);
    block.extend(length.to_le_bytes());
    block.extend(crc32fast::hash(&stored).to_le_bytes());
    block.extend(crc32fast::hash(&block).to_le_bytes());
    block.extend(stored);
    Some(block)
}

/// The body of a block.
pub(super) fn body(stored: &[u8]) -> Result<Vec<u8>, Nonsense> {
    let (size, packed) = stored.split_first_chunk::<4>().ok_or(Nonsense)?;
    let size = usize::try_from(u32::from_le_bytes(*size)).map_err(|_| Nonsense)?;
    if size > LARGEST_BODY || size > packed.len().saturating_mul(LZ4_MOST) {
        return Err(Nonsense);
    }
    let body = lz4_flex::block::decompress(packed, size).map_err(|_| Nonsense)?;
    match body.len() == size {
        true => Ok(body),
        false => Err(Nonsense),
    }
}

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Found {
    /// A block whose checksums are right, with its stored body.
    Block(u8, Vec<u8>),
    /// Bytes that are no block, up to where the next may begin.
    Damage,
    /// The file ends: between two blocks or within one.
    End,
    /// The system gave no more of it.
    Refused(io::Error),
}

/// A file, block by block.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    input: R,
    /// What was read and not yet taken, from `at` on.
    buffer: Vec<u8>,
    at: usize,
}

impl<R: Read> Blocks<R> {
    pub(super) const fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            at: 0,
        }
    }

    /// Takes so many bytes; fewer where the file ends.
    pub(super) fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        self.fill(count)?;
        let end = self.buffer.len().min(self.at + count);
        let taken = self.buffer.get(self.at..end).unwrap_or_default().to_vec();
        self.at = end;
        Ok(taken)
    }

    /// The next block, or what is there instead.
    pub(super) fn next(&mut self) -> Found {
        match self.find() {
            Ok(found) => found,
            Err(error) => Found::Refused(error),
        }
    }

    fn find(&mut self) -> io::Result<Found> {
        self.fill(HEAD)?;
        let Some(head) = self.rest().first_chunk::<HEAD>() else {
            return Ok(Found::End);
        };
        let Some((kind, length, sum)) = read_head(head) else {
            self.at += 1;
            return self.skip_to_mark();
        };
        // A head whose checksum is right says truly where its block ends.
        self.fill(HEAD + length)?;
        let Some(stored) = self.rest().get(HEAD..HEAD + length) else {
            return Ok(Found::End);
        };
        let found = match crc32fast::hash(stored) == sum {
            true => Found::Block(kind, stored.to_vec()),
            false => Found::Damage,
        };
        self.at += HEAD + length;
        Ok(found)
    }

    /// Goes to the next place that looks like the beginning of a block.
    fn skip_to_mark(&mut self) -> io::Result<Found> {
        loop {
            let rest = self.rest();
            if let Some(ahead) = rest.windows(MARK.len()).position(|four| four == MARK) {
                self.at += ahead;
                return Ok(Found::Damage);
            }
            // The last three bytes may be the beginning of a mark.
            self.at += rest.len().saturating_sub(MARK.len() - 1);
            let had = self.rest().len();
            self.fill(had + 1)?;
            if self.rest().len() == had {
                self.at = self.buffer.len();
                return Ok(Found::Damage);
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Reads until so many bytes wait, or the file ends.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        if self.rest().len() >= count {
            return Ok(());
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        while self.buffer.len() < count {
            let mut chunk = (&mut self.input).take(CHUNK);
            if chunk.read_to_end(&mut self.buffer)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// Kind, length and checksum of the body, where this is the head of a block.
fn read_head(head: &[u8; HEAD]) -> Option<(u8, usize, u32)> {
    let number = |at: usize| Some(u32::from_le_bytes(*head.get(at..)?.first_chunk::<4>()?));
    let checked = head.get(..CHECKED)?;
    if !head.starts_with(&MARK) || number(CHECKED)? != crc32fast::hash(checked) {
        return None;
    }
    let length = usize::try_from(number(5)?).ok()?;
    (length <= LARGEST_STORED).then_some((head[4], length, number(9)?))
}
