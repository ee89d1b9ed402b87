//! Whether a port can be had, in words: the answer, who is in the way, and why.
//!
//! In: what trying to bind said, and the sockets that have the port. Out: sentences, the answer
//! first. The answer comes from trying, the names from the table; where the two do not fit
//! together, that is said.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::collect::{Refusal, Trial};
use crate::history::{Moment, Ownership, Tracked};
use crate::port::{Port, Protocol};
use crate::quantity;
use crate::query::{Neighbours, Verdict};
use crate::snapshot::Gap;
use crate::socket::TcpState;
use crate::teach::neighbours::{AnyListener, groups, say_connections, say_listeners};
use crate::teach::sight::sees_all;
use crate::teach::{Certainty, Phrase};
use crate::wish::{Serves, Wish};

/// How many lines tell of sockets; the rest is counted.
const MOST: usize = 10;

/// All that is known about a wish.
#[derive(Clone, Copy, Debug)]
pub struct Berthing<'a> {
    /// The wish.
    pub wish: Wish,
    /// What came of trying just that.
    pub trials: &'a [Trial],
    /// What came of trying something near.
    pub spares: &'a [Trial],
    /// The answer.
    pub verdict: Verdict,
    /// Who has the port.
    pub neighbours: &'a Neighbours,
    /// The socket table, where it could be read.
    pub moment: Option<&'a Moment>,
}

/// How a line about what else is free begins.
const OTHERS: &str = "other addresses";

/// The answer in one line.
pub fn say_verdict(wish: Wish, verdict: Verdict) -> Phrase {
    match verdict {
        Verdict::Free => Phrase::fact(format!("{wish} is free")),
        Verdict::Taken => Phrase::fact(format!("{wish} is taken")),
        Verdict::Impossible => Phrase::fact(format!("{wish} cannot be bound here")),
        Verdict::Forbidden => Phrase::fact(format!("{wish} cannot be bound by this user")),
    }
}

/// Why, line by line.
pub fn say_why(berthing: &Berthing<'_>) -> Vec<Phrase> {
    let mut said = sockets(berthing);
    match berthing.verdict {
        Verdict::Free => said.extend(why_free(berthing)),
        Verdict::Taken => said.extend(why_taken(berthing)),
        Verdict::Impossible | Verdict::Forbidden => {}
    }
    said.extend(refusals(berthing));
    if berthing.verdict == Verdict::Forbidden {
        said.extend(untold(berthing));
    }
    said.extend(near(berthing));
    said.extend(remedy(berthing, &said));
    said
}

/// The sockets that have the port: those in reach of the wish, and where it is free, the others,
/// so that nobody wonders what they are.
fn sockets(berthing: &Berthing<'_>) -> Vec<Phrase> {
    let Some(moment) = berthing.moment else {
        return Vec::new();
    };
    let Neighbours { meeting, beside } = berthing.neighbours;
    let mut all = meeting.iter().chain(beside);
    let any_listener = match all.any(|row| row.socket.is_listening()) {
        true => AnyListener::Stands,
        false => AnyListener::Gone,
    };
    let mut said: Vec<(usize, Phrase)> = Vec::new();
    let beside: &[_] = match berthing.verdict {
        Verdict::Free => beside,
        _ => &[],
    };
    for (rows, where_) in [(&meeting[..], ""), (beside, "elsewhere: ")] {
        for group in groups(rows, moment) {
            let phrase = match group[0].socket.is_listening() {
                true => say_listeners(&group, moment),
                false => say_connections(&group, any_listener, moment),
            };
            let text = format!("{where_}{}", phrase.text);
            said.push((group.len(), Phrase { text, ..phrase }));
        }
    }
    if said.len() <= MOST {
        return said.into_iter().map(|(_, phrase)| phrase).collect();
    }
    let rest: usize = said.iter().skip(MOST).map(|(rows, _)| rows).sum();
    let mut shown: Vec<Phrase> = said.into_iter().map(|(_, p)| p).take(MOST).collect();
    let more = quantity::count(rest, "more socket", "more sockets");
    shown.push(Phrase::fact(format!("and {more}")));
    shown
}

