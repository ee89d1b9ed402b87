//! Wording shared by several rules: the process concerned, amounts.

use std::sync::Arc;

use super::finding::{Finding, FindingOwner};
use crate::history::{Moment, Ownership, TrackedSocket};
use crate::net::endpoint::AddressScope;
use crate::query::listener_lookup::find_listener;
use crate::text::units::bytes;

/// Returns the process as the subject of a sentence, and the one that can fix it.
pub(crate) fn responsible_process(finding: &Finding, moment: &Moment) -> (String, String) {
    let process_label =
        |key: crate::net::process::ProcessKey| match moment.directory.processes.get(&key) {
            Some(process) => format!("{} {}", process.name, key.pid),
            None => format!("process {}", key.pid),
        };
    let row = finding.slot.and_then(|slot| moment.row(slot));
    let one = match finding.owner {
        FindingOwner::Multiple => {
            let text = "the program here (in several processes)";
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
            let text = "the listener's program, which has not accepted it,";
            (text.into(), "that program".into())
        }
        None => match user {
            Some(user) => (format!("a program of user {user}"), "that program".into()),
            None => ("the program here".into(), "that program".into()),
        },
    }
}

/// Returns the listener that the longest unanswered SYN is for, if it is on this machine and its
/// accept queue is full.
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

/// Capitalizes a generic subject at the beginning of a sentence; keeps a process name as it is.
pub(crate) fn capitalize(text: &str) -> String {
    let generic = ["the program", "a program", "the listener's program"];
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if generic.iter().any(|start| text.starts_with(start)) => {
            first.to_uppercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

/// Formats bytes, with ` B` below 1000: `832 B`, `4.1K`.
pub(crate) fn format_bytes_with_unit(count: u64) -> String {
    let unit = if count < 1000 { " B" } else { "" };
    format!("{}{unit}", bytes(count))
}
