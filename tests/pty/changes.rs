//! What changes while one looks.

use crate::keys::selected;
use crate::pty::{Pty, Start};
use crate::quay::{Quay, Ship};

/// The dashboard with nothing but the test's own sockets, unfolded, looking often.
fn open_at(quay: &Quay) -> Pty {
    let mut pty = Start::portolan(&["-i", "200ms", &quay.address.to_string()]).open();
    pty.wait_for("an answer", |s| s.contents().contains("LISTENING HERE"));
    pty.keys("z");
    pty.wait_for_text("LISTEN  ");
    pty
}

/// The row under "LISTENING HERE" of the connection from this port.
fn row_of(screen: &vt100::Screen, client_port: u16) -> Option<String> {
    let (sign, text) = (format!(":{client_port} "), screen.contents());
    let mut lines = text
        .lines()
        .filter(|l| l.contains('←') && l.contains(&sign));
    lines.next().map(str::to_owned)
}

#[test]
fn a_connection_comes_with_a_plus_and_goes_with_a_minus() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let pty = open_at(&quay);
    let ship = Ship::new(&listener);
    let port = ship.client_port();
    pty.wait_for("a new row", |s| {
        row_of(s, port).is_some_and(|row| row.contains('+'))
    });
    ship.sink();
    pty.wait_for("a closed row", |s| {
        row_of(s, port).is_some_and(|row| row.contains('−'))
    });
    pty.wait_for("no row", |s| row_of(s, port).is_none());
}

#[test]
fn a_pause_freezes_the_rows_and_counts_what_comes_meanwhile() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let mut pty = open_at(&quay);
    pty.keys("p");
    pty.wait_for_text("paused");
    let ships: Vec<Ship> = (0..5).map(|_| Ship::new(&listener)).collect();
    let port = ships[0].client_port();
    let opened = |s: &vt100::Screen| {
        let text = s.contents();
        let after = text.lines().next()?.split_once(" +")?.1;
        after.split(' ').next()?.parse::<u64>().ok()
    };
    // Each has two ends. Others may open sockets as well.
    let text = pty.wait_for("ten new sockets", |s| opened(s) >= Some(10));
    assert!(!text.contains(&format!(":{port} ")), "{text}");
    pty.keys("p");
    pty.wait_without("paused");
    pty.wait_for("the new row", |s| row_of(s, port).is_some());
}

#[test]
fn the_selected_row_stays_selected_when_others_come_above_it() {
    let quay = Quay::new();
    let _upper = quay.listen(30_000);
    let mut pty = Start::portolan(&["-i", "200ms", &quay.address.to_string()]).open();
    pty.wait_for_text("30000/tcp");
    pty.keys("g");
    let on_it = |s: &vt100::Screen| selected(s).is_some_and(|line| line.contains("30000/tcp"));
    pty.wait_for("the selected row", on_it);
    let _lower = [
        quay.listen(20_000),
        quay.listen(20_001),
        quay.listen(20_002),
    ];
    let text = pty.wait_for("rows above", |s| {
        s.contents().contains("20002/tcp") && on_it(s)
    });
    let above = text.find("20000/tcp").expect("the lower");
    assert!(above < text.find("30000/tcp").expect("the upper"));
}
