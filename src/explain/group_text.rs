//! Describes a group of rows: what it is, how many sockets, who can reach it, what is unusual.

use crate::findings::evaluate::Findings;
use crate::findings::finding::{Finding, Rule};
use crate::history::Moment;
use crate::net::port::{Port, PortKey, PortSide, Protocol};
use crate::net::services::Services;
use crate::net::socket::TcpState;
use crate::query::owner_display::{describe_processes, describe_unowned};
use crate::query::{
    Group, GroupKey, GroupSummary, QueryResult, Reach, UnownedReason, WildcardFamilies,
};
use crate::text::phrase::Phrase;
use crate::text::units::pluralize;

/// Formats the title of a group.
pub(crate) fn group_title(group: &Group, result: &QueryResult, services: &Services) -> String {
    let moment = &result.moment;
    match group.key() {
        GroupKey::Port(key) => {
            let service = services.shared_port_name(key, moment.ephemeral);
            let name = service.map(|s| format!(" ({s})")).unwrap_or_default();
            let side = match key.side {
                PortSide::Local => "",
                PortSide::Remote => " elsewhere",
            };
            let owners = describe_processes(&group.summary, moment).text;
            let owners = if owners.is_empty() {
                owners
            } else {
                format!(", {owners}")
            };
            match key.port {
                Port::NONE => format!("{} port not known{side}{owners}", key.protocol),
                _ => format!("port {key}{name}{side}{owners}"),
            }
        }
        GroupKey::Process(key) => match moment.directory.processes.get(&key) {
            Some(process) => format!("process {} {}", process.name, key.pid),
            None => format!("process {}", key.pid),
        },
        GroupKey::Unowned(reason) => {
            format!("no process: {}", describe_unowned(reason, moment).text)
        }
        GroupKey::Host(address) => format!("host {address}"),
        GroupKey::NoHost => "no remote end".into(),
    }
}

/// Formats a port for a column. For a connection that failed, the kernel may no longer report the
/// port: `?`.
pub(crate) fn format_port_key(key: PortKey) -> String {
    match key.port {
        Port::NONE => format!("?/{}", key.protocol),
        _ => key.to_string(),
    }
}

/// Says who can reach it, in a column's width.
pub(crate) fn format_reach(reach: Reach, moment: &Moment) -> String {
    match reach {
        Reach::Loopback => "this machine".into(),
        Reach::Address(address) => address.to_string(),
        Reach::Addresses(n) => format!("{n} addresses"),
        Reach::Multicast(address) => format!("group {address}"),
        Reach::Interfaces(n) => format!("{n} interfaces"),
        Reach::Interface(index) => match moment.directory.interfaces.get(&index) {
            Some(name) => format!("only {name}"),
            None => format!("interface {}", index.0),
        },
        Reach::Wildcard(WildcardFamilies::Both) => "everyone".into(),
        Reach::Wildcard(WildcardFamilies::Ipv4) => "everyone IPv4".into(),
        Reach::Wildcard(WildcardFamilies::Ipv6) => "everyone IPv6".into(),
        Reach::Wildcard(WildcardFamilies::Ipv6MaybeIpv4) => "everyone IPv6?".into(),
    }
}

/// Describes a group: what it is, its findings, then reach, guesses, queues, states and hidden
/// owners.
pub(crate) fn describe_group(
    group: &Group,
    result: &QueryResult,
    findings: &Findings,
) -> Vec<Phrase> {
    let found: Vec<&Finding> = match group.key() {
        GroupKey::Port(port) => findings.for_port(port).collect(),
        GroupKey::Process(process) => findings.for_process(process).collect(),
        _ => Vec::new(),
    };
    let mut phrases = vec![match group.key() {
        GroupKey::Port(key) => match key.side {
            PortSide::Local => describe_local_port(&group.summary, key.protocol),
            PortSide::Remote => describe_remote_port(&group.summary, key.port),
        },
        GroupKey::Process(_) => {
            let ports = group.subgroups.len();
            Phrase::fact(format!(
                "One process with {} on {}.",
                pluralize(group.summary.sockets as usize, "socket", "sockets"),
                pluralize(ports, "shared port", "shared ports"),
            ))
        }
        GroupKey::Unowned(reason) => describe_no_process(reason),
        GroupKey::Host(_) => Phrase::fact(format!(
            "One remote address with {} on {}.",
            pluralize(group.summary.sockets as usize, "socket", "sockets"),
            pluralize(group.subgroups.len(), "shared port", "shared ports"),
        )),
        GroupKey::NoHost => {
            Phrase::fact("Sockets without a peer: listeners, and unconnected UDP sockets.")
        }
    }];
    phrases.extend(found.iter().map(|found| {
        let phrase = found.sentence.clone();
        match group.key() {
            GroupKey::Port(_) => phrase,
            // A process has several ports: prefix the one concerned.
            _ => Phrase {
                text: format!("{}: {}", found.id.port, phrase.text),
                ..phrase
            },
        }
    }));
    let is_reported = |rule: Rule| found.iter().any(|found| found.id.rule == rule);
    if let (GroupKey::Port(_), Some(r)) = (group.key(), group.summary.reach) {
        phrases.push(describe_reach(r, &result.moment));
    }
    phrases.extend(describe_guessed_sides(&group.summary));
    if !is_reported(Rule::BacklogNearFull) {
        phrases.extend(describe_full_backlog(group, result));
    }
    if !is_reported(Rule::CloseWaitLeak) && !is_reported(Rule::SynSentUnanswered) {
        phrases.extend(describe_states(&group.summary));
    }
    phrases.extend(describe_hidden_owners(&group.summary));
    phrases
}

