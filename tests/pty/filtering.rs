//! The filter line with its completion and its memory, `=` and `!`, the palette.

use std::fs;
use std::path::Path;

use crate::keys::selected;
use crate::pty::{Pty, Start};
use crate::quay::{Quay, Ship, address, own_name};

/// The line of the filter or of the palette.
fn line(screen: &vt100::Screen) -> String {
    let text = screen.contents();
    text.lines().nth(1).unwrap_or_default().to_owned()
}

fn wait_for_line(pty: &Pty, wanted: &str) {
    pty.wait_for(&format!("the line {wanted:?}"), |s| {
        line(s).trim_start().starts_with(wanted)
    });
}

#[test]
fn tab_completes_fields_and_what_is_there_now() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    pty.keys("/ladd\t");
    wait_for_line(&pty, "/ laddr:");
    pty.keys(&format!("{}", quay.address));
    pty.keys("\x7f");
    // The last digit is one of at most ten.
    pty.keys("\t");
    pty.wait_for_text(&quay.address.to_string());
    pty.keys(&"\x7f".repeat(40));
    pty.keys(&format!("lport:{}", address(&listener).port() / 10));
    pty.keys("\t");
    pty.wait_for("a port", |s| {
        line(s).contains(&format!("lport:{}", address(&listener).port() / 10))
            && s.contents().contains(" of ")
    });
}

#[test]
fn tab_goes_round_and_escape_takes_it_back() {
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    pty.keys("/proto:\t");
    let first = pty.wait_for("a list", |s| {
        s.contents().contains("│›") && (line(s).contains(":tcp") || line(s).contains(":udp"))
    });
    let (first, second) = match first.contains("/ proto:tcp") {
        true => ("tcp", "udp"),
        false => ("udp", "tcp"),
    };
    pty.keys("\t");
    wait_for_line(&pty, &format!("/ proto:{second}"));
    pty.keys("\x1b[Z");
    wait_for_line(&pty, &format!("/ proto:{first}"));
    pty.keys("\x1b");
    pty.wait_without("│›");
    wait_for_line(&pty, "/ proto: ");
    pty.wait_for_text("a value is expected");
    // What is typed goes on from what was chosen.
    pty.keys("\t\t");
    wait_for_line(&pty, &format!("/ proto:{second}"));
    pty.keys(" 22");
    wait_for_line(&pty, &format!("/ proto:{second} 22"));
    pty.wait_without("│›");
}

#[test]
fn keys_that_follow_a_tab_at_once_are_typed() {
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    pty.keys("/proto:\ttcp\x1b[D\x1b[Cx");
    wait_for_line(&pty, "/ proto:");
    pty.wait_for("every key", |s| line(s).contains("tcpx"));
}

#[test]
fn equals_keeps_what_the_row_is_and_bang_leaves_it_out() {
    let quay = Quay::new();
    let listeners = [quay.listen(0), quay.listen(0)];
    let _ship = Ship::new(&listeners[0]);
    let mut pty = Start::portolan(&[&quay.address.to_string()]).open();
    pty.wait_for("an answer", |s| s.contents().contains(" of "));
    pty.keys("g");
    let row = pty.wait_for("a row", |s| selected(s).is_some_and(|l| l.contains("/tcp")));
    let row = row.lines().find(|l| l.starts_with('›')).expect("the row");
    let (port, _) = row
        .trim_start_matches(['›', ' ', '▸', '▾', '+', '~'])
        .split_once('/')
        .expect("a port");
    let in_filter = format!("/ {} and port:{port}", quay.address);
    pty.keys("=");
    pty.wait_for_text("show only");
    pty.wait_for_text(&format!("proc:{}", own_name().to_lowercase()));
    pty.keys("\r");
    wait_for_line(&pty, &in_filter);
    pty.wait_for("the same row", |s| {
        selected(s).is_some_and(|l| l.contains(&format!("{port}/tcp")))
    });
    // Once is enough.
    pty.keys("=\r");
    pty.wait_for_text("in the filter already");
    wait_for_line(&pty, &format!("{in_filter} "));
    pty.keys("!");
    pty.wait_for_text("leave out");
    pty.keys("\x1b[B\r");
    wait_for_line(&pty, &format!("{in_filter} and not proc:"));
    pty.wait_for_text("0 of ");
}

