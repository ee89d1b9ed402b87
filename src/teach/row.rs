//! A socket in words.

use std::time::Duration;

use crate::history::{Evidence, Moment, Ownership, Side, Since, Tracked};
use crate::port::Protocol;
use crate::process::Holder;
use crate::quantity;
use crate::query::Place;
use crate::socket::{TcpState, TimerKind};
use crate::teach::sight::sees_all;
use crate::teach::{Phrase, holders, owner, queues};

/// This machine's end.
pub fn local(row: &Tracked, moment: &Moment) -> String {
    Place::local(row, moment).to_string()
}

/// The other end, by name where names were asked for.
pub fn remote(row: &Tracked, moment: &Moment) -> Option<String> {
    Some(Place::remote(row, moment)?.named(moment).to_string())
}

/// The state's name; for UDP, which has none, whether a peer was fixed.
pub const fn state(row: &Tracked) -> &'static str {
    match row.socket.tcp_state() {
        Some(state) => state.name(),
        None if row.socket.remote.is_some() => "UDP, peer",
        None => "UDP",
    }
}

/// The endpoint that tells the row from its neighbours under one shared port, with an arrow for
/// who dialled.
pub fn end(row: &Tracked, twin: Option<&Tracked>, moment: &Moment) -> String {
    let socket = &row.socket;
    match (row.side, remote(row, moment)) {
        (Side::Serving, Some(remote)) => format!("← {remote}"),
        (Side::Outgoing, Some(remote)) => format!(":{} → {remote}", socket.local.port),
        _ => {
            let mut text = local(row, moment);
            if let Some(twin) = twin {
                text.push_str(&format!(" {}", local(twin, moment)));
            } else if socket.local.is_ipv6() && socket.local.address.is_unspecified() {
                text.push_str(match socket.v6only {
                    Some(true) => " IPv6 only",
                    Some(false) => " and IPv4",
                    None => "",
                });
            }
            text
        }
    }
}

/// The most telling thing about the row besides state, ends and owner.
pub fn note(row: &Tracked, moment: &Moment) -> Phrase {
    if let Some(backlog) = row.socket.backlog {
        let text = match backlog.limit {
            // The kernel lets one more wait than the limit says; the pane explains it.
            Some(limit) if backlog.is_full() => {
                format!("waiting {} of {limit}: full", backlog.waiting)
            }
            Some(limit) => format!("waiting {} of {limit}", backlog.waiting),
            None => format!("waiting {}", backlog.waiting),
        };
        return if backlog.is_full() {
            Phrase::warning(text)
        } else {
            Phrase::fact(text)
        };
    }
    let mut parts: Vec<Phrase> = Vec::new();
    parts.extend(peer(row, moment));
    parts.extend(timer(row, moment.elapsed));
    parts.extend(queues::unread(&row.socket));
    parts.extend(queues::unacknowledged(&row.socket));
    if row.evidence.is_guess() {
        parts.push(Phrase::inference("side guessed"));
    }
    if let Some(rtt) = row.socket.tcp.and_then(|t| t.rtt_us)
        && row.socket.tcp_state() == Some(TcpState::Established)
    {
        parts.push(Phrase::fact(format!(
            "rtt {}",
            quantity::round_trip(rtt.get())
        )));
    }
    join(&parts)
}

/// Several phrases as one; the least sure or most urgent decides how it looks.
fn join(parts: &[Phrase]) -> Phrase {
    use crate::teach::Certainty::{Fact, Ignorance, Inference, Warning};
    let text: Vec<&str> = parts.iter().map(|p| p.text.as_str()).collect();
    let strongest = [Warning, Ignorance, Inference]
        .into_iter()
        .find(|c| parts.iter().any(|p| p.certainty == *c));
    Phrase {
        text: text.join(" · "),
        certainty: strongest.unwrap_or(Fact),
    }
}

/// Who is at the other end, when that is a process of this machine.
fn peer(row: &Tracked, moment: &Moment) -> Option<Phrase> {
    let other = moment.peer_of(row)?;
    let list = other.ownership.holders()?;
    let own = row
        .ownership
        .holders()
        .and_then(|h| h.first())
        .map(|h| h.process);
    let first: Option<&Holder> = list.first();
    if own.is_some() && own == first.map(|h| h.process) {
        return Some(Phrase::fact("⇄ itself"));
    }
    Some(Phrase::fact(format!(
        "⇄ {}",
        holders(list, &moment.directory)
    )))
}

fn timer(row: &Tracked, now: Duration) -> Option<Phrase> {
    let timer = row.socket.timer?;
    let left = quantity::age(timer.due.saturating_sub(now));
    match timer.kind {
        TimerKind::TimeWait if row.is_closed() => None,
        TimerKind::TimeWait => Some(Phrase::fact(format!("forgotten in {left}"))),
        TimerKind::Retransmit if timer.retransmits > 0 => Some(Phrase::warning(format!(
            "sent again ×{}, next in {left}",
            timer.retransmits
        ))),
        TimerKind::Probe => Some(Phrase::warning(format!(
            "other end reads nothing, asks in {left}"
        ))),
        _ => None,
    }
}

/// How the side is known.
pub const fn evidence(row: &Tracked) -> &'static str {
    match row.evidence {
        Evidence::State => "its state leaves no choice",
        Evidence::Listener => "a listener has its local port",
        Evidence::PastListener => "a listener had its local port a while ago",
        Evidence::Counters => "TCP counted the SYN of the side that dialled",
        Evidence::Mirror => "the other end is a socket of this machine",
        Evidence::PortRange => "a guess from the port numbers",
    }
}

