//! Explains a socket in plain words.

use super::context::ExplainContext;
use super::explanation::Explanation;
use super::peer::{describe_peer, is_blocked_by_full_backlog};
use super::relative_time::{format_ago, format_due_in};
use super::row_text::row_title;
use super::side::describe_side;
use super::tcp_state::state_meaning;
use super::{endpoint_meaning, queue_text};
use crate::history::{ClosedBy, Moment, ObservedSince, Ownership, TrackedSocket, closed_by};
use crate::net::endpoint::Family;
use crate::net::port::Protocol;
use crate::net::socket::{Socket, TcpState, TimerKind};
use crate::query::owner_display::{describe_owner, format_holders};
use crate::text::phrase::Phrase;
use crate::text::units;

/// Explains a socket.
pub fn explain_row(row: &TrackedSocket, context: ExplainContext<'_>) -> Explanation {
    let ExplainContext {
        moment, services, ..
    } = context;
    let mut out = Explanation::new(row_title(row, moment));
    out.push_section("What it is", describe_socket(row, moment));
    out.push_section("Owner", describe_holders(row, moment));
    out.push_section("Which side", describe_side(row, moment, services));
    out.push_section("The peer", describe_peer(row, moment));
    out.push_section("Queues and counters", describe_counters(row, moment));
    out.push_section("How it ended", describe_close(row, moment));
    let found: Vec<Phrase> = context
        .findings
        .for_port(row.port_key())
        .filter(|found| found.concerns(row))
        .map(|found| found.sentence.clone())
        .collect();
    out.push_section("Is that normal?", assess_state(row, &found, moment));
    out.push_section("Problems", found);
    out.commands = related_commands(&row.socket);
    out
}

fn describe_socket(row: &TrackedSocket, moment: &Moment) -> Vec<Phrase> {
    let socket = &row.socket;
    let mut out = Vec::new();
    if row.is_closed() {
        out.push(Phrase::fact(
            "This socket is closed; the rest is what was last known of it.",
        ));
    }
    out.push(match (socket.tcp_state(), socket.remote) {
        (Some(state), _) => {
            Phrase::fact(format!("{}: {}", state.name(), state_meaning(row, state, moment).description))
        }
        (None, None) => Phrase::fact(
            "A UDP socket without a fixed peer: it receives datagrams from anyone who can reach its address. UDP has no states and \
             no connections.",
        ),
        (None, Some(_)) => Phrase::fact(
            "A UDP socket with a fixed peer: its program chose one peer, and the kernel drops datagrams from elsewhere. \
             There was no handshake, so this does not prove that a peer exists.",
        ),
    });
    let meaning = endpoint_meaning::address_meaning(socket.local);
    out.push(Phrase::fact(format!("Its local address {meaning}")));
    if socket.is_listening() && socket.family() == Family::Ipv6 {
        out.extend(served_families(socket));
    }
    let age = units::age(row.age(moment.elapsed));
    out.push(Phrase::fact(match row.first_seen {
        ObservedSince::Unsampled(_) => {
            "It opened and closed between two samples; the kernel reported its end.".into()
        }
        ObservedSince::Sampled(_) if row.is_closed() => {
            format!("It was seen from start to end: {age}.")
        }
        _ if row.is_closed() => {
            format!("It was seen for {age}, and may be older: it was in the first sample.")
        }
        ObservedSince::Sampled(_) => format!(
            "It appeared {}, after the first sample.",
            format_ago(row.age(moment.elapsed))
        ),
        ObservedSince::BeforeFirstSample(_) => {
            "It was in the first sample; its age is not known.".into()
        }
    }));
    out.extend(describe_time_in_state(row, moment));
    out
}

/// Describes how long it has been in its state and which states were seen; `None` if it had only one.
fn describe_time_in_state(row: &TrackedSocket, moment: &Moment) -> Option<Phrase> {
    let state = row.socket.tcp_state().filter(|_| !row.is_closed())?;
    if row.state_since == row.first_seen {
        return None;
    }
    let path: Vec<&str> = row.states.iter().map(|state| state.name()).collect();
    let age = match moment.elapsed.saturating_sub(row.state_since.time()) {
        brief if brief.as_secs() == 0 => "less than a second".into(),
        duration => units::age(duration),
    };
    Some(Phrase::fact(format!(
        "It has been in {} for {age}; it was seen in {}.",
        state.name(),
        path.join(", then in ")
    )))
}

/// Says whether an IPv6 listener serves IPv4 as well (IPV6_V6ONLY, ipv6(7)).
fn served_families(socket: &Socket) -> Option<Phrase> {
    let any = socket.local.address.is_unspecified();
    match socket.v6only {
        Some(true) => Some(Phrase::fact("It serves IPv6 only (IPV6_V6ONLY).")),
        Some(false) if any => Some(Phrase::fact(
            "It serves IPv4 as well: an IPv4 client appears as an IPv4 address on this IPv6 socket.",
        )),
        None if any => Some(Phrase::unknown(
            "This source does not report whether it serves IPv4 as well.",
        )),
        _ => None,
    }
}

