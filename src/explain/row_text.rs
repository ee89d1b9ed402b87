//! A socket in words.

use std::time::Duration;

use super::queue_text;
use crate::history::{Evidence, Moment, ObservedSince, Ownership, Side, TrackedSocket};
use crate::net::port::Protocol;
use crate::net::process::Holder;
use crate::net::socket::{TcpState, TimerKind};
use crate::query::EndpointDisplay;
use crate::query::owner_display::{can_see_all_processes, describe_owner, format_holders};
use crate::text::phrase::Phrase;
use crate::text::units;

/// This machine's end.
pub(crate) fn format_local(row: &TrackedSocket, moment: &Moment) -> String {
    EndpointDisplay::local(row, moment).to_string()
}

/// The other end, by name where names were asked for.
pub(crate) fn format_remote(row: &TrackedSocket, moment: &Moment) -> Option<String> {
    Some(
        EndpointDisplay::remote(row, moment)?
            .with_host_name(moment)
            .to_string(),
    )
}

/// The state's name; for UDP, which has none, whether a peer was fixed.
pub(crate) const fn state_name(row: &TrackedSocket) -> &'static str {
    match row.socket.tcp_state() {
        Some(state) => state.name(),
        None if row.socket.remote.is_some() => "UDP, peer",
        None => "UDP",
    }
}

