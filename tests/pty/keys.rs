//! Keys: what each shows.

use crate::pty::{Pty, Start};
use crate::quay::{Quay, Ship, address, own_name};

/// The dashboard with nothing but the test's own sockets in it.
fn open_at(quay: &Quay) -> Pty {
    let pty = Start::portolan(&[&quay.address.to_string()]).open();
    pty.wait_for("an answer", |s| s.contents().contains(" of "));
    pty
}

/// The line of the screen under the cursor.
pub(crate) fn selected(screen: &vt100::Screen) -> Option<String> {
    let text = screen.contents();
    let mut lines = text.lines().filter(|line| line.starts_with('›'));
    lines.next().map(str::to_owned)
}

#[test]
fn a_listener_is_found_by_its_port_with_the_process_that_holds_it() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let port = address(&listener).port();
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    pty.keys(&format!("/{port}"));
    pty.wait_for_text(&format!("{port}/tcp"));
    pty.wait_for_text("1 of ");
    pty.keys("\rg ");
    let text = pty.wait_for_text("└ LISTEN");
    let row = text.lines().find(|l| l.contains("LISTEN ")).expect("row");
    assert!(row.contains(&address(&listener).to_string()), "{row}");
    let owner = format!("{} {}", own_name(), std::process::id());
    assert!(row.contains(&owner), "{row} has no {owner}");
    pty.keys(" ");
    pty.wait_without("LISTEN  ");
}

#[test]
fn enter_shows_more_and_more_and_escape_goes_back() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let mut pty = open_at(&quay);
    pty.keys("g \x1b[B");
    pty.wait_for("the row", |s| {
        selected(s).is_some_and(|line| line.contains("LISTEN"))
    });
    pty.keys("\r");
    let pane = pty.wait_for_text("inode");
    assert!(pane.contains("└ LISTEN"), "the table is still there");
    pty.keys("\r");
    pty.wait_for("nothing but details", |s| {
        let text = s.contents();
        text.contains("inode") && !text.contains("└ LISTEN")
    });
    pty.keys("\x1b");
    pty.wait_for_text("└ LISTEN");
    pty.wait_without("inode");
    drop(listener);
}

#[test]
fn help_opens_and_closes() {
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_text("help");
    pty.keys("?");
    pty.wait_for_text("filter as you type");
    pty.keys("\x1b");
    pty.wait_without("filter as you type");
}

#[test]
fn views_are_reached_by_tab_and_by_number() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let _ship = Ship::new(&listener);
    let mut pty = open_at(&quay);
    pty.wait_for_text("LISTENING HERE");
    for (key, sign) in [
        ("\t", "PROCESSES "),
        ("\t", "REMOTE HOSTS"),
        ("\t", "LOCAL"),
        ("\t", "LISTENING HERE"),
        ("2", "PROCESSES "),
        ("3", "REMOTE HOSTS"),
        ("4", "LOCAL"),
        ("1", "LISTENING HERE"),
        ("\x1b[Z", "LOCAL"),
    ] {
        pty.keys(key);
        pty.wait_for_text(sign);
    }
}

#[test]
fn the_sign_of_the_order_moves_and_turns() {
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_text("PORT▲");
    pty.keys("S");
    pty.wait_for_text("PORT▼");
    pty.keys("s");
    let text = pty.wait_without("PORT▼");
    let heads = text.lines().find(|l| l.contains("PORT")).expect("heads");
    assert_eq!(heads.matches(['▲', '▼']).count(), 1, "{heads}");
}

#[test]
fn switches_say_what_they_leave_out() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let mut pty = open_at(&quay);
    for (key, word) in [
        ("t", "only TCP"),
        ("u", "only UDP"),
        ("o", "only UDP, only listening"),
        ("o", "only UDP, only established"),
    ] {
        pty.keys(key);
        pty.wait_for_text(word);
    }
    pty.wait_for_text("0 of ");
    pty.keys("ou");
    pty.wait_without("only UDP");
    pty.wait_for_text(&format!("{}/tcp", address(&listener).port()));
}

