//! Fuzzes the recording reader: files that fail their checksums, and forged bodies that pass them.

use std::sync::Arc;
use std::time::Duration;

use portolan::collect::SampleOutcome;
use portolan::history::{History, RetentionLimits};
use portolan::net::services::Services;
use portolan::net::snapshot::{Gap, Snapshot};
use portolan::query::{Query, run};
use portolan::recording::{
    KeyframeInterval, RecordingEnd, RecordingInfo, RecordingReader, RecordingWriter,
};
use portolan::text::is_sanitized;

use crate::blocks::{Block, FILE_HEADER_LEN, join_blocks, split_blocks};
use crate::mutate::{Random, fuzz, mutate};
use crate::support::text_recording::load_recording;

/// Text recordings of machines of every kind.
const RECORDINGS: [&str; 8] = [
    "changes",
    "cookies",
    "empty",
    "close-events",
    "gaps",
    "ipv6",
    "names",
    "past-listeners",
];

/// The marker of a block, the file header, block kinds, large varints, and an escape sequence.
const WORDS: [&[u8]; 8] = [
    b"\xf1blk",
    b"\x89PORTOLAN\r\n\x1a\n\x01\0\0",
    b"K",
    b"E",
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x80, 0x80, 0x80, 0x80, 0x01],
    b"\x1b]0;owned\x07",
];

fn seeds() -> Vec<Vec<u8>> {
    let keyframe_interval = KeyframeInterval {
        samples: 3,
        ..KeyframeInterval::default()
    };
    let seeds = RECORDINGS.iter().map(|name| {
        let info = RecordingInfo {
            host: Some((*name).into()),
            ..RecordingInfo::default()
        };
        write_recording(&load_recording(name), &info, keyframe_interval)
    });
    seeds.collect()
}

fn write_recording(
    snapshots: &[Snapshot],
    info: &RecordingInfo,
    keyframe_interval: KeyframeInterval,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer =
        RecordingWriter::new(&mut bytes, info, keyframe_interval).expect("a beginning");
    for snapshot in snapshots {
        writer.write_snapshot(snapshot).expect("room");
    }
    writer.finish().expect("room");
    bytes
}

/// Returns every text that is displayed anywhere.
fn texts(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    let directory = &snapshot.directory;
    let processes = directory.processes.values();
    let processes =
        processes.flat_map(|p| [Some(&p.name), p.executable.as_ref(), p.command.as_ref()]);
    let cgroups = directory.cgroups.values();
    let cgroups = cgroups.flat_map(|c| [Some(&c.path), c.unit.as_ref(), c.container.as_ref()]);
    let names = directory
        .users
        .values()
        .chain(directory.interfaces.values());
    let names = names.chain(directory.hosts.values()).map(Some);
    let gaps = snapshot.gaps.iter().map(why);
    let all = processes.chain(cgroups).chain(names).flatten();
    all.map(|text| &**text).chain(gaps)
}

fn why(gap: &Gap) -> &str {
    match gap {
        Gap::Sockets(why) | Gap::Closes(why) | Gap::Owners(why) | Gap::Sampler(why) => why,
    }
}

/// Reads every sample and processes it as the program does.
fn read(bytes: &[u8]) {
    let Ok(mut reader) = RecordingReader::open(bytes) else {
        return;
    };
    assert!(is_sanitized(reader.info().host.as_deref().unwrap_or("")));
    let mut history = History::with_closed_log(RetentionLimits {
        max_age: Duration::MAX,
        max_bytes: 1 << 20,
    });
    let query = Query::unfiltered(Arc::new(Services::empty()));
    let (mut count, mut latest) = (0, Duration::ZERO);
    for outcome in reader.by_ref() {
        count += 1;
        let mut snapshot = match outcome {
            SampleOutcome::Snapshot(snapshot) => snapshot,
            SampleOutcome::Failed(gap) => {
                assert!(is_sanitized(why(&gap)), "{gap:?}");
                continue;
            }
        };
        assert!(snapshot.elapsed >= latest, "time never decreases");
        latest = snapshot.elapsed;
        for text in texts(&snapshot) {
            assert!(is_sanitized(text), "{text:?}");
        }
        let again = write_recording(
            &[Snapshot::clone(&snapshot)],
            &RecordingInfo::default(),
            KeyframeInterval::default(),
        );
        assert!(split_blocks(&again).len() > 2, "recorded again");
        let moment = history.apply(&mut snapshot);
        run(history.closed_sockets_at(&moment), &query);
        run(moment, &query);
    }
    assert!(reader.recording_end().is_some());
    assert!(count <= bytes.len(), "at most one sample per byte");
}

#[test]
fn seeds_are_read_completely() {
    for (seed, name) in seeds().iter().zip(RECORDINGS) {
        let mut reader = RecordingReader::open(&seed[..]).expect("a recording");
        assert_eq!(
            reader.by_ref().count(),
            load_recording(name).len(),
            "{name}"
        );
        assert_eq!(
            reader.recording_end(),
            Some(&RecordingEnd::Complete),
            "{name}"
        );
        read(seed);
    }
}

#[test]
fn damaged_files_never_panic() {
    let seeds = seeds();
    let input = |random: &mut Random| {
        let mut bytes = random.choose(&seeds).clone();
        mutate(random, &mut bytes, &WORDS);
        bytes
    };
    let read = |bytes: &Vec<u8>| read(bytes);
    fuzz(2_000, input, read, |bytes| bytes.escape_ascii().to_string());
}

#[test]
fn forged_bodies_never_panic() {
    let seeds: Vec<(Vec<u8>, Vec<Block>)> = seeds()
        .into_iter()
        .map(|seed| (seed[..FILE_HEADER_LEN].to_vec(), split_blocks(&seed)))
        .collect();
    let input = |random: &mut Random| {
        let (header, mut blocks) = random.choose(&seeds).clone();
        let index = random.below(blocks.len());
        mutate(random, &mut blocks[index].body, &WORDS);
        match random.below(6) {
            // Also changes kinds and positions: a delta without a keyframe, an end in the middle.
            0 => blocks[index].kind = *random.choose(b"AKDCFEZ"),
            1 => {
                let other = random.below(blocks.len());
                blocks.swap(index, other);
            }
            2 => {
                blocks.remove(index);
            }
            _ => {}
        }
        join_blocks(&header, &blocks)
    };
    let read = |bytes: &Vec<u8>| read(bytes);
    fuzz(3_000, input, read, |bytes| bytes.escape_ascii().to_string());
}
