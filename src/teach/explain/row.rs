//! A socket in plain words.

use super::other_end::{is_turned_away, other_end};
use super::side::side;
use super::state::meaning;
use super::{Explanation, Known, ago, due_in, place};
use crate::endpoint::Family;
use crate::history::{Closer, Moment, Ownership, Since, Tracked, closer};
use crate::port::Protocol;
use crate::quantity;
use crate::socket::{Socket, TcpState, TimerKind};
use crate::teach::{Phrase, holders, owner, queues, row_title};

/// Everything there is to say of a socket.
pub fn explain_row(row: &Tracked, known: Known<'_>) -> Explanation {
    let Known {
        moment, services, ..
    } = known;
    let mut said = Explanation::of(row_title(row, moment));
    said.say("What it is", what(row, moment));
    said.say("Who has it", who(row, moment));
    said.say("Which end this is", side(row, moment, services));
    said.say("The other end", other_end(row, moment));
    said.say("Its numbers now", numbers(row, moment));
    said.say("How it ended", ended(row, moment));
    let found: Vec<Phrase> = known
        .findings
        .at(row.port_key())
        .filter(|found| found.concerns(row))
        .map(|found| found.sentence.clone())
        .collect();
    said.say("Is that normal?", normal(row, &found, moment));
    said.say("Worth a look", found);
    said.commands = commands(&row.socket);
    said
}

fn what(row: &Tracked, moment: &Moment) -> Vec<Phrase> {
    let socket = &row.socket;
    let mut said = Vec::new();
    if row.is_closed() {
        said.push(Phrase::fact(
            "This socket is gone; what follows is what was last seen of it.",
        ));
    }
    said.push(match (socket.tcp_state(), socket.remote) {
        (Some(state), _) => {
            Phrase::fact(format!("{}: {}", state.name(), meaning(row, state, moment).what))
        }
        (None, None) => Phrase::fact(
            "A UDP socket without a fixed peer: it takes datagrams from anyone who can reach its address. UDP has no states and \
             no connections.",
        ),
        (None, Some(_)) => Phrase::fact(
            "A UDP socket with a fixed peer: its program chose one other end, and the kernel drops datagrams from elsewhere. \
             There was no handshake, so it does not prove that anybody is there.",
        ),
    });
    let here = place::address(socket.local);
    said.push(Phrase::fact(format!("Its own address {here}")));
    if socket.is_listening() && socket.family() == Family::Ipv6 {
        said.extend(families(socket));
    }
    let age = quantity::age(row.age(moment.elapsed));
    said.push(Phrase::fact(match row.first_seen {
        Since::Unsampled(_) => {
            "It came and went between two looks; the kernel told of its end.".into()
        }
        Since::Seen(_) if row.is_closed() => {
            format!("It was seen from its beginning to its end, {age}.")
        }
        _ if row.is_closed() => {
            format!("It was seen for {age}, and may be older: it was there at the first look.")
        }
        Since::Seen(_) => format!(
            "It appeared {}, while Portolan was looking.",
            ago(row.age(moment.elapsed))
        ),
        Since::BeforeFirstLook(_) => {
            "It was there at the first look; how old it is cannot be told.".into()
        }
    }));
    said.extend(in_state(row, moment));
    said
}

/// How long it has been in its state, where that is not as long as it was seen.
fn in_state(row: &Tracked, moment: &Moment) -> Option<Phrase> {
    let state = row.socket.tcp_state().filter(|_| !row.is_closed())?;
    if row.state_since == row.first_seen {
        return None;
    }
    let path: Vec<&str> = row.path.iter().map(|state| state.name()).collect();
    let age = match moment.elapsed.saturating_sub(row.state_since.at()) {
        brief if brief.as_secs() == 0 => "less than a second".into(),
        lasting => quantity::age(lasting),
    };
    Some(Phrase::fact(format!(
        "It has been in {} for {age}; it was seen in {}.",
        state.name(),
        path.join(", then in ")
    )))
}

/// Which families an IPv6 listener serves.
fn families(socket: &Socket) -> Option<Phrase> {
    let any = socket.local.address.is_unspecified();
    match socket.v6only {
        Some(true) => Some(Phrase::fact("It serves IPv6 alone (IPV6_V6ONLY).")),
        Some(false) if any => Some(Phrase::fact(
            "It serves IPv4 as well: an IPv4 client appears as an IPv4 address on this IPv6 socket.",
        )),
        None if any => Some(Phrase::ignorance(
            "Whether it serves IPv4 as well is not told by this source.",
        )),
        _ => None,
    }
}

