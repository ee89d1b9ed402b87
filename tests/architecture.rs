//! Checks the rules of the crate's documentation page on the parsed source.
//!
//! `cargo test --test architecture -- --nocapture` prints the layers and the import circles.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// The layers from first to last. A layer imports itself and the layers before it.
///
/// `lib.rs` has the same list, for people; a test compares the two.
const LAYERS: [&str; 15] = [
    "text",
    "net",
    "collect",
    "recording",
    "history",
    "fields",
    "filter",
    "query",
    "findings",
    "explain",
    "lessons",
    "output",
    "tui",
    "runtime",
    "commands",
];

/// Files that import each other because they are one thing, with the reason.
const CIRCLES: &[(&[&str], &str)] = &[];

/// The most files that may import each other as one thing.
const LARGEST_CIRCLE: usize = 4;

/// A file below `src`.
struct Source {
    /// The path below `src`, with slashes.
    path: String,
    /// The module path, without `crate`.
    module: Vec<String>,
    text: String,
    syntax: syn::File,
}

impl Source {
    /// Returns the first directory or file name below `src`; `None` for `lib.rs` and `main.rs`.
    fn layer(&self) -> Option<&str> {
        self.module
            .first()
            .map(String::as_str)
            .filter(|_| !self.is_entry())
    }

    fn is_entry(&self) -> bool {
        matches!(&*self.path, "lib.rs" | "main.rs")
    }

    /// Returns whether the file is, or belongs to, the module at `path` (`collect/portable`).
    fn is_within(&self, path: &str) -> bool {
        let rest = self.path.strip_prefix(path);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
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
                let below = below.to_str().expect("a UTF-8 name").replace('\\', "/");
                let text = fs::read_to_string(&path).expect("a text file");
                sources.push(source(&below, text));
            }
        }
    }
    assert!(sources.len() > 50, "the sources were found");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn source(path: &str, text: String) -> Source {
    let mut module: Vec<String> = path
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    if path == "lib.rs" {
        module.clear();
    }
    Source {
        syntax: syn::parse_file(&text).unwrap_or_else(|error| panic!("src/{path}: {error}")),
        path: path.to_owned(),
        module,
        text,
    }
}

/// The names in a file: its own items, what it re-exports, and every path it uses.
#[derive(Default)]
struct Names {
    /// Items and inline modules defined in the file.
    items: BTreeSet<String>,
    /// Names another module can import from here although they are defined elsewhere: absolute paths.
    imports: BTreeMap<String, Vec<String>>,
    /// Absolute paths used in the file, without `crate`.
    paths: Vec<Vec<String>>,
    /// Paths that may start with an imported name (`filter::Filter` after `use crate::filter`).
    relative_paths: Vec<Vec<String>>,
}

/// Collects [`Names`] of one file.
struct Collector<'a> {
    module: &'a [String],
    /// How many inline modules are open.
    inline_depth: usize,
    names: Names,
}

