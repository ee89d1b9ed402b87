//! Every window size.

use crate::loopback::LoopbackAddr;
use crate::pty::{DEFAULT_SIZE, PtyCommand};

#[test]
fn too_small_window_shows_the_minimum_size() {
    let loopback = LoopbackAddr::unique();
    let _listener = loopback.listen(0);
    let mut pty = PtyCommand::portolan(&[&loopback.address.to_string()]).spawn();
    pty.wait_for_dashboard();
    for ((columns, rows), sign) in [
        ((39, 9), "needs 40×10"),
        ((40, 10), "LISTENING HERE"),
        ((5, 3), "40×10"),
        ((200, 60), "LISTENING HERE"),
        ((1, 1), ""),
        (DEFAULT_SIZE, "LISTENING HERE"),
    ] {
        pty.resize(columns, rows);
        pty.wait_for(&format!("{sign} at {columns}×{rows}"), |screen| {
            screen.contents().contains(sign)
        });
        assert!(pty.is_running(), "{columns}×{rows}");
    }
    pty.type_keys("?");
    pty.wait_for_text("filter as you type");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}

/// The display must survive shrinking to nothing from every page.
#[test]
fn every_page_survives_a_window_of_one_cell() {
    let loopback = LoopbackAddr::unique();
    let _listener = loopback.listen(0);
    let mut pty = PtyCommand::portolan(&[&loopback.address.to_string()]).spawn();
    pty.wait_for_dashboard();
    for (open, sign) in [
        ("\r", " states  "),
        ("\r", "back to the table"),
        ("/", "clear the line"),
        ("\x1b", "back to the table"),
        ("?", "filter as you type"),
    ] {
        pty.type_keys(open);
        pty.wait_for_text(sign);
        for (columns, rows) in [(1, 1), (300, 2), (2, 100), (12, 12)] {
            pty.resize(columns, rows);
            if columns >= 5 {
                pty.wait_for_text("40×10");
            }
        }
        pty.resize(DEFAULT_SIZE.0, DEFAULT_SIZE.1);
        pty.wait_for_text(sign);
    }
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}

#[test]
fn ctrl_l_repaints_everything() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    let before = pty.raw_output().len();
    pty.type_keys("\x0c");
    pty.wait_for_raw("the screen cleared and painted", |raw| {
        let after = raw.get(before..).unwrap_or("");
        after.contains("\x1b[2J") && after.contains("portolan")
    });
    assert!(
        !pty.raw_output().contains("\x1b[6n"),
        "it asked where the cursor is"
    );
}
