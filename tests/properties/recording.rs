//! A recording returns what was recorded, and whatever happens to its bytes, reading it terminates.

use std::sync::Arc;
use std::time::Duration;

use portolan::collect::SampleOutcome;
use portolan::history::RetentionLimits;
use portolan::history::state::History;
use portolan::net::services::Services;
use portolan::net::snapshot::{Gap, Snapshot};
use portolan::net::socket::Socket;
use portolan::query::run;
use portolan::query::run::Query;
use portolan::recording::format::RecordingInfo;
use portolan::recording::reader::{OpenRecordingError, RecordingEnd, RecordingReader};
use portolan::recording::writer::{KeyframeInterval, RecordingWriter};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::blocks::{FILE_HEADER_LEN, join_blocks, split_blocks};
use crate::scenario::{config_with_cases, scenario};

/// Records these snapshots; also returns where each sample's block ends.
pub(crate) fn write_recording(snapshots: &[Snapshot], samples: u32) -> (Vec<u8>, Vec<usize>) {
    let keyframe_interval = KeyframeInterval {
        samples,
        ..KeyframeInterval::default()
    };
    let mut bytes = Vec::new();
    let mut writer = RecordingWriter::new(&mut bytes, &RecordingInfo::default(), keyframe_interval)
        .expect("a beginning");
    let mut ends = Vec::new();
    for snapshot in snapshots {
        writer.write_snapshot(snapshot).expect("room");
        ends.push(writer.summary().bytes as usize);
    }
    writer.finish().expect("room");
    (bytes, ends)
}

/// Reads all samples of a file, and how it ends.
pub(crate) fn read_recording(
    bytes: &[u8],
) -> Result<(Vec<SampleOutcome>, RecordingEnd), OpenRecordingError> {
    let mut reader = RecordingReader::open(bytes)?;
    let samples: Vec<SampleOutcome> = reader.by_ref().collect();
    let ending = reader.recording_end().expect("an end").clone();
    Ok((samples, ending))
}

pub(crate) fn snapshots(samples: Vec<SampleOutcome>) -> Vec<Snapshot> {
    let snapshot = |sampled| match sampled {
        SampleOutcome::Snapshot(snapshot) => Some(*snapshot),
        SampleOutcome::Failed(_) => None,
    };
    samples.into_iter().filter_map(snapshot).collect()
}

/// Sorts the sockets, because a sample has no order. Sockets with equal keys keep theirs.
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
        (times, s.source, s.owner_coverage, s.observer, s.ephemeral)
    };
    assert_eq!(rest(one), rest(other));
}

/// Does what a program does with the samples it reads: it must cope with any.
fn apply_all_samples(samples: Vec<SampleOutcome>) {
    let mut history = History::default();
    let query = Query::unfiltered(Arc::new(Services::empty()));
    for mut snapshot in snapshots(samples) {
        run(history.apply(&mut snapshot), &query);
    }
}

/// Changes the body of the nth block and makes the checksums match.
fn forge_block(bytes: &[u8], block: Index, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut blocks = split_blocks(bytes);
    change(&mut block.get_mut(&mut blocks).body);
    join_blocks(bytes, &blocks)
}

