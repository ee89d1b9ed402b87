//! The README tells the truth about the program: the keys it lists are the keys there are.

use portolan::view::keys::{BINDINGS, Key, LESSON, TYPING};

#[test]
fn the_readme_lists_every_key() {
    check(BINDINGS.iter().map(|b| (b.keys, b.words)));
    check(LESSON.iter().map(|b| (b.keys, b.words)));
    check(TYPING.iter().map(|hint| (hint.keys, hint.words)));
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
