//! Formats how long ago something was, or how soon it is due.

use std::time::Duration;

use crate::text::units;

/// When something ended: `2s ago`.
pub(crate) fn format_ago(passed: Duration) -> String {
    match passed.as_secs() {
        0 => "less than a second ago".into(),
        _ => format!("{} ago", units::age(passed)),
    }
}
/// When something is due: `in 2s`.
pub(super) fn format_due_in(left: Duration) -> String {
    match left.as_secs() {
        0 => "within a second".into(),
        _ => format!("in {}", units::age(left)),
    }
}
