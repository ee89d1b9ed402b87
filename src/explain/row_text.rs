//! Formats a socket for table cells, notes, titles and the details pane.

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

/// Formats the local endpoint.
pub(crate) fn format_local(row: &TrackedSocket, moment: &Moment) -> String {
    EndpointDisplay::local(row, moment).to_string()
}

/// Formats the remote endpoint, with its host name where names are looked up.
pub(crate) fn format_remote(row: &TrackedSocket, moment: &Moment) -> Option<String> {
    Some(
        EndpointDisplay::remote(row, moment)?
            .with_host_name(moment)
            .to_string(),
    )
}

/// Returns the TCP state's name; for UDP, which has no states, whether it has a fixed peer.
pub(crate) const fn state_name(row: &TrackedSocket) -> &'static str {
    match row.socket.tcp_state() {
        Some(state) => state.name(),
        None if row.socket.remote.is_some() => "UDP, peer",
        None => "UDP",
    }
}

/// Formats the endpoint that tells the row from others at its shared port. The arrow is the direction
/// of the connection: `←` accepted here, `→` connected from here.
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

/// Formats the note of a row: what matters most besides state, endpoints and owner.
pub(crate) fn row_note(row: &TrackedSocket, moment: &Moment) -> Phrase {
    if let Some(backlog) = row.socket.accept_queue {
        let text = match backlog.limit {
            // The kernel lets in one more than the limit; the details pane explains it.
            Some(limit) if backlog.is_full() => {
                format!("queue full ({}, limit {limit})", backlog.waiting)
            }
            Some(limit) => format!("queue {} (limit {limit})", backlog.waiting),
            None => format!("queue {}", backlog.waiting),
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
    parts.extend(queue_text::unread_note(&row.socket));
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

/// Joins phrases into one; the most urgent or least certain one sets its certainty.
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

/// Formats the processes of the peer if they are on this machine: `⇄ nginx 812`.
fn peer_note(row: &TrackedSocket, moment: &Moment) -> Option<Phrase> {
    let peer = moment.peer_of(row)?;
    let list = peer.ownership.holders()?;
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
        TimerKind::TimeWait => Some(Phrase::fact(format!("expires in {left}"))),
        TimerKind::Retransmit if timer.retransmits > 0 => Some(Phrase::warning(format!(
            "retransmit ×{}, next in {left}",
            timer.retransmits
        ))),
        TimerKind::ZeroWindowProbe => Some(Phrase::warning(format!(
            "peer not reading, probe in {left}"
        ))),
        _ => None,
    }
}

/// Says how the row's side is known, as a clause.
pub(crate) const fn evidence_text(row: &TrackedSocket) -> &'static str {
    match row.evidence {
        Evidence::State => "its state allows only one side",
        Evidence::Listener => "a listener has its local port",
        Evidence::PastListener => "a listener had its local port a while ago",
        Evidence::Counters => "TCP's counters show which end sent the SYN",
        Evidence::Peer => "its peer is a socket on this machine",
        Evidence::PortRange => "a guess from the port numbers",
    }
}

/// Formats the title of a row: protocol and endpoints.
pub(crate) fn row_title(row: &TrackedSocket, moment: &Moment) -> String {
    let protocol = row.socket.protocol().name().to_uppercase();
    let local = format_local(row, moment);
    match format_remote(row, moment) {
        Some(remote) => format!("{protocol} {local} ⇄ {remote}"),
        None => format!("{protocol} {local}"),
    }
}

/// Describes a row in sentences, the most important first.
pub(crate) fn describe_row(row: &TrackedSocket, moment: &Moment) -> Vec<Phrase> {
    let mut phrases = vec![describe_side(row)];
    if row.is_closed() {
        let closed_text = match row.first_seen {
            ObservedSince::Unsampled(_) => {
                "This socket opened and closed between two samples; the kernel reported its end."
            }
            _ => "This socket is closed; its row stays for a few seconds.",
        };
        phrases.insert(0, Phrase::fact(closed_text));
    }
    phrases.extend(describe_ownership(row, moment));
    phrases.extend(describe_state(row, moment));
    phrases
}

fn describe_side(row: &TrackedSocket) -> Phrase {
    let (local, remote) = (row.socket.local.port, row.socket.remote_port());
    let how = evidence_text(row);
    // UDP has neither connections nor listeners: its side is always inferred.
    let text = match (row.side, row.socket.protocol()) {
        (Side::Listening, _) => return describe_listening(row),
        (Side::Serving, Protocol::Tcp) => {
            format!("Accepted here: it shares port {local} with its listener ({how}).")
        }
        (Side::Outgoing, Protocol::Tcp) => {
            format!("Outgoing: from port {local} here to port {remote} there ({how}).")
        }
        (Side::Serving, Protocol::Udp) => {
            return Phrase::inference(format!(
                "UDP with a fixed peer, probably serving on port {local} ({how})."
            ));
        }
        (Side::Outgoing, Protocol::Udp) => {
            return Phrase::inference(format!(
                "UDP with a fixed peer, probably using port {remote} there ({how})."
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
                "A listener: it accepts connections and carries no data itself. {} not accepted yet{}.",
                b.waiting,
                b.limit
                    .map_or(String::new(), |limit| format!(", limit {limit}"))
            ),
            None => "A listener: it accepts connections and carries no data itself.".into(),
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
                    "One socket, several processes: {} have descriptors of it.",
                    owner_phrase.text
                ))
            })
        }
        Ownership::Former(list) => Some(Phrase::inference(format!(
            "No process has it any more; {} had it last.",
            format_holders(list, &moment.directory)
        ))),
        Ownership::FromListener(list) => Some(Phrase::inference(format!(
            "No process was seen with it; {} has the listener that accepted it.",
            format_holders(list, &moment.directory)
        ))),
        Ownership::Kernel => Some(Phrase::fact(
            "No process has it any more; only the kernel keeps it until TCP is done.",
        )),
        Ownership::Unaccepted => Some(Phrase::fact(
            "No process has it yet: the listener's program has not called accept().",
        )),
        Ownership::Hidden if can_see_all_processes(moment) => Some(Phrase::unknown(
            "No process that could be inspected has it: it was closed in the meantime, is being passed between processes, or is in one that even root may not inspect.",
        )),
        Ownership::Hidden => Some(Phrase::unknown(
            "A process that this user may not inspect has it; root would see which.",
        )),
        Ownership::NotFound => Some(Phrase::unknown(
            "No process had it at the time of the sample: closed in the meantime, or held outside this pid namespace.",
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
            "CLOSE-WAIT {since}: the peer has closed, the program here has not; only it can."
        )),
        TcpState::SynSent => {
            Phrase::warning(format!("SYN-SENT {since}: connecting, no answer yet."))
        }
        TcpState::TimeWait => Phrase::fact(format!(
            "TIME-WAIT {since}: both ends closed; kept so that late packets reach no other connection."
        )),
        TcpState::FinWait2 => Phrase::fact(format!(
            "FIN-WAIT-2 {since}: this end has closed and waits for the peer to close."
        )),
        _ => return None,
    })
}