fn why_free(berthing: &Berthing<'_>) -> Option<Phrase> {
    let strict_fails = berthing
        .trials
        .iter()
        .any(|trial| trial.strict == Err(Refusal::InUse));
    let rows = &berthing.neighbours.meeting;
    if berthing
        .trials
        .iter()
        .any(|trial| trial.usual == Err(Refusal::Untried))
    {
        return Some(Phrase::inference(
            "concluded from the socket table alone: this system lets nobody try without listening",
        ));
    }
    if !strict_fails {
        return match (rows.is_empty(), berthing.neighbours.beside.is_empty()) {
            (false, _) => Some(Phrase::fact(
                "not in the way: the system lets another socket bind all the same",
            )),
            (true, false) => Some(Phrase::fact(
                "not in the way: other addresses are other places to bind",
            )),
            (true, true) => None,
        };
    }
    let others = match still_waiting(berthing) {
        _ if rows.is_empty() => {
            return Some(Phrase::inference(format!(
                "{}; a server that sets SO_REUSEADDR, as nearly all do, can bind beside it, one that does not cannot",
                unlisted(berthing, "another socket has it, too")
            )));
        }
        Some(left) => format!("one that does not can in {}", quantity::age(left)),
        None => "one that does not has to wait until they are gone".to_owned(),
    };
    Some(Phrase::fact(format!(
        "a server that sets SO_REUSEADDR, as nearly all do, can bind all the same; {others}"
    )))
}

fn why_taken(berthing: &Berthing<'_>) -> Option<Phrase> {
    let neighbours = berthing.neighbours;
    if neighbours.any_listens() {
        return join_them(berthing);
    }
    if neighbours.meeting.is_empty() {
        return Some(Phrase::inference(unlisted(berthing, "taken by a socket")));
    }
    if berthing.wish.protocol == Protocol::Udp {
        return None;
    }
    let until = match still_waiting(berthing) {
        Some(left) => format!("until it is forgotten, in {}", quantity::age(left)),
        None => "until it is closed".to_owned(),
    };
    let quiet = match neighbours.meeting.len() {
        1 => "it does not listen",
        _ => "none of them listens",
    };
    // Not said of a certain socket: one that is in no table may be the one.
    Some(Phrase::inference(format!(
        "{quiet}; what keeps the port was opened without SO_REUSEADDR, and keeps it {until}"
    )))
}

/// Sockets that share a place let in who does as they do.
fn join_them(berthing: &Berthing<'_>) -> Option<Phrase> {
    let rows = &berthing.neighbours.meeting;
    let listens = |row: &&Arc<Tracked>| row.socket.is_listening();
    let mut listeners = rows.iter().filter(listens);
    let first = listeners.next()?;
    let shared = listeners.clone().next().is_some()
        && listeners.all(|row| row.socket.local == first.socket.local);
    shared.then(|| {
        Phrase::inference(match berthing.wish.protocol {
            Protocol::Tcp => "a server of the same user that sets SO_REUSEPORT can join them",
            Protocol::Udp => "a program that sets the same option can join them",
        })
    })
}

/// A socket that must be there, and why the table does not show it.
fn unlisted(berthing: &Berthing<'_>, subject: &str) -> String {
    let Some(moment) = berthing.moment else {
        return format!("{subject}; whose it is cannot be told: the socket table cannot be read");
    };
    let mut gaps = moment.gaps.iter();
    if let Some(gap) = gaps.find(|gap| matches!(gap, Gap::Sockets(_))) {
        return format!("{subject} that the table does not show: {gap}");
    }
    match berthing.wish.protocol {
        Protocol::Tcp => {
            format!(
                "{subject} that the table does not list: bound, and neither listening nor connected"
            )
        }
        Protocol::Udp => format!("{subject} that the table does not list"),
    }
}

/// When the last one is forgotten, where all are in TIME-WAIT.
fn still_waiting(berthing: &Berthing<'_>) -> Option<Duration> {
    let moment = berthing.moment?;
    let left = |row: &Arc<Tracked>| {
        let waits = row.socket.tcp_state() == Some(TcpState::TimeWait);
        let timer = row.socket.timer.filter(|_| waits)?;
        Some(timer.due.saturating_sub(moment.elapsed))
    };
    let all: Option<Vec<Duration>> = berthing.neighbours.meeting.iter().map(left).collect();
    // "In 0s" would be over before it is read.
    all?.into_iter()
        .max()
        .map(|t| t.max(Duration::from_secs(1)))
}

