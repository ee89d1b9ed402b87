//! Does a row match?

use super::{Filter, Term};
use crate::history::{Moment, Tracked};
use crate::process::Holder;
use crate::services::Services;

/// What a filter may look into besides the row.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The moment the row belongs to: names of processes, users and units.
    pub moment: &'a Moment,
    /// Names of ports.
    pub services: &'a Services,
}

impl Filter {
    /// Whether every word matches the row.
    pub fn matches(&self, row: &Tracked, context: Context<'_>) -> bool {
        self.terms.iter().all(|term| term.matches(row, context))
    }
}

impl Term {
    fn matches(&self, row: &Tracked, context: Context<'_>) -> bool {
        let socket = &row.socket;
        match self {
            Self::Port(port) => {
                socket.local.port == *port || socket.remote.is_some_and(|r| r.port == *port)
            }
            Self::Address(address) => {
                socket.local.plain() == *address
                    || socket.remote.is_some_and(|r| r.plain() == *address)
            }
            Self::Protocol(protocol) => socket.protocol() == *protocol,
            Self::State(state) => socket.tcp_state() == Some(*state),
            Self::Name(name) => names(row, context).any(|n| contains(n, name)),
        }
    }
}

/// Every name a row goes by.
fn names<'a>(row: &'a Tracked, context: Context<'a>) -> impl Iterator<Item = &'a str> {
    let directory = &context.moment.directory;
    let processes = row
        .ownership
        .last_holders()
        .into_iter()
        .flat_map(|h| h.iter());
    let processes = processes
        .filter_map(|Holder { process, .. }| Some(&*directory.processes.get(process)?.name));
    let user = row
        .socket
        .uid
        .and_then(|uid| directory.users.get(&uid))
        .map(|u| &**u);
    let unit = row.socket.cgroup.and_then(|id| directory.cgroups.get(&id));
    let unit = unit
        .into_iter()
        .flat_map(|c| [c.unit.as_deref(), c.container.as_deref()])
        .flatten();
    let service = context
        .services
        .of(row.port_key(), context.moment.ephemeral);
    processes.chain(user).chain(unit).chain(service)
}

/// Whether `text` contains `needle`, which is in lower case; ASCII, the usual case, without
/// allocating.
fn contains(text: &str, needle: &str) -> bool {
    if text.is_ascii() {
        let needle = needle.as_bytes();
        return needle.is_empty()
            || text
                .as_bytes()
                .windows(needle.len())
                .any(|w| w.eq_ignore_ascii_case(needle));
    }
    text.to_lowercase().contains(needle)
}
