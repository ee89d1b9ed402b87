//! A recording gives back what was recorded, and whatever happens to its bytes, reading it ends.

use std::sync::Arc;
use std::time::Duration;

use portolan::collect::Sampled;
use portolan::collect::recording::{About, Ending, Reader, Rhythm, Unreadable, Writer};
use portolan::destroyed::Destroyed;
use portolan::history::{Bounds, History};
use portolan::query::{Query, answer};
use portolan::services::Services;
use portolan::snapshot::{Gap, Snapshot};
use portolan::socket::Socket;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::world::{World, cases, world};

/// Everything before the stored body of a block.
const HEAD: usize = 17;
/// Everything before the first block.
const HEADER: usize = 16;

/// The recording of these snapshots, and where each sample's block ends.
fn recorded(snapshots: &[Snapshot], samples: u32) -> (Vec<u8>, Vec<usize>) {
    let rhythm = Rhythm {
        samples,
        ..Rhythm::default()
    };
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, &About::default(), rhythm).expect("a beginning");
    let mut ends = Vec::new();
    for snapshot in snapshots {
        writer.snapshot(snapshot).expect("room");
        ends.push(writer.summary().bytes as usize);
    }
    writer.end().expect("room");
    (bytes, ends)
}

/// The samples of a world, with the ends of what went.
fn with_ends(world: &World) -> Vec<Snapshot> {
    let mut all = world.snapshots();
    let mut before: Vec<Socket> = Vec::new();
    for snapshot in &mut all {
        let is_here = |socket: &&Socket| snapshot.sockets.iter().any(|s| s.key() == socket.key());
        let gone = before.iter().filter(|socket| !is_here(socket));
        let end = |socket: &Socket| Destroyed {
            at: snapshot.elapsed,
            protocol: socket.protocol(),
            local: socket.local,
            remote: socket.remote,
            interface: socket.interface,
            cookie: socket.cookie,
            unread: socket.queues.map_or(0, |queues| queues.recv),
            tcp: socket.tcp,
        };
        snapshot.destroyed = gone.map(end).collect();
        before.clone_from(&snapshot.sockets);
    }
    all
}

/// What a file holds, and how it ends.
fn replayed(bytes: &[u8]) -> Result<(Vec<Sampled>, Ending), Unreadable> {
    let mut reader = Reader::open(bytes)?;
    let samples: Vec<Sampled> = reader.by_ref().collect();
    let ending = reader.ending().expect("an end").clone();
    Ok((samples, ending))
}

fn snapshots(samples: Vec<Sampled>) -> Vec<Snapshot> {
    let snapshot = |sampled| match sampled {
        Sampled::Snapshot(snapshot) => Some(*snapshot),
        Sampled::Failed(_) => None,
    };
    samples.into_iter().filter_map(snapshot).collect()
}

/// In one order, because a sample has none. Sockets that nothing tells apart keep theirs.
fn sorted(sockets: &[Socket]) -> Vec<Socket> {
    let mut sockets = sockets.to_vec();
    sockets.sort_by_key(Socket::key);
    sockets
}

fn assert_same(one: &Snapshot, other: &Snapshot) {
    assert_eq!(sorted(&one.sockets), sorted(&other.sockets));
    assert_eq!(one.directory, other.directory);
    assert_eq!(one.destroyed, other.destroyed);
    assert_eq!(one.gaps, other.gaps);
    let rest = |s: &Snapshot| {
        let times = (s.taken_at, s.elapsed, s.interval, s.cost);
        (times, s.source, s.sight, s.observer, s.ephemeral)
    };
    assert_eq!(rest(one), rest(other));
}

/// All that a program does with what it reads: it must bear whatever that is.
fn live_through(samples: Vec<Sampled>) {
    let mut history = History::default();
    let query = Query::everything(Arc::new(Services::none()));
    for mut snapshot in snapshots(samples) {
        answer(history.apply(&mut snapshot), &query);
    }
}