fn describe_local_port(summary: &GroupSummary, protocol: Protocol) -> Phrase {
    let sockets = pluralize(summary.sockets as usize, "socket", "sockets");
    let connections = summary.sockets.saturating_sub(summary.listeners) as usize;
    let listeners = match protocol {
        Protocol::Tcp => pluralize(summary.listeners as usize, "listener", "listeners"),
        Protocol::Udp => pluralize(
            summary.listeners as usize,
            "socket without a peer",
            "sockets without a peer",
        ),
    };
    Phrase::fact(match (summary.sockets, summary.listeners, connections) {
        (0, ..) => "No socket has this port any more.".into(),
        (_, 0, _) if summary.reach.is_some() => {
            format!("{sockets} of this port shown; the filter leaves out its listener.")
        }
        (_, 0, _) => format!("{sockets} on this port, and nothing listens on it any more."),
        (_, _, 0) => format!("One port, {listeners}, no connection."),
        (.., n) => format!(
            "One port, {sockets}: {listeners} and {}{}.",
            pluralize(n, "connection", "connections"),
            if n > 1 {
                ", told apart by the remote address and port"
            } else {
                ""
            }
        ),
    })
}

fn describe_remote_port(summary: &GroupSummary, port: Port) -> Phrase {
    match (summary.sockets, port) {
        (_, Port::NONE) => {
            return Phrase::fact(
                "Connections that have closed; the kernel's close event no longer had their remote \
                 port.",
            );
        }
        (0, _) => {
            let text = format!("All connections from here to port {port} have closed.");
            return Phrase::fact(text);
        }
        _ => {}
    }
    let sockets = pluralize(summary.sockets as usize, "socket", "sockets");
    let hosts = pluralize(summary.hosts as usize, "host", "hosts");
    let each = if summary.sockets == 1 { "it" } else { "each" };
    Phrase::fact(format!(
        "{sockets} connected from here to port {port} of {hosts}; {each} has a local port of its own."
    ))
}

/// Says for how many sockets the side is only a guess.
fn describe_guessed_sides(summary: &GroupSummary) -> Option<Phrase> {
    (summary.guessed_sides > 0).then(|| {
        Phrase::inference(format!(
            "For {} this is the shared port only by a guess from the port numbers.",
            pluralize(summary.guessed_sides as usize, "socket", "sockets")
        ))
    })
}

fn describe_reach(reach: Reach, moment: &Moment) -> Phrase {
    Phrase::fact(match reach {
        Reach::Loopback => {
            "Only programs on this machine can reach it: it is bound to loopback.".into()
        }
        Reach::Address(address) => format!("Bound to one address of this machine, {address}."),
        Reach::Addresses(n) => format!("Bound to {n} addresses of this machine."),
        Reach::Multicast(address) => {
            format!("Receives what is sent to the multicast group {address}.")
        }
        Reach::Interfaces(n) => format!("Bound to {n} network interfaces."),
        Reach::Interface(_) => format!(
            "Bound to one network interface ({}).",
            self::format_reach(reach, moment)
        ),
        Reach::Wildcard(served) => {
            let family = match served {
                WildcardFamilies::Both => "every address of this machine, IPv4 and IPv6",
                WildcardFamilies::Ipv4 => "every IPv4 address of this machine",
                WildcardFamilies::Ipv6MaybeIpv4 => {
                    "every IPv6 address of this machine, perhaps IPv4 as well (this source does not report it)"
                }
                WildcardFamilies::Ipv6 => "every IPv6 address of this machine, not IPv4",
            };
            format!("Bound to {family}; what a firewall lets through is not known here.")
        }
    })
}

