//! The invariants of the crate's first page, checked over the source text.
//!
//! Stages are the directories of `src`, nouns the files beside them; the alphabet is the order in
//! which data passes through the stages. What is found is listed whole, not only the first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The stage that wires all others and may import any of them.
const TOP_STAGE: &str = "app";

/// One file below `src`.
struct SourceFile {
    /// Below `src`, with slashes.
    path: String,
    text: String,
}

impl SourceFile {
    /// The directory it belongs to; `None` for a noun.
    fn stage(&self) -> Option<&str> {
        self.path.split_once('/').map(|(stage, _)| stage)
    }

    /// Whether it is, or belongs to, the module at this path (`collect/netstat2`, with its tests).
    fn is_within(&self, module: &str) -> bool {
        let rest = self.path.strip_prefix(module);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// How deep the module is: 1 for `src/x.rs` and `src/x/mod.rs`, 2 for `src/x/y.rs`.
    fn depth(&self) -> usize {
        let file_is_module = !self.path.ends_with("mod.rs");
        self.path.matches('/').count() + usize::from(file_is_module)
    }

    /// The lines with their numbers, without comments and without what is only said in strings.
    fn code(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, strip_comments_and_strings(line)))
    }
}

/// A line without its comment and without the contents of its strings. Good enough for the plain
/// code that rustfmt leaves; a string over several lines keeps its later lines.
fn strip_comments_and_strings(line: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if quoted => {
                characters.next();
            }
            '"' if !out.ends_with('\'') => {
                quoted = !quoted;
                out.push(c);
            }
            '/' if !quoted && characters.peek() == Some(&'/') => break,
            c if !quoted => out.push(c),
            _ => {}
        }
    }
    out
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<SourceFile> {
    let src = root().join("src");
    let mut sources = Vec::new();
    let mut open = vec![src.clone()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let below = path.strip_prefix(&src).expect("below src");
                sources.push(SourceFile {
                    path: below.to_str().expect("a plain name").replace('\\', "/"),
                    text: fs::read_to_string(&path).expect("a text"),
                });
            }
        }
    }
    assert!(sources.len() > 50, "the sources were found");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn stages(sources: &[SourceFile]) -> BTreeSet<String> {
    let stages = sources.iter().filter_map(SourceFile::stage);
    stages.map(str::to_owned).collect()
}

/// Every path of the code that names something of this crate, as the words after `crate`, with the
/// line. Groups (`crate::{a, b::c}`) are taken apart over line ends.
fn crate_paths(source: &SourceFile) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let mut group = None;
    for (number, line) in source.code() {
        let mut rest = &line[..];
        if let Some(depth) = group {
            group = group_heads(&line, depth, number, &mut paths);
        }
        while let Some(at) = rest.find("crate::") {
            let whole_word = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            rest = &rest[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                Some(inner) => group = group_heads(inner, 1, number, &mut paths),
                None if whole_word => paths.push((number, first_word(rest))),
                None => {}
            }
        }
    }
    paths
}

/// The first words at depth 1 of a group of imports; the depth at the end of the line, `None` when
/// the group is closed.
fn group_heads(
    text: &str,
    mut depth: usize,
    number: usize,
    paths: &mut Vec<(usize, String)>,
) -> Option<usize> {
    let mut at_start = true;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => at_start = true,
            c if at_start && depth == 1 && c.is_alphanumeric() => {
                paths.push((number, first_word(&text[index..])));
                at_start = false;
            }
            _ => {}
        }
        if depth == 0 {
            return None;
        }
    }
    Some(depth)
}

fn first_word(text: &str) -> String {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    text[..end.unwrap_or(text.len())].to_owned()
}

/// The places where one of `words` stands in the code outside of the `allowed` modules and stages.
fn uses_outside(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        if allowed.iter().any(|module| source.is_within(module)) {
            continue;
        }
        for (number, line) in source.code() {
            for word in words.iter().filter(|word| contains_word(&line, word)) {
                found.push(format!("src/{}:{number}: {word}", source.path));
            }
        }
    }
    found
}

/// Whether the line has `word`, not as a part of a longer word.
fn contains_word(line: &str, word: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        !line[..at].ends_with(is_inside) && (word.ends_with(':') || !after.starts_with(is_inside))
    })
}