impl Collector<'_> {
    /// Makes a path absolute; `None` when it starts with neither `crate`, `super` nor `self`.
    fn absolute(&self, segments: &[String]) -> Option<Vec<String>> {
        let mut base = self.module.to_vec();
        let mut depth = self.inline_depth;
        let mut rest = segments;
        match rest.first()?.as_str() {
            "crate" => return Some(rest[1..].to_vec()),
            "super" | "self" => {}
            _ => return None,
        }
        while let Some(first) = rest.first() {
            match first.as_str() {
                "super" if depth > 0 => depth -= 1,
                "super" => {
                    base.pop();
                }
                "self" => {}
                _ => break,
            }
            rest = &rest[1..];
        }
        // A path that ends inside an inline module of this file stays in this file.
        if depth == 0 || rest.is_empty() {
            base.extend_from_slice(rest);
        }
        Some(base)
    }

    fn add_path(&mut self, segments: &[String]) {
        match self.absolute(segments) {
            Some(path) => self.names.paths.push(path),
            None if segments.len() > 1 => self.names.relative_paths.push(segments.to_vec()),
            None => {}
        }
    }

    fn add_use(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let with = |segment: String| [prefix, &[segment]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_use(&with(path.ident.to_string()), &path.tree),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(prefix, tree);
                }
            }
            syn::UseTree::Name(name) => self.add_import(prefix, &name.ident.to_string(), None),
            syn::UseTree::Rename(rename) => {
                let alias = Some(rename.rename.to_string());
                self.add_import(prefix, &rename.ident.to_string(), alias);
            }
            syn::UseTree::Glob(_) => self.add_path(prefix),
        }
    }

    fn add_import(&mut self, prefix: &[String], name: &str, alias: Option<String>) {
        let segments = if name == "self" {
            prefix.to_vec()
        } else {
            [prefix, &[name.to_owned()]].concat()
        };
        let Some(path) = self.absolute(&segments) else {
            return;
        };
        if self.inline_depth == 0 {
            let name = alias.unwrap_or_else(|| segments.last().expect("a segment").clone());
            self.names.imports.insert(name, path.clone());
        }
        self.names.paths.push(path);
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let name = match item {
            syn::Item::Const(item) => Some(&item.ident),
            syn::Item::Enum(item) => Some(&item.ident),
            syn::Item::Fn(item) => Some(&item.sig.ident),
            syn::Item::Mod(item) if item.content.is_some() => Some(&item.ident),
            syn::Item::Static(item) => Some(&item.ident),
            syn::Item::Struct(item) => Some(&item.ident),
            syn::Item::Trait(item) => Some(&item.ident),
            syn::Item::Type(item) => Some(&item.ident),
            _ => None,
        };
        if let Some(name) = name.filter(|_| self.inline_depth == 0) {
            self.names.items.insert(name.to_string());
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let inline = usize::from(item.content.is_some());
        self.inline_depth += inline;
        syn::visit::visit_item_mod(self, item);
        self.inline_depth -= inline;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_use(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.add_path(&segments);
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // The inside of a macro is not parsed: paths are runs of `word :: word`.
        let tokens = call.tokens.to_string();
        let words: Vec<&str> = tokens.split_whitespace().collect();
        for (index, word) in words.iter().enumerate() {
            let starts = matches!(*word, "crate" | "super") && words.get(index + 1) == Some(&"::");
            if starts && (index == 0 || words[index - 1] != "::") {
                let mut segments = vec![(*word).to_owned()];
                let mut rest = &words[index + 1..];
                while let ["::", name, ..] = rest {
                    segments.push((*name).to_owned());
                    rest = &rest[2..];
                }
                self.add_path(&segments);
            }
        }
        syn::visit::visit_macro(self, call);
    }
}

/// Which file imports which: a path is followed through re-exports to the file that defines its item.
struct Imports {
    sources: Vec<Source>,
    names: Vec<Names>,
    by_module: BTreeMap<Vec<String>, usize>,
}

impl Imports {
    fn read() -> Self {
        Self::of_sources(sources())
    }

    fn of_sources(sources: Vec<Source>) -> Self {
        let by_module = sources
            .iter()
            .enumerate()
            .filter(|(_, source)| source.path != "main.rs")
            .map(|(index, source)| (source.module.clone(), index))
            .collect();
        let names = sources
            .iter()
            .map(|source| {
                let mut collector = Collector {
                    module: &source.module,
                    inline_depth: 0,
                    names: Names::default(),
                };
                collector.visit_file(&source.syntax);
                collector.names
            })
            .collect();
        Self {
            sources,
            names,
            by_module,
        }
    }

    /// Returns the file that defines what a path names.
    fn defining_file(&self, path: &[String], depth: usize) -> Option<usize> {
        assert!(depth < 20, "re-exports that lead nowhere: {path:?}");
        let longest = (0..=path.len())
            .rev()
            .find(|n| self.by_module.contains_key(&path[..*n]))?;
        let file = self.by_module[&path[..longest]];
        let Some(name) = path.get(longest) else {
            return Some(file);
        };
        match self.names[file].imports.get(name) {
            Some(target) if !self.names[file].items.contains(name) => {
                let path = [target, &path[longest + 1..]].concat();
                self.defining_file(&path, depth + 1)
            }
            _ => Some(file),
        }
    }

    /// Returns the files that each file imports from, without itself.
    ///
    /// A `mod.rs` that only declares and re-exports imports nothing: it is a table of contents.
    fn edges(&self) -> Vec<BTreeSet<usize>> {
        let targets = |index: usize| {
            let names = &self.names[index];
            let by_import = names.relative_paths.iter().filter_map(|path| {
                let import = names.imports.get(&path[0])?;
                Some([import, &path[1..]].concat())
            });
            let paths = names.paths.iter().cloned().chain(by_import);
            let files = paths.filter_map(|path| self.defining_file(&path, 0));
            files.filter(|file| *file != index).collect()
        };
        (0..self.sources.len())
            .map(|index| {
                if self.only_declares(index) {
                    BTreeSet::new()
                } else {
                    targets(index)
                }
            })
            .collect()
    }

    fn only_declares(&self, index: usize) -> bool {
        let is_declaration = |item: &syn::Item| match item {
            syn::Item::Mod(item) => item.content.is_none(),
            syn::Item::Use(_) => true,
            _ => false,
        };
        self.sources[index].syntax.items.iter().all(is_declaration)
    }

    /// Returns the circles: sets of files that reach each other by imports, as sorted paths.
    fn circles(&self) -> Vec<Vec<&str>> {
        let edges = self.edges();
        let reachable: Vec<BTreeSet<usize>> = (0..edges.len())
            .map(|start| {
                let mut seen = BTreeSet::new();
                let mut open = vec![start];
                while let Some(file) = open.pop() {
                    open.extend(edges[file].iter().filter(|next| seen.insert(**next)));
                }
                seen
            })
            .collect();
        let circle_of = |file: usize| -> Vec<&str> {
            let members = reachable[file]
                .iter()
                .filter(|other| reachable[**other].contains(&file));
            let mut paths: Vec<&str> = members.map(|i| &*self.sources[*i].path).collect();
            paths.sort_unstable();
            paths
        };
        let circles: BTreeSet<Vec<&str>> = (0..edges.len()).map(circle_of).collect();
        circles
            .into_iter()
            .filter(|circle| circle.len() > 1)
            .collect()
    }
}

#[test]
fn a_layer_imports_only_itself_and_layers_before_it() {
    let imports = Imports::read();
    let rank = |layer: &str| LAYERS.iter().position(|l| *l == layer);
    let mut wrong = Vec::new();
    let mut count = BTreeMap::<&str, usize>::new();
    for (index, targets) in imports.edges().iter().enumerate() {
        let source = &imports.sources[index];
        if source.is_entry() {
            continue;
        }
        let layer = source.layer().expect("a layer");
        *count.entry(layer).or_default() += 1;
        let Some(from) = rank(layer) else {
            wrong.push(format!("src/{}: not in a layer of LAYERS", source.path));
            continue;
        };
        for target in targets.iter().map(|index| &imports.sources[*index]) {
            let to = target.layer().and_then(rank);
            if to.is_some_and(|to| to > from) {
                wrong.push(format!("src/{} imports src/{}", source.path, target.path));
            }
        }
    }
    println!("layers, first to last:");
    for layer in LAYERS {
        println!("  {layer:<10} {:>3} files", count.get(layer).unwrap_or(&0));
    }
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}

#[test]
fn files_import_each_other_only_where_they_are_one_thing() {
    let imports = Imports::read();
    let circles = imports.circles();
    println!("import circles: {}", circles.len());
    let mut wrong = String::new();
    for circle in &circles {
        let known = CIRCLES.iter().find(|(files, _)| files == circle);
        let reason = known.map_or("not allowed", |(_, reason)| reason);
        println!("  {} ({reason})", circle.join(" "));
        if known.is_none() || circle.len() > LARGEST_CIRCLE {
            let _ = writeln!(wrong, "{} files: {}", circle.len(), circle.join(" "));
        }
    }
    for (files, _) in CIRCLES
        .iter()
        .filter(|(files, _)| !circles.iter().any(|c| c == files))
    {
        let _ = writeln!(
            wrong,
            "no longer a circle, take it out of CIRCLES: {files:?}"
        );
    }
    assert!(wrong.is_empty(), "import circles:\n{wrong}");
}

#[test]
fn the_first_page_lists_the_layers_in_order() {
    let page = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let listed: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .map(|line| line.replace("[`", "`"))
        .filter_map(|line| {
            let (number, rest) = line.split_once(". `")?;
            Some((number.to_owned(), rest.to_owned()))
        })
        .filter(|(number, _)| number.parse::<usize>().is_ok())
        .filter_map(|(_, rest)| Some(rest.split_once('`')?.0.to_owned()))
        .collect();
    assert_eq!(listed, LAYERS);
}

/// The tokens of a file as one line of words, so that comments and strings do not count.
struct Words {
    paths: Vec<String>,
    has_unsafe: bool,
}

impl<'ast> Visit<'ast> for Words {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.paths.push(segments.join("::"));
        syn::visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        flatten("", &item.tree, &mut self.paths);
    }

    fn visit_expr_unsafe(&mut self, _: &'ast syn::ExprUnsafe) {
        self.has_unsafe = true;
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let tokens = call.tokens.to_string().replace(" :: ", "::");
        self.paths
            .extend(tokens.split_whitespace().map(str::to_owned));
        let path = &call.path;
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.paths.push(segments.join("::"));
    }
}

