//! Tests of the filter language: what matches, what does not parse, and properties of all filters.

mod ended;
mod fixture;
mod matching;
mod parse_errors;
mod properties;
mod requirements;
mod unknown_owner;

use super::*;

#[test]
fn grammar_lists_every_keyword() {
    let grammar = grammar();
    let rows = KEYWORDS
        .iter()
        .map(|k| format!("  {:<12} {}", k.name, k.description));
    let words = rows.collect::<Vec<_>>().join("\n");
    assert!(
        grammar.contains(&words),
        "grammar.txt should list:\n{words}"
    );
}

#[test]
fn grammar_fits_80_columns() {
    assert!(grammar().lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn every_field_example_parses_to_its_field() {
    for field in Field::filters_in_order() {
        let filter =
            Filter::parse(field.example()).unwrap_or_else(|e| panic!("{}: {e}", field.example()));
        let ast::NodeKind::Condition(condition) = &filter.root().unwrap().kind else {
            panic!("{}", field.example());
        };
        assert_eq!(condition.field(), Some(field.kind), "{}", field.example());
        assert!(
            field
                .operators()
                .iter()
                .any(|sign| field.example().contains(sign))
        );
    }
    for keyword in &KEYWORDS {
        for word in [keyword.name].iter().chain(keyword.aliases) {
            assert_eq!(Filter::parse(word), Filter::parse(keyword.name), "{word}");
        }
    }
    // Keywords described by a condition, such as `proto:tcp`, parse to the same filter.
    for keyword in KEYWORDS
        .iter()
        .filter(|k| k.description.contains(':') && !k.description.contains(' '))
    {
        assert_eq!(
            Filter::parse(keyword.name),
            Filter::parse(keyword.description)
        );
    }
}

#[test]
fn names_and_aliases_are_unique() {
    let mut names: Vec<&str> = FIELDS
        .iter()
        .flat_map(Field::names)
        .chain(
            KEYWORDS
                .iter()
                .flat_map(|k| [k.name].into_iter().chain(k.aliases.iter().copied())),
        )
        .chain(["and", "or", "not"])
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn every_listed_value_parses() {
    for field in Field::filters_in_order() {
        for value in field.values() {
            assert!(
                Filter::parse(&format!("{}:{value}", field.name)).is_ok(),
                "{value}"
            );
        }
    }
}

#[test]
fn empty_text_is_the_empty_filter() {
    for text in ["", " \t ", "\n"] {
        let filter = Filter::parse(text).unwrap();
        assert!(filter.is_empty());
        assert_eq!(filter, Filter::default());
        assert_eq!(filter.to_string(), "");
    }
    assert!(!Filter::parse("a").unwrap().is_empty());
}

#[test]
fn every_node_has_its_span() {
    fn collect_spans(text: &str, node: &ast::Node, out: &mut Vec<String>) {
        out.push(text[node.span.clone()].to_owned());
        match &node.kind {
            ast::NodeKind::And(children) | ast::NodeKind::Or(children) => {
                children
                    .iter()
                    .for_each(|child| collect_spans(text, child, out));
            }
            ast::NodeKind::Not(inner) => collect_spans(text, inner, out),
            ast::NodeKind::Condition(_) => {}
        }
    }
    let text = r#" a  -(port > 80 or é)  b"#;
    let filter = Filter::parse(text).unwrap();
    let mut out = Vec::new();
    collect_spans(text, filter.root().unwrap(), &mut out);
    assert_eq!(
        out,
        [
            "a  -(port > 80 or é)  b",
            "a",
            "-(port > 80 or é)",
            "(port > 80 or é)",
            "port > 80",
            "é",
            "b"
        ]
    );
}

#[test]
fn printed_form_is_normalized() {
    for (text, printed) in [
        ("8080", "port:8080"),
        (":80,443", "port:80,443"),
        ("443/TCP", "443/tcp"),
        ("a b and c or d", "a b c or d"),
        ("a (b c)", "a (b c)"),
        ("(a or b) c", "(a or b) c"),
        ("((a))", "a"),
        ("-a !b not not c", "not a not b not not c"),
        ("not (a b)", "not (a b)"),
        ("Nginx", "nginx"),
        (
            "\"tcp\" \"80\" \"nginx\" \"my app\"",
            "\"tcp\" \"80\" nginx \"my app\"",
        ),
        ("tw", "state:time-wait"),
        ("TCP", "proto:tcp"),
        ("estab", "established"),
        ("sport = 22", "lport:22"),
        ("age>90m", "age>90m"),
        ("age > 120s", "age>2m"),
        ("age:0-1.5s", "age:0s-1500ms"),
        ("rtt<=250µs", "rtt<=250us"),
        ("sendq>=1MiB", "sendq>=1048576"),
        ("10.1.2.3/8", "addr:10.0.0.0/8"),
        ("::ffff:10.0.0.0/104", "addr:10.0.0.0/8"),
        ("[::1]:80", "[::1]:80"),
        ("host:10.,::1", "host:\"10.\",::1"),
        ("proc~^py", "proc~^py"),
        (r#"proc~(a|b)\d"#, r#"proc~"(a|b)\\d""#),
        (r#"cmd:"-m x""#, r#"cmd:"-m x""#),
        ("reach:loopback,eth0", "reach:this-machine,\"eth0\""),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(filter.to_string(), printed, "{text}");
        assert_eq!(Filter::parse(printed).as_ref(), Ok(&filter), "{text}");
    }
}
