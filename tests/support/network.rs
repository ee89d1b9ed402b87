//! A network of one's own: the test runs itself again in a new network namespace.
//!
//! There the only sockets are its own, so whole tables can be compared, and port numbers can be
//! written down. Needs root or user namespaces, and iproute2; without them the test is skipped.

use std::env;
use std::io::{self, Write};
use std::net::{Ipv6Addr, TcpListener};
use std::process::{Command, Output, Stdio};

/// Names the run, so that the second knows that it is the second.
const INSIDE: &str = "PORTOLAN_TEST_INSIDE";

/// The word that says that nothing was tested.
const SKIPPED: &str = "skipped";

/// Runs `body` in a network of its own with the loopback interface up. `test` is the name of the
/// test that calls.
pub(crate) fn own_network(test: &str, body: impl FnOnce()) {
    if is_inside(test) {
        // The zoo needs IPv6, which a kernel may not have.
        return match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).map(drop) {
            Ok(()) => body(),
            Err(error) => skip(test, &format!("no IPv6 here: {error}")),
        };
    }
    let Some(flags) = namespace_flags() else {
        return skip(test, "no network namespace is given to us");
    };
    if !answers(Command::new("ss").arg("-V")) || !answers(Command::new("ip").arg("-V")) {
        return skip(test, "ss and ip of iproute2 are not here");
    }
    let program = env::current_exe().expect("this program");
    let bring_up = "ip link set lo up && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(flags)
        .args(["sh", "-c", bring_up])
        .arg(program);
    again(test, test, command);
}

/// Whether this run is the one called `inside`.
pub(crate) fn is_inside(inside: &str) -> bool {
    env::var(INSIDE).is_ok_and(|name| name == inside)
}

/// Lets `command`, which ends in the path of a test program, run the one test, in a run called
/// `inside`, and takes over its outcome.
pub(crate) fn again(test: &str, inside: &str, mut command: Command) {
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, inside);
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().expect("unshare");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{status}\n{stdout}\n{stderr}");
    for word in stderr.lines().filter(|l| l.starts_with(SKIPPED)) {
        let _ = writeln!(io::stderr(), "{word}");
    }
    // A name that matches no test would pass unseen.
    assert!(stdout.contains("1 passed"), "{stdout}\n{stderr}");
}

/// Says past the test harness, which keeps what passing tests print, that nothing was tested.
pub(crate) fn skip(test: &str, why: &str) {
    let _ = writeln!(io::stderr(), "{SKIPPED} {test}: {why}");
}

/// How `unshare` gives us a network: as root at once, else as the root of a user namespace.
/// Best with process ids of our own, too: nothing that others do here slows the search for owners
/// then, and nothing we start outlives us.
fn namespace_flags() -> Option<Vec<&'static str>> {
    const OWN_PIDS: [&str; 4] = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let ways = [&["--net"][..], &["--user", "--map-root-user", "--net"]];
    ways.into_iter()
        .flat_map(|way| [[way, &OWN_PIDS].concat(), way.to_vec()])
        .find(|flags| answers(Command::new("unshare").args(flags).arg("true")))
}

fn answers(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
