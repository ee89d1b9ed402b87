//! `record` and `replay`: a replay equals the live list, and damaged files are reported.

use portolan::recording::file;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use portolan::collect::SampleOutcome;
use portolan::history::RetentionLimits;
use portolan::history::state::History;
use portolan::net::snapshot::Snapshot;
use portolan::net::socket::{Socket, TcpState};
use portolan::recording::reader::RecordingEnd;

use crate::network_namespace::in_network_namespace;
use crate::program::ProgramOutput;
use crate::{command, fixtures, portolan};

/// A directory for recordings, and the sockets to record.
struct RecordingFixture {
    directory: TempDir,
    port: String,
    _sockets: (TcpListener, TcpStream),
}

impl RecordingFixture {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let client = TcpStream::connect(address).expect("a client");
        Self {
            directory: TempDir::new().expect("a directory"),
            port: address.port().to_string(),
            _sockets: (listener, client),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Records at least three samples, until a signal; returns the file.
    fn record(&self, options: &[&str]) -> PathBuf {
        self.record_until(Signal::INT, options)
    }

    fn record_until(&self, signal: Signal, options: &[&str]) -> PathBuf {
        let file = self.file(&format!("until {signal:?}"));
        let mut child = crate::spawn_lock::spawn(
            command(&[&["record", path_str(&file), "-i", "100ms"], options].concat())
                .stderr(Stdio::piped()),
        )
        .expect("the program");
        // The first two growths are the header of the file.
        wait_for_growth(&file, 5);
        kill_process(Pid::from_child(&child), signal).expect("a signal");
        assert_eq!(child.wait().expect("an end").code(), Some(0));
        let mut output = String::new();
        let mut err = child.stderr.take().expect("its stderr");
        err.read_to_string(&mut output).expect("UTF-8");
        assert!(output.contains("portolan: recorded "), "{output}");
        file
    }

    fn replay(&self, file: &Path) -> ProgramOutput {
        portolan(&["replay", path_str(file), &self.port, "-f", "json", "-n"])
    }
}

fn path_str(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

/// Returns the sockets of the output without the fields that change with time.
fn stable_sockets(output: &ProgramOutput) -> Vec<Value> {
    let document: Value = serde_json::from_str(&output.out).expect("JSON");
    let mut sockets = document["sockets"].as_array().expect("a list").clone();
    for socket in &mut sockets {
        let fields = socket.as_object_mut().expect("an object");
        // These change with time alone, or with what is sent meanwhile.
        for field in [
            "timer",
            "age_ms",
            "since",
            "rates",
            "tcp",
            "idle_ms",
            "delivery_rate",
            "drops",
        ] {
            fields.remove(field);
        }
    }
    sockets
}

#[test]
fn replay_equals_the_list_at_recording_time() {
    let fixture = RecordingFixture::new();
    let before = portolan(&["list", &fixture.port, "-f", "json", "-n"]);
    let file = fixture.record(&[]);
    let replayed = fixture.replay(&file);
    assert_eq!((replayed.status, &*replayed.err), (Some(0), ""));
    assert_eq!(stable_sockets(&replayed), stable_sockets(&before));
    assert_eq!(
        stable_sockets(&replayed).len(),
        3,
        "a listener and a connection"
    );
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let first = portolan(&[
        "replay",
        path_str(&file),
        &fixture.port,
        "--at",
        "0",
        "-f",
        "json",
        "-n",
    ]);
    assert_eq!(stable_sockets(&first), stable_sockets(&before));
    let early = portolan(&["replay", path_str(&file), "--at", "2001-01-01T00:00:00Z"]);
    assert_eq!(early.status, Some(2));
    assert!(early.err.contains("no sample as early"), "{}", early.err);
}

/// A replay at a time equals the list at that time, while other connections open and close.
#[test]
fn replay_equals_the_list_under_churn() {
    let test = "recordings::replay_equals_the_list_under_churn";
    in_network_namespace(test, || {
        const CHURN: &str = "18777";
        let _fixtures = fixtures::all();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 18_777)).expect("a listener");
        let running = Arc::new(AtomicBool::new(true));
        let churn = std::thread::spawn({
            let running = Arc::clone(&running);
            move || {
                while running.load(Ordering::Relaxed) {
                    drop(fixtures::connect_pair(&listener));
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        });
        let directory = TempDir::new().expect("a directory");
        let file = directory.path().join("churn");
        let mut child = crate::spawn_lock::spawn(
            command(&["record", path_str(&file), "-i", "100ms"]).stderr(Stdio::null()),
        )
        .expect("the program");
        wait_for_growth(&file, 5);
        let others = format!("not port:{CHURN}");
        let listed = portolan(&["list", &others, "-f", "json", "-n"]);
        wait_for_growth(&file, 3);
        kill_process(Pid::from_child(&child), Signal::INT).expect("a signal");
        assert_eq!(child.wait().expect("an end").code(), Some(0));
        running.store(false, Ordering::Relaxed);
        churn.join().expect("an end");

        let document: Value = serde_json::from_str(&listed.out).expect("JSON");
        let at = document["taken_at"].as_str().expect("a time");
        let replayed = portolan(&[
            "replay",
            path_str(&file),
            &others,
            "--at",
            at,
            "-f",
            "json",
            "-n",
        ]);
        assert_eq!(replayed.status, Some(0), "{}", replayed.err);
        assert!(stable_sockets(&listed).len() > 30);
        assert_eq!(stable_sockets(&replayed), stable_sockets(&listed));
        // The short-lived connections are in the recording as well.
        let Ok(reader) = file::open_recording(&file) else {
            panic!("a recording");
        };
        let ends = reader.map(|sampled| match sampled {
            SampleOutcome::Snapshot(snapshot) => snapshot.destroyed.len(),
            SampleOutcome::Failed(gap) => panic!("{gap}"),
        });
        assert!(ends.sum::<usize>() > 20);
    });
}

/// Waits until a file has grown `times` times.
fn wait_for_growth(file: &Path, times: usize) {
    let (mut growths, mut length) = (0, 0);
    while growths < times {
        let now = fs::metadata(file).map_or(0, |metadata| metadata.len());
        growths += usize::from(now > length);
        length = now;
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn redacted_recording_identifies_nobody() {
    let fixture = RecordingFixture::new();
    let file = fixture.record(&["--redact"]);
    let output = fixture.replay(&file);
    let [listener, ..] = &stable_sockets(&output)[..] else {
        panic!("{}", output.out)
    };
    // Loopback addresses, ports and pids identify nobody, so they are kept.
    assert_eq!(listener["local"]["address"], "127.0.0.1");
    assert_eq!(listener["owners"][0]["pid"], std::process::id());
    let bytes = fs::read(&file).expect("a file");
    let mut reader = file::open_recording(&file).expect("a recording");
    assert_eq!(reader.info().host, None);
    let Some(SampleOutcome::Snapshot(snapshot)) = reader.next() else {
        panic!("{} bytes", bytes.len());
    };
    assert_redacted(&snapshot);
}

fn assert_redacted(snapshot: &Snapshot) {
    let directory = &snapshot.directory;
    let processes = directory.processes.values();
    let commands = processes.clone().filter_map(|p| p.command.as_deref());
    assert!(commands.clone().count() > 0, "no command line to redact");
    let executables = processes.filter_map(|p| p.executable.as_deref());
    let users = directory.users.iter().filter(|(uid, _)| uid.0 != 0);
    let users = users.map(|(_, name)| &**name);
    let cgroups = directory.cgroups.values().map(|cgroup| &*cgroup.path);
    let hosts = directory.hosts.values().map(|name| &**name);
    for executable in executables {
        assert!(executable.starts_with("/…/"), "{executable}");
    }
    assert_numbered("command ", commands);
    assert_numbered("user", users);
    assert_numbered("cgroup ", cgroups);
    assert_numbered("host ", hosts);
}

/// Checks that every text is the prefix and a number.
fn assert_numbered<'a>(prefix: &str, texts: impl Iterator<Item = &'a str>) {
    for text in texts {
        let number = text.strip_prefix(prefix).map(str::parse::<u32>);
        assert!(matches!(number, Some(Ok(_))), "{text}");
    }
}

/// Checks the recording shipped with the program: redacted, with many states and closed sockets.
#[test]
fn sample_recording_covers_states_and_history() {
    const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample.rec");
    assert!(fs::metadata(SAMPLE).expect("the sample").len() < 100_000);
    let mut reader = file::open_recording(Path::new(SAMPLE)).expect("a recording");
    assert_eq!(reader.info().host, None);
    let mut history = History::with_closed_log(RetentionLimits {
        max_age: Duration::MAX,
        max_bytes: usize::MAX,
    });
    let mut states: BTreeSet<&str> = BTreeSet::new();
    let mut last = None;
    for sampled in reader.by_ref() {
        let SampleOutcome::Snapshot(mut snapshot) = sampled else {
            panic!("a failure")
        };
        assert_redacted(&snapshot);
        let tcp = snapshot.sockets.iter().filter_map(Socket::tcp_state);
        states.extend(tcp.map(TcpState::name));
        last = Some(history.apply(&mut snapshot));
    }
    assert_eq!(reader.recording_end(), Some(&RecordingEnd::Complete));
    for state in [
        "LISTEN",
        "ESTABLISHED",
        "SYN-SENT",
        "CLOSE-WAIT",
        "FIN-WAIT-2",
        "TIME-WAIT",
    ] {
        assert!(states.contains(state), "{state} in {states:?}");
    }
    let last = last.expect("a moment");
    let ended = history.closed_sockets_at(&last);
    assert!(ended.open_rows > 200, "{}", ended.open_rows);
    let unseen = ended.rows().filter(|row| !row.was_sampled());
    assert!(unseen.count() > 50);

    let output = portolan(&["replay", SAMPLE, "state:close-wait", "-f", "plain"]);
    assert_eq!(output.status, Some(0), "{}", output.err);
    assert_eq!(
        output
            .out
            .lines()
            .filter(|l| l.contains(" CLOSE-WAIT "))
            .count(),
        5
    );
}

#[test]
fn filtered_recording_has_only_matching_sockets() {
    let fixture = RecordingFixture::new();
    let file = fixture.record(&[&fixture.port]);
    let output = portolan(&["replay", path_str(&file), "-f", "json", "-n"]);
    assert_eq!(
        stable_sockets(&output),
        stable_sockets(&fixture.replay(&file))
    );
    assert_eq!(stable_sockets(&output).len(), 3);
    assert_eq!(
        stable_sockets(&output)[0]["owners"][0]["pid"],
        std::process::id()
    );
}

#[test]
fn existing_file_is_kept_without_force() {
    let fixture = RecordingFixture::new();
    let file = fixture.file("recording");
    fs::write(&file, "precious").expect("a file");
    let output = portolan(&["record", path_str(&file), "--for", "0"]);
    assert_eq!(output.status, Some(2));
    assert!(output.err.contains("--force"), "{}", output.err);
    assert_eq!(fs::read(&file).expect("a file"), b"precious");
    let output = portolan(&["record", path_str(&file), "--for", "0", "--force"]);
    assert_eq!(output.status, Some(0), "{}", output.err);
    let metadata = fs::metadata(&file).expect("a file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(portolan(&["replay", path_str(&file)]).status, Some(0));
}

#[test]
fn signalled_recording_is_complete() {
    let fixture = RecordingFixture::new();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let replayed = fixture.replay(&fixture.record_until(signal, &[]));
        assert_eq!((replayed.status, &*replayed.err), (Some(0), ""));
        assert_eq!(stable_sockets(&replayed).len(), 3);
    }
}

#[test]
fn truncated_recording_replays_up_to_the_cut() {
    let fixture = RecordingFixture::new();
    let file = fixture.record(&[]);
    let bytes = fs::read(&file).expect("a file");
    // Without owners: processes started by other tests hold the sockets between fork and exec, and
    // that is recorded.
    let ends = |output: &ProgramOutput| -> Vec<[Value; 3]> {
        let all = stable_sockets(output).into_iter();
        all.map(|s| ["state", "local", "remote"].map(|field| s[field].clone()))
            .collect()
    };
    let whole = ends(&fixture.replay(&file));
    // The end marker is a block header of 17 bytes and a short body.
    for cut in [1, 30] {
        fs::write(&file, &bytes[..bytes.len() - cut]).expect("a file");
        let output = fixture.replay(&file);
        assert_eq!(output.status, Some(0));
        assert!(output.err.contains("is cut off here"), "{}", output.err);
        assert_eq!(ends(&output), whole);
    }
    fs::write(&file, &bytes[..10]).expect("a file");
    let output = fixture.replay(&file);
    assert_eq!((output.status, &*output.out), (Some(2), ""));
    assert!(output.err.contains("cut off before"), "{}", output.err);
}

#[test]
fn damaged_recording_is_reported_and_other_files_are_rejected() {
    let fixture = RecordingFixture::new();
    let file = fixture.record(&[]);
    let mut bytes = fs::read(&file).expect("a file");
    let near_the_end = bytes.len() - 40;
    bytes[near_the_end] ^= 0x10;
    fs::write(&file, &bytes).expect("a file");
    let output = fixture.replay(&file);
    assert_eq!(output.status, Some(0), "{}", output.err);
    assert!(output.err.contains("damaged"), "{}", output.err);
    assert_eq!(stable_sockets(&output).len(), 3);

    bytes[13] = 7;
    fs::write(&file, &bytes).expect("a file");
    let output = fixture.replay(&file);
    assert_eq!(output.status, Some(2));
    assert!(output.err.contains("recording version 7"), "{}", output.err);
    fs::write(&file, "{}").expect("a file");
    let output = fixture.replay(&file);
    assert_eq!(output.status, Some(2));
    assert!(
        output.err.contains("not a portolan recording"),
        "{}",
        output.err
    );
    let output = fixture.replay(&fixture.file("nowhere"));
    assert_eq!(output.status, Some(3), "{}", output.err);
}

#[test]
fn a_full_disk_ends_a_recording() {
    let output = portolan(&["record", "/dev/full", "-i", "100ms"]);
    assert_eq!(output.status, Some(3));
    assert!(output.err.contains("/dev/full: "), "{}", output.err);
}
