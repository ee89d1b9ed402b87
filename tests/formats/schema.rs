//! The documentation of JSON as a schema that values are checked against.

use std::collections::{BTreeMap, BTreeSet};

use portolan::output::help::json_schema;
use serde_json::Value;

/// The documentation of one field.
#[derive(Clone, Debug)]
struct FieldRule {
    kind: String,
    /// Whether it can be null.
    nullable: bool,
    /// Whether it can be omitted.
    optional: bool,
}

/// The fields of one kind of document, by path.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    rules: BTreeMap<String, FieldRule>,
    /// The paths at which a value other than null was found.
    seen: BTreeSet<String>,
}

impl Schema {
    /// Parses the part of the documentation under a heading.
    pub(crate) fn under_heading(heading: &str) -> Self {
        let documentation = json_schema();
        let lines = documentation
            .lines()
            .skip_while(|line| *line != heading)
            .skip(1);
        let rules: BTreeMap<String, FieldRule> = lines
            .take_while(|line| line.starts_with("  "))
            .map(|line| {
                let mut words = line.split_whitespace();
                let mut word = || {
                    words
                        .next()
                        .unwrap_or_else(|| panic!("too short: {line:?}"))
                };
                let (path, kind) = (word(), word());
                assert!(words.next().is_some(), "no description of {path}");
                let rule = FieldRule {
                    kind: kind.trim_end_matches(['?', '-']).to_owned(),
                    nullable: kind.contains('?'),
                    optional: kind.contains('-'),
                };
                (path.to_owned(), rule)
            })
            .collect();
        assert!(!rules.is_empty(), "no field under {heading}");
        Self {
            rules,
            seen: BTreeSet::new(),
        }
    }

    /// Returns the schema of one socket, as in a line of NDJSON.
    pub(crate) fn for_sockets() -> Self {
        let mut schema = Self::under_heading("LIST");
        let part = |(path, rule): (String, FieldRule)| {
            Some((path.strip_prefix("sockets[].")?.to_owned(), rule))
        };
        schema.rules = std::mem::take(&mut schema.rules)
            .into_iter()
            .filter_map(part)
            .collect();
        schema
    }

    /// Returns the schema of an event, with the fields of its socket under `socket.`.
    pub(crate) fn for_events() -> Self {
        let mut schema = Self::under_heading("WATCH");
        let sockets = Self::for_sockets().rules.into_iter();
        schema
            .rules
            .extend(sockets.map(|(path, rule)| (format!("socket.{path}"), rule)));
        schema
    }

    /// Checks a value against the documentation; panics if they differ.
    pub(crate) fn check(&mut self, document: &Value) {
        self.check_object("", document);
    }

    /// Returns the documented fields that never had a value, except these.
    pub(crate) fn unseen(&self, except: &[&str]) -> Vec<&str> {
        let paths = self.rules.keys().map(String::as_str);
        paths
            .filter(|path| !self.seen.contains(*path) && !except.contains(path))
            .collect()
    }

    fn check_object(&mut self, path: &str, value: &Value) {
        let fields = value
            .as_object()
            .unwrap_or_else(|| panic!("{path}: not an object: {value}"));
        let path_of = |name: &str| match path {
            "" => name.to_owned(),
            _ => format!("{path}.{name}"),
        };
        for (name, value) in fields {
            self.check_value(&path_of(name), value);
        }
        // Every required field is present.
        let parent = |at: &str| at.rfind('.').map_or("", |dot| &at[..dot]).to_owned();
        for (rule_path, rule) in &self.rules {
            if rule.optional || rule_path.ends_with("[]") || parent(rule_path) != path {
                continue;
            }
            let name = rule_path.rsplit('.').next().unwrap_or(rule_path);
            let name = name.trim_end_matches("[]");
            assert!(
                fields.contains_key(name),
                "{rule_path} is missing in {value}"
            );
        }
    }

    fn check_value(&mut self, path: &str, value: &Value) {
        // Objects and lists may be documented by their members only.
        let has_members = |separator: &str| {
            let prefix = format!("{path}{separator}");
            self.rules.keys().any(|p| p.starts_with(&prefix))
        };
        let (is_list, is_object) = (has_members("[]"), has_members("."));
        match self.rules.get(path).cloned() {
            None => assert!(is_list || is_object, "{path} is not documented: {value}"),
            Some(rule) if value.is_null() => {
                assert!(rule.nullable, "{path} must not be null");
                return;
            }
            Some(rule) => {
                let fits = match &*rule.kind {
                    "integer" => value.is_u64(),
                    "text" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "time" => value.as_str().is_some_and(is_time),
                    "object" => value.is_object(),
                    "list" => value.is_array(),
                    other => panic!("{path}: unknown type {other:?}"),
                };
                assert!(fits, "{path} is not of type {}: {value}", rule.kind);
                self.seen.insert(path.to_owned());
            }
        }
        if is_list {
            let members = value
                .as_array()
                .unwrap_or_else(|| panic!("{path}: not a list: {value}"));
            let path = format!("{path}[]");
            for member in members {
                if member.is_object() {
                    self.check_object(&path, member);
                } else {
                    self.check_value(&path, member);
                }
            }
        } else if is_object {
            self.check_object(path, value);
        }
    }
}

/// Returns whether the text is RFC 3339 in UTC with milliseconds.
fn is_time(text: &str) -> bool {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed.is_ok() && text.ends_with('Z') && text.len() == "2026-11-23T12:00:00.123Z".len()
}
