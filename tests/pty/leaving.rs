//! Every way out leaves a clean terminal and tells how it went.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::pty::{Pty, Start};

fn open(arguments: &[&str]) -> Pty {
    let pty = Start::portolan(arguments).open();
    pty.wait_for_chart();
    assert!(!pty.is_cooked());
    pty
}

#[test]
fn keys_that_quit() {
    for key in ["q", "\x03", "/abc\x03", "?q"] {
        let mut pty = open(&[]);
        pty.keys(key);
        assert_eq!(pty.exit_status(), 0, "{key:?}");
        pty.assert_clean();
    }
}

#[test]
fn signals_that_end() {
    for (signal, status) in [
        (Signal::TERM, 143),
        (Signal::INT, 130),
        (Signal::HUP, 129),
        (Signal::QUIT, 131),
        (Signal::USR1, 138),
        (Signal::USR2, 140),
        (Signal::ALARM, 142),
    ] {
        let mut pty = open(&[]);
        pty.signal(signal);
        assert_eq!(pty.exit_status(), status);
        pty.assert_clean();
    }
}

#[test]
fn a_signal_ends_it_even_while_the_terminal_takes_nothing() {
    let mut pty = open(&[]);
    pty.stop_reading();
    // More than the kernel keeps for a reader: then writing waits.
    for _ in 0..200 {
        if is_writing(&pty) {
            break;
        }
        pty.keys("\x0c");
        thread::sleep(Duration::from_millis(20));
    }
    pty.signal(Signal::TERM);
    for _ in 0..2_000 {
        if !pty.is_running() {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert!(!pty.is_running(), "stuck");
    assert!(pty.is_cooked());
    assert_eq!(pty.exit_status(), 143);
}

/// Whether its main thread waits for the terminal to take more, where the kernel tells.
fn is_writing(pty: &Pty) -> bool {
    let pid = pty.pid().as_raw_nonzero();
    let place = std::fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
    place.contains("tty") || place == "wait_woken"
}

#[test]
fn a_panic_of_the_thread_that_draws_is_told_on_the_restored_terminal() {
    let mut pty = Start::portolan(&["--fault", "main"]).open();
    assert_eq!(pty.exit_status(), 101);
    pty.assert_clean();
    let text = pty.wait_for_text("panicked at");
    assert!(
        text.contains("asked to fail after the first answer"),
        "{text}"
    );
}

#[test]
fn a_panic_of_another_thread_is_a_notice_and_the_looking_goes_on() {
    for fault in ["model", "sampler"] {
        let mut pty = Start::portolan(&["--fault", fault, "-i", "200ms"]).open();
        // Where a look takes long the next one comes late; a key asks for it now.
        pty.wait_for("keys are taken", vt100::Screen::alternate_screen);
        pty.keys("r");
        pty.wait_for_text(&format!("the {fault} thread failed"));
        // What is opened now can only be seen by looking again.
        let quay = crate::quay::Quay::new();
        let listener = quay.listen(0);
        pty.keys(&format!("/{}\rr", quay.address));
        let port = crate::quay::address(&listener).port();
        pty.wait_for_text(&format!("{port}/tcp"));
        pty.keys("q");
        assert_eq!(pty.exit_status(), 0, "{fault}");
        pty.assert_clean();
    }
}

#[test]
fn a_panic_of_the_thread_that_reads_keys_costs_one_key() {
    let mut pty = open(&["--fault", "input", "-i", "200ms"]);
    pty.keys("j");
    pty.wait_for_text("the input thread failed");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}