#[test]
fn the_interval_goes_up_and_down_in_steps() {
    let mut pty = Start::portolan(&[]).open();
    // Where a sample takes long, the header says what is and what was wished.
    let shows = |pty: &Pty, interval: &str| {
        let (live, wished) = (format!("live {interval}"), format!("(wished {interval})"));
        pty.wait_for(&live, |s| {
            let text = s.contents();
            text.contains(&format!("{live} ")) || text.contains(&wished)
        });
    };
    shows(&pty, "1s");
    pty.keys("<");
    shows(&pty, "500ms");
    pty.keys(">>");
    shows(&pty, "2s");
}

#[test]
fn all_groups_unfold_and_fold_at_once() {
    let quay = Quay::new();
    let _listeners = [quay.listen(0), quay.listen(0)];
    let mut pty = open_at(&quay);
    let rows = |s: &vt100::Screen| s.contents().matches("└ LISTEN").count();
    pty.keys("z");
    pty.wait_for("two rows", |s| rows(s) == 2);
    pty.keys("z");
    pty.wait_for("no row", |s| rows(s) == 0);
}

#[test]
fn a_wrong_filter_is_pointed_at_and_the_last_good_one_stays() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let port = address(&listener).port();
    let group = format!("{port}/tcp");
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for_chart();
    pty.keys(&format!("/{port}"));
    pty.wait_for_text("1 of ");
    // An ephemeral port has five digits, and no port has six.
    pty.keys("0");
    let text = pty.wait_for_text("^^^^^^ ");
    assert!(text.contains(&group) && text.contains("1 of "), "{text}");
    pty.keys("\x7f");
    pty.wait_without("^^^^^^ ");
    pty.keys("\x1b");
    pty.wait_without("1 of ");
    pty.wait_for_text("filter, such as 8080");
}

#[test]
fn pasted_text_goes_into_the_filter_and_nowhere_else() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let mut pty = Start::portolan(&[]).open();
    pty.wait_for("bracketed paste", vt100::Screen::bracketed_paste);
    pty.wait_for_chart();
    // Outside of the filter line it would press a dozen keys, `q` among them.
    pty.keys("\x1b[200~quit\x1b[201~");
    pty.keys(&format!("/\x1b[200~{}\n\x1b[201~", quay.address));
    pty.wait_for_text(&format!("{}/tcp", address(&listener).port()));
    pty.wait_for_text(&format!("/ {}", quay.address));
    pty.wait_for_text("1 of ");
}

#[test]
fn the_filter_of_the_command_line_is_in_the_line() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let mut pty = Start::portolan(&["tcp", &quay.address.to_string()]).open();
    pty.wait_for_text(&format!("/ tcp {}", quay.address));
    pty.wait_for_text(&format!("{}/tcp", address(&listener).port()));
    pty.wait_for_text("1 of ");
    pty.keys("\x1b");
    pty.wait_without("1 of ");
}

#[test]
fn a_click_selects_a_row_and_then_unfolds_it() {
    let quay = Quay::new();
    let _listeners = [quay.listen(20_001), quay.listen(20_002)];
    let mut pty = open_at(&quay);
    let text = pty.wait_for_text("20002/tcp");
    let at = text.lines().position(|l| l.contains("20002/tcp"));
    let click = format!("\x1b[<0;10;{0}M\x1b[<0;10;{0}m", at.expect("the row") + 1);
    pty.keys("g");
    pty.keys(&click);
    pty.wait_for("the clicked row", |s| {
        selected(s).is_some_and(|line| line.contains("20002/tcp"))
    });
    pty.keys(&click);
    pty.wait_for_text(&format!("{}:20002", quay.address));
}

#[test]
fn thousands_of_keys_are_survived() {
    let quay = Quay::new();
    let listener = quay.listen(0);
    let mut pty = open_at(&quay);
    let begun = std::time::Instant::now();
    pty.keys(&"j".repeat(5_000));
    pty.keys(&"k".repeat(5_000));
    pty.keys("z");
    pty.wait_for_text(&address(&listener).to_string());
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