#[test]
fn escape_leaves_the_list_and_changes_nothing() {
    let quay = Quay::new();
    let _listener = quay.listen(0);
    let filter = quay.address.to_string();
    let mut pty = Start::portolan(&[&filter]).env("NO_COLOR", "1").open();
    pty.wait_for("an answer", |s| s.contents().contains("1 of "));
    pty.keys("=");
    pty.wait_for_text("│›port:");
    pty.keys("\x1b");
    pty.wait_without("│›");
    wait_for_line(&pty, &format!("/ {filter} "));
}

#[test]
fn the_palette_finds_a_command_by_its_words() {
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    pty.keys(":");
    pty.wait_for_text("part of a command");
    pty.keys("hosts");
    pty.wait_for_text("│›Hosts: grouped by remote address");
    pty.keys("\r");
    pty.wait_for_text("HOST▲");
    pty.wait_without("│›");
    pty.keys(":q\r");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}

/// The program with a state directory of its own.
fn open_in(state: &Path) -> Pty {
    let state = state.to_str().expect("a plain name");
    let pty = Start::portolan(&[]).env("XDG_STATE_HOME", state).open();
    pty.wait_for_chart();
    pty
}

#[test]
fn filters_that_were_kept_are_called_back_in_the_next_run() {
    let state = tempfile::tempdir().expect("a directory");
    let mut pty = open_in(state.path());
    pty.keys("/port:1\r");
    pty.keys("/\x15prot:\r/\x15port:2\r");
    wait_for_line(&pty, "/ port:2 ");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    let file = state.path().join("portolan/filters");
    let kept = fs::read_to_string(&file).expect("the file");
    assert_eq!(kept, "port:2\nport:1\n");
    let mut pty = open_in(state.path());
    pty.keys("/");
    // The file is read beside the drawing: the first key may come before it.
    pty.wait_for("the filter line", |s| {
        s.contents().contains("earlier filters")
    });
    for (key, wanted) in [
        ("\x1b[A", "/ port:2 "),
        ("\x1b[A", "/ port:1 "),
        ("\x1b[B", "/ port:2 "),
    ] {
        pty.keys(key);
        wait_for_line(&pty, wanted);
    }
    pty.keys("\r");
    // Keys that stand in no other filter are not narrowed away by what was called back.
    pty.keys("/\x15p\x1b[A\x1b[A");
    wait_for_line(&pty, "/ port:1 ");
}

#[test]
fn no_file_of_filters_breaks_anything() {
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
        let mut pty = open_in(state.path());
        pty.keys("/\x1b[Aport:1\r");
        pty.wait_for(kind, |s| line(s).contains("port:1"));
        pty.keys("q");
        assert_eq!(pty.exit_status(), 0, "{kind}");
        pty.assert_clean();
        if matches!(kind, "none" | "garbage") {
            let kept = fs::read_to_string(&file).expect("the file");
            assert!(kept.starts_with("port:1\n"), "{kind}");
            assert!(kept.len() < 100_000, "{kind}");
        }
    }
}

#[test]
fn a_named_filter_takes_the_place_of_the_one_in_force() {
    let quay = Quay::new();
    let _listener = quay.listen(0);
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("own.toml");
    let text = format!(
        "interval = \"2s\"\n[filters]\nquay = \"laddr:{}\"\n",
        quay.address
    );
    fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("a plain name");
    let mut pty = Start::portolan(&["--config", file, "udp"]).open();
    pty.wait_for("the interval", |s| {
        let text = s.contents();
        text.contains("live 2s") || text.contains("(wished 2s)")
    });
    pty.keys(":quay");
    pty.wait_for_text("│›filter: quay");
    pty.keys("\r");
    wait_for_line(&pty, &format!("/ laddr:{} ", quay.address));
    pty.wait_for_text("1 of ");
}

#[test]
fn without_a_home_there_is_no_history_and_nothing_else_is_missing() {
    let mut start = Start::command("env", &["-u", "HOME", crate::pty::PROGRAM]);
    start = start.env("XDG_STATE_HOME", "").env("XDG_CONFIG_HOME", "");
    let mut pty = start.open();
    pty.wait_for_chart();
    pty.keys("/tcp\r");
    wait_for_line(&pty, "/ tcp ");
    pty.keys("/\x15\x1b[A");
    wait_for_line(&pty, "/ tcp ");
    pty.keys("\rq");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}
