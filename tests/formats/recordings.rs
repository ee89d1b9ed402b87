//! `record` and `replay`: what was seen is seen again, and a file that is not whole is said to be so.

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

use portolan::collect::Sampled;
use portolan::collect::recording::{self, Ending};
use portolan::history::{Bounds, History};
use portolan::snapshot::Snapshot;
use portolan::socket::{Socket, TcpState};

use crate::network::own_network;
use crate::program::Said;
use crate::{command, portolan, zoo};

/// A directory for recordings, and the sockets that are recorded.
struct Scene {
    directory: TempDir,
    port: String,
    _sockets: (TcpListener, TcpStream),
}

impl Scene {
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

    /// A recording of at least three samples, ended by a signal.
    fn recorded(&self, options: &[&str]) -> PathBuf {
        self.recorded_until(Signal::INT, options)
    }

    fn recorded_until(&self, signal: Signal, options: &[&str]) -> PathBuf {
        let file = self.file(&format!("until {signal:?}"));
        let mut child = crate::turn::spawn(
            command(&[&["record", text(&file), "-i", "100ms"], options].concat())
                .stderr(Stdio::piped()),
        )
        .expect("the program");
        // The first two times it grows by what it says of itself.
        grown(&file, 5);
        kill_process(Pid::from_child(&child), signal).expect("a signal");
        assert_eq!(child.wait().expect("an end").code(), Some(0));
        let mut said = String::new();
        let mut err = child.stderr.take().expect("its remarks");
        err.read_to_string(&mut said).expect("UTF-8");
        assert!(said.contains("portolan: recorded "), "{said}");
        file
    }

