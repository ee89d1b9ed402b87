//! Fuzz tests of external input, run by plain `cargo test`: netlink datagrams, filter texts,
//! recordings. Whatever the bytes are, reading them terminates without a panic.
//!
//! Every run tries the same cases, few enough to take seconds. `PORTOLAN_FUZZ_CASES=1000000` tries
//! more. A failure prints the number of its case; `PORTOLAN_FUZZ_CASE=712` tries only that one.

mod filter;
mod mutate;
#[cfg(target_os = "linux")]
mod netlink;
mod recording;

#[path = "../support/blocks.rs"]
mod blocks;
#[path = "../support/mod.rs"]
mod support;
