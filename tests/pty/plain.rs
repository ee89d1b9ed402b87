//! Without colours, without a terminal, without sense, without rights.

use std::process::{Command, Stdio};

use crate::pty::{PROGRAM, Start};
use crate::quay::{Quay, address};
use crate::{has, skip};

/// The numbers of all `ESC [ ... m`.
fn attributes(raw: &str) -> Vec<Vec<u16>> {
    let sequences = raw.split("\x1b[").skip(1);
    let of_one = |sequence: &str| {
        let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        let numbers = sequence[..end].split(';').map(|n| n.parse().unwrap_or(0));
        (sequence[end..].starts_with('m')).then(|| numbers.collect())
    };
    sequences.filter_map(of_one).collect()
}

fn has_colour(raw: &str) -> bool {
    // 39, 49 and 59 are no colours but the end of one.
    let colour = |n: &u16| matches!(n, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107);
    attributes(raw).iter().flatten().any(colour)
}

#[test]
fn colours_are_used_unless_unwanted() {
    let plain = || Start::portolan(&[]);
    for (start, wanted) in [
        (plain(), true),
        (plain().env("NO_COLOR", "1"), false),
        (Start::portolan(&["--no-color"]), false),
        (plain().env("TERM", "vt100"), false),
    ] {
        let mut pty = start.open();
        pty.wait_for_chart();
        pty.keys("zj?");
        pty.wait_for_text("filter as you type");
        pty.keys("q");
        assert_eq!(pty.exit_status(), 0);
        pty.assert_clean();
        assert_eq!(has_colour(&pty.raw()), wanted);
    }
}

#[test]
fn a_terminal_that_only_writes_lines_gets_the_list() {
    for term in ["dumb", ""] {
        let mut pty = Start::portolan(&["list-of-nothing"])
            .env("TERM", term)
            .open();
        assert_eq!(pty.exit_status(), 0, "TERM={term:?}");
        let raw = pty.raw();
        assert!(raw.contains("PORT") && !raw.contains('\x1b'), "{raw:?}");
    }
}

#[test]
fn where_the_output_is_no_terminal_the_list_is_printed_once() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let output = Command::new(PROGRAM)
        .arg(quay.address.to_string())
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains(&address(&listener).to_string()), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
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
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !said.contains("panicked") && !said.contains("ipe"),
            "{said}"
        );
    }
}

#[test]
fn a_wrong_request_is_answered_in_words_and_the_screen_left_alone() {
    for (arguments, words) in [
        (&["--nonsense"][..], "unexpected argument '--nonsense'"),
        (&["--interval", "0"], "must be between 100ms and 1h"),
        (&["--source", "nonsense"], "invalid value 'nonsense'"),
        (&["10.0.0.999"], "the filter is wrong"),
        (&["--log", "/nowhere/at/all"], "/nowhere/at/all"),
    ] {
        let mut pty = Start::portolan(arguments).open();
        assert_eq!(pty.exit_status(), 2, "{arguments:?}");
        let text = pty.wait_for_text(words);
        assert!(!text.contains("panicked"), "{text}");
        assert!(!pty.raw().contains("\x1b[?1049h"), "the screen was taken");
        pty.assert_clean();
    }
}

#[test]
fn a_source_that_the_system_refuses_is_told_before_the_screen_is_taken() {
    if !has("unshare") || !rustix::process::geteuid().is_root() {
        return skip("/proc can only be hidden by root");
    }
    let script = format!("mount -t tmpfs none /proc && exec '{PROGRAM}' --source procfs");
    let mut pty = Start::command("unshare", &["-m", "sh", "-c", &script]).open();
    let status = pty.exit_status();
    let raw = pty.raw();
    if raw.contains("mount") || raw.contains("unshare") {
        return skip("/proc cannot be hidden here");
    }
    assert_eq!(status, 3, "{raw}");
    assert!(raw.contains("refused by the system"), "{raw}");
    assert!(!raw.contains("\x1b[?1049h"), "the screen was taken");
    pty.assert_clean();
}

#[test]
fn a_user_without_rights_sees_every_row_and_how_many_owners_are_hidden() {
    if !has("setpriv") || !rustix::process::geteuid().is_root() {
        return skip("only root can become somebody else");
    }
    let quay = Quay::new();
    let listener = quay.listen(0);
    let address_text = quay.address.to_string();
    let arguments = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        PROGRAM,
        &address_text,
    ];
    let mut pty = Start::command("setpriv", &arguments).open();
    let text = pty.wait_for("an answer or a refusal", |s| {
        let text = s.contents();
        text.contains(" of ") || text.contains("setpriv:")
    });
    if text.contains("setpriv:") {
        return skip("another user cannot run the program where it lies");
    }
    pty.keys("z");
    let text = pty.wait_for_text(&address(&listener).to_string());
    assert!(
        text.lines().next().is_some_and(|l| l.contains(" hidden ")),
        "{text}"
    );
    assert!(text.contains("hidden (root)"), "{text}");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}