fn flatten(prefix: &str, tree: &syn::UseTree, paths: &mut Vec<String>) {
    match tree {
        syn::UseTree::Path(path) => {
            flatten(&format!("{prefix}{}::", path.ident), &path.tree, paths);
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                flatten(prefix, tree, paths);
            }
        }
        syn::UseTree::Name(name) => paths.push(format!("{prefix}{}", name.ident)),
        syn::UseTree::Rename(rename) => paths.push(format!("{prefix}{}", rename.ident)),
        syn::UseTree::Glob(_) => paths.push(format!("{prefix}*")),
    }
}

fn words(source: &Source) -> Words {
    let mut words = Words {
        paths: Vec::new(),
        has_unsafe: false,
    };
    words.visit_file(&source.syntax);
    words
}

/// Returns where a path that `matches` is used outside of the `allowed` modules.
fn paths_outside(allowed: &[&str], matches: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        if allowed.iter().any(|module| source.is_within(module)) {
            continue;
        }
        for path in words(&source).paths.iter().filter(|path| matches(path)) {
            found.push(format!("src/{}: {path}", source.path));
        }
    }
    found
}

#[test]
fn a_library_of_the_system_is_used_in_one_place() {
    for (library, doors) in [
        ("netstat2", &["collect/portable"][..]),
        ("sysinfo", &["collect/portable"]),
        (
            "crossterm",
            &["runtime", "tui/input", "tui/update", "tui/keys"],
        ),
        ("ratatui", &["runtime", "tui/theme", "tui/widgets"]),
        ("nix", &["lessons/lab/raw_sockopt"]),
        ("libc", &["lessons/lab/raw_sockopt"]),
        ("clap", &["commands", "runtime/fault"]),
    ] {
        let prefix = format!("{library}::");
        let wrong = paths_outside(doors, |path| path.starts_with(&prefix));
        assert!(wrong.is_empty(), "{library}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn clocks_files_and_sockets_are_read_only_where_the_outside_is_met() {
    let outside = [
        "Instant::now",
        "SystemTime",
        "Timestamp::now",
        "Zoned::now",
        "fs",
        "TcpListener",
        "TcpStream",
        "UdpSocket",
        "Command",
        "rustix",
    ];
    let allowed = [
        "collect",
        "recording/file",
        "lessons/lab",
        "runtime",
        "commands",
    ];
    let wrong = paths_outside(&allowed, |path| {
        let std_path = path.strip_prefix("std::");
        let named = |word: &&str| {
            path.ends_with(&format!("::{word}"))
                || path == *word
                || path.starts_with(&format!("{word}::"))
        };
        match std_path {
            Some(rest) => outside
                .iter()
                .any(|word| rest.split("::").any(|part| part == *word)),
            None => outside[..4].iter().any(named) || path.starts_with("rustix::"),
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_unsafe() {
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| words(source).has_unsafe)
        .map(|source| source.path.clone())
        .collect();
    assert_eq!(wrong, [""; 0]);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_licences_and_the_ci_script_are_there() {
    for needed in ["LICENSE-MIT", "LICENSE-APACHE", ".ci/run", "Cargo.lock"] {
        assert!(Path::new(&root().join(needed)).is_file(), "{needed}");
    }
}

/// Builds the graph of a small tree given as (path, text).
fn imports_of(files: &[(&str, &str)]) -> Imports {
    let sources = files
        .iter()
        .map(|(path, text)| source(path, (*text).to_owned()));
    Imports::of_sources(sources.collect())
}

#[test]
fn a_circle_through_a_re_export_is_found() {
    let imports = imports_of(&[
        ("lib.rs", "pub mod a;"),
        (
            "a/mod.rs",
            "mod b; mod c; pub use b::B; pub use self::b::B as Other;",
        ),
        ("a/b.rs", "use super::c::C; pub struct B(C);"),
        (
            "a/c.rs",
            "pub struct C; fn f() { let _ = matches!(1, crate::a::Other::X); }",
        ),
    ]);
    assert_eq!(imports.circles(), [["a/b.rs", "a/c.rs"]]);
}

#[test]
fn a_table_of_contents_makes_no_circle() {
    let imports = imports_of(&[
        ("lib.rs", "pub mod a;"),
        (
            "a/mod.rs",
            "mod b; mod c; pub use self::b::B; pub use self::c::C;",
        ),
        ("a/b.rs", "pub struct B;"),
        ("a/c.rs", "use super::B; pub struct C(B);"),
    ]);
    assert!(imports.circles().is_empty());
    let with_code = imports_of(&[
        ("lib.rs", "pub mod a;"),
        ("a/mod.rs", "mod c; use self::c::C; pub struct A(C);"),
        ("a/c.rs", "use super::A; pub struct C;"),
    ]);
    assert_eq!(with_code.circles(), [["a/c.rs", "a/mod.rs"]]);
}
