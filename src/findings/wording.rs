//! Words that several rules use: who it is, how much it is.

use std::sync::Arc;

use super::finding::{Finding, FindingOwner};
use crate::history::{Moment, Ownership, TrackedSocket};
use crate::net::endpoint::AddressScope;
use crate::query::listener_lookup::find_listener;
use crate::text::units::bytes;

/// Who does something, and who alone can do something about it.
pub(crate) fn responsible_process(finding: &Finding, moment: &Moment) -> (String, String) {
    let process_label =
        |key: crate::net::process::ProcessKey| match moment.directory.processes.get(&key) {
            Some(process) => format!("{} {}", process.name, key.pid),
            None => format!("process {}", key.pid),
        };
    let row = finding.slot.and_then(|slot| moment.row(slot));
    let one = match finding.owner {
        FindingOwner::Multiple => {
            let text = "the program here (of several processes)";
            return (text.into(), "the process that holds each".into());
        }
        FindingOwner::Process(key) => Some(key),
        FindingOwner::Unknown => None,
    };
    let is_unaccepted = row.is_some_and(|row| row.ownership == Ownership::Unaccepted);
    let hidden = row.filter(|row| row.ownership == Ownership::Hidden);
    let user =
        hidden
            .and_then(|row| row.socket.uid)
            .map(|uid| match moment.directory.users.get(&uid) {
                Some(name) => name.to_string(),
                None => uid.to_string(),
            });
    match one.map(process_label) {
        Some(name) => (name.clone(), name),
        None if is_unaccepted => {
            let text = "the listener's program, which has not even accepted,";
            (text.into(), "that program".into())
        }
        None => match user {
            Some(user) => (format!("a program of user {user}"), "that program".into()),
            None => ("the program here".into(), "that program".into()),
        },
    }
}

/// The listener that the call which has waited longest goes to, if it is here and can take no more.
pub(crate) fn full_local_listener<'a>(
    finding: &Finding,
    moment: &'a Moment,
) -> Option<&'a Arc<TrackedSocket>> {
    let row = moment.row(finding.slot?)?;
    let remote = row.socket.remote?;
    let is_local = remote.scope() == AddressScope::Loopback
        || remote.canonical_ip() == row.socket.local.canonical_ip();
    let listener = find_listener(remote, row.socket.protocol(), moment).filter(|_| is_local)?;
    listener.socket.accept_queue.filter(|b| b.is_full())?;
    Some(listener)
}

/// As the beginning of a sentence; a program's own name stays as it is.
pub(crate) fn capitalize(text: &str) -> String {
    let words = ["the program", "a program", "the listener's program"];
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if words.iter().any(|word| text.starts_with(word)) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// With its unit where it has no letter for it: `832 B`, `4.1K`.
pub(crate) fn format_bytes_with_unit(count: u64) -> String {
    let unit = if count < 1000 { " B" } else { "" };
    format!("{}{unit}", bytes(count))
}
