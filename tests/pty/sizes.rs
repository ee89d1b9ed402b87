//! Every size of window.

use crate::pty::{Start, USUAL};
use crate::quay::Quay;

#[test]
fn a_small_window_is_told_apart_and_the_chart_comes_back() {
    let quay = Quay::new();
    let _listener = quay.listen(0);
    let mut pty = Start::portolan(&[&quay.address.to_string()]).open();
    pty.wait_for_chart();
    for ((columns, rows), sign) in [
        ((39, 9), "needs 40×10"),
        ((40, 10), "LISTENING HERE"),
        ((5, 3), "40×10"),
        ((200, 60), "LISTENING HERE"),
        ((1, 1), ""),
        (USUAL, "LISTENING HERE"),
    ] {
        pty.resize(columns, rows);
        pty.wait_for(&format!("{sign} at {columns}×{rows}"), |screen| {
            screen.contents().contains(sign)
        });
        assert!(pty.is_running(), "{columns}×{rows}");
    }
    pty.keys("?");
    pty.wait_for_text("filter as you type");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}

/// Wherever the chart stands when the window shrinks to nothing, it must still be there after.
#[test]
fn nothing_that_is_open_minds_a_window_of_one_cell() {
    let quay = Quay::new();
    let _listener = quay.listen(0);
    let mut pty = Start::portolan(&[&quay.address.to_string()]).open();
    pty.wait_for_chart();
    for (open, sign) in [
        ("\r", " states  "),
        ("\r", "back to the chart"),
        ("/", "empty the line"),
        ("\x1b", "back to the chart"),
        ("?", "filter as you type"),
    ] {
        pty.keys(open);
        pty.wait_for_text(sign);
        for (columns, rows) in [(1, 1), (300, 2), (2, 100), (12, 12)] {
            pty.resize(columns, rows);
            if columns >= 5 {
                pty.wait_for_text("40×10");
            }
        }
        pty.resize(USUAL.0, USUAL.1);
        pty.wait_for_text(sign);
    }
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}

#[test]
fn a_redraw_asked_for_repaints_everything() {
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    let before = pty.raw().len();
    pty.keys("\x0c");
    pty.wait_for_raw("the screen cleared and painted", |raw| {
        let after = raw.get(before..).unwrap_or("");
        after.contains("\x1b[2J") && after.contains("portolan")
    });
    assert!(
        !pty.raw().contains("\x1b[6n"),
        "it asked where the cursor is"
    );
}