    fn replay(&self, file: &Path) -> Said {
        portolan(&["replay", text(file), &self.port, "-f", "json", "-n"])
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

/// What stays the same of sockets that do nothing.
fn sockets(said: &Said) -> Vec<Value> {
    let document: Value = serde_json::from_str(&said.out).expect("JSON");
    let mut sockets = document["sockets"].as_array().expect("a list").clone();
    for socket in &mut sockets {
        let fields = socket.as_object_mut().expect("an object");
        // Which change with time alone.
        for field in ["timer", "age_ms", "since", "rates", "tcp"] {
            fields.remove(field);
        }
    }
    sockets
}

#[test]
fn a_replay_shows_what_the_list_showed_while_it_was_recorded() {
    let scene = Scene::new();
    let before = portolan(&["list", &scene.port, "-f", "json", "-n"]);
    let file = scene.recorded(&[]);
    let replayed = scene.replay(&file);
    assert_eq!((replayed.status, &*replayed.err), (Some(0), ""));
    assert_eq!(sockets(&replayed), sockets(&before));
    assert_eq!(sockets(&replayed).len(), 3, "a listener and a connection");
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let first = portolan(&[
        "replay",
        text(&file),
        &scene.port,
        "--at",
        "0",
        "-f",
        "json",
        "-n",
    ]);
    assert_eq!(sockets(&first), sockets(&before));
    let early = portolan(&["replay", text(&file), "--at", "2001-01-01T00:00:00Z"]);
    assert_eq!(early.status, Some(2));
    assert!(early.err.contains("no moment as early"), "{}", early.err);
}

/// Whatever comes and goes beside them: sockets of every kind are there at that moment as they were.
#[test]
fn amid_churn_a_replay_shows_what_the_list_showed_at_that_moment() {
    let test = "recordings::amid_churn_a_replay_shows_what_the_list_showed_at_that_moment";
    own_network(test, || {
        const CHURN: &str = "18777";
        let _zoo = zoo::everything();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 18_777)).expect("a listener");
        let goes_on = Arc::new(AtomicBool::new(true));
        let churn = std::thread::spawn({
            let goes_on = Arc::clone(&goes_on);
            move || {
                while goes_on.load(Ordering::Relaxed) {
                    drop(zoo::pair(&listener));
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        });
        let directory = TempDir::new().expect("a directory");
        let file = directory.path().join("churn");
        let mut child = crate::turn::spawn(
            command(&["record", text(&file), "-i", "100ms"]).stderr(Stdio::null()),
        )
        .expect("the program");
        grown(&file, 5);
        let others = format!("not port:{CHURN}");
        let listed = portolan(&["list", &others, "-f", "json", "-n"]);
        grown(&file, 3);
        kill_process(Pid::from_child(&child), Signal::INT).expect("a signal");
        assert_eq!(child.wait().expect("an end").code(), Some(0));
        goes_on.store(false, Ordering::Relaxed);
        churn.join().expect("an end");

        let document: Value = serde_json::from_str(&listed.out).expect("JSON");
        let at = document["taken_at"].as_str().expect("a time");
        let replayed = portolan(&[
            "replay",
            text(&file),
            &others,
            "--at",
            at,
            "-f",
            "json",
            "-n",
        ]);
        assert_eq!(replayed.status, Some(0), "{}", replayed.err);
        assert!(sockets(&listed).len() > 30);
        assert_eq!(sockets(&replayed), sockets(&listed));
        // The connections that lasted a moment are in the recording, too.
        let Ok(reader) = recording::open(&file) else {
            panic!("a recording");
        };
        let ends = reader.map(|sampled| match sampled {
            Sampled::Snapshot(snapshot) => snapshot.destroyed.len(),
            Sampled::Failed(gap) => panic!("{gap}"),
        });
        assert!(ends.sum::<usize>() > 20);
    });
}

/// Waits until a file has grown so often.
fn grown(file: &Path, times: usize) {
    let (mut growths, mut length) = (0, 0);
    while growths < times {
        let now = fs::metadata(file).map_or(0, |found| found.len());
        growths += usize::from(now > length);
        length = now;
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_redacted_names_nobody() {
    let scene = Scene::new();
    let file = scene.recorded(&["--redact"]);
    let said = scene.replay(&file);
    let [listener, ..] = &sockets(&said)[..] else {
        panic!("{}", said.out)
    };
    // Loopback, ports and pids say nothing of whose they are.
    assert_eq!(listener["local"]["address"], "127.0.0.1");
    assert_eq!(listener["owners"][0]["pid"], std::process::id());
    let bytes = fs::read(&file).expect("a file");
    let mut reader = recording::open(&file).expect("a recording");
    assert_eq!(reader.about().host, None);
    let Some(Sampled::Snapshot(snapshot)) = reader.next() else {
        panic!("{} bytes", bytes.len());
    };
    assert_names_nobody(&snapshot);
}

fn assert_names_nobody(snapshot: &Snapshot) {
    for process in snapshot.directory.processes.values() {
        let command = process.command.as_deref().unwrap_or("command ");
        assert!(command.starts_with("command "), "{command}");
        let executable = process.executable.as_deref().unwrap_or("/…/");
        assert!(executable.starts_with("/…/"), "{executable}");
    }
}

/// The recording that comes with the program: real, of this machine's kind, and nobody's.
#[test]
fn the_sample_has_something_of_everything() {
    const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample.rec");
    assert!(fs::metadata(SAMPLE).expect("the sample").len() < 100_000);
    let mut reader = recording::open(Path::new(SAMPLE)).expect("a recording");
    assert_eq!(reader.about().host, None);
    let mut history = History::keeping(Bounds {
        time: Duration::MAX,
        bytes: usize::MAX,
    });
    let mut states: BTreeSet<&str> = BTreeSet::new();
    let mut last = None;
    for sampled in reader.by_ref() {
        let Sampled::Snapshot(mut snapshot) = sampled else {
            panic!("a failure")
        };
        assert_names_nobody(&snapshot);
        let tcp = snapshot.sockets.iter().filter_map(Socket::tcp_state);
        states.extend(tcp.map(TcpState::name));
        last = Some(history.apply(&mut snapshot));
    }
    assert_eq!(reader.ending(), Some(&Ending::Whole));
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
    let ended = history.ended(&last);
    assert!(ended.open > 200, "{}", ended.open);
    let unseen = ended.rows().filter(|row| !row.is_sampled());
    assert!(unseen.count() > 50);

    let said = portolan(&["replay", SAMPLE, "state:close-wait", "-f", "plain"]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    assert_eq!(
        said.out
            .lines()
            .filter(|l| l.contains(" CLOSE-WAIT "))
            .count(),
        5
    );
}

#[test]
fn with_a_filter_nothing_else_is_recorded() {
    let scene = Scene::new();
    let file = scene.recorded(&[&scene.port]);
    let said = portolan(&["replay", text(&file), "-f", "json", "-n"]);
    assert_eq!(sockets(&said), sockets(&scene.replay(&file)));
    assert_eq!(sockets(&said).len(), 3);
    assert_eq!(sockets(&said)[0]["owners"][0]["pid"], std::process::id());
}

#[test]
fn a_file_that_is_there_stays_unless_asked_for() {
    let scene = Scene::new();
    let file = scene.file("recording");
    fs::write(&file, "precious").expect("a file");
    let said = portolan(&["record", text(&file), "--for", "0"]);
    assert_eq!(said.status, Some(2));
    assert!(said.err.contains("--force"), "{}", said.err);
    assert_eq!(fs::read(&file).expect("a file"), b"precious");
    let said = portolan(&["record", text(&file), "--for", "0", "--force"]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    let found = fs::metadata(&file).expect("a file");
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    assert_eq!(portolan(&["replay", text(&file)]).status, Some(0));
}

#[test]
fn an_interrupted_recording_is_whole() {
    let scene = Scene::new();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let replayed = scene.replay(&scene.recorded_until(signal, &[]));
        assert_eq!((replayed.status, &*replayed.err), (Some(0), ""));
        assert_eq!(sockets(&replayed).len(), 3);
    }
}

#[test]
fn a_recording_that_is_cut_off_shows_what_is_there_and_says_so() {
    let scene = Scene::new();
    let file = scene.recorded(&[]);
    let bytes = fs::read(&file).expect("a file");
    let whole = sockets(&scene.replay(&file));
    // The end is a block of 17 bytes and a body of a few.
    for cut in [1, 30] {
        fs::write(&file, &bytes[..bytes.len() - cut]).expect("a file");
        let said = scene.replay(&file);
        assert_eq!(said.status, Some(0));
        assert!(said.err.contains("is cut off here"), "{}", said.err);
        assert_eq!(sockets(&said), whole);
    }
    fs::write(&file, &bytes[..10]).expect("a file");
    let said = scene.replay(&file);
    assert_eq!((said.status, &*said.out), (Some(2), ""));
    assert!(said.err.contains("cut off before"), "{}", said.err);
}

#[test]
fn damage_is_said_and_what_is_no_recording_is_refused() {
    let scene = Scene::new();
    let file = scene.recorded(&[]);
    let mut bytes = fs::read(&file).expect("a file");
    let near_the_end = bytes.len() - 40;
    bytes[near_the_end] ^= 0x10;
    fs::write(&file, &bytes).expect("a file");
    let said = scene.replay(&file);
    assert_eq!(said.status, Some(0), "{}", said.err);
    assert!(said.err.contains("damaged"), "{}", said.err);
    assert_eq!(sockets(&said).len(), 3);

    bytes[13] = 7;
    fs::write(&file, &bytes).expect("a file");
    let said = scene.replay(&file);
    assert_eq!(said.status, Some(2));
    assert!(said.err.contains("has version 7"), "{}", said.err);
    fs::write(&file, "{}").expect("a file");
    let said = scene.replay(&file);
    assert_eq!(said.status, Some(2));
    assert!(
        said.err.contains("no recording of portolan"),
        "{}",
        said.err
    );
    let said = scene.replay(&scene.file("nowhere"));
    assert_eq!(said.status, Some(3), "{}", said.err);
}

#[test]
fn a_full_disk_ends_a_recording() {
    let said = portolan(&["record", "/dev/full", "-i", "100ms"]);
    assert_eq!(said.status, Some(3));
    assert!(said.err.contains("/dev/full: "), "{}", said.err);
}
