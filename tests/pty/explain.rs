//! `e`, `f` and `v`: the pages, and the ways out of them.

use crate::loopback::{Connection, LoopbackAddr, local_addr};
use crate::pty::{Pty, PtyCommand};

/// No finding but unread input, after a short time.
const UNREAD_FINDING_ONLY: &str = r#"[findings]
unread-age = "1s"
close-wait-age = "never"
close-wait-count = "never"
undrained-age = "never"
backlog-percent = "never"
syn-sent-age = "never"
ephemeral-percent = "never"
time-wait-count = "never"
local-only-count = "never"
"#;

/// Opens the dashboard with only the test's own sockets.
fn open_filtered(loopback: &LoopbackAddr) -> Pty {
    let pty = PtyCommand::portolan(&[&loopback.address.to_string()]).spawn();
    pty.wait_for("a result", |s| s.contents().contains(" of "));
    pty
}

#[test]
fn e_opens_the_explanation_and_keys_switch_its_perspective() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let port = local_addr(&listener).port();
    let mut pty = open_filtered(&loopback);
    pty.type_keys("g \x1b[Be");
    pty.wait_for_text("[e words]");
    // The explanation of the row comes with the engine's response.
    pty.wait_for_text(&format!("TCP {}", local_addr(&listener)));
    pty.wait_for_text("A listener: it waits for connections");
    for (key, shown, sign) in [
        ("1", "[1 calls]", "How it was created"),
        ("2", "[2 kernel]", "Its identifiers"),
        ("3", "[3 wire]", "listen() sends nothing"),
        ("4", "[4 standard]", "RFC 9293"),
        ("\t", "[e words]", "Owner"),
        ("\x1b[Z", "[4 standard]", "RFC 9293"),
        ("e", "[e words]", "Owner"),
    ] {
        pty.type_keys(key);
        pty.wait_for_text(shown);
        pty.wait_for_text(sign);
    }
    pty.type_keys("\x1b");
    pty.wait_for_text_gone("[e words]");
    pty.wait_for_text(&format!("{port}/tcp"));
}

#[test]
fn explanation_follows_its_row_until_the_socket_closes() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let mut pty = open_filtered(&loopback);
    pty.type_keys("g \x1b[Be");
    pty.wait_for_text("0 not accepted yet");
    let client = std::net::TcpStream::connect(local_addr(&listener)).expect("a call");
    pty.wait_for_text("1 not accepted yet");
    drop(client);
    drop(listener);
    pty.wait_for_text("This socket is closed");
    pty.wait_for_text("It is gone. This is the last explanation.");
    pty.type_keys("\x1b");
    pty.wait_for_text_gone("It is gone");
}

#[test]
fn f_lists_findings_and_enter_selects_their_port() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let connection = Connection::open(&listener);
    let config = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(config.path(), UNREAD_FINDING_ONLY).expect("written");
    let path = config.path().to_str().expect("a plain name");
    let mut pty = PtyCommand::portolan(&["--config", path, &loopback.address.to_string()]).spawn();
    pty.wait_for("a result", |s| s.contents().contains(" of "));
    connection.send_unread(b"nobody reads this");
    pty.wait_for_text("!unread");
    pty.type_keys("f");
    pty.wait_for_text("PROBLEMS");
    let text = pty.wait_for_text("17 B unread");
    let port = format!("{}/tcp", local_addr(&listener).port());
    // Findings of other tests may be listed as well: go down to the own one.
    let finding_lines = text
        .lines()
        .filter(|line| line.contains(" unread ") && line.contains("/"));
    let before = finding_lines
        .take_while(|line| !line.contains(&port))
        .count();
    pty.type_keys(&"j".repeat(before));
    pty.wait_for("its own finding", |s| {
        let text = s.contents();
        text.lines()
            .any(|line| line.starts_with(" ›") && line.contains(&port))
    });
    pty.type_keys("\r");
    pty.wait_for_text_gone("PROBLEMS");
    pty.wait_for("the group", |s| {
        crate::keys::selected(s).is_some_and(|line| line.contains(&port))
    });
    connection.reset();
}

#[test]
fn v_opens_the_socket_vs_port_page() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys("v");
    pty.wait_for_text("socket and port: the difference");
    pty.wait_for_text("what it is");
    pty.type_keys("G");
    pty.wait_for_text("With other tools");
    pty.type_keys("v");
    pty.wait_for_text_gone("socket and port: the difference");
}
