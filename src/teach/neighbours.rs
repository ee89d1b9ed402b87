//! The sockets that have one port, in words: alike ones in one sentence.
//!
//! In: rows in a steady order, listeners first. Out: groups of them and a [`Phrase`] each, with the
//! owners, or why there is none.

use std::sync::Arc;
use std::time::Duration;

use crate::history::{Moment, Side, Tracked};
use crate::port::Protocol;
use crate::process::distinct_processes;
use crate::quantity;
use crate::socket::TcpState;
use crate::teach::{Phrase, local, owner, remote};

/// How many owners of alike sockets are named.
const NAMED: usize = 3;

/// Rows that one sentence tells of: listeners at the same place, connections in the same state of
/// the same owner.
pub(super) fn groups(rows: &[Arc<Tracked>], moment: &Moment) -> Vec<Vec<Arc<Tracked>>> {
    let mut groups: Vec<(String, Vec<Arc<Tracked>>)> = Vec::new();
    for row in rows {
        let likeness = likeness(row, moment);
        match groups.iter_mut().find(|(known, _)| *known == likeness) {
            Some((_, group)) => group.push(Arc::clone(row)),
            None => groups.push((likeness, vec![Arc::clone(row)])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn likeness(row: &Tracked, moment: &Moment) -> String {
    let socket = &row.socket;
    if socket.is_listening() {
        return local(row, moment);
    }
    match socket.tcp_state() {
        // The kernel's, whosever they were.
        Some(TcpState::TimeWait) => TcpState::TimeWait.name().to_owned(),
        Some(state) => format!("{:?} {state} {}", row.side, owner(row, moment).text),
        None => owner(row, moment).text,
    }
}

/// Sockets at one place that wait for whoever comes.
pub(super) fn say_listeners(group: &[Arc<Tracked>], moment: &Moment) -> Phrase {
    let [first, ..] = group else {
        return Phrase::fact("");
    };
    let place = format!("{}, {}", local(first, moment), reach(first));
    let (verb, verb_of_many, noun) = match first.socket.protocol() {
        Protocol::Tcp => ("listens at", "listen at", "a listener"),
        Protocol::Udp => ("receives at", "receive at", "a UDP socket"),
    };
    let owner_of_first = owner(first, moment);
    let known = |row: &Arc<Tracked>| row.ownership.holders().is_some();
    if group.len() == 1 {
        let Some(holders) = first.ownership.holders() else {
            let text = format!("{noun} at {place}: {}", owner_of_first.text);
            return Phrase {
                text,
                ..owner_of_first
            };
        };
        let verb = match distinct_processes(holders).nth(1) {
            Some(_) => verb_of_many,
            None => verb,
        };
        return Phrase::fact(format!("{} {verb} {place}", owner_of_first.text));
    }
    // Several sockets at one place: for TCP there is but one way to it.
    let how = match first.socket.protocol() {
        Protocol::Tcp => "SO_REUSEPORT",
        Protocol::Udp => "SO_REUSEPORT or SO_REUSEADDR",
    };
    let text = format!(
        "{} share {place} ({how}): {}",
        quantity::count(group.len(), "socket", "sockets"),
        owners(group, moment)
    );
    match group.iter().all(known) {
        true => Phrase::fact(text),
        false => Phrase::ignorance(text),
    }
}

/// Which of the machine's addresses a listener has.
fn reach(row: &Tracked) -> &'static str {
    let socket = &row.socket;
    if !socket.local.plain().is_unspecified() {
        return "that address alone";
    }
    match (
        socket.local.is_ipv6() && !socket.local.is_mapped(),
        socket.v6only,
    ) {
        (false, _) => "every IPv4 address",
        (true, Some(true)) => "every IPv6 address, not IPv4",
        (true, Some(false)) => "every address, IPv4 and IPv6",
        (true, None) => "every IPv6 address, and IPv4 unless it refuses that",
    }
}

/// Connections, and UDP sockets with a peer.
pub(super) fn say_connections(
    group: &[Arc<Tracked>],
    any_listener: AnyListener,
    moment: &Moment,
) -> Phrase {
    let [first, ..] = group else {
        return Phrase::fact("");
    };
    let (number, one) = (group.len(), group.len() == 1);
    let ends = match (one, remote(first, moment)) {
        (true, Some(remote)) => format!(", {} ⇄ {remote}", local(first, moment)),
        _ => String::new(),
    };
    let Some(state) = first.socket.tcp_state() else {
        let sockets = quantity::count(number, "UDP socket", "UDP sockets");
        let what = if one {
            "with a peer"
        } else {
            "with a peer each"
        };
        return told(first, moment, &format!("{sockets} {what}{ends}"));
    };
    let connections = quantity::count(number, "connection", "connections");
    if state == TcpState::TimeWait {
        let verb = if one { "has" } else { "have" };
        let left = group.iter().filter_map(|row| row.socket.timer);
        let left = left.map(|timer| timer.due.saturating_sub(moment.elapsed));
        let until = left.max().map_or(String::new(), |left| {
            let left = left.max(Duration::from_secs(1));
            format!(", forgotten in {}", quantity::age(left))
        });
        return Phrase::fact(format!("{connections} in TIME-WAIT still {verb} it{until}"));
    }
    let side = match (row_side(first), any_listener) {
        (Some(Side::Outgoing), _) => " dialled from it",
        (Some(_), AnyListener::Stands) => " accepted there",
        (Some(_), AnyListener::Gone) => " left over from a listener that is gone",
        (None, _) => "",
    };
    told(
        first,
        moment,
        &format!("{connections}{side}, {state}{ends}"),
    )
}

/// Whether anybody listens on the port that connections have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnyListener {
    /// Somebody does.
    Stands,
    /// Nobody does.
    Gone,
}

/// A guess is no ground for saying who dialled.
fn row_side(row: &Tracked) -> Option<Side> {
    (!row.evidence.is_guess()).then_some(row.side)
}

/// With the owner.
fn told(row: &Tracked, moment: &Moment, what: &str) -> Phrase {
    let owner = owner(row, moment);
    Phrase {
        text: format!("{what}: {}", owner.text),
        ..owner
    }
}

/// Different owners, the first few by name.
fn owners(group: &[Arc<Tracked>], moment: &Moment) -> String {
    let mut names: Vec<String> = Vec::new();
    for row in group {
        let name = owner(row, moment).text;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let mut text = names.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
