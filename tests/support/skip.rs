//! Reports tests that cannot test anything here; they fail where everything is required.

use std::env;
use std::fmt::Display;
use std::io::{self, Write};
use std::thread;

/// Is 1 where everything that tests need must be present.
const REQUIRE_ALL_ENV: &str = "PORTOLAN_REQUIRE_ALL";

/// The start of every line about a skipped test.
pub(crate) const SKIPPED_PREFIX: &str = "skipped: ";

/// Reports that something is missing without which the calling test checks nothing, or less than it
/// could. The test then returns, or continues with the rest.
///
/// # Panics
/// When `PORTOLAN_REQUIRE_ALL` is 1.
#[track_caller]
pub(crate) fn skip(missing: impl Display) {
    report_skip(&missing);
    let is_allowed = !is_set(REQUIRE_ALL_ENV);
    assert!(is_allowed, "{REQUIRE_ALL_ENV} is set and {missing}");
}

/// Writes to stderr directly, as the test harness captures what passing tests print.
pub(crate) fn report_skip(reason: impl Display) {
    let thread = thread::current();
    let test = match thread.name() {
        Some(name) if name != "main" => format!(" ({name})"),
        _ => String::new(),
    };
    let _ = writeln!(io::stderr(), "{SKIPPED_PREFIX}{reason}{test}");
}

/// Returns whether an environment variable is 1.
pub(crate) fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| value == "1")
}
