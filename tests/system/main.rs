//! Slow tests: those that need more than 10 s, or a container engine.
//!
//! Each is a module here and begins with `if !is_enabled() { return; }`. They run only with
//! `PORTOLAN_SYSTEM=1`, which `.ci/run` sets. Whatever they miss then must fail them: they assert
//! that it is present and never call `skip`.
#![cfg(target_os = "linux")]

#[path = "../support/skip.rs"]
mod skip;

use std::env;
use std::process::{Command, Output, Stdio};

use skip::{is_set, report_skip, skip};

/// Is 1 where the slow tests run.
const SYSTEM_ENV: &str = "PORTOLAN_SYSTEM";

/// Tells a test that it runs in a child process of itself.
const CHILD_ENV: &str = "PORTOLAN_TEST_INSIDE";

/// Returns whether the slow tests run; reports the calling test as skipped if not.
fn is_enabled() -> bool {
    let is_enabled = is_set(SYSTEM_ENV);
    if !is_enabled {
        report_skip(format_args!("set {SYSTEM_ENV}=1 to run this test"));
    }
    is_enabled
}

/// Runs one test of this program in a child process with `variable` set to `value`, and returns
/// whether it passed, with its stderr.
fn run_in_child(test: &str, variable: &str, value: &str) -> (bool, String) {
    let Output { status, stderr, .. } = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD_ENV, test)
        .env(variable, value)
        .stdin(Stdio::null())
        .output()
        .expect("a child process");
    (
        status.success(),
        String::from_utf8_lossy(&stderr).into_owned(),
    )
}

#[test]
fn slow_tests_are_skipped_unless_enabled() {
    let test = "slow_tests_are_skipped_unless_enabled";
    if env::var_os(CHILD_ENV).is_some() {
        assert!(!is_enabled(), "enabled");
        return;
    }
    for (value, is_skipped) in [("", true), ("0", true), ("1", false)] {
        let (passed, stderr) = run_in_child(test, SYSTEM_ENV, value);
        assert_eq!(passed, is_skipped, "{value:?}: {stderr}");
        let report = stderr.contains("skipped: set PORTOLAN_SYSTEM=1 to run this test");
        assert_eq!(report, is_skipped, "{value:?}: {stderr}");
    }
}

#[test]
fn skip_fails_where_everything_is_required() {
    let test = "skip_fails_where_everything_is_required";
    if env::var_os(CHILD_ENV).is_some() {
        return skip("a tool is not installed");
    }
    for (value, passes) in [("", true), ("0", true), ("1", false)] {
        let (passed, stderr) = run_in_child(test, "PORTOLAN_REQUIRE_ALL", value);
        assert_eq!(passed, passes, "{value:?}: {stderr}");
        let report = stderr.contains("skipped: a tool is not installed");
        assert!(report, "{value:?}: {stderr}");
    }
}
