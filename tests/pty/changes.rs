//! Rows that change while the dashboard is open.

use crate::keys::selected;
use crate::loopback::{Connection, LoopbackAddr};
use crate::pty::{Pty, PtyCommand};

/// Opens the dashboard with only the test's own sockets, expanded, with a short interval.
fn open_unfolded(loopback: &LoopbackAddr) -> Pty {
    let mut pty = PtyCommand::portolan(&["-i", "200ms", &loopback.address.to_string()]).spawn();
    pty.wait_for("a result", |s| s.contents().contains("LISTENING HERE"));
    pty.type_keys("z");
    pty.wait_for_text("LISTEN  ");
    pty
}

/// Returns the row under "LISTENING HERE" of the connection from this port.
fn row_of(screen: &vt100::Screen, client_port: u16) -> Option<String> {
    let (sign, text) = (format!(":{client_port} "), screen.contents());
    let mut lines = text
        .lines()
        .filter(|l| l.contains('←') && l.contains(&sign));
    lines.next().map(str::to_owned)
}

#[test]
fn new_row_is_marked_plus_and_closed_row_minus() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let pty = open_unfolded(&loopback);
    let connection = Connection::open(&listener);
    let port = connection.client_port();
    pty.wait_for("a new row", |s| {
        row_of(s, port).is_some_and(|row| row.contains('+'))
    });
    connection.reset();
    pty.wait_for("a closed row", |s| {
        row_of(s, port).is_some_and(|row| row.contains('−'))
    });
    pty.wait_for("no row", |s| row_of(s, port).is_none());
}

#[test]
fn pause_freezes_rows_and_counts_new_sockets() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let mut pty = open_unfolded(&loopback);
    pty.type_keys("p");
    pty.wait_for_text("paused");
    let connections: Vec<Connection> = (0..5).map(|_| Connection::open(&listener)).collect();
    let port = connections[0].client_port();
    let opened = |s: &vt100::Screen| {
        let text = s.contents();
        let after = text.lines().next()?.split_once(" +")?.1;
        after.split(' ').next()?.parse::<u64>().ok()
    };
    // Each has two sockets. Other tests may open sockets as well.
    let text = pty.wait_for("ten new sockets", |s| opened(s) >= Some(10));
    assert!(!text.contains(&format!(":{port} ")), "{text}");
    pty.type_keys("p");
    pty.wait_for_text_gone("paused");
    pty.wait_for("the new row", |s| row_of(s, port).is_some());
}

#[test]
fn the_selected_row_stays_selected_when_others_come_above_it() {
    let loopback = LoopbackAddr::unique();
    let _upper = loopback.listen(30_000);
    let mut pty = PtyCommand::portolan(&["-i", "200ms", &loopback.address.to_string()]).spawn();
    pty.wait_for_text("30000/tcp");
    pty.type_keys("g");
    let on_it = |s: &vt100::Screen| selected(s).is_some_and(|line| line.contains("30000/tcp"));
    pty.wait_for("the selected row", on_it);
    let _lower = [
        loopback.listen(20_000),
        loopback.listen(20_001),
        loopback.listen(20_002),
    ];
    let text = pty.wait_for("rows above", |s| {
        s.contents().contains("20002/tcp") && on_it(s)
    });
    let above = text.find("20000/tcp").expect("the lower");
    assert!(above < text.find("30000/tcp").expect("the upper"));
}
