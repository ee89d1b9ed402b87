//! Formats the time since an event or until one.

use std::time::Duration;

use crate::text::units;

/// Formats the time since an event: `2s ago`.
pub(crate) fn format_ago(passed: Duration) -> String {
    match passed.as_secs() {
        0 => "less than a second ago".into(),
        _ => format!("{} ago", units::age(passed)),
    }
}

/// Formats the time until an event: `in 2s`.
pub(super) fn format_due_in(left: Duration) -> String {
    match left.as_secs() {
        0 => "within a second".into(),
        _ => format!("in {}", units::age(left)),
    }
}
