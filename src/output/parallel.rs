//! Many sockets as text, on every core at once.
//!
//! In: entries and how one is written. Out: the same bytes in the same order as one after the other.
//! JSON is some 800 bytes a socket, and writing it is what a list of very many spends most of its
//! own time on.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{io, thread};

use super::entry::OutputEntry;

/// Entries that one thread writes in one go.
const CHUNK_SIZE: usize = 1024;

/// Threads at most: beyond that the pipe is what takes the time.
const MAX_THREADS: usize = 8;

/// Writes every entry. `one` appends the text of one to a buffer; it is told the place of the entry.
///
/// # Errors
/// When `out` takes no more, or an entry cannot be written.
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
            .try_for_each(|(place, entry)| write_entry(first + place, *entry, text))
    };
    let next = AtomicUsize::new(0);
    let done = thread::scope(|scope| {
        let (sender, receiver) = sync_channel(MAX_THREADS);
        let start = |sender: SyncSender<Chunk>| {
            let (next, render_chunk) = (&next, &render_chunk);
            let work = move || render_chunks(next, chunk_count, render_chunk, &sender);
            thread::Builder::new().spawn_scoped(scope, work).is_ok()
        };
        let wanted = threads.min(MAX_THREADS).min(chunk_count);
        let started = wanted > 1 && (0..wanted).filter(|_| start(sender.clone())).count() > 0;
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

/// A piece, with its number.
type Chunk = (usize, io::Result<Vec<u8>>);

/// Makes piece after piece until there is none left or nobody wants them.
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
    let mut waiting = BTreeMap::new();
    let mut wanted = 0;
    for (number, text) in receiver {
        waiting.insert(number, text);
        while let Some(text) = waiting.remove(&wanted) {
            out.write_all(&text?)?;
            wanted += 1;
        }
    }
    Ok(())
}