proptest! {
    #![proptest_config(config_with_cases(200))]

    #[test]
    fn recording_round_trips(scenario in scenario(8, 7), samples in 1..9_u32) {
        let originals = scenario.snapshots_with_destroyed();
        let (bytes, _) = write_recording(&originals, samples);
        let (read, ending) = read_recording(&bytes).expect("a recording");
        prop_assert_eq!(ending, RecordingEnd::Complete);
        let read = snapshots(read);
        prop_assert_eq!(read.len(), originals.len());
        for (read, original) in read.iter().zip(&originals) {
            assert_same(read, original);
        }
        // So the rest of the program gets the same rows.
        let rows = |snapshots: Vec<Snapshot>| {
            let mut history = History::with_closed_log(RetentionLimits { max_age: Duration::MAX, max_bytes: usize::MAX });
            let mut all = Vec::new();
            for mut snapshot in snapshots {
                // In the order they are read: guessed sides depend on it.
                snapshot.sockets = sorted(&snapshot.sockets);
                let moment = history.apply(&mut snapshot);
                let ended = history.closed_sockets_at(&moment);
                all.extend(moment.rows().chain(ended.rows()).cloned());
            }
            all
        };
        prop_assert_eq!(rows(read), rows(originals));
    }

    #[test]
    fn truncated_recording_keeps_samples_before_the_cut(
        scenario in scenario(5, 5),
        samples in 1..4_u32,
        cut in any::<Index>(),
    ) {
        let originals = scenario.snapshots_with_destroyed();
        let (bytes, ends) = write_recording(&originals, samples);
        let cut = cut.index(bytes.len());
        match read_recording(&bytes[..cut]) {
            Ok((read, ending)) => {
                prop_assert_eq!(ending, RecordingEnd::Truncated);
                let read = snapshots(read);
                prop_assert_eq!(read.len(), ends.iter().filter(|end| **end <= cut).count());
                for (read, original) in read.iter().zip(&originals) {
                    assert_same(read, original);
                }
            }
            Err(error) => {
                prop_assert!(matches!(error, OpenRecordingError::Truncated), "{}", error);
                prop_assert!(cut < FILE_HEADER_LEN);
            }
        }
    }

    /// Every sample that is read is one that was written, and missing ones are reported.
    #[test]
    fn damage_is_reported_and_never_yields_wrong_samples(
        scenario in scenario(5, 7),
        samples in 1..4_u32,
        flips in proptest::collection::vec((any::<Index>(), 1..=u8::MAX), 1..4),
    ) {
        let originals = scenario.snapshots_with_destroyed();
        let (mut bytes, _) = write_recording(&originals, samples);
        for (at, bits) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        let Ok((read, ending)) = read_recording(&bytes) else { return Ok(()) };
        let damage = Gap::Sampler("the recording is damaged here".into());
        let mut is_reported = ending != RecordingEnd::Complete;
        let mut rest = originals.iter();
        let mut count = 0;
        for sampled in read {
            let SampleOutcome::Snapshot(mut read) = sampled else { is_reported = true; continue };
            is_reported |= read.gaps.contains(&damage);
            let is_damaged = read.gaps.contains(&damage);
            read.gaps.retain(|gap| *gap != damage);
            let original = rest.find(|o| o.elapsed == read.elapsed).expect("it was written");
            if is_damaged {
                // Earlier close events may be missing, or come with a later sample.
                let known = || originals.iter().flat_map(|o| &o.destroyed);
                prop_assert!(read.destroyed.iter().all(|end| known().any(|k| k == end)));
                read.destroyed.clone_from(&original.destroyed);
            }
            assert_same(&read, original);
            count += 1;
        }
        prop_assert!(is_reported || count == originals.len());
    }

    #[test]
    fn forged_blocks_do_not_panic(
        scenario in scenario(4, 4),
        block in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..6),
        keep in any::<Index>(),
        more in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let (bytes, _) = write_recording(&scenario.snapshots_with_destroyed(), 2);
        let bytes = forge_block(&bytes, block, |body| {
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
        let (read, _) = read_recording(&bytes).expect("its beginning is right");
        apply_all_samples(read);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(
        tail in proptest::collection::vec(any::<u8>(), 0..300),
        marks in proptest::collection::vec(any::<Index>(), 0..6),
    ) {
        prop_assert!(read_recording(&tail).is_err() || tail.len() > FILE_HEADER_LEN);
        let (mut bytes, _) = write_recording(&[], 1);
        bytes.truncate(FILE_HEADER_LEN);
        bytes.extend(&tail);
        for position in marks {
            let at = position.index(bytes.len() - FILE_HEADER_LEN + 1) + FILE_HEADER_LEN;
            bytes.splice(at..at, *b"\xf1blkK");
        }
        let (read, ending) = read_recording(&bytes).expect("its beginning is right");
        prop_assert!(read.len() <= 1);
        prop_assert_eq!(ending, RecordingEnd::Truncated);
    }
}

/// A header that promises 64 MiB, a body that promises 128 MiB, lists that promise four billion
/// sockets: all are rejected before memory is allocated.
#[test]
fn false_lengths_do_not_allocate() {
    let (whole, _) = write_recording(&[], 1);
    let block = |stored: &[u8], length: u32| {
        let mut head = b"\xf1blkK".to_vec();
        head.extend(length.to_le_bytes());
        head.extend(crc32fast::hash(stored).to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        [&whole[..FILE_HEADER_LEN], &head, stored].concat()
    };
    let ending = |bytes: &[u8]| read_recording(bytes).expect("its beginning is right").1;
    assert_eq!(ending(&block(b"", 64 << 20)), RecordingEnd::Truncated);
    assert_eq!(ending(&block(b"", u32::MAX)), RecordingEnd::Truncated);
    let stored = [&(128_u32 << 20).to_le_bytes()[..], &[0; 40]].concat();
    let said = read_recording(&block(&stored, stored.len() as u32)).expect("a beginning");
    assert!(matches!(said.0[..], [SampleOutcome::Failed(_)]), "{said:?}");
    for body in [[0xff; 64], [0; 64], [0x8f; 64]] {
        let stored = lz4_flex::block::compress_prepend_size(&body);
        let said = read_recording(&block(&stored, stored.len() as u32)).expect("a beginning");
        apply_all_samples(said.0);
    }
}

#[test]
fn not_a_recording_differs_from_other_version() {
    let (mut bytes, _) = write_recording(&[], 1);
    bytes[13] = 9;
    assert!(matches!(
        read_recording(&bytes),
        Err(OpenRecordingError::UnsupportedVersion(9))
    ));
    let no = read_recording(b"GIF89a and what follows it");
    assert!(matches!(no, Err(OpenRecordingError::NotARecording)));
    assert!(matches!(
        read_recording(b""),
        Err(OpenRecordingError::Truncated)
    ));
}

/// Written by the program when there was no other version: a listener, both ends of a connection that
/// carried 5 bytes, and a UDP socket.
#[test]
fn version_1_is_read_without_the_later_figures() {
    const VERSION_1: &[u8] = include_bytes!("../recordings/version-1.rec");
    assert_eq!(VERSION_1[13..15], [1, 0]);
    let (samples, end) = read_recording(VERSION_1).expect("a version that is known");
    assert_eq!(end, RecordingEnd::Complete);
    let samples = snapshots(samples);
    assert_eq!(samples.len(), 3);
    for snapshot in &samples {
        assert_eq!(snapshot.sockets.len(), 4);
        for socket in &snapshot.sockets {
            assert_eq!(socket.drops, None);
            let figures = socket.tcp.map(|tcp| (tcp.last_data, tcp.delivery_rate));
            assert!(matches!(figures, None | Some((None, None))));
        }
        let tcp = snapshot.sockets.iter().filter_map(|socket| socket.tcp);
        let received: Vec<u64> = tcp
            .filter_map(|tcp| Some(tcp.delivered?.received))
            .collect();
        assert!(
            received.contains(&5) && received.contains(&0),
            "{received:?}"
        );
    }
}
