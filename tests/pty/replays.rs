//! A recording in the dashboard.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use portolan::collect::Sampled;
use portolan::collect::recording::{self, About, Ending, Existing};
use tempfile::TempDir;

use crate::pty::Start;
use crate::quay::{Quay, Ship};
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

/// What one looks at is kept, and can be looked at again, to and fro.
#[test]
fn the_dashboard_is_recorded_and_seen_again() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let ship = Ship::new(&listener);
    let place = TempDir::new().expect("a directory");
    let start = Start::portolan(&["-i", "100ms", &quay.address.to_string()]);
    let mut pty = start.within(place.path()).open();
    pty.wait_for_text("LISTENING HERE");
    pty.keys("R");
    pty.wait_for_text("record into a new file here");
    // What the filter finds.
    pty.keys("2");
    pty.wait_for_text("● rec ");
    let client = format!(":{} ", ship.client_port());
    let sockets_at_last = || {
        let samples = files(place.path()).first().map(|file| read(file));
        samples?
            .into_iter()
            .rev()
            .find_map(|sampled| match sampled {
                Sampled::Snapshot(snapshot) => Some(snapshot.sockets.len()),
                Sampled::Failed(_) => None,
            })
    };
    pty.wait_for("both ends", |_| sockets_at_last() == Some(3));
    ship.sink();
    pty.wait_for("the listener alone", |_| sockets_at_last() == Some(1));
    pty.keys("R");
    let text = pty.wait_for_text("! recorded ");
    assert!(!text.contains("● rec "), "{text}");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    let [file] = &files(place.path())[..] else {
        panic!("one file");
    };
    let mode = fs::metadata(file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let path = file.to_str().expect("a plain name");
    let mut pty = Start::portolan(&["replay", path, "--speed", "1000"]).open();
    pty.wait_for_text("■ end of replay ");
    pty.keys("z");
    // The sign of what is gone, and the branch of its row.
    const GONE: &str = "− └ ";
    pty.wait_for_text(GONE);
    // Once more from the beginning, step by step, until the connection is gone.
    pty.keys("p\x1b[H");
    let is_first = |s: &vt100::Screen| {
        let text = s.contents();
        text.contains("❚❚ replay ") && text.contains(&client) && !text.contains(GONE)
    };
    pty.wait_for("the first moment", is_first);
    pty.keys("]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    pty.wait_for_text(GONE);
    // It goes on from the moment that is shown.
    pty.keys("\x1b[H");
    pty.wait_for("the first moment", is_first);
    pty.keys("p");
    let text = pty.wait_for_text("■ end of replay ");
    assert!(text.contains(GONE), "{text}");
}

/// An end that nobody waits for: the program leaves at once, and what it recorded is whole.
#[test]
fn leaving_ends_a_recording() {
    let place = TempDir::new().expect("a directory");
    let mut pty = Start::portolan(&["-i", "100ms"])
        .within(place.path())
        .open();
    pty.wait_for_chart();
    pty.keys("R\r");
    pty.wait_for_text("● rec ");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    for file in files(place.path()) {
        let mut reader = recording::open(&file).expect("a recording");
        reader.by_ref().for_each(drop);
        assert_eq!(reader.ending(), Some(&Ending::Whole));
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.flatten().map(|entry| entry.path()).collect()
}

fn read(file: &Path) -> Vec<Sampled> {
    recording::open(file).expect("a recording").collect()
}
