//! Splits a recording into its blocks, and joins blocks into a recording with correct checksums.

/// The length of everything before the first block.
pub(crate) const FILE_HEADER_LEN: usize = 16;

/// The length of everything in a block before its stored body.
const BLOCK_HEADER_LEN: usize = 17;

/// A block with its uncompressed body.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: u8,
    pub(crate) body: Vec<u8>,
}

/// Splits a complete recording into blocks.
pub(crate) fn split_blocks(file: &[u8]) -> Vec<Block> {
    let mut all = Vec::new();
    let mut rest = &file[FILE_HEADER_LEN..];
    while !rest.is_empty() {
        let length = rest[5..9].try_into().map(u32::from_le_bytes);
        let (block, after) = rest.split_at(BLOCK_HEADER_LEN + length.expect("four") as usize);
        let body = lz4_flex::block::decompress_size_prepended(&block[BLOCK_HEADER_LEN..]);
        all.push(Block {
            kind: block[4],
            body: body.expect("a body"),
        });
        rest = after;
    }
    all
}

/// Joins these blocks into a recording with the file header of `original`.
pub(crate) fn join_blocks(original: &[u8], blocks: &[Block]) -> Vec<u8> {
    let mut file = original[..FILE_HEADER_LEN].to_vec();
    for block in blocks {
        file.extend(encode_block(block));
    }
    file
}

fn encode_block(block: &Block) -> Vec<u8> {
    let stored = lz4_flex::block::compress_prepend_size(&block.body);
    let mut bytes = b"\xf1blk".to_vec();
    bytes.push(block.kind);
    bytes.extend((stored.len() as u32).to_le_bytes());
    bytes.extend(crc32fast::hash(&stored).to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend(stored);
    bytes
}
