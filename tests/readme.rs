//! The README tells the truth about the program: the keys it lists are the keys there are.

use portolan::view::keys::BINDINGS;

#[test]
fn the_readme_lists_every_key() {
    let readme = include_str!("../README.md");
    let rows: Vec<String> = BINDINGS
        .iter()
        .map(|binding| {
            let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
            format!("| {} | {} |", keys.join(" "), binding.words)
        })
        .collect();
    let table = rows.join("\n");
    assert!(
        readme.contains(&table),
        "the table of keys in README.md should read:\n{table}"
    );
}
