//! Whose it is, in words; or why it is nobody's.

use std::sync::Arc;

use crate::history::{Moment, Ownership, Tracked};
use crate::process::{Holder, Process, ProcessKey, distinct_processes};
use crate::query::{NoOwner, Summary, Tense};
use crate::snapshot::Directory;
use crate::socket::TcpState;
use crate::teach::Phrase;

/// The owner of a row.
pub fn owner(row: &Tracked, moment: &Moment) -> Phrase {
    let directory = &moment.directory;
    match &row.ownership {
        Ownership::Known(list) => Phrase::fact(holders(list, directory)),
        Ownership::Remembered(list) => {
            Phrase::inference(format!("(was {})", holders(list, directory)))
        }
        Ownership::Unaccepted if row.socket.tcp_state() == Some(TcpState::SynReceived) => {
            Phrase::fact("handshake not finished")
        }
        Ownership::Unaccepted => Phrase::fact("waiting to be accepted"),
        Ownership::Kernel => Phrase::fact("kernel keeps it"),
        Ownership::Hidden => {
            let user = user(row, directory);
            let place = row.socket.cgroup.and_then(|id| directory.cgroups.get(&id));
            let place = place.and_then(|c| c.container.as_ref().or(c.unit.as_ref()));
            Phrase::ignorance(match place {
                Some(place) => format!("hidden: {user}, {place}"),
                None => format!("hidden: {user}"),
            })
        }
        Ownership::Vanished => Phrase::ignorance("gone before we looked"),
        Ownership::NotYet => Phrase::ignorance("looking for the owner"),
        Ownership::Untold => Phrase::ignorance("owner not told"),
    }
}

/// `user www-data`, `user 1234`, or that it is not known.
fn user(row: &Tracked, directory: &Directory) -> String {
    match row.socket.uid {
        None => "user unknown".into(),
        Some(uid) => match directory.users.get(&uid) {
            Some(name) => format!("user {name}"),
            None => format!("user {uid}"),
        },
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
    let Some(first) = summary.processes.first() else {
        return summary
            .unowned
            .first()
            .map_or(Phrase::ignorance(""), |(reason, _)| {
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
    let names = names.join(", ");
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
        NoOwner::Hidden(Some(uid)) => match moment.directory.users.get(&uid) {
            Some(name) => Phrase::ignorance(format!("hidden: user {name}")),
            None => Phrase::ignorance(format!("hidden: user {uid}")),
        },
        NoOwner::Hidden(None) => Phrase::ignorance("hidden: user unknown"),
        NoOwner::Vanished => Phrase::ignorance("gone before we looked"),
        NoOwner::NotYet => Phrase::ignorance("looking for the owner"),
        NoOwner::Untold => Phrase::ignorance("owner not told"),
    }
}
