//! The terminal goes away: so does the program, at once and without spinning.

use std::thread;
use std::time::{Duration, Instant};

use crate::pty::{PROGRAM, Pty, Start};

/// Far less than a program that spins until somebody finds it.
const AT_ONCE: Duration = Duration::from_secs(5);

fn ends_when_the_terminal_goes(mut pty: Pty) {
    pty.wait_for_chart();
    pty.hang_up();
    let begun = Instant::now();
    while pty.is_running() {
        assert!(begun.elapsed() < AT_ONCE, "it lives on without a terminal");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_hang_up_signal_ends_it() {
    ends_when_the_terminal_goes(Start::portolan(&[]).open());
}

#[test]
fn an_ignored_hang_up_signal_ends_it_as_well() {
    let script = format!("trap '' HUP; exec '{PROGRAM}'");
    ends_when_the_terminal_goes(Start::command("sh", &["-c", &script]).open());
}

/// The kernel tells only the leader of the session. This leader does not care, and waits: so it
/// ends when the program does.
#[test]
fn without_any_signal_the_lost_terminal_is_noticed() {
    let script = format!("trap '' HUP; '{PROGRAM}'; exit 0");
    ends_when_the_terminal_goes(Start::command("sh", &["-c", &script]).open());
}
