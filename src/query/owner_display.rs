//! Whose it is, in words; or why it is nobody's.

use std::sync::Arc;

use super::group::UnownedReason;
use super::summary::{GroupSummary, HolderStatus};
use crate::history::{Moment, Ownership, TrackedSocket};
use crate::net::process::{Holder, Process, ProcessKey, Uid, distinct_processes};
use crate::net::snapshot::Directory;
use crate::net::socket::TcpState;
use crate::text::phrase::Phrase;

/// The owner of a row.
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
        Ownership::Kernel => Phrase::fact("kernel keeps it"),
        Ownership::Hidden => {
            let hidden = describe_unowned(UnownedReason::Hidden(row.socket.uid), moment);
            let place = row.socket.cgroup.and_then(|id| directory.cgroups.get(&id));
            match place.and_then(|c| c.container.as_ref().or(c.unit.as_ref())) {
                Some(place) => Phrase::unknown(format!("{}, {place}", hidden.text)),
                None => hidden,
            }
        }
        Ownership::NotFound => Phrase::unknown("gone before we looked"),
        Ownership::Pending => Phrase::unknown("looking for the owner"),
        Ownership::Unsupported => Phrase::unknown("owner not told"),
    }
}

/// Of a connection that no process has yet.
pub(crate) const fn unaccepted_text(state: Option<TcpState>) -> &'static str {
    match state {
        Some(TcpState::SynReceived) => "handshake not finished",
        _ => "waiting to be accepted",
    }
}

/// The processes that hold one socket, and how it came to more than one: a child inherits its
/// parent's descriptors; otherwise one was passed.
pub(crate) fn format_holders(list: &[Holder], directory: &Directory) -> String {
    let keys: Vec<ProcessKey> = distinct_processes(list).collect();
    match keys[..] {
        [] => "nobody".into(),
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

/// Several owners where there is little room: `nginx ×5`; of several names, `5 processes`.
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

/// The one among them that is the parent of all others.
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

/// The processes of a group, the most numerous first: `nginx ×5, curl ×1`.
pub(crate) fn describe_processes(summary: &GroupSummary, moment: &Moment) -> Phrase {
    let hidden: Vec<&(UnownedReason, u32)> = summary
        .unowned
        .iter()
        .filter(|(reason, _)| matches!(reason, UnownedReason::Hidden(_)))
        .collect();
    let Some(first) = summary.processes.first() else {
        // Somebody behind a curtain says more about a port than what the kernel keeps of it.
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

/// Why sockets stand under no process.
pub(crate) fn describe_unowned(reason: UnownedReason, moment: &Moment) -> Phrase {
    match reason {
        UnownedReason::Unaccepted => Phrase::fact("waiting to be accepted"),
        UnownedReason::Kernel => Phrase::fact("kernel keeps it"),
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
        UnownedReason::NotFound => Phrase::unknown("gone before we looked"),
        UnownedReason::Pending => Phrase::unknown("looking for the owner"),
        UnownedReason::Unsupported => Phrase::unknown("owner not told"),
    }
}

/// Whether whoever looks may look into every process, as far as users go. Where even root is
/// refused, it was not another user's rights that hid something.
pub(crate) fn can_see_all_processes(moment: &Moment) -> bool {
    moment.observer.uid == Some(Uid(0))
}
