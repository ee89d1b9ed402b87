//! Runs a test again in a new network namespace.
//!
//! The only sockets in it are the test's own, so whole tables can be compared and port numbers can
//! be fixed. Needs root or user namespaces, and iproute2; without them the test is skipped.

use std::env;
use std::io::{self, Write};
use std::net::{Ipv6Addr, TcpListener};
use std::process::{Command, Output, Stdio};

use crate::skip::{SKIPPED_PREFIX, skip};

/// Names the run, so that the second one knows that it is the second.
const RERUN_ENV: &str = "PORTOLAN_TEST_INSIDE";

/// Runs `body` in a network namespace of its own with the loopback interface up. `test` is the name
/// of the calling test.
pub(crate) fn in_network_namespace(test: &str, body: impl FnOnce()) {
    if is_rerun(test) {
        // The fixtures need IPv6, which a kernel may not have.
        return match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).map(drop) {
            Ok(()) => body(),
            Err(error) => skip(format_args!("there is no IPv6 here: {error}")),
        };
    }
    let Some(flags) = unshare_flags() else {
        return skip("no network namespace can be made");
    };
    if !succeeds(Command::new("ss").arg("-V")) || !succeeds(Command::new("ip").arg("-V")) {
        return skip("ss and ip of iproute2 are not installed");
    }
    let program = env::current_exe().expect("this program");
    let bring_up = "ip link set lo up && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(flags)
        .args(["sh", "-c", bring_up])
        .arg(program);
    rerun_test(test, test, command);
}

/// Returns whether this run is the one called `run_name`.
pub(crate) fn is_rerun(run_name: &str) -> bool {
    env::var(RERUN_ENV).is_ok_and(|name| name == run_name)
}

/// Runs the one test with `command`, which ends in the path of a test program, in a run called
/// `run_name`. Passes or fails as that run does.
pub(crate) fn rerun_test(test: &str, run_name: &str, mut command: Command) {
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(RERUN_ENV, run_name);
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
    for word in stderr.lines().filter(|l| l.starts_with(SKIPPED_PREFIX)) {
        let _ = writeln!(io::stderr(), "{word}");
    }
    // A name that matches no test would otherwise pass unnoticed.
    assert!(stdout.contains("1 passed"), "{stdout}\n{stderr}");
}

/// Returns the `unshare` options that give a network namespace: directly as root, else as the root
/// of a user namespace. Preferably with a pid namespace too: then other processes do not slow the
/// owner search, and no child outlives the test.
fn unshare_flags() -> Option<Vec<&'static str>> {
    const PID_NAMESPACE_FLAGS: [&str; 4] = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let flag_sets = [&["--net"][..], &["--user", "--map-root-user", "--net"]];
    flag_sets
        .into_iter()
        .flat_map(|flags_of_set| {
            [
                [flags_of_set, &PID_NAMESPACE_FLAGS].concat(),
                flags_of_set.to_vec(),
            ]
        })
        .find(|flags| succeeds(Command::new("unshare").args(flags).arg("true")))
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