/// The endpoint that tells the row from its neighbours under one shared port, with an arrow for
/// who dialled.
pub(crate) fn distinguishing_endpoint(
    row: &TrackedSocket,
    dual_stack_row: Option<&TrackedSocket>,
    moment: &Moment,
) -> String {
    let socket = &row.socket;
    match (row.side, format_remote(row, moment)) {
        (Side::Serving, Some(remote)) => format!("← {remote}"),
        (Side::Outgoing, Some(remote)) => format!(":{} → {remote}", socket.local.port),
        _ => {
            let mut text = format_local(row, moment);
            if let Some(dual_stack_row) = dual_stack_row {
                text.push_str(&format!(" {}", format_local(dual_stack_row, moment)));
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
pub(crate) fn row_note(row: &TrackedSocket, moment: &Moment) -> Phrase {
    if let Some(backlog) = row.socket.accept_queue {
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
    parts.extend(peer_note(row, moment));
    parts.extend(timer_note(row, moment.elapsed));
    parts.extend(queue_text::describe_unread(&row.socket));
    parts.extend(queue_text::describe_unacknowledged(&row.socket));
    if row.evidence.is_guess() {
        parts.push(Phrase::inference("side guessed"));
    }
    if let Some(rtt) = row.socket.tcp.and_then(|t| t.rtt_us)
        && row.socket.tcp_state() == Some(TcpState::Established)
    {
        parts.push(Phrase::fact(format!("rtt {}", units::rtt(rtt.get()))));
    }
    join_phrases(&parts)
}

/// Several phrases as one; the least sure or most urgent decides how it looks.
fn join_phrases(parts: &[Phrase]) -> Phrase {
    use crate::text::phrase::Certainty::{Fact, Inference, Unknown, Warning};
    let text: Vec<&str> = parts.iter().map(|p| p.text.as_str()).collect();
    let strongest = [Warning, Unknown, Inference]
        .into_iter()
        .find(|c| parts.iter().any(|p| p.certainty == *c));
    Phrase {
        text: text.join(" · "),
        certainty: strongest.unwrap_or(Fact),
    }
}

/// Who is at the other end, when that is a process of this machine.
fn peer_note(row: &TrackedSocket, moment: &Moment) -> Option<Phrase> {
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
        format_holders(list, &moment.directory)
    )))
}

fn timer_note(row: &TrackedSocket, now: Duration) -> Option<Phrase> {
    let timer = row.socket.timer?;
    let left = units::age(timer.due.saturating_sub(now));
    match timer.kind {
        TimerKind::TimeWait if row.is_closed() => None,
        TimerKind::TimeWait => Some(Phrase::fact(format!("forgotten in {left}"))),
        TimerKind::Retransmit if timer.retransmits > 0 => Some(Phrase::warning(format!(
            "sent again ×{}, next in {left}",
            timer.retransmits
        ))),
        TimerKind::ZeroWindowProbe => Some(Phrase::warning(format!(
            "other end reads nothing, asks in {left}"
        ))),
        _ => None,
    }
}

/// How the side is known.
pub(crate) const fn evidence_text(row: &TrackedSocket) -> &'static str {
    match row.evidence {
        Evidence::State => "its state leaves no choice",
        Evidence::Listener => "a listener has its local port",
        Evidence::PastListener => "a listener had its local port a while ago",
        Evidence::Counters => "TCP counted the SYN of the side that dialled",
        Evidence::Peer => "the other end is a socket of this machine",
        Evidence::PortRange => "a guess from the port numbers",
    }
}

/// What the row is, for the head of a pane.
pub(crate) fn row_title(row: &TrackedSocket, moment: &Moment) -> String {
    let protocol = row.socket.protocol().name().to_uppercase();
    let local = format_local(row, moment);
    match format_remote(row, moment) {
        Some(remote) => format!("{protocol} {local} ⇄ {remote}"),
        None => format!("{protocol} {local}"),
    }
}

/// What there is to say of a row, the most important first.
pub(crate) fn describe_row(row: &TrackedSocket, moment: &Moment) -> Vec<Phrase> {
    let mut phrases = vec![describe_side(row)];
    if row.is_closed() {
        let gone = match row.first_seen {
            ObservedSince::Unsampled(_) => {
                "This socket opened and closed between two samples; the kernel announced its end."
            }
            _ => "This socket is gone; its row stays a few seconds.",
        };
        phrases.insert(0, Phrase::fact(gone));
    }
    phrases.extend(describe_ownership(row, moment));
    phrases.extend(describe_state(row, moment));
    phrases
}

fn describe_side(row: &TrackedSocket) -> Phrase {
    let (local, remote) = (row.socket.local.port, row.socket.remote_port());
    let how = evidence_text(row);
    // UDP knows neither calls nor listeners: its side is always a conclusion.
    let text = match (row.side, row.socket.protocol()) {
        (Side::Listening, _) => return describe_listening(row),
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

fn describe_listening(row: &TrackedSocket) -> Phrase {
    Phrase::fact(match row.socket.tcp_state() {
        Some(_) => match row.socket.accept_queue {
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

fn describe_ownership(row: &TrackedSocket, moment: &Moment) -> Option<Phrase> {
    let owner_phrase = describe_owner(row, moment);
    match &row.ownership {
        Ownership::Known(list) => {
            let several = crate::net::process::distinct_processes(list)
                .nth(1)
                .is_some();
            several.then(|| {
                Phrase::fact(format!(
                    "One socket, several processes: {} have a descriptor of it.",
                    owner_phrase.text
                ))
            })
        }
        Ownership::Former(list) => Some(Phrase::inference(format!(
            "No process has it any more; {} had it last.",
            format_holders(list, &moment.directory)
        ))),
        Ownership::FromListener(list) => Some(Phrase::inference(format!(
            "Nobody was seen with it; {} has the listener it was accepted from.",
            format_holders(list, &moment.directory)
        ))),
        Ownership::Kernel => Some(Phrase::fact(
            "No process has it any more; the kernel alone keeps it.",
        )),
        Ownership::Unaccepted => Some(Phrase::fact(
            "No process has it yet: the listener's program has not called accept().",
        )),
        Ownership::Hidden if can_see_all_processes(moment) => Some(Phrase::unknown(
            "No process that could be looked into has it: it was closed in between, is on its way from one process to another, or is in one that even root may not look into.",
        )),
        Ownership::Hidden => Some(Phrase::unknown(
            "Some process has it that this user may not look into; root would see which.",
        )),
        Ownership::NotFound => Some(Phrase::unknown(
            "No process had it when we looked: closed in between, or held outside this pid namespace.",
        )),
        Ownership::Pending | Ownership::Unsupported => None,
    }
}

fn describe_state(row: &TrackedSocket, moment: &Moment) -> Option<Phrase> {
    let since = match row.state_since {
        ObservedSince::Sampled(at) | ObservedSince::Unsampled(at) => {
            format!("for {}", units::age(moment.elapsed.saturating_sub(at)))
        }
        ObservedSince::BeforeFirstSample(at) => {
            format!(
                "for at least {}",
                units::age(moment.elapsed.saturating_sub(at))
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