/// The file with the body of its nth block changed, and the checksums as if it belonged so.
fn forged(bytes: &[u8], block: Index, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut starts = vec![HEADER];
    while let Some(length) = length_at(bytes, starts[starts.len() - 1]) {
        starts.push(starts[starts.len() - 1] + HEAD + length);
    }
    starts.pop();
    let start = starts[block.index(starts.len())];
    let end = start + HEAD + length_at(bytes, start).expect("a block");
    let mut body =
        lz4_flex::block::decompress_size_prepended(&bytes[start + HEAD..end]).expect("a body");
    change(&mut body);
    let stored = lz4_flex::block::compress_prepend_size(&body);
    let mut head = bytes[start..start + 5].to_vec();
    head.extend((stored.len() as u32).to_le_bytes());
    head.extend(crc32fast::hash(&stored).to_le_bytes());
    head.extend(crc32fast::hash(&head).to_le_bytes());
    [&bytes[..start], &head, &stored, &bytes[end..]].concat()
}

fn length_at(bytes: &[u8], start: usize) -> Option<usize> {
    let length = bytes.get(start + 5..start + 9)?;
    Some(u32::from_le_bytes(length.try_into().expect("four")) as usize)
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn what_is_read_is_what_was_written(world in world(8, 7), samples in 1..9_u32) {
        let originals = with_ends(&world);
        let (bytes, _) = recorded(&originals, samples);
        let (read, ending) = replayed(&bytes).expect("a recording");
        prop_assert_eq!(ending, Ending::Whole);
        let read = snapshots(read);
        prop_assert_eq!(read.len(), originals.len());
        for (read, original) in read.iter().zip(&originals) {
            assert_same(read, original);
        }
        // So the rest of the program makes the same of it.
        let rows = |snapshots: Vec<Snapshot>| {
            let mut history = History::keeping(Bounds { time: Duration::MAX, bytes: usize::MAX });
            let mut all = Vec::new();
            for mut snapshot in snapshots {
                // In the order in which they are read: guesses depend on it.
                snapshot.sockets = sorted(&snapshot.sockets);
                let moment = history.apply(&mut snapshot);
                let ended = history.ended(&moment);
                all.extend(moment.rows().chain(ended.rows()).cloned());
            }
            all
        };
        prop_assert_eq!(rows(read), rows(originals));
    }

    #[test]
    fn a_recording_that_is_cut_off_has_every_sample_before_the_cut(
        world in world(5, 5),
        samples in 1..4_u32,
        cut in any::<Index>(),
    ) {
        let originals = with_ends(&world);
        let (bytes, ends) = recorded(&originals, samples);
        let cut = cut.index(bytes.len());
        match replayed(&bytes[..cut]) {
            Ok((read, ending)) => {
                prop_assert_eq!(ending, Ending::CutOff);
                let read = snapshots(read);
                prop_assert_eq!(read.len(), ends.iter().filter(|end| **end <= cut).count());
                for (read, original) in read.iter().zip(&originals) {
                    assert_same(read, original);
                }
            }
            Err(error) => {
                prop_assert!(matches!(error, Unreadable::CutOff), "{}", error);
                prop_assert!(cut < HEADER);
            }
        }
    }

    /// What is told is true: every sample that is read is one that was written. What is not told is
    /// said to be missing.
    #[test]
    fn damage_costs_samples_and_is_said_but_tells_nothing_wrong(
        world in world(5, 7),
        samples in 1..4_u32,
        flips in proptest::collection::vec((any::<Index>(), 1..=u8::MAX), 1..4),
    ) {
        let originals = with_ends(&world);
        let (mut bytes, _) = recorded(&originals, samples);
        for (at, bits) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        let Ok((read, ending)) = replayed(&bytes) else { return Ok(()) };
        let damage = Gap::Sampler("the recording is damaged here".into());
        let mut told = ending != Ending::Whole;
        let mut rest = originals.iter();
        let mut count = 0;
        for sampled in read {
            let Sampled::Snapshot(mut read) = sampled else { told = true; continue };
            told |= read.gaps.contains(&damage);
            let is_damaged = read.gaps.contains(&damage);
            read.gaps.retain(|gap| *gap != damage);
            let original = rest.find(|o| o.elapsed == read.elapsed).expect("it was written");
            if is_damaged {
                // Ends that were heard before may be missing, or come with a later sample.
                let known = || originals.iter().flat_map(|o| &o.destroyed);
                prop_assert!(read.destroyed.iter().all(|end| known().any(|k| k == end)));
                read.destroyed.clone_from(&original.destroyed);
            }
            assert_same(&read, original);
            count += 1;
        }
        prop_assert!(told || count == originals.len());
    }

    #[test]
    fn forged_facts_end_in_a_result(
        world in world(4, 4),
        block in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..6),
        keep in any::<Index>(),
        more in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let (bytes, _) = recorded(&with_ends(&world), 2);
        let bytes = forged(&bytes, block, |body| {
            if more.len() > 10 {
                body.truncate(keep.index(body.len()));
                body.extend(more);
            }
            for (at, byte) in changes {
                if !body.is_empty() {
                    let at = at.index(body.len());
                    body[at] = byte;
                }
            }
        });
        let (read, _) = replayed(&bytes).expect("its beginning is right");
        live_through(read);
    }

    #[test]
    fn any_bytes_end_in_a_result(
        tail in proptest::collection::vec(any::<u8>(), 0..300),
        marks in proptest::collection::vec(any::<Index>(), 0..6),
    ) {
        prop_assert!(replayed(&tail).is_err() || tail.len() > HEADER);
        let (mut bytes, _) = recorded(&[], 1);
        bytes.truncate(HEADER);
        bytes.extend(&tail);
        for mark in marks {
            let at = mark.index(bytes.len() - HEADER + 1) + HEADER;
            bytes.splice(at..at, *b"\xf1blkK");
        }
        let (read, ending) = replayed(&bytes).expect("its beginning is right");
        prop_assert!(read.len() <= 1);
        prop_assert_eq!(ending, Ending::CutOff);
    }
}