fn describe_holders(row: &TrackedSocket, moment: &Moment) -> Vec<Phrase> {
    let mut out = vec![match &row.ownership {
        Ownership::Known(holder_set) => {
            let who = format_holders(holder_set, &moment.directory);
            match holder_set.processes().nth(1) {
                _ if row.is_closed() => Phrase::fact(format!(
                    "{who} had a descriptor of it when it was last seen."
                )),
                None => Phrase::fact(format!("{who} has a descriptor of it.")),
                Some(_) => Phrase::fact(format!(
                    "{who} have descriptors of this one socket; it closes when the last of them is closed."
                )),
            }
        }
        Ownership::Former(holder_set) => Phrase::inference(format!(
            "No process has it now. {} had it last.",
            format_holders(holder_set, &moment.directory)
        )),
        Ownership::FromListener(holder_set) => Phrase::inference(format!(
            "No process was seen with it. {} has the listener that accepted it.",
            format_holders(holder_set, &moment.directory)
        )),
        Ownership::Unaccepted => Phrase::fact(
            "No process yet: the kernel handles the handshake by itself, and the listener's program has not called accept().",
        ),
        Ownership::Kernel if row.is_closed() => Phrase::fact(
            "No process at the end: its program had closed it, and only the kernel kept it a while longer.",
        ),
        Ownership::Kernel => Phrase::fact(
            "No process any more: its program has closed it, and only the kernel keeps what TCP still needs.",
        ),
        Ownership::Hidden => Phrase::unknown(format!(
            "Not known: {}. No process that may be inspected has it.",
            describe_owner(row, moment).text
        )),
        Ownership::NotFound => Phrase::unknown(
            "No process had it at the time of the sample: it was closed in the meantime, is being passed between processes, or is held \
             outside this pid namespace.",
        ),
        Ownership::Pending => {
            Phrase::unknown("Not known yet: not every process has been searched since it appeared.")
        }
        Ownership::Unsupported => Phrase::unknown("Not known: this source does not report owners."),
    }];
    if let Some(uid) = row.socket.uid {
        let user = moment.directory.users.get(&uid);
        let user = user.map_or_else(|| format!("user {uid}"), |name| format!("user {name}"));
        out.push(Phrase::fact(format!("It was opened by {user}.")));
    }
    let cgroup = row
        .socket
        .cgroup
        .and_then(|id| moment.directory.cgroups.get(&id));
    // The root cgroup says nothing.
    if let Some(cgroup) = cgroup.filter(|cgroup| &*cgroup.path != "/") {
        let place = match (&cgroup.container, &cgroup.unit) {
            (Some(container), _) => format!("container {container}"),
            (None, Some(unit)) => format!("the systemd unit {unit}"),
            (None, None) => format!("the cgroup {}", cgroup.path),
        };
        out.push(Phrase::fact(format!("It was opened in {place}.")));
    }
    out
}

fn describe_counters(row: &TrackedSocket, moment: &Moment) -> Vec<Phrase> {
    let socket = &row.socket;
    let mut out = Vec::new();
    if let Some(backlog) = socket.accept_queue {
        let limit = backlog.limit.map_or_else(
            || "the limit is not reported by this source".into(),
            |limit| format!("limit {limit} (Linux lets one more in)"),
        );
        let text = format!(
            "A listener's two queue numbers count connections: {} not accepted yet, {limit}.",
            backlog.waiting
        );
        out.push(if backlog.is_full() {
            Phrase::warning(format!(
                "{text} The queue is full: new clients have to wait."
            ))
        } else {
            Phrase::fact(text)
        });
    }
    out.extend(empty_queues_note(socket));
    if let Some(phrase) = queue_text::describe_unread(socket) {
        out.push(Phrase::warning(format!(
            "Receive queue: {}. The program here has to read it.",
            phrase.text
        )));
    }
    if let Some(phrase) = queue_text::describe_unacknowledged(socket) {
        out.push(Phrase {
            text: format!(
                "Send queue: {}.{}",
                phrase.text,
                match socket.tcp_state() {
                    Some(_) => " The peer has to acknowledge it.",
                    None => "",
                }
            ),
            ..phrase
        });
    }
    if let Some(timer) = socket.timer.filter(|_| !row.is_closed()) {
        let due = format_due_in(timer.due.saturating_sub(moment.elapsed));
        out.push(Phrase::fact(match timer.kind {
            TimerKind::Retransmit if timer.retransmits > 0 => format!(
                "It was retransmitted {} so far without an answer; the next time is {due}.",
                units::pluralize(timer.retransmits.into(), "time", "times")
            ),
            TimerKind::Retransmit => {
                format!("Without an acknowledgement it will be retransmitted {due}.")
            }
            TimerKind::Keepalive => {
                format!("The kernel checks {due} whether the peer is still there (keepalive).")
            }
            TimerKind::TimeWait => format!("It expires {due}."),
            TimerKind::ZeroWindowProbe => {
                format!("The peer has no room; the kernel asks again {due} (zero-window probe).")
            }
            TimerKind::Other(_) => format!("A timer fires {due}."),
        }));
    }
    let tcp = socket.tcp.as_ref();
    if let Some(rtt) = tcp.and_then(|tcp| tcp.rtt_us) {
        out.push(Phrase::fact(format!(
            "A packet and its acknowledgement take {} (round-trip time).",
            units::rtt(rtt.get())
        )));
    }
    if let Some(again) = tcp.map(|tcp| tcp.total_retransmits).filter(|n| *n > 0) {
        let segments = units::pluralize(again as usize, "segment", "segments");
        let why = match socket.tcp_state() {
            _ if is_blocked_by_full_backlog(row, moment) => "the listener's accept queue is full",
            Some(TcpState::SynSent) => "the SYN was lost on the way, or is not answered there",
            _ => "something was lost on the way, or came late",
        };
        out.push(Phrase::warning(format!(
            "{segments} had to be retransmitted so far: {why}."
        )));
    }
    out
}

