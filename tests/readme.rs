//! Holds README.md to the program: every command line in it is one that the program accepts.

use clap::Parser;
use portolan::commands::Cli;

/// Returns the command lines of `portolan` in code blocks and in code spans of table rows.
fn command_lines(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
            continue;
        }
        let parts: Vec<&str> = if in_block {
            line.split('|').collect()
        } else {
            line.split('`').skip(1).step_by(2).collect()
        };
        for part in parts {
            let part = part
                .trim()
                .trim_start_matches("$ ")
                .trim_start_matches("sudo ");
            let without_comment = part.split(" #").next().unwrap_or_default().trim();
            if without_comment == "portolan" || without_comment.starts_with("portolan ") {
                found.push(without_comment.to_owned());
            }
        }
    }
    found
}

/// Splits a line at spaces, keeping what stands between single quotes together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn readme_command_lines_are_accepted() {
    let lines = command_lines(include_str!("../README.md"));
    assert!(lines.len() > 10, "the command lines were found: {lines:?}");
    let refused: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let error = Cli::try_parse_from(words(line)).err()?;
            // Help and version are no refusal.
            error.use_stderr().then(|| format!("{line}: {error}"))
        })
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn quoted_words_stay_together() {
    assert_eq!(
        words("portolan list 'recvq>0 not 22' -l"),
        ["portolan", "list", "recvq>0 not 22", "-l"]
    );
}
