//! The filter line with its completion and history, `=` and `!`, the palette.

use std::fs;
use std::path::Path;

use crate::keys::selected;
use crate::loopback::{Connection, LoopbackAddr, local_addr, own_process_name};
use crate::pty::{Pty, PtyCommand};

/// The line of the filter or of the palette.
fn second_line(screen: &vt100::Screen) -> String {
    let text = screen.contents();
    text.lines().nth(1).unwrap_or_default().to_owned()
}

fn wait_for_filter_line(pty: &Pty, wanted: &str) {
    pty.wait_for(&format!("the line {wanted:?}"), |s| {
        second_line(s).trim_start().starts_with(wanted)
    });
}

#[test]
fn tab_completes_fields_and_current_values() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys("/ladd\t");
    wait_for_filter_line(&pty, "/ laddr:");
    pty.type_keys(&format!("{}", loopback.address));
    pty.type_keys("\x7f");
    // The last digit is one of at most ten.
    pty.type_keys("\t");
    pty.wait_for_text(&loopback.address.to_string());
    pty.type_keys(&"\x7f".repeat(40));
    pty.type_keys(&format!("lport:{}", local_addr(&listener).port() / 10));
    pty.type_keys("\t");
    pty.wait_for("a port", |s| {
        second_line(s).contains(&format!("lport:{}", local_addr(&listener).port() / 10))
            && s.contents().contains(" of ")
    });
}

#[test]
fn tab_cycles_and_escape_reverts() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys("/proto:\t");
    let first = pty.wait_for("a list", |s| {
        s.contents().contains("│›")
            && (second_line(s).contains(":tcp") || second_line(s).contains(":udp"))
    });
    let (first, second) = match first.contains("/ proto:tcp") {
        true => ("tcp", "udp"),
        false => ("udp", "tcp"),
    };
    pty.type_keys("\t");
    wait_for_filter_line(&pty, &format!("/ proto:{second}"));
    pty.type_keys("\x1b[Z");
    wait_for_filter_line(&pty, &format!("/ proto:{first}"));
    pty.type_keys("\x1b");
    pty.wait_for_text_gone("│›");
    wait_for_filter_line(&pty, "/ proto: ");
    pty.wait_for_text("a value is expected");
    // Typing continues from the chosen candidate.
    pty.type_keys("\t\t");
    wait_for_filter_line(&pty, &format!("/ proto:{second}"));
    pty.type_keys(" 22");
    wait_for_filter_line(&pty, &format!("/ proto:{second} 22"));
    pty.wait_for_text_gone("│›");
}

#[test]
fn keys_typed_right_after_tab_are_kept() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys("/proto:\ttcp\x1b[D\x1b[Cx");
    wait_for_filter_line(&pty, "/ proto:");
    pty.wait_for("every key", |s| second_line(s).contains("tcpx"));
}

#[test]
fn equals_includes_and_bang_excludes_the_row_condition() {
    let loopback = LoopbackAddr::unique();
    let listeners = [loopback.listen(0), loopback.listen(0)];
    let _connection = Connection::open(&listeners[0]);
    let mut pty = PtyCommand::portolan(&[&loopback.address.to_string()]).spawn();
    pty.wait_for("a result", |s| s.contents().contains(" of "));
    pty.type_keys("g");
    let row = pty.wait_for("a row", |s| selected(s).is_some_and(|l| l.contains("/tcp")));
    let row = row.lines().find(|l| l.starts_with('›')).expect("the row");
    let (port, _) = row
        .trim_start_matches(['›', ' ', '▸', '▾', '+', '~'])
        .split_once('/')
        .expect("a port");
    let expected_filter = format!("/ {} and port:{port}", loopback.address);
    pty.type_keys("=");
    pty.wait_for_text("show only");
    pty.wait_for_text(&format!("proc:{}", own_process_name().to_lowercase()));
    pty.type_keys("\r");
    wait_for_filter_line(&pty, &expected_filter);
    pty.wait_for("the same row", |s| {
        selected(s).is_some_and(|l| l.contains(&format!("{port}/tcp")))
    });
    // Once is enough.
    pty.type_keys("=\r");
    pty.wait_for_text("in the filter already");
    wait_for_filter_line(&pty, &format!("{expected_filter} "));
    pty.type_keys("!");
    pty.wait_for_text("exclude");
    pty.type_keys("\x1b[B\r");
    wait_for_filter_line(&pty, &format!("{expected_filter} and not proc:"));
    pty.wait_for_text("0 of ");
}

#[test]
fn escape_closes_the_menu_without_changing_the_filter() {
    let loopback = LoopbackAddr::unique();
    let _listener = loopback.listen(0);
    let filter = loopback.address.to_string();
    let mut pty = PtyCommand::portolan(&[&filter])
        .env("NO_COLOR", "1")
        .spawn();
    pty.wait_for("a result", |s| s.contents().contains("1 of "));
    pty.type_keys("=");
    pty.wait_for_text("│›port:");
    pty.type_keys("\x1b");
    pty.wait_for_text_gone("│›");
    wait_for_filter_line(&pty, &format!("/ {filter} "));
}

