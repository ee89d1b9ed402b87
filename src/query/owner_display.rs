//! Describes the owner of a socket, or why none is known.

use std::sync::Arc;

use super::group::UnownedReason;
use super::summary::{GroupSummary, HolderStatus};
use crate::history::{Moment, Ownership, TrackedSocket};
use crate::net::process::{Holder, Process, ProcessKey, Uid, distinct_processes};
use crate::net::snapshot::Directory;
use crate::net::socket::TcpState;
use crate::text::phrase::Phrase;

/// Describes the owner of a row.
pub(crate) fn describe_owner(row: &TrackedSocket, moment: &Moment) -> Phrase {
    let directory = &moment.directory;
    match &row.ownership {
        Ownership::Known(list) => Phrase::fact(format_holders(list, directory)),
        Ownership::Former(list) => {
            Phrase::inference(format!("(was {})", format_holders(list, directory)))
        }
        Ownership::FromListener(list) => {
            Phrase::inference(format!("(listener: {})", format_holders(list, directory)))
        }
        Ownership::Unaccepted => Phrase::fact(unaccepted_text(row.socket.tcp_state())),
        Ownership::Kernel => Phrase::fact("closing, no process"),
        Ownership::Hidden => {
            let hidden = describe_unowned(UnownedReason::Hidden(row.socket.uid), moment);
            let cgroup = row.socket.cgroup.and_then(|id| directory.cgroups.get(&id));
            match cgroup.and_then(|c| c.container.as_ref().or(c.unit.as_ref())) {
                Some(cgroup) => Phrase::unknown(format!("{}, {cgroup}", hidden.text)),
                None => hidden,
            }
        }
        Ownership::NotFound => Phrase::unknown("too brief to identify"),
        Ownership::Pending => Phrase::unknown("searching for the owner"),
        Ownership::Unsupported => Phrase::unknown("owner not reported"),
    }
}

/// Describes a connection without a process yet.
pub(crate) const fn unaccepted_text(state: Option<TcpState>) -> &'static str {
    match state {
        Some(TcpState::SynReceived) => "handshake not finished",
        _ => "not accepted yet",
    }
}

/// Formats the processes that hold one socket. A child process inherits its parent's descriptors;
/// processes otherwise related had a descriptor passed to them.
pub(crate) fn format_holders(list: &[Holder], directory: &Directory) -> String {
    let keys: Vec<ProcessKey> = distinct_processes(list).collect();
    match keys[..] {
        [] => "no process".into(),
        [one] => process_label(one, directory),
        [first, ref rest @ ..] => match common_parent(&keys, directory) {
            Some(parent) => {
                let children = if keys.len() == 2 { "child" } else { "children" };
                format!(
                    "{} and {} {children}",
                    process_label(parent, directory),
                    keys.len() - 1
                )
            }
            None => format!(
                "{} and {} more",
                process_label(first, directory),
                rest.len()
            ),
        },
    }
}

/// Formats several owners for narrow columns: `nginx ×5`, or `5 processes` if their names differ.
pub(crate) fn format_owners_short(row: &TrackedSocket, moment: &Moment) -> Option<String> {
    let Ownership::Known(list) = &row.ownership else {
        return None;
    };
    let keys: Vec<ProcessKey> = distinct_processes(list).collect();
    let name = |key: &ProcessKey| Some(&moment.directory.processes.get(key)?.name);
    match &keys[..] {
        [] | [_] => None,
        [first, rest @ ..] => Some(match name(first) {
            Some(shared) if rest.iter().all(|key| name(key) == Some(shared)) => {
                format!("{shared} ×{}", keys.len())
            }
            _ => format!("{} processes", keys.len()),
        }),
    }
}

/// Returns the process that is the parent of all others.
fn common_parent(keys: &[ProcessKey], directory: &Directory) -> Option<ProcessKey> {
    let process = |key: &ProcessKey| directory.processes.get(key);
    keys.iter().copied().find(|candidate| {
        keys.iter()
            .filter(|key| *key != candidate)
            .all(|key| process(key).and_then(|p: &Arc<Process>| p.parent) == Some(candidate.pid))
    })
}

fn process_label(key: ProcessKey, directory: &Directory) -> String {
    match directory.processes.get(&key) {
        Some(process) => format!("{} {}", process.name, key.pid),
        None => format!("pid {}", key.pid),
    }
}

/// Describes the processes of a group, most numerous first: `nginx ×5, curl ×1`.
pub(crate) fn describe_processes(summary: &GroupSummary, moment: &Moment) -> Phrase {
    let hidden: Vec<&(UnownedReason, u32)> = summary
        .unowned
        .iter()
        .filter(|(reason, _)| matches!(reason, UnownedReason::Hidden(_)))
        .collect();
    let Some(first) = summary.processes.first() else {
        // A hidden owner says more about a port than the closing sockets of the kernel.
        if let [_, _, ..] = hidden[..] {
            return Phrase::unknown(format!("hidden ({} users)", hidden.len()));
        }
        let reason = hidden.first().copied().or(summary.unowned.first());
        return reason.map_or(Phrase::unknown(""), |(reason, _)| {
            describe_unowned(*reason, moment)
        });
    };
    let several = summary.processes.len() > 1;
    let names: Vec<String> = summary
        .processes
        .iter()
        .map(|p| {
            if p.count > 1 || several {
                format!("{} ×{}", p.name, p.count)
            } else {
                format!("{} {}", p.name, p.pid)
            }
        })
        .collect();
    let mut names = names.join(", ");
    if !hidden.is_empty() {
        let sockets: u32 = hidden.iter().map(|(_, n)| n).sum();
        names.push_str(&format!(", {sockets} hidden"));
    }
    match first.status {
        HolderStatus::Current => Phrase::fact(names),
        HolderStatus::Former => Phrase::inference(format!("(was {names})")),
    }
}

/// Describes why sockets have no process.
pub(crate) fn describe_unowned(reason: UnownedReason, moment: &Moment) -> Phrase {
    match reason {
        UnownedReason::Unaccepted => Phrase::fact("not accepted yet"),
        UnownedReason::Kernel => Phrase::fact("closing, no process"),
        UnownedReason::Hidden(_) if can_see_all_processes(moment) => {
            Phrase::unknown("no owner found")
        }
        UnownedReason::Hidden(uid) => {
            let name = uid.and_then(|uid| moment.directory.users.get(&uid));
            Phrase::unknown(match (name, uid) {
                (Some(name), _) => format!("hidden ({name})"),
                (None, Some(uid)) => format!("hidden (user {uid})"),
                (None, None) => "hidden".into(),
            })
        }
        UnownedReason::NotFound => Phrase::unknown("too brief to identify"),
        UnownedReason::Pending => Phrase::unknown("searching for the owner"),
        UnownedReason::Unsupported => Phrase::unknown("owner not reported"),
    }
}

/// Returns whether the observer is root and so may inspect the processes of all users. What is hidden from
/// root is not hidden by another user's permissions.
pub(crate) fn can_see_all_processes(moment: &Moment) -> bool {
    moment.observer.uid == Some(Uid(0))
}
