//! Describes the sockets of one port, similar ones in one sentence.
//!
//! In: rows in a stable order, listeners first. Out: groups of rows and one [`Phrase`] for each,
//! with the owners or the reason why there is none.

use std::sync::Arc;
use std::time::Duration;

use super::row_text::{format_local, format_remote};
use crate::history::{Moment, Side, TrackedSocket};
use crate::net::port::Protocol;
use crate::net::process::distinct_processes;
use crate::net::socket::TcpState;
use crate::query::owner_display::describe_owner;
use crate::text::phrase::Phrase;
use crate::text::units;

/// How many owners of a group are listed by name.
const MAX_OWNERS_NAMED: usize = 3;

/// Groups rows that one sentence describes: listeners on the same endpoint, connections in the same
/// state and of the same owner.
pub(crate) fn group_similar(
    rows: &[Arc<TrackedSocket>],
    moment: &Moment,
) -> Vec<Vec<Arc<TrackedSocket>>> {
    let mut groups: Vec<(String, Vec<Arc<TrackedSocket>>)> = Vec::new();
    for row in rows {
        let similarity = similarity_key(row, moment);
        match groups.iter_mut().find(|(known, _)| *known == similarity) {
            Some((_, group)) => group.push(Arc::clone(row)),
            None => groups.push((similarity, vec![Arc::clone(row)])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn similarity_key(row: &TrackedSocket, moment: &Moment) -> String {
    let socket = &row.socket;
    if socket.is_listening() {
        return format_local(row, moment);
    }
    match socket.tcp_state() {
        // In TIME-WAIT all belong to the kernel, whatever their owner was.
        Some(TcpState::TimeWait) => TcpState::TimeWait.name().to_owned(),
        Some(state) => format!(
            "{:?} {state} {}",
            row.side,
            describe_owner(row, moment).text
        ),
        None => describe_owner(row, moment).text,
    }
}

/// Describes listeners or unconnected UDP sockets on the same endpoint.
pub(crate) fn describe_listeners(group: &[Arc<TrackedSocket>], moment: &Moment) -> Phrase {
    let [first, ..] = group else {
        return Phrase::fact("");
    };
    let place = format!("{}, {}", format_local(first, moment), listener_reach(first));
    let (verb, verb_of_many, noun) = match first.socket.protocol() {
        Protocol::Tcp => ("listens at", "listen at", "a listener"),
        Protocol::Udp => ("receives at", "receive at", "a UDP socket"),
    };
    let owner_of_first = describe_owner(first, moment);
    let is_known = |row: &Arc<TrackedSocket>| row.ownership.holders().is_some();
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
    // Several listeners on one endpoint: TCP allows that only with SO_REUSEPORT.
    let how = match first.socket.protocol() {
        Protocol::Tcp => "SO_REUSEPORT",
        Protocol::Udp => "SO_REUSEPORT or SO_REUSEADDR",
    };
    let text = format!(
        "{} share {place} ({how}): {}",
        units::pluralize(group.len(), "socket", "sockets"),
        list_owners(group, moment)
    );
    match group.iter().all(is_known) {
        true => Phrase::fact(text),
        false => Phrase::unknown(text),
    }
}

/// Says on which of the machine's addresses a listener is.
fn listener_reach(row: &TrackedSocket) -> &'static str {
    let socket = &row.socket;
    if !socket.local.canonical_ip().is_unspecified() {
        return "that address only";
    }
    match (
        socket.local.is_ipv6() && !socket.local.is_ipv4_mapped(),
        socket.v6only,
    ) {
        (false, _) => "every IPv4 address",
        (true, Some(true)) => "every IPv6 address, not IPv4",
        (true, Some(false)) => "every address, IPv4 and IPv6",
        (true, None) => "every IPv6 address, and IPv4 unless IPV6_V6ONLY is set",
    }
}

/// Describes connections in the same state, or UDP sockets with a peer.
pub(crate) fn describe_connections(
    group: &[Arc<TrackedSocket>],
    listener_status: ListenerStatus,
    moment: &Moment,
) -> Phrase {
    let [first, ..] = group else {
        return Phrase::fact("");
    };
    let (count, is_single) = (group.len(), group.len() == 1);
    let ends = match (is_single, format_remote(first, moment)) {
        (true, Some(remote)) => format!(", {} ⇄ {remote}", format_local(first, moment)),
        _ => String::new(),
    };
    let Some(state) = first.socket.tcp_state() else {
        let sockets = units::pluralize(count, "UDP socket", "UDP sockets");
        let what = if is_single {
            "with a peer"
        } else {
            "with a peer each"
        };
        return with_owner(first, moment, &format!("{sockets} {what}{ends}"));
    };
    let connections = units::pluralize(count, "connection", "connections");
    if state == TcpState::TimeWait {
        let verb = if is_single { "has" } else { "have" };
        let left = group.iter().filter_map(|row| row.socket.timer);
        let left = left.map(|timer| timer.due.saturating_sub(moment.elapsed));
        let until = left.max().map_or(String::new(), |left| {
            let left = left.max(Duration::from_secs(1));
            let which = if is_single { "" } else { "the last " };
            format!(", {which}expires in {}", units::age(left))
        });
        return Phrase::fact(format!("{connections} in TIME-WAIT still {verb} it{until}"));
    }
    let side = match (proven_side(first), listener_status) {
        (Some(Side::Outgoing), _) => " opened from it",
        (Some(_), ListenerStatus::Present) => " accepted on it",
        (Some(_), ListenerStatus::Absent) => " left over from a closed listener",
        (None, _) => "",
    };
    with_owner(
        first,
        moment,
        &format!("{connections}{side}, {state}{ends}"),
    )
}

/// Whether the port of the connections has a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListenerStatus {
    Present,
    Absent,
}

/// Returns the row's side unless it is a guess.
fn proven_side(row: &TrackedSocket) -> Option<Side> {
    (!row.evidence.is_guess()).then_some(row.side)
}

/// Appends the owner, and takes its certainty.
fn with_owner(row: &TrackedSocket, moment: &Moment, what: &str) -> Phrase {
    let owner = describe_owner(row, moment);
    Phrase {
        text: format!("{what}: {}", owner.text),
        ..owner
    }
}

/// Formats the distinct owners, the first few by name.
fn list_owners(group: &[Arc<TrackedSocket>], moment: &Moment) -> String {
    let mut names: Vec<String> = Vec::new();
    for row in group {
        let name = describe_owner(row, moment).text;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(MAX_OWNERS_NAMED);
    names.truncate(MAX_OWNERS_NAMED);
    let mut text = names.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
