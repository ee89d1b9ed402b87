//! The past: closed sockets and earlier moments.

use std::cell::RefCell;

use crate::loopback::{Connection, LoopbackAddr, local_addr};
use crate::pty::{Pty, PtyCommand};

/// Connections of the burst: more than a screen has lines, and closed before a sample could contain
/// them.
const CONNECTIONS: usize = 200;

fn open_with_interval(loopback: &LoopbackAddr, interval: &str) -> Pty {
    let pty = PtyCommand::portolan(&["-i", interval, &loopback.address.to_string()]).spawn();
    pty.wait_for("a result", |s| s.contents().contains("LISTENING HERE"));
    pty
}

#[test]
fn unsampled_connections_are_in_the_history_view() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let port = local_addr(&listener).port();
    let mut pty = open_with_interval(&loopback, "1s");
    // What closes before the second sample may have been open before the first. The cost is shown
    // from the second sample on.
    pty.wait_for("a second sample", |s| {
        let text = s.contents();
        text.lines().next().is_some_and(|line| line.contains('%'))
    });
    for _ in 0..CONNECTIONS {
        Connection::open(&listener).reset();
    }
    pty.type_keys("H");
    pty.wait_for_text("H History");
    pty.type_keys(&format!("/ closed ended<1h lport:{port}\r"));
    let found = format!("{CONNECTIONS} of ");
    let text = pty.wait_for_text(&found);
    assert!(text.contains("CLOSED▼"), "{text}");
    // A long address is cut, but never the port.
    let row = format!(":{port} ");
    // The screen is painted from the top.
    pty.wait_for("many rows", |s| s.contents().matches(&row).count() > 10);
    // The details are those of the row under the cursor.
    pty.type_keys("\r");
    pty.wait_for_text(" closed first ");
    pty.type_keys("\x1b");
    pty.type_keys("H");
    let text = pty.wait_for_text_gone("H History");
    assert!(text.contains("4 Sockets"), "{text}");
}

/// Returns the time of the moment shown, if that is not the newest.
fn shown_time(screen: &vt100::Screen) -> Option<String> {
    let text = screen.contents();
    let (_, after) = text.lines().next()?.split_once("❚❚ ")?;
    let clock = after.get(..8)?;
    clock.contains(':').then(|| clock.to_owned())
}

fn row_of(screen: &vt100::Screen, client_port: u16) -> Option<String> {
    let (sign, text) = (format!(":{client_port} "), screen.contents());
    let mut lines = text
        .lines()
        .filter(|l| l.contains('←') && l.contains(&sign));
    lines.next().map(str::to_owned)
}

#[test]
fn time_travel_goes_back_and_returns_to_live() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    // One second apart, so that no two moments have the same time of day.
    let mut pty = open_with_interval(&loopback, "1s");
    pty.type_keys("z");
    pty.wait_for_text("LISTEN  ");
    let connection = Connection::open(&listener);
    let port = connection.client_port();
    let is_open = |s: &vt100::Screen| row_of(s, port).is_some_and(|row| !row.contains('−'));
    // Over several reads, because a frame may have been read in part: then the time is new and the
    // rows are still those of the previous moment.
    pty.wait_for("a row of some seconds", |s| {
        let row = row_of(s, port).unwrap_or_default();
        ["3s", "4s", "5s", "6s"].iter().any(|age| row.contains(age))
    });
    connection.reset();
    pty.wait_for("a closed row", |s| {
        row_of(s, port).is_some_and(|row| row.contains('−'))
    });
    let shown = RefCell::new((None, false));
    let mut text = String::new();
    while !shown.borrow().1 {
        pty.type_keys("[");
        text = pty.wait_for("an earlier moment", |s| {
            let now = shown_time(s);
            let is_other = now.is_some() && now != shown.borrow().0;
            if is_other {
                *shown.borrow_mut() = (now, is_open(s));
            }
            is_other
        });
    }
    assert!(text.contains("ESTABLISHED"), "{text}");
    assert!(text.contains(" now") && text.contains('◆'), "{text}");
    // The oldest moment had no connection at all.
    pty.type_keys("\x1b[H");
    pty.wait_for("a moment before it", |s| row_of(s, port).is_none());
    pty.type_keys("p");
    let text = pty.wait_for_text("! since ");
    assert!(!text.contains("❚❚"), "{text}");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}