/// What the row is, for the head of a pane.
pub fn row_title(row: &Tracked, moment: &Moment) -> String {
    let protocol = row.socket.protocol().name().to_uppercase();
    let local = local(row, moment);
    match remote(row, moment) {
        Some(remote) => format!("{protocol} {local} ⇄ {remote}"),
        None => format!("{protocol} {local}"),
    }
}

/// What there is to say of a row, the most important first.
pub fn say_row(row: &Tracked, moment: &Moment) -> Vec<Phrase> {
    let mut said = vec![say_side(row)];
    if row.is_closed() {
        let gone = match row.first_seen {
            Since::Unsampled(_) => {
                "This socket opened and closed between two samples; the kernel announced its end."
            }
            _ => "This socket is gone; its row stays a few seconds.",
        };
        said.insert(0, Phrase::fact(gone));
    }
    said.extend(say_owner(row, moment));
    said.extend(say_state(row, moment));
    said
}

fn say_side(row: &Tracked) -> Phrase {
    let (local, remote) = (row.socket.local.port, row.socket.remote_port());
    let how = evidence(row);
    // UDP knows neither calls nor listeners: its side is always a conclusion.
    let text = match (row.side, row.socket.protocol()) {
        (Side::Listening, _) => return say_listening(row),
        (Side::Serving, Protocol::Tcp) => {
            format!("Accepted here: port {local} is the one it shares with its listener ({how}).")
        }
        (Side::Outgoing, Protocol::Tcp) => {
            format!("Dialled from here, from port {local} to port {remote} ({how}).")
        }
        (Side::Serving, Protocol::Udp) => {
            return Phrase::inference(format!(
                "UDP with a fixed peer, taken to serve on port {local} ({how})."
            ));
        }
        (Side::Outgoing, Protocol::Udp) => {
            return Phrase::inference(format!(
                "UDP with a fixed peer, taken to use port {remote} there ({how})."
            ));
        }
    };
    if row.evidence.is_guess() {
        Phrase::inference(format!("Probably: {text}"))
    } else {
        Phrase::fact(text)
    }
}

fn say_listening(row: &Tracked) -> Phrase {
    Phrase::fact(match row.socket.tcp_state() {
        Some(_) => match row.socket.backlog {
            Some(b) => format!(
                "A listener: it takes calls and carries no data itself. {} waiting to be accepted{}.",
                b.waiting,
                b.limit
                    .map_or(String::new(), |limit| format!(", {limit} may wait"))
            ),
            None => "A listener: it takes calls and carries no data itself.".into(),
        },
        None => "A UDP socket without a fixed peer: anyone may send to it.".into(),
    })
}

fn say_owner(row: &Tracked, moment: &Moment) -> Option<Phrase> {
    let told = owner(row, moment);
    match &row.ownership {
        Ownership::Known(list) => {
            let several = crate::process::distinct_processes(list).nth(1).is_some();
            several.then(|| {
                Phrase::fact(format!(
                    "One socket, several processes: {} have a descriptor of it.",
                    told.text
                ))
            })
        }
        Ownership::Remembered(list) => Some(Phrase::inference(format!(
            "No process has it any more; {} had it last.",
            holders(list, &moment.directory)
        ))),
        Ownership::OfListener(list) => Some(Phrase::inference(format!(
            "Nobody was seen with it; {} has the listener it was accepted from.",
            holders(list, &moment.directory)
        ))),
        Ownership::Kernel => Some(Phrase::fact(
            "No process has it any more; the kernel alone keeps it.",
        )),
        Ownership::Unaccepted => Some(Phrase::fact(
            "No process has it yet: the listener's program has not called accept().",
        )),
        Ownership::Hidden if sees_all(moment) => Some(Phrase::ignorance(
            "No process that could be looked into has it: it was closed in between, is on its way from one process to another, or is in one that even root may not look into.",
        )),
        Ownership::Hidden => Some(Phrase::ignorance(
            "Some process has it that this user may not look into; root would see which.",
        )),
        Ownership::Vanished => Some(Phrase::ignorance(
            "No process had it when we looked: closed in between, or held outside this pid namespace.",
        )),
        Ownership::NotYet | Ownership::Untold => None,
    }
}

fn say_state(row: &Tracked, moment: &Moment) -> Option<Phrase> {
    let since = match row.state_since {
        Since::Seen(at) | Since::Unsampled(at) => {
            format!("for {}", quantity::age(moment.elapsed.saturating_sub(at)))
        }
        Since::BeforeFirstLook(at) => {
            format!(
                "for at least {}",
                quantity::age(moment.elapsed.saturating_sub(at))
            )
        }
    };
    Some(match row.socket.tcp_state()? {
        TcpState::CloseWait => Phrase::warning(format!(
            "CLOSE-WAIT {since}: the other end has hung up, the program here has not closed; only it can."
        )),
        TcpState::SynSent => Phrase::warning(format!("SYN-SENT {since}: dialled, no answer yet.")),
        TcpState::TimeWait => Phrase::fact(format!(
            "TIME-WAIT {since}: both ends closed; kept so that late packets hit nobody else."
        )),
        TcpState::FinWait2 => Phrase::fact(format!(
            "FIN-WAIT-2 {since}: this end has closed and waits for the other to do so."
        )),
        _ => return None,
    })
}
