//! Describes each TCP state: what it means, whether it is normal, what ends it (RFC 9293 §3.3.2; the
//! times are those of Linux).

use std::borrow::Cow;
use std::time::Duration;

use super::peer::{is_blocked_by_full_backlog, open_peer};
use crate::history::{Moment, ObservedSince, TrackedSocket};
use crate::net::socket::{TcpState, TimerKind};
use crate::text::units;

/// The description of a state, in sentences.
pub(crate) struct StateMeaning {
    /// What the state is.
    pub(crate) description: Cow<'static, str>,
    /// Whether it is normal, and what ends it.
    pub(crate) expectation: Cow<'static, str>,
}

/// Returns the meaning of a row's state: the general text, unless more is known of this row.
pub(crate) fn state_meaning(row: &TrackedSocket, state: TcpState, moment: &Moment) -> StateMeaning {
    let (description, expectation) = general_meaning(state);
    StateMeaning {
        description: row_description(row, state, moment)
            .map_or(Cow::Borrowed(description), Cow::Owned),
        expectation: row_expectation(row, state, moment)
            .map_or(Cow::Borrowed(expectation), Cow::Owned),
    }
}

/// How far the FIN of a closed end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FinStatus {
    /// Sent: nothing is queued before it.
    Sent,
    /// Queued behind unacknowledged data; perhaps not sent.
    BehindData,
    /// The peer's window is zero; perhaps not sent.
    ZeroWindow,
    /// The source does not report the queue.
    Unknown,
}

impl FinStatus {
    /// Returns the status for a row in FIN-WAIT-1, CLOSING or LAST-ACK. The FIN itself counts as 1
    /// in the send queue.
    pub(crate) fn from_row(row: &TrackedSocket) -> Self {
        let probes = row
            .socket
            .timer
            .is_some_and(|t| t.kind == TimerKind::ZeroWindowProbe);
        match row.socket.queues.map(|queues| queues.send) {
            Some(2..) => Self::BehindData,
            _ if probes => Self::ZeroWindow,
            Some(_) => Self::Sent,
            None => Self::Unknown,
        }
    }

    const fn delay_text(self) -> &'static str {
        match self {
            Self::BehindData => {
                "may still wait behind the data before it, which is not acknowledged"
            }
            Self::ZeroWindow => "may still wait until the peer has room",
            Self::Sent | Self::Unknown => "may still wait behind data before it",
        }
    }
}

fn row_description(row: &TrackedSocket, state: TcpState, moment: &Moment) -> Option<String> {
    let fin = FinStatus::from_row(row);
    match state {
        TcpState::FinWait1 if fin != FinStatus::Sent => Some(format!(
            "This end was asked to close. Its FIN (no more data comes from here) {}.",
            fin.delay_text()
        )),
        TcpState::LastAck if fin != FinStatus::Sent => Some(format!(
            "The peer has closed (sent a FIN), and this end was asked to close as well. Its own FIN {}.",
            fin.delay_text()
        )),
        TcpState::Closing if fin != FinStatus::Sent => Some(format!(
            "Both ends have closed: the peer's FIN came before this end's was acknowledged. The FIN from here {}.",
            fin.delay_text()
        )),
        TcpState::FinWait2 => {
            let fin_acknowledged =
                "This end has closed (sent a FIN), and the peer has acknowledged it.";
            match moment.peer_of(row) {
                Some(peer) if peer.is_closed() => Some(format!(
                    "{fin_acknowledged} The peer is gone, and its own FIN has not arrived here."
                )),
                Some(peer) => peer.socket.tcp_state().and_then(|peer_state| {
                    let closed = matches!(peer_state, TcpState::Closing | TcpState::LastAck);
                    closed.then(|| format!(
                        "{fin_acknowledged} The peer was asked to close, too (it is in {}); its own FIN has not arrived here.",
                        peer_state.name()
                    ))
                }),
                None => None,
            }
        }
        _ => None,
    }
}

