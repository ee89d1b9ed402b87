//! Tests of the table itself: every row is whole, and every name leads to one row.

use std::collections::BTreeSet;

use super::*;

#[test]
fn names_and_aliases_are_unique() {
    let mut known = BTreeSet::new();
    for name in FIELDS.iter().flat_map(Field::names) {
        assert!(known.insert(name), "{name} is there twice");
        assert_eq!(name, name.to_ascii_lowercase());
        assert!(Field::find(&name.to_uppercase()).is_some());
    }
}

#[test]
fn every_field_is_described_and_every_absence_has_a_reason() {
    for field in &FIELDS {
        assert!(!field.description.is_empty(), "{}", field.name);
        let reasons = [
            match field.filter {
                FilterUse::No(reason) => Some(reason),
                FilterUse::Example(_) => None,
            },
            match field.print {
                PrintUse::No(reason) => Some(reason),
                PrintUse::Column(_) => None,
            },
            match field.sort {
                SortUse::No(reason) => Some(reason),
                SortUse::Sorts | SortUse::OverTime => None,
            },
            match field.json {
                JsonUse::No(reason) => Some(reason),
                JsonUse::At(_) | JsonUse::Value(..) => None,
            },
        ];
        let empty = reasons.into_iter().flatten().any(str::is_empty);
        assert!(
            !empty,
            "{}: a use is missing and no reason is given",
            field.name
        );
    }
}

#[test]
fn kinds_carry_the_name_of_their_field() {
    for field in &FIELDS {
        match field.kind {
            FieldKind::Number(number) => assert_eq!(number.name, field.name),
            FieldKind::Text(text) => assert_eq!(text.name, field.name),
            _ => {}
        }
        if field.is_filter() {
            assert_eq!(Field::for_kind(field.kind), Some(field));
        }
    }
}

#[test]
fn column_headings_are_names_of_their_fields() {
    for field in &FIELDS {
        if let Some(column) = field.column() {
            assert!(
                field.names().any(|name| name == column.name),
                "{}",
                field.name
            );
            assert!(column.min_width > 0 && !column.description.is_empty());
        }
    }
}

/// Programs read CSV by place: these columns stay where they have been since the first version.
#[test]
fn csv_columns_of_the_first_version_keep_their_places() {
    const FIRST_VERSION: [&str; 34] = [
        "protocol",
        "family",
        "state",
        "side",
        "port",
        "service",
        "local",
        "laddr",
        "lport",
        "remote",
        "raddr",
        "rport",
        "host",
        "interface",
        "owner",
        "process",
        "pid",
        "peer",
        "command",
        "user",
        "uid",
        "unit",
        "container",
        "recvq",
        "sendq",
        "waiting",
        "backlog",
        "rtt",
        "retrans",
        "sent",
        "received",
        "congestion",
        "inode",
        "cookie",
    ];
    let names: Vec<&str> = columns().map(|column| column.name).collect();
    assert_eq!(names[..FIRST_VERSION.len()], FIRST_VERSION);
    let appended = ["reach", "ppid", "delivery-rate", "drops"];
    assert_eq!(names[FIRST_VERSION.len()..][..appended.len()], appended);
}

#[test]
fn owner_words_are_those_of_the_rows() {
    use crate::history::Ownership;
    let words = Field::find("owner").map(Field::values).unwrap_or_default();
    for ownership in [
        Ownership::Unaccepted,
        Ownership::Kernel,
        Ownership::Hidden,
        Ownership::NotFound,
        Ownership::Pending,
        Ownership::Unsupported,
    ] {
        assert!(words.contains(&socket_view::owner_status_of(&ownership)));
    }
}
