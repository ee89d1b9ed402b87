//! Every way out restores the terminal and returns the right exit status.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::pty::{Pty, PtyCommand};

fn open(arguments: &[&str]) -> Pty {
    let pty = PtyCommand::portolan(arguments).spawn();
    pty.wait_for_dashboard();
    assert!(!pty.is_cooked_mode());
    pty
}

#[test]
fn quit_keys_exit_0() {
    for key in ["q", "\x03", "/abc\x03", "?q"] {
        let mut pty = open(&[]);
        pty.type_keys(key);
        assert_eq!(pty.exit_status(), 0, "{key:?}");
        pty.assert_terminal_restored();
    }
}

#[test]
fn terminating_signals_set_the_exit_status() {
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
        pty.assert_terminal_restored();
    }
}

#[test]
fn sigterm_ends_it_while_terminal_output_is_blocked() {
    let mut pty = open(&[]);
    pty.pause_reading();
    // More than the kernel buffers for a reader: then writes block.
    for _ in 0..200 {
        if is_blocked_in_tty_write(&pty) {
            break;
        }
        pty.type_keys("\x0c");
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
    assert!(pty.is_cooked_mode());
    assert_eq!(pty.exit_status(), 143);
}

/// Whether the main thread is blocked writing to the terminal, if the kernel shows it.
fn is_blocked_in_tty_write(pty: &Pty) -> bool {
    let pid = pty.pid().as_raw_nonzero();
    let wchan = std::fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
    wchan.contains("tty") || wchan == "wait_woken"
}

#[test]
fn main_thread_panic_restores_the_terminal_and_prints_the_panic() {
    let mut pty = PtyCommand::portolan(&["--fault", "main"]).spawn();
    assert_eq!(pty.exit_status(), 101);
    pty.assert_terminal_restored();
    let text = pty.wait_for_text("panicked at");
    assert!(
        text.contains("asked to fail after the first result"),
        "{text}"
    );
}

#[test]
fn worker_thread_panic_shows_a_notice_and_sampling_continues() {
    for fault in ["model", "sampler"] {
        let mut pty = PtyCommand::portolan(&["--fault", fault, "-i", "200ms"]).spawn();
        // If a sample takes long the next one comes late; a key requests it now.
        pty.wait_for("keys are taken", vt100::Screen::alternate_screen);
        pty.type_keys("r");
        pty.wait_for_text(&format!("the {fault} thread failed"));
        // A socket opened now appears only with a new sample.
        let loopback = crate::loopback::LoopbackAddr::unique();
        let listener = loopback.listen(0);
        pty.type_keys(&format!("/{}\rr", loopback.address));
        let port = crate::loopback::local_addr(&listener).port();
        pty.wait_for_text(&format!("{port}/tcp"));
        pty.type_keys("q");
        assert_eq!(pty.exit_status(), 0, "{fault}");
        pty.assert_terminal_restored();
    }
}

#[test]
fn input_thread_panic_loses_one_key() {
    let mut pty = open(&["--fault", "input", "-i", "200ms"]);
    pty.type_keys("j");
    pty.wait_for_text("the input thread failed");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}
