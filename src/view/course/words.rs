//! The keys of a lesson, in the last line: those that matter on the page.

use super::{Course, Opened, PATIENCE, Sitting, Stage};

/// Keys and words, the most useful first.
pub(in crate::view) fn said_of_keys(course: &Course) -> Vec<(&'static str, &'static str)> {
    let Opened::Sitting(sitting) = &course.opened else {
        return vec![
            ("Enter", "begin"),
            ("↑↓", "choose"),
            ("Esc", "to the chart"),
            ("P", "present"),
            ("q", "quit"),
        ];
    };
    if sitting.why.is_some() {
        return vec![("Esc", "back"), ("PgDn", "more"), ("q", "quit")];
    }
    let mut keys = match sitting.stage {
        Stage::Idea => vec![("Enter", "begin"), ("w", "why")],
        Stage::Ask => vec![("Enter", "answer"), ("i", "a hint"), ("w", "why")],
        Stage::Ready => vec![("Enter", "do it"), ("w", "why")],
        Stage::Watching if sitting.waited >= PATIENCE => {
            vec![("Enter", "go on"), ("a", "again"), ("w", "why")]
        }
        Stage::Watching => vec![("a", "again"), ("w", "why")],
        Stage::Verdict | Stage::Meaning => vec![("Enter", "go on"), ("w", "why")],
        Stage::Lacking | Stage::End => vec![("Enter", "go on"), ("w", "why"), ("a", "again")],
    };
    if sitting.shows_table() {
        keys.push(("n", "numbers, states"));
    }
    keys.extend([("Esc", leaving(sitting)), ("?", "help"), ("q", "quit")]);
    keys
}

const fn leaving(sitting: &Sitting) -> &'static str {
    match sitting.stage {
        Stage::End => "lessons",
        _ => "leave",
    }
}
