//! What each TCP state means, whether it is normal, and what ends it (RFC 9293 §3.3.2; the times
//! are Linux's).

use std::borrow::Cow;
use std::time::Duration;

use super::peer::{is_blocked_by_full_backlog, open_peer};
use crate::history::{Moment, ObservedSince, TrackedSocket};
use crate::net::socket::{TcpState, TimerKind};
use crate::text::units;

/// A state in words.
pub(crate) struct StateMeaning {
    /// What it is.
    pub(crate) description: Cow<'static, str>,
    /// Whether somebody should look at it, and what ends it.
    pub(crate) expectation: Cow<'static, str>,
}

/// The words for a row in a state: the general ones, unless more is known of this row.
pub(crate) fn state_meaning(row: &TrackedSocket, state: TcpState, moment: &Moment) -> StateMeaning {
    let (what, normal) = general_meaning(state);
    StateMeaning {
        description: row_description(row, state, moment).map_or(Cow::Borrowed(what), Cow::Owned),
        expectation: row_expectation(row, state, moment).map_or(Cow::Borrowed(normal), Cow::Owned),
    }
}

/// Where the FIN of an end that was asked to close stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FinStatus {
    /// Nothing is before it: it was sent.
    Sent,
    /// Data before it is not acknowledged; it may not have been sent.
    BehindData,
    /// The other end has no room; it may not have been sent.
    ZeroWindow,
    /// The queue is not told.
    Unknown,
}

impl FinStatus {
    /// Of a row in FIN-WAIT-1, CLOSING or LAST-ACK. The FIN itself counts as one in the queue.
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
            Self::ZeroWindow => "may still wait until the other end has room",
            Self::Sent | Self::Unknown => "may still wait behind data before it",
        }
    }
}

fn row_description(row: &TrackedSocket, state: TcpState, moment: &Moment) -> Option<String> {
    let fin = FinStatus::from_row(row);
    match state {
        TcpState::FinWait1 if fin != FinStatus::Sent => Some(format!(
            "This end was asked to close. Its goodbye (a FIN: no more data comes from here) {}.",
            fin.delay_text()
        )),
        TcpState::LastAck if fin != FinStatus::Sent => Some(format!(
            "The other end has said goodbye (sent a FIN), and this end was asked to close as well. Its own FIN {}.",
            fin.delay_text()
        )),
        TcpState::Closing if fin != FinStatus::Sent => Some(format!(
            "Both ends have closed: the other end's FIN came before this one's was acknowledged. The FIN from here {}.",
            fin.delay_text()
        )),
        TcpState::FinWait2 => {
            let fin_acknowledged =
                "This end has said goodbye (sent a FIN) and the other end has heard it.";
            match moment.peer_of(row) {
                Some(peer) if peer.is_closed() => Some(format!(
                    "{fin_acknowledged} That end is gone, and no goodbye of its own has come here."
                )),
                Some(peer) => peer.socket.tcp_state().and_then(|peer_state| {
                    let closed = matches!(peer_state, TcpState::Closing | TcpState::LastAck);
                    closed.then(|| format!(
                        "{fin_acknowledged} That one was asked to close, too (it is in {}); its own FIN has not arrived here.",
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
            "The other end's queue is full, and that is why no answer comes. It ends with an answer once the program there accepts, or \
             when the kernel gives up after several repetitions, which takes minutes."
                .into(),
        ),
        TcpState::FinWait1 | TcpState::LastAck => {
            let usual = "Normally it is over in one round trip";
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
                Some(format!("{usual}; here something had to be sent again. {end}"))
            } else if FinStatus::from_row(row) == FinStatus::ZeroWindow {
                Some(format!("{usual}; here the other end has no room. {end}"))
            } else {
                None
            }
        }
        TcpState::FinWait2 if open_peer(row, moment).is_none() && moment.peer_of(row).is_some() => {
            Some("The other end will say nothing more. Without a process that has it, the kernel drops it after a minute.".into())
        }
        _ => None,
    }
}

/// A goodbye that has taken longer than any round trip.
const SLOW_CLOSE: Duration = Duration::from_secs(2);

/// The words for a state, whatever the row.
const fn general_meaning(state: TcpState) -> (&'static str, &'static str) {
    match state {
        TcpState::Listen => (
            "A listener: it waits for anyone its address lets in. It is no connection and carries no data.",
            "This is how every server waits. It ends when its program closes it.",
        ),
        TcpState::SynSent => (
            "This end has dialled (sent a SYN, which asks for a connection) and has no answer yet.",
            "For a moment this is normal. For longer than a second or two the call is lost, filtered on the way, or the other \
             end's queue is full; a refusal would have come at once. It ends with an answer, or when the kernel gives up after \
             several repetitions, which takes minutes.",
        ),
        TcpState::SynReceived => (
            "The other end has dialled (sent a SYN, which asks for a connection), the kernel here has answered, and the last word of the handshake is missing.",
            "For a moment this is normal. Many of them mean an overload or a flood. It ends with the other end's word, or when \
             the kernel has repeated its answer in vain.",
        ),
        TcpState::Established => (
            "A connection: both ends agreed once that it stands, and data can flow both ways.",
            "This is the normal state. It says what was agreed, not that the other end is still there: without data or \
             keepalives nobody would notice. It ends when one of the programs closes.",
        ),
        TcpState::FinWait1 => (
            "This end has said goodbye (sent a FIN: no more data comes from here), and that is not acknowledged yet.",
            "It is normally over in one round trip. It ends with the acknowledgement, or when the kernel gives up.",
        ),
        TcpState::FinWait2 => (
            "This end has said goodbye (sent a FIN: no more data comes from here) and the other end has heard it. No goodbye of its own \
             has come: for all this end knows, half of the connection is still open.",
            "With a process that has it this may last as long as both programs want. Without one the kernel drops it after a \
             minute.",
        ),
        TcpState::CloseWait => (
            "The other end has said goodbye (sent a FIN: no more data comes from there); the program here has not closed its end.",
            "For a moment this is normal. A number that grows is a leak: the program forgets to close. No timer ends it, only \
             that program can.",
        ),
        TcpState::LastAck => (
            "Both ends have said goodbye (sent a FIN), this one second; the acknowledgement of its goodbye is missing.",
            "It is normally over in one round trip. It ends with the acknowledgement, or when the kernel gives up.",
        ),
        TcpState::Closing => (
            "Both ends said goodbye (sent a FIN) before either had heard the other; the acknowledgement is missing.",
            "It is rare and brief. It ends with the acknowledgement.",
        ),
        TcpState::TimeWait => (
            "The connection is over. This end closed first, so the kernel remembers its four numbers, that a late packet may not \
             be taken for one of a new connection.",
            "It is normal and costs next to nothing. It ends by itself after a minute. Only who opens very many connections from \
             one address to one port can run out of port numbers.",
        ),
        TcpState::Closed => (
            "A socket without a connection.",
            "It ends when its program closes it, or uses it.",
        ),
        TcpState::Other(_) => (
            "A state that this program does not know.",
            "What ends it is not known here.",
        ),
    }
}