fn who(row: &Tracked, moment: &Moment) -> Vec<Phrase> {
    let mut said = vec![match &row.ownership {
        Ownership::Known(held) => {
            let who = holders(held, &moment.directory);
            match held.processes().nth(1) {
                _ if row.is_closed() => Phrase::fact(format!(
                    "{who} had a descriptor of it when it was last seen."
                )),
                None => Phrase::fact(format!("{who} has a descriptor of it.")),
                Some(_) => Phrase::fact(format!(
                    "{who} have descriptors of the one socket; it closes when the last of them has closed."
                )),
            }
        }
        Ownership::Remembered(held) => Phrase::inference(format!(
            "No process has it now. {} had it when it was last seen with one.",
            holders(held, &moment.directory)
        )),
        Ownership::OfListener(held) => Phrase::inference(format!(
            "Nobody was seen with it. {} has the listener it was accepted from.",
            holders(held, &moment.directory)
        )),
        Ownership::Unaccepted => Phrase::fact(
            "Nobody yet: the kernel has taken the call by itself, and the listener's program has not called accept().",
        ),
        Ownership::Kernel if row.is_closed() => Phrase::fact(
            "Nobody at the end: its program had closed it, and the kernel alone kept it a while longer.",
        ),
        Ownership::Kernel => Phrase::fact(
            "Nobody any more: its program has closed it, and the kernel alone keeps what TCP still needs.",
        ),
        Ownership::Hidden => Phrase::ignorance(format!(
            "It is not known: {}. Every process that may be looked into was, and none has it.",
            owner(row, moment).text
        )),
        Ownership::Vanished => Phrase::ignorance(
            "No process had it when we looked: it was closed in between, is on its way from one process to another, or is held \
             outside of this pid namespace.",
        ),
        Ownership::NotYet => Phrase::ignorance(
            "It is not known yet: not every process has been looked into since it appeared.",
        ),
        Ownership::Untold => {
            Phrase::ignorance("It is not known: this source does not tell owners.")
        }
    }];
    if let Some(uid) = row.socket.uid {
        let user = moment.directory.users.get(&uid);
        let user = user.map_or_else(|| format!("user {uid}"), |name| format!("user {name}"));
        said.push(Phrase::fact(format!("It was opened by {user}.")));
    }
    let cgroup = row
        .socket
        .cgroup
        .and_then(|id| moment.directory.cgroups.get(&id));
    // The root of all says nothing.
    if let Some(cgroup) = cgroup.filter(|cgroup| &*cgroup.path != "/") {
        let place = match (&cgroup.container, &cgroup.unit) {
            (Some(container), _) => format!("container {container}"),
            (None, Some(unit)) => format!("the systemd unit {unit}"),
            (None, None) => format!("the cgroup {}", cgroup.path),
        };
        said.push(Phrase::fact(format!("It was opened in {place}.")));
    }
    said
}

