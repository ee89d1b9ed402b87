//! The footer in lessons: the keys that matter on the page.

use crate::tui::state::lessons::{
    LessonsPage, LessonsState, MAX_WAIT_SAMPLES, Session, SessionPhase,
};

/// Returns keys and their labels, the most useful first.
pub(crate) fn footer_keys(lessons: &LessonsState) -> Vec<(&'static str, &'static str)> {
    let LessonsPage::Session(session) = &lessons.page else {
        return vec![
            ("Enter", "begin"),
            ("↑↓", "choose"),
            ("Esc", "dashboard"),
            ("P", "present"),
            ("q", "quit"),
        ];
    };
    if session.background.is_some() {
        return vec![("Esc", "back"), ("PgDn", "more"), ("q", "quit")];
    }
    let mut keys = match session.phase {
        SessionPhase::Intro => vec![("Enter", "begin"), ("w", "why")],
        SessionPhase::Question => vec![("Enter", "answer"), ("i", "hint"), ("w", "why")],
        SessionPhase::Ready => vec![("Enter", "run"), ("w", "why")],
        SessionPhase::WaitingForRows if session.samples_waited >= MAX_WAIT_SAMPLES => {
            vec![("Enter", "continue"), ("a", "restart"), ("w", "why")]
        }
        SessionPhase::WaitingForRows => vec![("a", "restart"), ("w", "why")],
        SessionPhase::Feedback | SessionPhase::Explanation => {
            vec![("Enter", "continue"), ("w", "why")]
        }
        SessionPhase::Unavailable | SessionPhase::End => {
            vec![("Enter", "continue"), ("w", "why"), ("a", "restart")]
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
