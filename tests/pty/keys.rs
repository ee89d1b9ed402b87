//! Keys and what they show.

use crate::loopback::{Connection, LoopbackAddr, local_addr, own_process_name};
use crate::pty::{Pty, PtyCommand};

/// Opens the dashboard with only the test's own sockets.
fn open_filtered(loopback: &LoopbackAddr) -> Pty {
    let pty = PtyCommand::portolan(&[&loopback.address.to_string()]).spawn();
    pty.wait_for("a result", |s| s.contents().contains(" of "));
    pty
}

/// Returns the screen line under the cursor.
pub(crate) fn selected(screen: &vt100::Screen) -> Option<String> {
    let text = screen.contents();
    let mut lines = text.lines().filter(|line| line.starts_with('›'));
    lines.next().map(str::to_owned)
}

#[test]
fn filter_by_port_shows_the_listener_and_its_process() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let port = local_addr(&listener).port();
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys(&format!("/{port}"));
    pty.wait_for_text(&format!("{port}/tcp"));
    pty.wait_for_text("1 of ");
    pty.type_keys("\rg ");
    let text = pty.wait_for_text("└ LISTEN");
    let row = text.lines().find(|l| l.contains("LISTEN ")).expect("row");
    assert!(row.contains(&local_addr(&listener).to_string()), "{row}");
    let owner = format!("{} {}", own_process_name(), std::process::id());
    assert!(row.contains(&owner), "{row} has no {owner}");
    pty.type_keys(" ");
    pty.wait_for_text_gone("LISTEN  ");
}

#[test]
fn enter_opens_details_then_full_screen_and_escape_closes() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let mut pty = open_filtered(&loopback);
    pty.type_keys("g \x1b[B");
    pty.wait_for("the row", |s| {
        selected(s).is_some_and(|line| line.contains("LISTEN"))
    });
    pty.type_keys("\r");
    let details = pty.wait_for_text("inode");
    assert!(details.contains("└ LISTEN"), "the table is still there");
    pty.type_keys("\r");
    pty.wait_for("nothing but details", |s| {
        let text = s.contents();
        text.contains("inode") && !text.contains("└ LISTEN")
    });
    pty.type_keys("\x1b");
    pty.wait_for_text("└ LISTEN");
    pty.wait_for_text_gone("inode");
    drop(listener);
}

#[test]
fn help_opens_and_closes() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_text("help");
    pty.type_keys("?");
    pty.wait_for_text("filter as you type");
    pty.type_keys("\x1b");
    pty.wait_for_text_gone("filter as you type");
}

#[test]
fn tab_and_number_keys_switch_views() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let _connection = Connection::open(&listener);
    let mut pty = open_filtered(&loopback);
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
        pty.type_keys(key);
        pty.wait_for_text(sign);
    }
}

#[test]
fn sort_keys_move_and_reverse_the_sort_indicator() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_text("PORT▲");
    pty.type_keys("S");
    pty.wait_for_text("PORT▼");
    pty.type_keys("s");
    let text = pty.wait_for_text_gone("PORT▼");
    let heads = text.lines().find(|l| l.contains("PORT")).expect("heads");
    assert_eq!(heads.matches(['▲', '▼']).count(), 1, "{heads}");
}

#[test]
fn quick_filter_keys_are_shown() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let mut pty = open_filtered(&loopback);
    for (key, word) in [
        ("t", "only TCP"),
        ("u", "only UDP"),
        ("o", "only UDP, only listening"),
        ("o", "only UDP, only established"),
    ] {
        pty.type_keys(key);
        pty.wait_for_text(word);
    }
    pty.wait_for_text("0 of ");
    pty.type_keys("ou");
    pty.wait_for_text_gone("only UDP");
    pty.wait_for_text(&format!("{}/tcp", local_addr(&listener).port()));
}