/// A head that promises 64 MiB, a body that promises 128 MiB, lists that promise four thousand
/// million sockets: none of them has what it promises, and all are refused before room is made.
#[test]
fn lengths_that_lie_are_not_believed() {
    let (whole, _) = recorded(&[], 1);
    let block = |stored: &[u8], length: u32| {
        let mut head = b"\xf1blkK".to_vec();
        head.extend(length.to_le_bytes());
        head.extend(crc32fast::hash(stored).to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        [&whole[..HEADER], &head, stored].concat()
    };
    let ending = |bytes: &[u8]| replayed(bytes).expect("its beginning is right").1;
    assert_eq!(ending(&block(b"", 64 << 20)), Ending::CutOff);
    assert_eq!(ending(&block(b"", u32::MAX)), Ending::CutOff);
    let stored = [&(128_u32 << 20).to_le_bytes()[..], &[0; 40]].concat();
    let said = replayed(&block(&stored, stored.len() as u32)).expect("a beginning");
    assert!(matches!(said.0[..], [Sampled::Failed(_)]), "{said:?}");
    for body in [[0xff; 64], [0; 64], [0x8f; 64]] {
        let stored = lz4_flex::block::compress_prepend_size(&body);
        let said = replayed(&block(&stored, stored.len() as u32)).expect("a beginning");
        live_through(said.0);
    }
}

#[test]
fn what_is_no_recording_is_told_from_one_of_another_version() {
    let (mut bytes, _) = recorded(&[], 1);
    bytes[13] = 9;
    assert!(matches!(replayed(&bytes), Err(Unreadable::OtherVersion(9))));
    let no = replayed(b"GIF89a and what follows it");
    assert!(matches!(no, Err(Unreadable::NoRecording)));
    assert!(matches!(replayed(b""), Err(Unreadable::CutOff)));
}
