//! Without colours, without a terminal, with invalid arguments, without permissions.

use std::process::{Command, Stdio};

use crate::has_command;
use crate::loopback::{LoopbackAddr, local_addr};
use crate::pty::{PROGRAM, PtyCommand};
use crate::skip::skip;

/// The parameters of every `ESC [ ... m`.
fn sgr_parameters(raw: &str) -> Vec<Vec<u16>> {
    let sequences = raw.split("\x1b[").skip(1);
    let of_one = |sequence: &str| {
        let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        let numbers = sequence[..end].split(';').map(|n| n.parse().unwrap_or(0));
        (sequence[end..].starts_with('m')).then(|| numbers.collect())
    };
    sequences.filter_map(of_one).collect()
}

fn has_colour(raw: &str) -> bool {
    // 39, 49 and 59 reset a colour.
    let colour = |n: &u16| matches!(n, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107);
    sgr_parameters(raw).iter().flatten().any(colour)
}

#[test]
fn colours_are_used_unless_disabled() {
    let plain = || PtyCommand::portolan(&[]);
    for (start, wanted) in [
        (plain(), true),
        (plain().env("NO_COLOR", "1"), false),
        (PtyCommand::portolan(&["--no-color"]), false),
        (plain().env("TERM", "vt100"), false),
    ] {
        let mut pty = start.spawn();
        pty.wait_for_dashboard();
        pty.type_keys("zj?");
        pty.wait_for_text("filter as you type");
        pty.type_keys("q");
        assert_eq!(pty.exit_status(), 0);
        pty.assert_terminal_restored();
        assert_eq!(has_colour(&pty.raw_output()), wanted);
    }
}

#[test]
fn dumb_terminal_gets_the_list() {
    for term in ["dumb", ""] {
        let mut pty = PtyCommand::portolan(&["list-of-nothing"])
            .env("TERM", term)
            .spawn();
        assert_eq!(pty.exit_status(), 0, "TERM={term:?}");
        let raw = pty.raw_output();
        assert!(raw.contains("PORT") && !raw.contains('\x1b'), "{raw:?}");
    }
}

#[test]
fn list_is_printed_when_stdout_is_not_a_terminal() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let output = Command::new(PROGRAM)
        .arg(loopback.address.to_string())
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains(&local_addr(&listener).to_string()), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
fn closed_stdout_pipe_exits_0() {
    for arguments in [&[][..], &["list"]] {
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("run");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ended");
        assert_eq!(output.status.code(), Some(0));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            !stderr.contains("panicked") && !stderr.contains("ipe"),
            "{stderr}"
        );
    }
}

#[test]
fn invalid_arguments_exit_2_without_the_alternate_screen() {
    for (arguments, words) in [
        (&["--nonsense"][..], "unexpected argument '--nonsense'"),
        (&["--interval", "0"], "must be between 100ms and 1h"),
        (&["--source", "nonsense"], "invalid value 'nonsense'"),
        (&["10.0.0.999"], "invalid filter"),
        (&["--log", "/nowhere/at/all"], "/nowhere/at/all"),
    ] {
        let mut pty = PtyCommand::portolan(arguments).spawn();
        assert_eq!(pty.exit_status(), 2, "{arguments:?}");
        let text = pty.wait_for_text(words);
        assert!(!text.contains("panicked"), "{text}");
        assert!(
            !pty.raw_output().contains("\x1b[?1049h"),
            "the screen was taken"
        );
        pty.assert_terminal_restored();
    }
}

#[test]
fn source_error_is_printed_before_the_alternate_screen() {
    if !has_command("unshare") || !rustix::process::geteuid().is_root() {
        return skip("/proc can only be hidden by root");
    }
    let script = format!("mount -t tmpfs none /proc && exec '{PROGRAM}' --source procfs");
    let mut pty = PtyCommand::new("unshare", &["-m", "sh", "-c", &script]).spawn();
    let status = pty.exit_status();
    let raw = pty.raw_output();
    if raw.contains("mount") || raw.contains("unshare") {
        return skip("/proc cannot be hidden here");
    }
    assert_eq!(status, 3, "{raw}");
    assert!(raw.contains("refused by the system"), "{raw}");
    assert!(!raw.contains("\x1b[?1049h"), "the screen was taken");
    pty.assert_terminal_restored();
}

#[test]
fn unprivileged_user_sees_every_row_and_the_hidden_count() {
    if !has_command("setpriv") || !rustix::process::geteuid().is_root() {
        return skip("only root can become another user, with setpriv");
    }
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let address_text = loopback.address.to_string();
    let arguments = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        PROGRAM,
        &address_text,
    ];
    let mut pty = PtyCommand::new("setpriv", &arguments).spawn();
    let text = pty.wait_for("a result or an error", |s| {
        let text = s.contents();
        text.contains(" of ") || text.contains("setpriv:")
    });
    if text.contains("setpriv:") {
        return skip("another user cannot run the program in its directory");
    }
    pty.type_keys("z");
    let text = pty.wait_for_text(&local_addr(&listener).to_string());
    assert!(
        text.lines().next().is_some_and(|l| l.contains(" hidden ")),
        "{text}"
    );
    assert!(text.contains("hidden (root)"), "{text}");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}
