//! A recording in the dashboard.

use portolan::recording::file;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use portolan::collect::SampleOutcome;
use portolan::recording::file::ExistingFile;
use portolan::recording::format::RecordingInfo;
use portolan::recording::reader::RecordingEnd;
use tempfile::TempDir;

use crate::loopback::{Connection, LoopbackAddr};
use crate::pty::PtyCommand;
use crate::support::text_recording::load_recording;

/// A replay shows the same rows and signs at any speed, and the recorded time shows that it is not
/// live.
#[test]
fn replay_stops_at_the_end_of_the_recording() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("web");
    let mut writer = file::create_recording(&file, ExistingFile::Keep, &RecordingInfo::default())
        .expect("a file");
    let snapshots = load_recording("changes");
    let last = snapshots.len() - 1;
    for snapshot in &snapshots {
        writer.write_snapshot(snapshot).expect("room");
    }
    writer.finish().expect("room");
    assert_eq!(read_samples(&file).len(), last + 1);

    let path = file.to_str().expect("a plain name");
    let mut pty = PtyCommand::portolan(&["replay", path, "--speed", "0.001"]).spawn();
    pty.wait_for_text("▶ replay ");
    // Each is an hour away; `r` does not wait for it.
    for _ in 0..last {
        pty.type_keys("r");
    }
    let shown = pty.wait_for_text("■ end of replay ");
    assert!(!shown.contains("live"), "{shown}");
    pty.type_keys("/nothing-has-this-name\r");
    pty.wait_for_text("0 of ");
    pty.type_keys("q");

    let bytes = fs::read(&file).expect("a file");
    fs::write(&file, &bytes[..bytes.len() - 3]).expect("a file");
    let pty = PtyCommand::portolan(&["replay", path, "--speed", "1000"]).spawn();
    pty.wait_for_text("the recording is cut off here");
}

/// Moments are kept and can be shown again, back and forth.
#[test]
fn dashboard_recording_can_be_replayed() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let connection = Connection::open(&listener);
    let directory = TempDir::new().expect("a directory");
    let start = PtyCommand::portolan(&["-i", "100ms", &loopback.address.to_string()]);
    let mut pty = start.current_dir(directory.path()).spawn();
    pty.wait_for_text("LISTENING HERE");
    pty.type_keys("R");
    pty.wait_for_text("record to a new file here");
    // Only what the filter matches.
    pty.type_keys("2");
    pty.wait_for_text("● rec ");
    let client = format!(":{} ", connection.client_port());
    let sockets_at_last = || {
        let samples = files(directory.path())
            .first()
            .map(|file| read_samples(file));
        samples?
            .into_iter()
            .rev()
            .find_map(|sampled| match sampled {
                SampleOutcome::Snapshot(snapshot) => Some(snapshot.sockets.len()),
                SampleOutcome::Failed(_) => None,
            })
    };
    pty.wait_for("both ends", |_| sockets_at_last() == Some(3));
    connection.reset();
    pty.wait_for("the listener alone", |_| sockets_at_last() == Some(1));
    pty.type_keys("R");
    let text = pty.wait_for_text("! recorded ");
    assert!(!text.contains("● rec "), "{text}");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    let [file] = &files(directory.path())[..] else {
        panic!("one file");
    };
    let mode = fs::metadata(file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let path = file.to_str().expect("a plain name");
    let mut pty = PtyCommand::portolan(&["replay", path, "--speed", "1000"]).spawn();
    pty.wait_for_text("■ end of replay ");
    pty.type_keys("z");
    // The sign of a closed socket, and the branch of its row.
    const CLOSED_ROW_MARK: &str = "− └ ";
    pty.wait_for_text(CLOSED_ROW_MARK);
    // Again from the beginning, step by step, until the connection is closed.
    pty.type_keys("p\x1b[H");
    let is_first = |s: &vt100::Screen| {
        let text = s.contents();
        text.contains("❚❚ replay ") && text.contains(&client) && !text.contains(CLOSED_ROW_MARK)
    };
    pty.wait_for("the first moment", is_first);
    pty.type_keys("]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    pty.wait_for_text(CLOSED_ROW_MARK);
    // It continues from the moment shown.
    pty.type_keys("\x1b[H");
    pty.wait_for("the first moment", is_first);
    pty.type_keys("p");
    let text = pty.wait_for_text("■ end of replay ");
    assert!(text.contains(CLOSED_ROW_MARK), "{text}");
}

/// A recording not stopped before quitting: the program exits at once, and its file is complete.
#[test]
fn quitting_finishes_the_recording() {
    let directory = TempDir::new().expect("a directory");
    let mut pty = PtyCommand::portolan(&["-i", "100ms"])
        .current_dir(directory.path())
        .spawn();
    pty.wait_for_dashboard();
    pty.type_keys("R\r");
    pty.wait_for_text("● rec ");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    for file in files(directory.path()) {
        let mut reader = file::open_recording(&file).expect("a recording");
        reader.by_ref().for_each(drop);
        assert_eq!(reader.recording_end(), Some(&RecordingEnd::Complete));
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.flatten().map(|entry| entry.path()).collect()
}

fn read_samples(file: &Path) -> Vec<SampleOutcome> {
    file::open_recording(file).expect("a recording").collect()
}