/// What the system said besides "in use", each once.
fn refusals(berthing: &Berthing<'_>) -> Vec<Phrase> {
    let mut said: Vec<Phrase> = Vec::new();
    for trial in berthing.trials {
        let Err(refusal) = &trial.usual else { continue };
        let address = trial.berth.end.plain();
        let phrase = match refusal {
            Refusal::InUse | Refusal::Untried => continue,
            Refusal::Privileged(first) => Phrase::fact(privileged(*first)),
            Refusal::NotHere => {
                Phrase::fact(format!("{address} is none of this machine's addresses"))
            }
            Refusal::NoFamily => {
                let family = match address {
                    IpAddr::V4(_) => "IPv4",
                    IpAddr::V6(_) => "IPv6",
                };
                Phrase::fact(format!("{family} is off on this machine"))
            }
            Refusal::Other(why) => Phrase::ignorance(format!(
                "the system refuses to bind {}: {why}",
                trial.berth.end
            )),
        };
        if !said.contains(&phrase) {
            said.push(phrase);
        }
    }
    said
}

fn privileged(first: Port) -> String {
    let setting = if cfg!(target_os = "linux") {
        " or CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start)"
    } else {
        ""
    };
    format!("this user may not bind ports below {first}: that takes root{setting}")
}

/// What is left to say where nothing could be tried.
fn untold(berthing: &Berthing<'_>) -> Vec<Phrase> {
    let table = match (berthing.moment, berthing.neighbours.meeting.is_empty()) {
        (None, _) => "the socket table cannot be read either",
        (Some(_), true) => {
            "nobody has it in the socket table, which does not list sockets that are bound and no more"
        }
        (Some(_), false) => "nobody listens there in the socket table",
    };
    vec![Phrase::ignorance(table)]
}

/// What near the wish is free, each tried.
fn near(berthing: &Berthing<'_>) -> Vec<Phrase> {
    if berthing.verdict != Verdict::Taken {
        return Vec::new();
    }
    let free = |trial: &&Trial| trial.usual.is_ok();
    let tried = berthing.trials.iter().filter(free);
    let mut said: Vec<String> = tried
        .filter(|trial| trial.berth.end.address.is_unspecified())
        .map(|trial| format!("free for IPv4 alone: {}", trial.berth.end))
        .collect();
    let any_wildcard = !said.is_empty();
    for Trial { berth, .. } in berthing.spares.iter().filter(free) {
        let end = berth.end;
        match (end.address.is_unspecified(), berth.serves) {
            (true, Serves::OwnFamily) => {
                said.push(format!("free for IPv6 alone: {end} with IPV6_V6ONLY"));
            }
            // Where 0.0.0.0 is free, single addresses are, too; and one example is enough.
            _ if any_wildcard || said.iter().any(|text| text.starts_with(OTHERS)) => {}
            _ => said.push(format!("{OTHERS} are free, such as {end}")),
        }
    }
    said.into_iter().map(Phrase::fact).collect()
}

/// What would tell more.
fn remedy(berthing: &Berthing<'_>, said: &[Phrase]) -> Option<Phrase> {
    let moment = berthing.moment?;
    if sees_all(moment) || !cfg!(unix) {
        return None;
    }
    let rows = berthing.neighbours.meeting.iter();
    let hidden = rows
        .filter(|row| row.ownership == Ownership::Hidden)
        .count();
    let unsure = said.iter().any(|p| p.certainty == Certainty::Ignorance);
    let wish = berthing.wish;
    match (berthing.verdict, hidden) {
        (Verdict::Forbidden, _) if unsure => {
            Some(Phrase::fact(format!("to try: sudo portolan free {wish}")))
        }
        (_, 0) => None,
        _ => Some(Phrase::fact(format!(
            "to see hidden owners: sudo portolan free {wish}"
        ))),
    }
}