fn numbers(row: &Tracked, moment: &Moment) -> Vec<Phrase> {
    let socket = &row.socket;
    let mut said = Vec::new();
    if let Some(backlog) = socket.backlog {
        let limit = backlog.limit.map_or_else(
            || "how many may wait is not told by this source".into(),
            |limit| format!("{limit} may wait, and Linux lets one more in"),
        );
        let text = format!(
            "Of a listener the two queue numbers mean calls: {} waiting to be accepted, {limit}.",
            backlog.waiting
        );
        said.push(if backlog.is_full() {
            Phrase::warning(format!(
                "{text} It is full: further callers are made to wait."
            ))
        } else {
            Phrase::fact(text)
        });
    }
    said.extend(empty_queues(socket));
    if let Some(phrase) = queues::unread(socket) {
        said.push(Phrase::warning(format!(
            "Receive queue: {}. The program here has to read it.",
            phrase.text
        )));
    }
    if let Some(phrase) = queues::unacknowledged(socket) {
        said.push(Phrase {
            text: format!(
                "Send queue: {}. The other end has to confirm it.",
                phrase.text
            ),
            ..phrase
        });
    }
    if let Some(timer) = socket.timer.filter(|_| !row.is_closed()) {
        let due = due_in(timer.due.saturating_sub(moment.elapsed));
        said.push(Phrase::fact(match timer.kind {
            TimerKind::Retransmit if timer.retransmits > 0 => format!(
                "It was sent again {} so far without an answer; the next time is {due}.",
                quantity::count(timer.retransmits.into(), "time", "times")
            ),
            TimerKind::Retransmit => {
                format!("Without an acknowledgement it will be sent again {due}.")
            }
            TimerKind::Keepalive => {
                format!("The kernel asks {due} whether the other end is still there (keepalive).")
            }
            TimerKind::TimeWait => format!("The kernel forgets it {due}."),
            TimerKind::Probe => format!(
                "The other end has no room; the kernel asks again {due} (zero-window probe)."
            ),
            TimerKind::Other(_) => format!("A timer fires {due}."),
        }));
    }
    let tcp = socket.tcp.as_ref();
    if let Some(rtt) = tcp.and_then(|tcp| tcp.rtt_us) {
        said.push(Phrase::fact(format!(
            "A packet and its acknowledgement take {}.",
            quantity::round_trip(rtt.get())
        )));
    }
    if let Some(again) = tcp.map(|tcp| tcp.total_retransmits).filter(|n| *n > 0) {
        let segments = quantity::count(again as usize, "segment", "segments");
        let why = match socket.tcp_state() {
            _ if is_turned_away(row, moment) => "the listener called takes no more into its queue",
            Some(TcpState::SynSent) => "the call was lost on the way, or is not answered there",
            _ => "something was lost on the way, or came late",
        };
        said.push(Phrase::warning(format!(
            "{segments} had to be sent again so far: {why}."
        )));
    }
    said
}

/// That nothing waits, and what that means.
fn empty_queues(socket: &Socket) -> Option<Phrase> {
    let empty = socket.queues.is_some_and(|q| q.recv == 0 && q.send == 0);
    let text = match (socket.tcp_state(), socket.remote) {
        _ if !empty => return None,
        (Some(TcpState::Established), _) => {
            "Both queues are empty: what came was read by the program here, what was sent was confirmed by the other end."
        }
        (Some(TcpState::CloseWait), _) => {
            "Both queues are empty: the program here has read the hang-up, and holds the socket all the same."
        }
        (None, _) => "Both queues are empty: no datagram waits to be read or sent.",
        _ => return None,
    };
    Some(Phrase::fact(text))
}

/// When it ended, and which end began with that.
fn ended(row: &Tracked, moment: &Moment) -> Vec<Phrase> {
    let Some(at) = row.ended().filter(|_| row.is_closed()) else {
        return Vec::new();
    };
    let ended = ago(moment.elapsed.saturating_sub(at));
    let mut said = vec![Phrase::fact(format!("It ended {ended}."))];
    said.extend(closer(row, moment).map(|first| match first {
        Closer::Here => Phrase::fact("The program here closed first."),
        Closer::There => Phrase::fact("The other end closed first."),
        Closer::ThereConcluded => Phrase::inference("Probably the other end closed first."),
        Closer::NeverOpen => {
            Phrase::fact("It had never been open: the call was not answered, or was refused.")
        }
    }));
    said
}

/// What is young may be as it is; what was found is no question any more.
fn normal(row: &Tracked, found: &[Phrase], moment: &Moment) -> Vec<Phrase> {
    if row.is_closed() {
        return vec![Phrase::fact(
            "It is over: nothing of it is left in the kernel.",
        )];
    }
    let Some(state) = row.socket.tcp_state() else {
        let unread = row.socket.queues.is_some_and(|queues| queues.recv > 0);
        return vec![match (found.is_empty(), unread) {
            (false, _) => Phrase::warning(
                "Not all of it: see what is worth a look below. It ends when its program closes it.",
            ),
            (true, true) => Phrase::fact(
                "For a moment, yes: what came is to be read soon. It ends when its program closes it.",
            ),
            (true, false) => Phrase::fact("Yes. It ends when its program closes it."),
        }];
    };
    let normal = meaning(row, state, moment).normal;
    let alarming = matches!(state, TcpState::CloseWait | TcpState::SynSent);
    vec![match (found.is_empty(), alarming) {
        (true, _) => Phrase::fact(normal),
        (false, true) => Phrase::warning(normal),
        (false, false) => Phrase::fact(format!(
            "The state by itself; but see what is worth a look below. {normal}"
        )),
    }]
}

/// What shows the same row elsewhere.
pub(super) fn commands(socket: &Socket) -> Vec<String> {
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
