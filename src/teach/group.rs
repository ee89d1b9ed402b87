//! A group in words: what it is, how many sockets, who can reach it, what is odd.

use crate::history::Moment;
use crate::port::{Port, PortKey, PortSide, Protocol};
use crate::quantity::count;
use crate::query::{Answer, Group, GroupKey, NoOwner, Reach, Served, Summary};
use crate::services::Services;
use crate::socket::TcpState;
use crate::teach::findings::Rule;
use crate::teach::{Finding, Findings, Phrase, no_owner, process_names};

/// What the group is, for the head of a pane.
pub fn group_title(group: &Group, answer: &Answer, services: &Services) -> String {
    let moment = &answer.moment;
    match group.key() {
        GroupKey::Port(key) => {
            let service = services.of(key, moment.ephemeral);
            let name = service.map(|s| format!(" ({s})")).unwrap_or_default();
            let side = match key.side {
                PortSide::Here => "",
                PortSide::There => " elsewhere",
            };
            let held = process_names(&group.summary, moment).text;
            let held = if held.is_empty() {
                held
            } else {
                format!(", {held}")
            };
            match key.port {
                Port::NONE => format!("{} port not known{side}{held}", key.protocol),
                _ => format!("port {key}{name}{side}{held}"),
            }
        }
        GroupKey::Process(key) => match moment.directory.processes.get(&key) {
            Some(process) => format!("process {} {}", process.name, key.pid),
            None => format!("process {}", key.pid),
        },
        GroupKey::NoProcess(reason) => format!("no process: {}", no_owner(reason, moment).text),
        GroupKey::Host(address) => format!("host {address}"),
        GroupKey::NoHost => "no remote end".into(),
    }
}

/// A port in a column. Of a connection that came to nothing the kernel may have forgotten it.
pub fn port_name(key: PortKey) -> String {
    match key.port {
        Port::NONE => format!("?/{}", key.protocol),
        _ => key.to_string(),
    }
}

/// Who can reach it, in a column's width.
pub fn reach(reach: Reach, moment: &Moment) -> String {
    match reach {
        Reach::ThisMachine => "this machine".into(),
        Reach::Address(address) => address.to_string(),
        Reach::Addresses(n) => format!("{n} addresses"),
        Reach::Group(address) => format!("group {address}"),
        Reach::Interfaces(n) => format!("{n} interfaces"),
        Reach::Interface(index) => match moment.directory.interfaces.get(&index) {
            Some(name) => format!("only {name}"),
            None => format!("interface {}", index.0),
        },
        Reach::Everyone(Served::Both) => "everyone".into(),
        Reach::Everyone(Served::Ipv4) => "everyone IPv4".into(),
        Reach::Everyone(Served::Ipv6) => "everyone IPv6".into(),
        Reach::Everyone(Served::Ipv6AtLeast) => "everyone IPv6?".into(),
    }
}

/// What there is to say of a group: what it is, what was found, and then the most general first.
pub fn say_group(group: &Group, answer: &Answer, findings: &Findings) -> Vec<Phrase> {
    let found: Vec<&Finding> = match group.key() {
        GroupKey::Port(port) => findings.at(port).collect(),
        GroupKey::Process(process) => findings.of_process(process).collect(),
        _ => Vec::new(),
    };
    let mut said = vec![match group.key() {
        GroupKey::Port(key) => match key.side {
            PortSide::Here => say_port_here(&group.summary, key.protocol),
            PortSide::There => say_port_there(&group.summary, key.port),
        },
        GroupKey::Process(_) => {
            let ports = group.inner.len();
            Phrase::fact(format!(
                "One process with {} on {}.",
                count(group.summary.sockets as usize, "socket", "sockets"),
                count(ports, "shared port", "shared ports"),
            ))
        }
        GroupKey::NoProcess(reason) => say_no_process(reason),
        GroupKey::Host(_) => Phrase::fact(format!(
            "One remote address with {} on {}.",
            count(group.summary.sockets as usize, "socket", "sockets"),
            count(group.inner.len(), "shared port", "shared ports"),
        )),
        GroupKey::NoHost => Phrase::fact(
            "Sockets that wait for whoever comes: listeners, and UDP sockets without a peer.",
        ),
    }];
    said.extend(found.iter().map(|found| {
        let phrase = found.sentence.clone();
        match group.key() {
            GroupKey::Port(_) => phrase,
            // Of a process it must be said where.
            _ => Phrase {
                text: format!("{}: {}", found.id.port, phrase.text),
                ..phrase
            },
        }
    }));
    let is_said = |rule: Rule| found.iter().any(|found| found.id.rule == rule);
    if let (GroupKey::Port(_), Some(r)) = (group.key(), group.summary.reach) {
        said.push(say_reach(r, &answer.moment));
    }
    said.extend(say_guess(&group.summary));
    if !is_said(Rule::BacklogNearFull) {
        said.extend(say_backlogs(group, answer));
    }
    if !is_said(Rule::CloseWaitLeak) && !is_said(Rule::SynSentUnanswered) {
        said.extend(say_states(&group.summary));
    }
    said.extend(say_owners(&group.summary));
    said
}