#[test]
fn stages_import_only_earlier_stages() {
    let sources = sources();
    let stages = stages(&sources);
    let mut wrong = Vec::new();
    for source in &sources {
        let stage = source.stage();
        if stage == Some(TOP_STAGE) || matches!(&*source.path, "lib.rs" | "main.rs") {
            continue;
        }
        for (number, word) in crate_paths(source) {
            if !stages.contains(&word) {
                continue;
            }
            // A noun knows no stage; nobody knows the stage that wires all.
            let allowed = stage.is_some_and(|stage| *word <= *stage && word != TOP_STAGE);
            if !allowed {
                wrong.push(format!("src/{}:{number}: crate::{word}", source.path));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn super_paths_stay_within_a_stage() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (number, line) in source.code() {
            // A module within the file is indented, and one deeper for it.
            let inner = usize::from(line.starts_with(' '));
            let super_count = line.matches("super::").count().min(1) * super_depth(&line);
            let stage_depth = usize::from(source.stage().is_some());
            if super_count > source.depth() - stage_depth + inner {
                wrong.push(format!("src/{}:{number}: {line}", source.path));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// How many `super::` follow each other.
fn super_depth(line: &str) -> usize {
    let run = |n: usize| "super::".repeat(n);
    (1..8).take_while(|n| line.contains(&run(*n))).count()
}

#[test]
fn restricted_libraries_are_used_in_one_module() {
    for (library, allowed_modules) in [
        ("netstat2::", &["collect/netstat2"][..]),
        ("sysinfo::", &["collect/owners"]),
        ("crossterm::", &["app"]),
        ("ratatui::", &["app", "widgets"]),
        ("nix::", &["app/lab/options"]),
        ("libc::", &["app/lab/options"]),
    ] {
        let wrong: Vec<String> = uses_outside(&[library], allowed_modules)
            .into_iter()
            // Our own module of the same name, named from the stage.
            .filter(|place| !is_our_own_netstat2(place))
            .collect();
        assert_eq!(wrong, [""; 0], "{library}");
    }
}

/// `crate::collect::netstat2::Netstat2` is ours, not the library's.
fn is_our_own_netstat2(place: &str) -> bool {
    let mut parts = place.splitn(3, ':');
    let (Some(file), Some(number)) = (parts.next(), parts.next()) else {
        return false;
    };
    let text = fs::read_to_string(root().join(file)).expect("a text");
    let index: usize = number.parse().expect("a line");
    let line = text.lines().nth(index - 1).unwrap_or_default();
    line.matches("netstat2::").count() == line.matches("collect::netstat2::").count()
}

#[test]
fn only_collect_and_app_do_io() {
    let words = [
        "Instant::now",
        "SystemTime",
        "Timestamp::now",
        "Zoned::now",
        "std::fs",
        "std::net::TcpListener",
        "std::net::TcpStream",
        "std::net::UdpSocket",
        "std::process::Command",
        "rustix::",
    ];
    assert_eq!(uses_outside(&words, &["app", "collect"]), [""; 0]);
}

#[test]
fn no_unsafe_code() {
    assert_eq!(uses_outside(&["unsafe"], &[]), [""; 0]);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
}

#[test]
fn no_vague_module_names() {
    let vague_names = [
        "utils", "util", "common", "helpers", "helper", "types", "manager", "handler", "misc",
    ];
    let named = |source: &SourceFile| {
        let path = source.path.trim_end_matches(".rs").to_owned();
        path.split('/').any(|part| vague_names.contains(&part))
    };
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(named)
        .map(|s| s.path)
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn files_start_with_a_doc_comment() {
    let mut wrong = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//! ") {
            wrong.push(format!("src/{}: does not start with //!", source.path));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn crate_docs_link_every_stage_and_noun_module() {
    let sources = sources();
    let page = &sources
        .iter()
        .find(|s| s.path == "lib.rs")
        .expect("lib.rs")
        .text;
    let page: String = page.lines().filter(|l| l.starts_with("//!")).collect();
    let nouns = sources.iter().filter(|s| s.stage().is_none());
    let nouns = nouns
        .map(|s| s.path.trim_end_matches(".rs").to_owned())
        .filter(|name| name != "lib" && name != "main");
    let missing: Vec<String> = stages(&sources)
        .into_iter()
        .chain(nouns)
        .filter(|name| !page.contains(&format!("[`{name}`]")))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn top_level_entries_are_the_allowed_ones() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "README.md",
        "src",
        "assets",
        "tests",
        // Built, not kept.
        "target",
    ];
    let entries = fs::read_dir(root()).expect("a directory");
    let wrong: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| name.to_str().map(str::to_owned))
        .filter(|name| !name.starts_with('.') && !allowed.contains(&&**name))
        .collect();
    assert_eq!(wrong, [""; 0]);
    for needed in ["LICENSE-MIT", "LICENSE-APACHE", ".ci/run"] {
        assert!(Path::new(&root().join(needed)).is_file(), "{needed}");
    }
}

#[test]
fn source_scanner_ignores_comments_and_strings() {
    let source = |text: &str| SourceFile {
        path: "query/mod.rs".into(),
        text: text.into(),
    };
    let text = "use crate::{port::Port, view::{a, b},\n    app};\n// crate::teach\nlet s = \"crate::widgets\"; crate::history::x(); my_crate::no();\n";
    let words: Vec<_> = crate_paths(&source(text))
        .into_iter()
        .map(|(_, w)| w)
        .collect();
    assert_eq!(words, ["port", "view", "app", "history"]);
    assert!(
        contains_word("use ratatui::x;", "ratatui::")
            && !contains_word("my_ratatui::x", "ratatui::")
    );
    assert!(contains_word("unsafe {", "unsafe") && !contains_word("unsafe_code", "unsafe"));
}
