//! Many sockets as text, on every core at once.
//!
//! In: entries and how one is written. Out: the same bytes in the same order as one after the other.
//! JSON is some 800 bytes a socket, and writing it is what a list of very many spends most of its
//! own time on.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::report::entry::Entry;

/// Entries that one thread writes in one go.
const PIECE: usize = 1024;

/// Threads at most: beyond that the pipe is what takes the time.
const THREADS: usize = 8;

/// Writes every entry. `one` appends the text of one to a buffer; it is told the place of the entry.
///
/// # Errors
/// When `out` takes no more, or an entry cannot be written.
pub(super) fn write_all(
    entries: &[Entry<'_>],
    one: impl Fn(usize, Entry<'_>, &mut Vec<u8>) -> io::Result<()> + Sync,
    out: &mut impl Write,
) -> io::Result<()> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let pieces = entries.len().div_ceil(PIECE);
    let piece = |number: usize, text: &mut Vec<u8>| {
        let first = number * PIECE;
        let rest = entries.get(first..).unwrap_or_default();
        rest.iter()
            .take(PIECE)
            .enumerate()
            .try_for_each(|(place, entry)| one(first + place, *entry, text))
    };
    let next = AtomicUsize::new(0);
    let done = thread::scope(|scope| {
        let (sender, texts) = sync_channel(THREADS);
        let start = |sender: SyncSender<Text>| {
            let (next, piece) = (&next, &piece);
            let work = move || make(next, pieces, piece, &sender);
            thread::Builder::new().spawn_scoped(scope, work).is_ok()
        };
        let wanted = threads.min(THREADS).min(pieces);
        let started = wanted > 1 && (0..wanted).filter(|_| start(sender.clone())).count() > 0;
        drop(sender);
        started.then(|| put_in_order(&texts, out))
    });
    match done {
        Some(outcome) => outcome,
        None => {
            let mut text = Vec::new();
            (0..pieces).try_for_each(|number| {
                text.clear();
                piece(number, &mut text)?;
                out.write_all(&text)
            })
        }
    }
}

/// A piece, with its number.
type Text = (usize, io::Result<Vec<u8>>);

/// Makes piece after piece until there is none left or nobody wants them.
fn make(
    next: &AtomicUsize,
    pieces: usize,
    piece: &impl Fn(usize, &mut Vec<u8>) -> io::Result<()>,
    sender: &SyncSender<Text>,
) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= pieces {
            return;
        }
        let mut text = Vec::new();
        let made = piece(number, &mut text).map(|()| text);
        if sender.send((number, made)).is_err() {
            return;
        }
    }
}

fn put_in_order(texts: &Receiver<Text>, out: &mut impl Write) -> io::Result<()> {
    let mut waiting = BTreeMap::new();
    let mut wanted = 0;
    for (number, text) in texts {
        waiting.insert(number, text);
        while let Some(text) = waiting.remove(&wanted) {
            out.write_all(&text?)?;
            wanted += 1;
        }
    }
    Ok(())
}