fn say_port_here(summary: &Summary, protocol: Protocol) -> Phrase {
    let sockets = count(summary.sockets as usize, "socket", "sockets");
    let connections = summary.sockets.saturating_sub(summary.listeners) as usize;
    let waiting = match protocol {
        Protocol::Tcp => count(summary.listeners as usize, "listener", "listeners"),
        Protocol::Udp => count(
            summary.listeners as usize,
            "socket without a peer",
            "sockets without a peer",
        ),
    };
    Phrase::fact(match (summary.sockets, summary.listeners, connections) {
        (0, ..) => "No socket has this port any more.".into(),
        (_, 0, _) if summary.reach.is_some() => {
            format!(
                "{sockets} shown of this port; its listener is not among what the filter shows."
            )
        }
        (_, 0, _) => format!("{sockets} on this port, and nobody listens on it any more."),
        (_, _, 0) => format!("One port, {waiting}, no connection."),
        (.., n) => format!(
            "One port, {sockets}: {waiting} and {}{}.",
            count(n, "connection", "connections"),
            if n > 1 {
                ", told apart by the remote address and port"
            } else {
                ""
            }
        ),
    })
}

fn say_port_there(summary: &Summary, port: Port) -> Phrase {
    match (summary.sockets, port) {
        (_, Port::NONE) => {
            return Phrase::fact(
                "Connections that ended; when their end was announced, the kernel had forgotten to \
                 which port they were.",
            );
        }
        (0, _) => {
            let text = format!("What was dialled from here to port {port} has ended.");
            return Phrase::fact(text);
        }
        _ => {}
    }
    let sockets = count(summary.sockets as usize, "socket", "sockets");
    let hosts = count(summary.hosts as usize, "host", "hosts");
    let each = if summary.sockets == 1 { "it" } else { "each" };
    Phrase::fact(format!(
        "{sockets} dialled from here to port {port} of {hosts}; {each} has a local port of its own."
    ))
}

/// Sockets whose side nothing proves.
fn say_guess(summary: &Summary) -> Option<Phrase> {
    (summary.guessed > 0).then(|| {
        Phrase::inference(format!(
            "For {} it is only a guess from the port numbers that this is the shared port.",
            count(summary.guessed as usize, "socket", "sockets")
        ))
    })
}

fn say_reach(reach: Reach, moment: &Moment) -> Phrase {
    Phrase::fact(match reach {
        Reach::ThisMachine => {
            "Only programs on this machine can reach it: it is bound to loopback.".into()
        }
        Reach::Address(address) => format!("Bound to one address of this machine, {address}."),
        Reach::Addresses(n) => format!("Bound to {n} addresses of this machine."),
        Reach::Group(address) => format!("Receives what is sent to the multicast group {address}."),
        Reach::Interfaces(n) => format!("Bound to {n} network interfaces."),
        Reach::Interface(_) => format!(
            "Bound to one network interface ({}).",
            self::reach(reach, moment)
        ),
        Reach::Everyone(served) => {
            let family = match served {
                Served::Both => "every address of this machine, IPv4 and IPv6",
                Served::Ipv4 => "every IPv4 address of this machine",
                Served::Ipv6AtLeast => {
                    "every IPv6 address of this machine, perhaps to IPv4 as well (this source does not tell)"
                }
                Served::Ipv6 => "every IPv6 address of this machine, not IPv4",
            };
            format!("Bound to {family}; what a firewall lets through is not known here.")
        }
    })
}