#[test]
fn palette_finds_a_command_by_substring() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys(":");
    pty.wait_for_text("command name");
    pty.type_keys("hosts");
    pty.wait_for_text("│›Hosts: grouped by remote address");
    pty.type_keys("\r");
    pty.wait_for_text("HOST▲");
    pty.wait_for_text_gone("│›");
    pty.type_keys(":q\r");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}

/// Starts the program with a state directory of its own.
fn open_with_state_dir(state: &Path) -> Pty {
    let state = state.to_str().expect("a plain name");
    let pty = PtyCommand::portolan(&[])
        .env("XDG_STATE_HOME", state)
        .spawn();
    pty.wait_for_dashboard();
    pty
}

#[test]
fn filter_history_is_restored_in_the_next_run() {
    let state = tempfile::tempdir().expect("a directory");
    let mut pty = open_with_state_dir(state.path());
    pty.type_keys("/port:1\r");
    pty.type_keys("/\x15prot:\r/\x15port:2\r");
    wait_for_filter_line(&pty, "/ port:2 ");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    let file = state.path().join("portolan/filters");
    let saved = fs::read_to_string(&file).expect("the file");
    assert_eq!(saved, "port:2\nport:1\n");
    let mut pty = open_with_state_dir(state.path());
    pty.type_keys("/");
    // The file is read concurrently: the first key may come before it.
    pty.wait_for("the filter line", |s| {
        s.contents().contains("earlier filters")
    });
    for (key, wanted) in [
        ("\x1b[A", "/ port:2 "),
        ("\x1b[A", "/ port:1 "),
        ("\x1b[B", "/ port:2 "),
    ] {
        pty.type_keys(key);
        wait_for_filter_line(&pty, wanted);
    }
    pty.type_keys("\r");
    // Keys that occur in no other filter are not excluded by the recalled one.
    pty.type_keys("/\x15p\x1b[A\x1b[A");
    wait_for_filter_line(&pty, "/ port:1 ");
}

#[test]
fn bad_filter_history_file_is_ignored() {
    let garbage: Vec<u8> = (0..3_000_000u32).map(|n| (n * 7 % 256) as u8).collect();
    for kind in ["none", "garbage", "directory", "fifo", "unwritable"] {
        let state = tempfile::tempdir().expect("a directory");
        let folder = state.path().join("portolan");
        let file = folder.join("filters");
        fs::create_dir(&folder).expect("a directory");
        match kind {
            "garbage" => fs::write(&file, &garbage).expect("a file"),
            "directory" => fs::create_dir(&file).expect("a directory"),
            "fifo" => rustix::fs::mkfifoat(rustix::fs::CWD, &file, 0o600.into()).expect("a fifo"),
            "unwritable" => {
                fs::remove_dir(&folder).expect("removed");
                fs::write(&folder, "in the way").expect("a file");
            }
            _ => {}
        }
        let mut pty = open_with_state_dir(state.path());
        pty.type_keys("/\x1b[Aport:1\r");
        pty.wait_for(kind, |s| second_line(s).contains("port:1"));
        pty.type_keys("q");
        assert_eq!(pty.exit_status(), 0, "{kind}");
        pty.assert_terminal_restored();
        if matches!(kind, "none" | "garbage") {
            let saved = fs::read_to_string(&file).expect("the file");
            assert!(saved.starts_with("port:1\n"), "{kind}");
            assert!(saved.len() < 100_000, "{kind}");
        }
    }
}

#[test]
fn named_filter_replaces_the_current_filter() {
    let loopback = LoopbackAddr::unique();
    let _listener = loopback.listen(0);
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("own.toml");
    let text = format!(
        "interval = \"2s\"\n[filters]\nlocal = \"laddr:{}\"\n",
        loopback.address
    );
    fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("a plain name");
    let mut pty = PtyCommand::portolan(&["--config", file, "udp"]).spawn();
    pty.wait_for("the interval", |s| {
        let text = s.contents();
        text.contains("live 2s") || text.contains("(set: 2s)")
    });
    pty.type_keys(":local");
    pty.wait_for_text("│›filter: local");
    pty.type_keys("\r");
    wait_for_filter_line(&pty, &format!("/ laddr:{} ", loopback.address));
    pty.wait_for_text("1 of ");
}

#[test]
fn without_home_only_filter_history_is_disabled() {
    let mut start = PtyCommand::new("env", &["-u", "HOME", crate::pty::PROGRAM]);
    start = start.env("XDG_STATE_HOME", "").env("XDG_CONFIG_HOME", "");
    let mut pty = start.spawn();
    pty.wait_for_dashboard();
    pty.type_keys("/tcp\r");
    wait_for_filter_line(&pty, "/ tcp ");
    pty.type_keys("/\x15\x1b[A");
    wait_for_filter_line(&pty, "/ tcp ");
    pty.type_keys("\rq");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}
