//! The README tells the truth about the program: the keys it lists are the keys there are.

use portolan::tui::keys::bindings::KEY_BINDINGS;
use portolan::tui::keys::key::Key;
use portolan::tui::keys::lesson::LESSON_KEY_BINDINGS;
use portolan::tui::keys::typing::TYPING_KEY_BINDINGS;

#[test]
fn readme_lists_every_key_binding() {
    check(KEY_BINDINGS.iter().map(|b| (b.keys, b.help_text)));
    check(LESSON_KEY_BINDINGS.iter().map(|b| (b.keys, b.help_text)));
    check(
        TYPING_KEY_BINDINGS
            .iter()
            .map(|hint| (hint.keys, hint.help_text)),
    );
}

fn check<'a>(all: impl Iterator<Item = (&'a [Key], &'a str)>) {
    let readme = include_str!("../README.md");
    let rows: Vec<String> = all
        .map(|(keys, words)| {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            format!("| {} | {words} |", keys.join(" "))
        })
        .collect();
    let table = rows.join("\n");
    assert!(
        readme.contains(&table),
        "the table of keys in README.md should read:\n{table}"
    );
}
