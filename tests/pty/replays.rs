//! A recording in the dashboard.

use std::fs;

use portolan::collect::Sampled;
use portolan::collect::recording::{self, About, Existing};
use tempfile::TempDir;

use crate::pty::Start;
use crate::support::scene::recording as scene;

/// What happened once is seen again with all its signs, at whatever pace, and the recorded time
/// says that it is not now.
#[test]
fn a_recording_is_played_to_its_end_and_stays_there() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("web");
    let mut writer = recording::create(&file, Existing::Keep, &About::default()).expect("a file");
    let snapshots = scene("changes");
    let last = snapshots.len() - 1;
    for snapshot in &snapshots {
        writer.snapshot(snapshot).expect("room");
    }
    writer.end().expect("room");
    assert_eq!(read(&file).len(), last + 1);

    let path = file.to_str().expect("a plain name");
    let mut pty = Start::portolan(&["replay", path, "--speed", "0.001"]).open();
    pty.wait_for_text("▶ replay ");
    // Each is an hour away; `r` does not wait for it.
    for _ in 0..last {
        pty.keys("r");
    }
    let shown = pty.wait_for_text("■ end of replay ");
    assert!(!shown.contains("live"), "{shown}");
    pty.keys("/nothing-has-this-name\r");
    pty.wait_for_text("0 of ");
    pty.keys("q");

    let bytes = fs::read(&file).expect("a file");
    fs::write(&file, &bytes[..bytes.len() - 3]).expect("a file");
    let pty = Start::portolan(&["replay", path, "--speed", "1000"]).open();
    pty.wait_for_text("the recording is cut off here");
}

fn read(file: &std::path::Path) -> Vec<Sampled> {
    recording::open(file).expect("a recording").collect()
}
