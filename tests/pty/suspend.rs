//! Ctrl-Z and back.

use crate::has_command;
use crate::pty::{PROGRAM, Pty, PtyCommand};
use crate::skip::skip;

/// Waits for the shell's prompt: what is typed earlier would be read by the program.
fn wait_for_shell_prompt(pty: &Pty) {
    pty.wait_for("the shell", |s| {
        !s.alternate_screen() && s.contents().trim_end().ends_with("ready>")
    });
}

#[test]
fn ctrl_z_restores_the_shell_and_fg_resumes() {
    if !has_command("bash") {
        return skip("there is no shell with job control");
    }
    // Without its line editor the shell leaves the terminal as it finds it.
    let arguments = ["--norc", "--noprofile", "--noediting", "-i"];
    let mut pty = PtyCommand::new("bash", &arguments)
        .env("PS1", "ready> ")
        .spawn();
    pty.wait_for_text("ready> ");
    pty.type_keys(&format!("'{PROGRAM}'\n"));
    for _ in 0..2 {
        pty.wait_for_dashboard();
        pty.type_keys("\x1a");
        wait_for_shell_prompt(&pty);
        pty.assert_terminal_restored();
        pty.type_keys("fg\n");
    }
    pty.wait_for_dashboard();
    assert!(!pty.is_cooked_mode());
    pty.type_keys("q");
    wait_for_shell_prompt(&pty);
    pty.type_keys("echo status $?\nexit\n");
    assert_eq!(pty.exit_status(), 0);
    pty.wait_for_text("status 0");
    pty.assert_terminal_restored();
}

#[test]
fn ctrl_z_without_a_shell_shows_a_notice() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys("\x1a");
    pty.wait_for("the dashboard and the notice", |s| {
        s.alternate_screen() && s.contents().contains("no shell here")
    });
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}