fn row_expectation(row: &TrackedSocket, state: TcpState, moment: &Moment) -> Option<String> {
    match state {
        TcpState::SynSent if is_blocked_by_full_backlog(row, moment) => Some(
            "The peer's accept queue is full, so no answer comes. It ends with an answer once the program there accepts, or \
             when the kernel gives up after several retries, which takes minutes."
                .into(),
        ),
        TcpState::FinWait1 | TcpState::LastAck => {
            let usual = "Normally this takes one round trip";
            let end = "It ends with the acknowledgement, or when the kernel gives up.";
            let duration = moment.elapsed.saturating_sub(row.state_since.time());
            let timer = row.socket.timer;
            let again = timer.is_some_and(|t| t.kind == TimerKind::Retransmit && t.retransmits > 0);
            if duration >= SLOW_CLOSE {
                let at_least = match row.state_since {
                    ObservedSince::Sampled(_) => "",
                    _ => "at least ",
                };
                let age = units::age(duration);
                Some(format!("{usual}; this one has lasted {at_least}{age}. {end}"))
            } else if again {
                Some(format!("{usual}; here something had to be retransmitted. {end}"))
            } else if FinStatus::from_row(row) == FinStatus::ZeroWindow {
                Some(format!("{usual}; here the peer has no room. {end}"))
            } else {
                None
            }
        }
        TcpState::FinWait2 if open_peer(row, moment).is_none() && moment.peer_of(row).is_some() => {
            Some("The peer will send nothing more. Without a process that has it, the kernel drops it after a minute.".into())
        }
        _ => None,
    }
}

/// The time after which a close has taken longer than any round trip.
const SLOW_CLOSE: Duration = Duration::from_secs(2);

/// Returns description and expectation of a state, whatever the row.
const fn general_meaning(state: TcpState) -> (&'static str, &'static str) {
    match state {
        TcpState::Listen => (
            "A listener: it waits for connections to its address. It is not a connection and carries no data.",
            "This is how every server waits. It ends when its program closes it.",
        ),
        TcpState::SynSent => (
            "This end is connecting (sent a SYN, which asks for a connection) and has no answer yet.",
            "For a moment this is normal. After a second or two, the SYN is lost or filtered on the way, or the peer's \
             accept queue is full; a refusal would have come at once. It ends with an answer, or when the kernel gives up after \
             several retries, which takes minutes.",
        ),
        TcpState::SynReceived => (
            "The peer is connecting (sent a SYN, which asks for a connection), the kernel here has answered, and the last ACK of the handshake is missing.",
            "For a moment this is normal. Many of them mean an overload or a SYN flood. It ends with the peer's ACK, or when \
             the kernel gives up after several retries.",
        ),
        TcpState::Established => (
            "A connection: both ends completed the handshake, and data can flow both ways.",
            "This is the normal state. It does not prove that the peer is still there: without data or \
             keepalives its loss goes unnoticed. It ends when one of the programs closes.",
        ),
        TcpState::FinWait1 => (
            "This end has closed (sent a FIN: no more data comes from here), and the FIN is not acknowledged yet.",
            "It normally takes one round trip. It ends with the acknowledgement, or when the kernel gives up.",
        ),
        TcpState::FinWait2 => (
            "This end has closed (sent a FIN: no more data comes from here), and the peer has acknowledged it. The peer's own FIN \
             has not come: as far as this end knows, half of the connection is still open.",
            "With a process that has it, this may last as long as both programs want. Without one, the kernel drops it after a \
             minute.",
        ),
        TcpState::CloseWait => (
            "The peer has closed (sent a FIN: no more data comes from there); the program here has not closed its end.",
            "For a moment this is normal. A growing number is a leak: the program forgets to close. No timer ends it; only \
             that program can.",
        ),
        TcpState::LastAck => (
            "Both ends have closed (sent a FIN), this one second; the acknowledgement of its FIN is missing.",
            "It normally takes one round trip. It ends with the acknowledgement, or when the kernel gives up.",
        ),
        TcpState::Closing => (
            "Both ends closed (sent a FIN) before receiving the other's FIN; the acknowledgement is missing.",
            "It is rare and brief. It ends with the acknowledgement.",
        ),
        TcpState::TimeWait => (
            "The connection is closed. This end closed first, so the kernel keeps its four numbers (4-tuple): a late packet must not \
             be taken for one of a new connection.",
            "It is normal and costs next to nothing. It ends by itself after a minute. Only a program that opens very many connections from \
             one address to one port can run out of port numbers.",
        ),
        TcpState::Closed => (
            "A socket without a connection.",
            "It ends when its program closes it, or uses it.",
        ),
        TcpState::Other(_) => ("A state unknown to Portolan.", "What ends it is not known."),
    }
}
