//! Ctrl-Z and back.

use crate::pty::{PROGRAM, Pty, Start};
use crate::{has, skip};

/// Waits for the shell, ready for the next command: what is typed earlier the program would read.
fn prompted(pty: &Pty) {
    pty.wait_for("the shell", |s| {
        !s.alternate_screen() && s.contents().trim_end().ends_with("ahoy>")
    });
}

#[test]
fn a_shell_gets_its_terminal_back_and_returns_it() {
    if !has("bash") {
        return skip("no shell with job control");
    }
    // Without its line editor the shell leaves the terminal as it is given to it.
    let arguments = ["--norc", "--noprofile", "--noediting", "-i"];
    let mut pty = Start::command("bash", &arguments)
        .env("PS1", "ahoy> ")
        .open();
    pty.wait_for_text("ahoy> ");
    pty.keys(&format!("'{PROGRAM}'\n"));
    for _ in 0..2 {
        pty.wait_for_chart();
        pty.keys("\x1a");
        prompted(&pty);
        pty.assert_clean();
        pty.keys("fg\n");
    }
    pty.wait_for_chart();
    assert!(!pty.is_cooked());
    pty.keys("q");
    prompted(&pty);
    pty.keys("echo status $?\nexit\n");
    assert_eq!(pty.exit_status(), 0);
    pty.wait_for_text("status 0");
    pty.assert_clean();
}

#[test]
fn without_a_shell_it_goes_on_and_says_so() {
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    pty.keys("\x1a");
    pty.wait_for("the chart and the notice", |s| {
        s.alternate_screen() && s.contents().contains("no shell here")
    });
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}
