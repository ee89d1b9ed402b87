//! Whose it is, in words; or why it is nobody's.

use std::sync::Arc;

use crate::history::{Moment, Ownership, Tracked};
use crate::process::{Holder, Process, ProcessKey, distinct_processes};
use crate::query::{NoOwner, Summary, Tense};
use crate::snapshot::Directory;
use crate::socket::TcpState;
use crate::teach::Phrase;
use crate::teach::sight::sees_all;

/// The owner of a row.
pub fn owner(row: &Tracked, moment: &Moment) -> Phrase {
    let directory = &moment.directory;
    match &row.ownership {
        Ownership::Known(list) => Phrase::fact(holders(list, directory)),
        Ownership::Remembered(list) => {
            Phrase::inference(format!("(was {})", holders(list, directory)))
        }
        Ownership::OfListener(list) => {
            Phrase::inference(format!("(listener: {})", holders(list, directory)))
        }
        Ownership::Unaccepted => Phrase::fact(unaccepted(row.socket.tcp_state())),
        Ownership::Kernel => Phrase::fact("kernel keeps it"),
        Ownership::Hidden => {
            let hidden = no_owner(NoOwner::Hidden(row.socket.uid), moment);
            let place = row.socket.cgroup.and_then(|id| directory.cgroups.get(&id));
            match place.and_then(|c| c.container.as_ref().or(c.unit.as_ref())) {
                Some(place) => Phrase::ignorance(format!("{}, {place}", hidden.text)),
                None => hidden,
            }
        }
        Ownership::Vanished => Phrase::ignorance("gone before we looked"),
        Ownership::NotYet => Phrase::ignorance("looking for the owner"),
        Ownership::Untold => Phrase::ignorance("owner not told"),
    }
}

/// Of a connection that no process has yet.
pub(super) const fn unaccepted(state: Option<TcpState>) -> &'static str {
    match state {
        Some(TcpState::SynReceived) => "handshake not finished",
        _ => "waiting to be accepted",
    }
}

/// The processes that hold one socket, and how it came to more than one: a child inherits its
/// parent's descriptors; otherwise one was passed.
pub fn holders(list: &[Holder], directory: &Directory) -> String {
    let keys: Vec<ProcessKey> = distinct_processes(list).collect();
    match keys[..] {
        [] => "nobody".into(),
        [one] => named(one, directory),
        [first, ref rest @ ..] => match family(&keys, directory) {
            Some(parent) => {
                let children = if keys.len() == 2 { "child" } else { "children" };
                format!(
                    "{} and {} {children}",
                    named(parent, directory),
                    keys.len() - 1
                )
            }
            None => format!("{} and {} more", named(first, directory), rest.len()),
        },
    }
}

/// Several owners where there is little room: `nginx ×5`; of several names, `5 processes`.
pub fn owners_in_short(row: &Tracked, moment: &Moment) -> Option<String> {
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
fn family(keys: &[ProcessKey], directory: &Directory) -> Option<ProcessKey> {
    let process = |key: &ProcessKey| directory.processes.get(key);
    keys.iter().copied().find(|candidate| {
        keys.iter()
            .filter(|key| *key != candidate)
            .all(|key| process(key).and_then(|p: &Arc<Process>| p.parent) == Some(candidate.pid))
    })
}

fn named(key: ProcessKey, directory: &Directory) -> String {
    match directory.processes.get(&key) {
        Some(process) => format!("{} {}", process.name, key.pid),
        None => format!("pid {}", key.pid),
    }
}

/// The processes of a group, the most numerous first: `nginx ×5, curl ×1`.
pub fn process_names(summary: &Summary, moment: &Moment) -> Phrase {
    let hidden: Vec<&(NoOwner, u32)> = summary
        .unowned
        .iter()
        .filter(|(reason, _)| matches!(reason, NoOwner::Hidden(_)))
        .collect();
    let Some(first) = summary.processes.first() else {
        // Somebody behind a curtain says more about a port than what the kernel keeps of it.
        if let [_, _, ..] = hidden[..] {
            return Phrase::ignorance(format!("hidden ({} users)", hidden.len()));
        }
        let reason = hidden.first().copied().or(summary.unowned.first());
        return reason.map_or(Phrase::ignorance(""), |(reason, _)| {
            no_owner(*reason, moment)
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
    match first.tense {
        Tense::Now => Phrase::fact(names),
        Tense::Past => Phrase::inference(format!("(was {names})")),
    }
}

/// Why sockets stand under no process.
pub fn no_owner(reason: NoOwner, moment: &Moment) -> Phrase {
    match reason {
        NoOwner::Unaccepted => Phrase::fact("waiting to be accepted"),
        NoOwner::Kernel => Phrase::fact("kernel keeps it"),
        NoOwner::Hidden(_) if sees_all(moment) => Phrase::ignorance("no owner found"),
        NoOwner::Hidden(uid) => {
            let name = uid.and_then(|uid| moment.directory.users.get(&uid));
            Phrase::ignorance(match (name, uid) {
                (Some(name), _) => format!("hidden ({name})"),
                (None, Some(uid)) => format!("hidden (user {uid})"),
                (None, None) => "hidden".into(),
            })
        }
        NoOwner::Vanished => Phrase::ignorance("gone before we looked"),
        NoOwner::NotYet => Phrase::ignorance("looking for the owner"),
        NoOwner::Untold => Phrase::ignorance("owner not told"),
    }
}