pub(crate) fn describe_no_process(reason: UnownedReason) -> Phrase {
    match reason {
        UnownedReason::Unaccepted => Phrase::fact(
            "The kernel has completed (or is completing) the handshake; the listening program has not called accept() yet.",
        ),
        UnownedReason::Kernel => Phrase::fact(
            "Their programs have closed them; the kernel keeps what TCP still needs, and then drops it.",
        ),
        UnownedReason::Hidden(_) => {
            Phrase::unknown("Some process has these, but this user may not inspect it.")
        }
        UnownedReason::NotFound => Phrase::unknown(
            "No process had these at the time of the sample: closed in the meantime, or held outside this pid namespace.",
        ),
        UnownedReason::Pending => Phrase::unknown(
            "Not every process has been searched since these appeared; the next samples will show the owner.",
        ),
        UnownedReason::Unsupported => {
            Phrase::unknown("The source in use does not report the owner of these.")
        }
    }
}

/// Warns of a listener whose accept queue is full: new clients have to wait.
fn describe_full_backlog(group: &Group, result: &QueryResult) -> Option<Phrase> {
    if group.summary.listeners == 0 {
        return None;
    }
    let slots = result.rows.get(group.rows.clone())?;
    // Listeners come first in their group.
    let listeners = slots
        .iter()
        .map_while(|s| result.row(*s).filter(|r| r.socket.is_listening()));
    let full = listeners
        .filter_map(|r| r.socket.accept_queue)
        .find(|b| b.is_full())?;
    let limit = full
        .limit
        .map_or(String::new(), |limit| format!(", limit {limit}"));
    Some(Phrase::warning(format!(
        "The accept queue is full ({}{limit}; Linux lets one more in): the program accepts too slowly, and new clients wait in SYN-SENT.",
        full.waiting
    )))
}

fn describe_states(summary: &GroupSummary) -> Option<Phrase> {
    let close_wait = summary.states.count(TcpState::CloseWait) as usize;
    let syn_sent = summary.states.count(TcpState::SynSent) as usize;
    let time_wait = summary.states.count(TcpState::TimeWait) as usize;
    if close_wait > 0 {
        let peers = match close_wait {
            1 => "the peer has closed",
            _ => "the peers have closed",
        };
        return Some(Phrase::warning(format!(
            "{close_wait} in CLOSE-WAIT: {peers}, the program here has not; only it can."
        )));
    }
    if syn_sent > 0 {
        return Some(Phrase::warning(format!(
            "{} connecting, no answer yet (SYN-SENT).",
            pluralize(syn_sent, "socket", "sockets")
        )));
    }
    (time_wait > 0).then(|| {
        Phrase::fact(format!(
            "{} in TIME-WAIT: closed, kept by the kernel for a minute so that late packets reach no other connection.",
            pluralize(time_wait, "connection", "connections")
        ))
    })
}

fn describe_hidden_owners(summary: &GroupSummary) -> Option<Phrase> {
    let hidden: u32 = summary
        .unowned
        .iter()
        .filter(|(reason, _)| matches!(reason, UnownedReason::Hidden(_)))
        .map(|(_, n)| n)
        .sum();
    (hidden > 0).then(|| {
        Phrase::unknown(format!(
            "The owner of {} is hidden from this user; root can see it.",
            pluralize(hidden as usize, "socket", "sockets")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_port_is_not_shown_as_0() {
        let key = |number: u16| PortKey {
            side: PortSide::Remote,
            port: Port(number),
            protocol: Protocol::Tcp,
        };
        assert_eq!(format_port_key(key(0)), "?/tcp");
        assert_eq!(format_port_key(key(443)), "443/tcp");
        let empty = GroupSummary::default();
        let unknown_port = describe_remote_port(&empty, Port::NONE).text;
        assert!(!unknown_port.contains('0'), "{unknown_port}");
        let closed = describe_remote_port(&empty, Port(443)).text;
        assert_eq!(closed, "All connections from here to port 443 have closed.");
    }
}
