//! `e`, `f` and `v`: what the pages say, and the ways out of them.

use crate::pty::{Pty, Start};
use crate::quay::{Quay, Ship, address};

/// No finding but unread input, and that soon.
const ONLY_UNREAD: &str = r#"[findings]
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

/// The dashboard with nothing but the test's own sockets in it.
fn open_at(quay: &Quay) -> Pty {
    let pty = Start::portolan(&[&quay.address.to_string()]).open();
    pty.wait_for("an answer", |s| s.contents().contains(" of "));
    pty
}

#[test]
fn e_explains_the_row_in_four_more_looks_and_escape_goes_back() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let port = address(&listener).port();
    let mut pty = open_at(&quay);
    pty.keys("g \x1b[Be");
    pty.wait_for_text("[e words]");
    // What is said of the row comes when the model has looked at it.
    pty.wait_for_text(&format!("TCP {}", address(&listener)));
    pty.wait_for_text("A listener: it waits for anyone");
    for (key, shown, sign) in [
        ("1", "[1 calls]", "How it came to be"),
        ("2", "[2 kernel]", "Its names"),
        ("3", "[3 wire]", "listen() sends nothing"),
        ("4", "[4 standard]", "RFC 9293"),
        ("\t", "[e words]", "Who has it"),
        ("\x1b[Z", "[4 standard]", "RFC 9293"),
        ("e", "[e words]", "Who has it"),
    ] {
        pty.keys(key);
        pty.wait_for_text(shown);
        pty.wait_for_text(sign);
    }
    pty.keys("\x1b");
    pty.wait_without("[e words]");
    pty.wait_for_text(&format!("{port}/tcp"));
}

#[test]
fn the_page_follows_its_row_and_says_when_it_is_gone() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let mut pty = open_at(&quay);
    pty.keys("g \x1b[Be");
    pty.wait_for_text("0 waiting to be accepted");
    let call = std::net::TcpStream::connect(address(&listener)).expect("a call");
    pty.wait_for_text("1 waiting to be accepted");
    drop(call);
    drop(listener);
    pty.wait_for_text("This socket is gone");
    pty.wait_for_text("It is gone. This is what was last said of it.");
    pty.keys("\x1b");
    pty.wait_without("It is gone");
}

#[test]
fn f_tells_what_is_stuck_and_enter_goes_there() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let ship = Ship::new(&listener);
    let config = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(config.path(), ONLY_UNREAD).expect("written");
    let path = config.path().to_str().expect("a plain name");
    let mut pty = Start::portolan(&["--config", path, &quay.address.to_string()]).open();
    pty.wait_for("an answer", |s| s.contents().contains(" of "));
    ship.load(b"nobody reads this");
    pty.wait_for_text("!unread");
    pty.keys("f");
    pty.wait_for_text("WORTH A LOOK");
    let text = pty.wait_for_text("17 B unread");
    let port = format!("{}/tcp", address(&listener).port());
    // Others that run beside this test may be found as well: one goes down to one's own.
    let heads = text
        .lines()
        .filter(|line| line.contains(" unread ") && line.contains("/"));
    let before = heads.take_while(|line| !line.contains(&port)).count();
    pty.keys(&"j".repeat(before));
    pty.wait_for("its own finding", |s| {
        let text = s.contents();
        text.lines()
            .any(|line| line.starts_with(" ›") && line.contains(&port))
    });
    pty.keys("\r");
    pty.wait_without("WORTH A LOOK");
    pty.wait_for("the group", |s| {
        crate::keys::selected(s).is_some_and(|line| line.contains(&port))
    });
    ship.sink();
}

#[test]
fn v_tells_a_socket_from_a_port() {
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    pty.keys("v");
    pty.wait_for_text("what the difference is");
    pty.wait_for_text("what it is");
    pty.keys("G");
    pty.wait_for_text("The same elsewhere");
    pty.keys("v");
    pty.wait_without("what the difference is");
}