/// Says what it means that both queues are empty; `None` if they are not.
fn empty_queues_note(socket: &Socket) -> Option<Phrase> {
    let empty = socket.queues.is_some_and(|q| q.recv == 0 && q.send == 0);
    let text = match (socket.tcp_state(), socket.remote) {
        _ if !empty => return None,
        (Some(TcpState::Established), _) => {
            "Both queues are empty: the program here has read all that arrived, and the peer has acknowledged all that was sent."
        }
        (Some(TcpState::CloseWait), _) => {
            "Both queues are empty: the program here has read the FIN, but has not closed the socket."
        }
        (None, _) => "Both queues are empty: no datagram waits to be read or sent.",
        _ => return None,
    };
    Some(Phrase::fact(text))
}

/// Says when it ended, and which end closed first.
fn describe_close(row: &TrackedSocket, moment: &Moment) -> Vec<Phrase> {
    let Some(at) = row.closed_at().filter(|_| row.is_closed()) else {
        return Vec::new();
    };
    let ended = format_ago(moment.elapsed.saturating_sub(at));
    let mut out = vec![Phrase::fact(format!("It ended {ended}."))];
    out.extend(closed_by(row, moment).map(|first| match first {
        ClosedBy::Local => Phrase::fact("The program here closed first."),
        ClosedBy::Remote => Phrase::fact("The peer closed first."),
        ClosedBy::RemoteInferred => Phrase::inference("Probably the peer closed first."),
        ClosedBy::NeverEstablished => Phrase::fact(
            "It was never open: the connection attempt was not answered, or was refused.",
        ),
    }));
    out
}

/// Says whether the state is normal and what ends it. A finding overrides what is normal for the
/// state.
fn assess_state(row: &TrackedSocket, found: &[Phrase], moment: &Moment) -> Vec<Phrase> {
    if row.is_closed() {
        return vec![Phrase::fact(
            "It is closed: nothing of it is left in the kernel.",
        )];
    }
    let Some(state) = row.socket.tcp_state() else {
        let unread = row.socket.queues.is_some_and(|queues| queues.recv > 0);
        return vec![match (found.is_empty(), unread) {
            (false, _) => Phrase::warning(
                "Not entirely: see Problems below. It ends when its program closes it.",
            ),
            (true, true) => Phrase::fact(
                "For a moment, yes: the program should soon read what arrived. It ends when its program closes it.",
            ),
            (true, false) => Phrase::fact("Yes. It ends when its program closes it."),
        }];
    };
    let normal = state_meaning(row, state, moment).expectation;
    let is_warning_state = matches!(state, TcpState::CloseWait | TcpState::SynSent);
    vec![match (found.is_empty(), is_warning_state) {
        (true, _) => Phrase::fact(normal),
        (false, true) => Phrase::warning(normal),
        (false, false) => Phrase::fact(format!(
            "The state by itself is, but see Problems below. {normal}"
        )),
    }]
}

/// Returns the commands of other tools that show the same socket.
pub(crate) fn related_commands(socket: &Socket) -> Vec<String> {
    let (kind, local) = match socket.protocol() {
        Protocol::Tcp => ("t", socket.local.port),
        Protocol::Udp => ("u", socket.local.port),
    };
    let filter = match socket.remote {
        Some(remote) => format!("'sport = :{local} and dport = :{}'", remote.port),
        None => format!("'sport = :{local}'"),
    };
    let lsof = socket.protocol().name().to_uppercase();
    vec![
        format!("ss -{kind}anpe {filter}"),
        format!("lsof -nP -i {lsof}:{local}"),
    ]
}
