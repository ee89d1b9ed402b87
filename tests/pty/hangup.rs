//! The terminal goes away: the program exits, at once and without spinning.

use std::thread;
use std::time::{Duration, Instant};

use crate::pty::{PROGRAM, Pty, PtyCommand};

/// Far shorter than a spinning program would go unnoticed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

fn assert_exits_when_the_terminal_closes(mut pty: Pty) {
    pty.wait_for_dashboard();
    pty.hang_up();
    let begun = Instant::now();
    while pty.is_running() {
        assert!(
            begun.elapsed() < EXIT_TIMEOUT,
            "it lives on without a terminal"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn sighup_ends_the_program() {
    assert_exits_when_the_terminal_closes(PtyCommand::portolan(&[]).spawn());
}

#[test]
fn closed_terminal_ends_the_program_when_sighup_is_ignored() {
    let script = format!("trap '' HUP; exec '{PROGRAM}'");
    assert_exits_when_the_terminal_closes(PtyCommand::new("sh", &["-c", &script]).spawn());
}

/// The kernel sends SIGHUP to the session leader only. This leader ignores it and waits, so it ends
/// when the program does.
#[test]
fn closed_terminal_ends_the_program_without_any_signal() {
    let script = format!("trap '' HUP; '{PROGRAM}'; exit 0");
    assert_exits_when_the_terminal_closes(PtyCommand::new("sh", &["-c", &script]).spawn());
}
