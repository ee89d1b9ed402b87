//! The keys of a lesson, in the last line: those that matter on the page.

use crate::tui::state::lessons::{
    LessonsPage, LessonsState, MAX_WAIT_SAMPLES, Session, SessionPhase,
};

/// Keys and words, the most useful first.
pub(crate) fn footer_keys(lessons: &LessonsState) -> Vec<(&'static str, &'static str)> {
    let LessonsPage::Session(session) = &lessons.page else {
        return vec![
            ("Enter", "begin"),
            ("↑↓", "choose"),
            ("Esc", "to the chart"),
            ("P", "present"),
            ("q", "quit"),
        ];
    };
    if session.background.is_some() {
        return vec![("Esc", "back"), ("PgDn", "more"), ("q", "quit")];
    }
    let mut keys = match session.phase {
        SessionPhase::Intro => vec![("Enter", "begin"), ("w", "why")],
        SessionPhase::Question => vec![("Enter", "answer"), ("i", "a hint"), ("w", "why")],
        SessionPhase::Ready => vec![("Enter", "do it"), ("w", "why")],
        SessionPhase::WaitingForRows if session.samples_waited >= MAX_WAIT_SAMPLES => {
            vec![("Enter", "go on"), ("a", "again"), ("w", "why")]
        }
        SessionPhase::WaitingForRows => vec![("a", "again"), ("w", "why")],
        SessionPhase::Feedback | SessionPhase::Explanation => {
            vec![("Enter", "go on"), ("w", "why")]
        }
        SessionPhase::Unavailable | SessionPhase::End => {
            vec![("Enter", "go on"), ("w", "why"), ("a", "again")]
        }
    };
    if session.shows_table() {
        keys.push(("n", "numbers, states"));
    }
    keys.extend([("Esc", escape_label(session)), ("?", "help"), ("q", "quit")]);
    keys
}

const fn escape_label(session: &Session) -> &'static str {
    match session.phase {
        SessionPhase::End => "lessons",
        _ => "leave",
    }
}