pub(super) fn say_no_process(reason: NoOwner) -> Phrase {
    match reason {
        NoOwner::Unaccepted => Phrase::fact(
            "The kernel finished (or is about to finish) the handshake; the program that listens has not called accept() yet.",
        ),
        NoOwner::Kernel => Phrase::fact(
            "The programs have closed these; the kernel keeps what TCP still needs, and forgets it by itself.",
        ),
        NoOwner::Hidden(_) => {
            Phrase::ignorance("Some process has these, but this user may not look into it.")
        }
        NoOwner::Vanished => Phrase::ignorance(
            "No process had these when we looked: closed in between, or held outside this pid namespace.",
        ),
        NoOwner::NotYet => Phrase::ignorance(
            "Not every process has been looked into since these appeared; the next samples will tell.",
        ),
        NoOwner::Untold => Phrase::ignorance("The source in use does not tell the owner of these."),
    }
}

/// Listeners whose accept queue is full: callers are made to wait.
fn say_backlogs(group: &Group, answer: &Answer) -> Option<Phrase> {
    if group.summary.listeners == 0 {
        return None;
    }
    let slots = answer.rows.get(group.rows.clone())?;
    // Listeners stand first in their group.
    let listeners = slots
        .iter()
        .map_while(|s| answer.row(*s).filter(|r| r.socket.is_listening()));
    let full = listeners
        .filter_map(|r| r.socket.backlog)
        .find(|b| b.is_full())?;
    let limit = full
        .limit
        .map_or(String::new(), |limit| format!(", limit {limit}"));
    Some(Phrase::warning(format!(
        "The accept queue is full ({} waiting{limit}; Linux lets one more in than the limit): the program accepts too slowly, and new callers wait in SYN-SENT.",
        full.waiting
    )))
}

fn say_states(summary: &Summary) -> Option<Phrase> {
    let close_wait = summary.states.of(TcpState::CloseWait) as usize;
    let syn_sent = summary.states.of(TcpState::SynSent) as usize;
    let time_wait = summary.states.of(TcpState::TimeWait) as usize;
    if close_wait > 0 {
        let (ends, own) = match close_wait {
            1 => ("the other end has hung up", "its own end"),
            _ => ("the other ends have hung up", "its own ends"),
        };
        return Some(Phrase::warning(format!(
            "{close_wait} in CLOSE-WAIT: {ends} and the program here has not closed {own}; only it can."
        )));
    }
    if syn_sent > 0 {
        return Some(Phrase::warning(format!(
            "{} dialled and got no answer yet (SYN-SENT).",
            count(syn_sent, "socket", "sockets")
        )));
    }
    (time_wait > 0).then(|| {
        Phrase::fact(format!(
            "{} in TIME-WAIT: closed, kept by the kernel for a minute so that late packets hit nobody else.",
            count(time_wait, "connection", "connections")
        ))
    })
}

fn say_owners(summary: &Summary) -> Option<Phrase> {
    let hidden: u32 = summary
        .unowned
        .iter()
        .filter(|(reason, _)| matches!(reason, NoOwner::Hidden(_)))
        .map(|(_, n)| n)
        .sum();
    (hidden > 0).then(|| {
        Phrase::ignorance(format!(
            "The owner of {} is hidden from this user; root sees it.",
            count(hidden as usize, "socket", "sockets")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_the_kernel_forgot_is_not_called_0() {
        let key = |number: u16| PortKey {
            side: PortSide::There,
            port: Port(number),
            protocol: Protocol::Tcp,
        };
        assert_eq!(port_name(key(0)), "?/tcp");
        assert_eq!(port_name(key(443)), "443/tcp");
        let gone = Summary::default();
        let forgotten = say_port_there(&gone, Port::NONE).text;
        assert!(!forgotten.contains('0'), "{forgotten}");
        let ended = say_port_there(&gone, Port(443)).text;
        assert_eq!(ended, "What was dialled from here to port 443 has ended.");
    }
}