#[test]
fn interval_keys_step_the_interval() {
    let mut pty = PtyCommand::portolan(&[]).spawn();
    // If samples take long, the header shows both the actual and the set interval.
    let assert_shows = |pty: &Pty, interval: &str| {
        let (live, requested) = (format!("live {interval}"), format!("(set: {interval})"));
        pty.wait_for(&live, |s| {
            let text = s.contents();
            text.contains(&format!("{live} ")) || text.contains(&requested)
        });
    };
    assert_shows(&pty, "1s");
    pty.type_keys("<");
    assert_shows(&pty, "500ms");
    pty.type_keys(">>");
    assert_shows(&pty, "2s");
}

#[test]
fn all_groups_unfold_and_fold_at_once() {
    let loopback = LoopbackAddr::unique();
    let _listeners = [loopback.listen(0), loopback.listen(0)];
    let mut pty = open_filtered(&loopback);
    let rows = |s: &vt100::Screen| s.contents().matches("└ LISTEN").count();
    pty.type_keys("z");
    pty.wait_for("two rows", |s| rows(s) == 2);
    pty.type_keys("z");
    pty.wait_for("no row", |s| rows(s) == 0);
}

#[test]
fn filter_error_is_underlined_and_the_last_valid_filter_stays() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let port = local_addr(&listener).port();
    let group = format!("{port}/tcp");
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys(&format!("/{port}"));
    pty.wait_for_text("1 of ");
    // An ephemeral port has five digits, and no port has six.
    pty.type_keys("0");
    let text = pty.wait_for_text("^^^^^^ ");
    assert!(text.contains(&group) && text.contains("1 of "), "{text}");
    pty.type_keys("\x7f");
    pty.wait_for_text_gone("^^^^^^ ");
    pty.type_keys("\x1b");
    pty.wait_for_text_gone("1 of ");
    pty.wait_for_text("filter, such as 8080");
}

#[test]
fn paste_is_accepted_only_in_the_filter_line() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let mut pty = PtyCommand::portolan(&[]).spawn();
    pty.wait_for("bracketed paste", vt100::Screen::bracketed_paste);
    pty.wait_for_dashboard();
    // Outside the filter line it would press a dozen keys, `q` among them.
    pty.type_keys("\x1b[200~quit\x1b[201~");
    pty.type_keys(&format!("/\x1b[200~{}\n\x1b[201~", loopback.address));
    pty.wait_for_text(&format!("{}/tcp", local_addr(&listener).port()));
    pty.wait_for_text(&format!("/ {}", loopback.address));
    pty.wait_for_text("1 of ");
}

#[test]
fn command_line_filter_is_shown_in_the_filter_line() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let mut pty = PtyCommand::portolan(&["tcp", &loopback.address.to_string()]).spawn();
    pty.wait_for_text(&format!("/ tcp {}", loopback.address));
    pty.wait_for_text(&format!("{}/tcp", local_addr(&listener).port()));
    pty.wait_for_text("1 of ");
    pty.type_keys("\x1b");
    pty.wait_for_text_gone("1 of ");
}

#[test]
fn a_click_selects_a_row_and_then_unfolds_it() {
    let loopback = LoopbackAddr::unique();
    let _listeners = [loopback.listen(20_001), loopback.listen(20_002)];
    let mut pty = open_filtered(&loopback);
    let text = pty.wait_for_text("20002/tcp");
    let at = text.lines().position(|l| l.contains("20002/tcp"));
    let click = format!("\x1b[<0;10;{0}M\x1b[<0;10;{0}m", at.expect("the row") + 1);
    pty.type_keys("g");
    pty.type_keys(&click);
    pty.wait_for("the clicked row", |s| {
        selected(s).is_some_and(|line| line.contains("20002/tcp"))
    });
    pty.type_keys(&click);
    pty.wait_for_text(&format!("{}:20002", loopback.address));
}

#[test]
fn ten_thousand_keys_are_handled_in_ten_seconds() {
    let loopback = LoopbackAddr::unique();
    let listener = loopback.listen(0);
    let mut pty = open_filtered(&loopback);
    let begun = std::time::Instant::now();
    pty.type_keys(&"j".repeat(5_000));
    pty.type_keys(&"k".repeat(5_000));
    pty.type_keys("z");
    pty.wait_for_text(&local_addr(&listener).to_string());
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
