//! Serializes many sockets on several threads.
//!
//! The output has the same bytes in the same order as on one thread. JSON has some 800 bytes a socket,
//! and a list of very many sockets spends most of its own time on writing it.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{io, thread};

use super::entry::OutputEntry;

/// Entries in one chunk of work.
const CHUNK_SIZE: usize = 1024;

/// Maximum number of threads; with more, the pipe is the bottleneck.
const MAX_THREADS: usize = 8;

/// Writes every entry to `out`. `write_entry` gets the index of the entry and appends its text to a
/// buffer.
///
/// # Errors
/// Returns the error of writing to `out` or of serializing an entry.
pub(crate) fn write_entries(
    entries: &[OutputEntry<'_>],
    write_entry: impl Fn(usize, OutputEntry<'_>, &mut Vec<u8>) -> io::Result<()> + Sync,
    out: &mut impl Write,
) -> io::Result<()> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let chunk_count = entries.len().div_ceil(CHUNK_SIZE);
    let render_chunk = |number: usize, text: &mut Vec<u8>| {
        let first = number * CHUNK_SIZE;
        let rest = entries.get(first..).unwrap_or_default();
        rest.iter()
            .take(CHUNK_SIZE)
            .enumerate()
            .try_for_each(|(offset, entry)| write_entry(first + offset, *entry, text))
    };
    let next = AtomicUsize::new(0);
    let done = thread::scope(|scope| {
        let (sender, receiver) = sync_channel(MAX_THREADS);
        let start = |sender: SyncSender<Chunk>| {
            let (next, render_chunk) = (&next, &render_chunk);
            let work = move || render_chunks(next, chunk_count, render_chunk, &sender);
            thread::Builder::new().spawn_scoped(scope, work).is_ok()
        };
        let thread_count = threads.min(MAX_THREADS).min(chunk_count);
        let started =
            thread_count > 1 && (0..thread_count).filter(|_| start(sender.clone())).count() > 0;
        drop(sender);
        started.then(|| write_in_order(&receiver, out))
    });
    match done {
        Some(outcome) => outcome,
        None => {
            let mut text = Vec::new();
            (0..chunk_count).try_for_each(|number| {
                text.clear();
                render_chunk(number, &mut text)?;
                out.write_all(&text)
            })
        }
    }
}

/// The number of a chunk and its text.
type Chunk = (usize, io::Result<Vec<u8>>);

/// Renders chunks until none is left or the receiver is gone.
fn render_chunks(
    next: &AtomicUsize,
    chunk_count: usize,
    render_chunk: &impl Fn(usize, &mut Vec<u8>) -> io::Result<()>,
    sender: &SyncSender<Chunk>,
) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= chunk_count {
            return;
        }
        let mut text = Vec::new();
        let rendered = render_chunk(number, &mut text).map(|()| text);
        if sender.send((number, rendered)).is_err() {
            return;
        }
    }
}

fn write_in_order(receiver: &Receiver<Chunk>, out: &mut impl Write) -> io::Result<()> {
    let mut pending = BTreeMap::new();
    let mut next = 0;
    for (number, text) in receiver {
        pending.insert(number, text);
        while let Some(text) = pending.remove(&next) {
            out.write_all(&text?)?;
            next += 1;
        }
    }
    Ok(())
}
