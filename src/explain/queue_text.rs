//! Describes a socket's receive and send queues.
//!
//! The kernel's two numbers are not only bytes of data: a SYN and a FIN take a sequence number each
//! and are counted (RFC 9293 §3.4), and for UDP the number is memory, including overhead.

use crate::net::socket::{Queues, Socket, TcpState};
use crate::text::phrase::Phrase;
use crate::text::units::thousands;

/// Describes what was received and not read; `None` if that is nothing.
pub(crate) fn describe_unread(socket: &Socket) -> Option<Phrase> {
    let Queues { recv, .. } = socket.queues?;
    if recv == 0 {
        return None;
    }
    let Some(state) = socket.tcp_state() else {
        return Some(Phrase::warning(format!(
            "{} B of memory unread",
            thousands(recv as usize)
        )));
    };
    // A FIN is the last thing that can be received. Unread, it counts as 1.
    let fin_received = matches!(
        state,
        TcpState::CloseWait | TcpState::LastAck | TcpState::Closing | TcpState::TimeWait
    );
    let bytes = recv as usize - usize::from(fin_received);
    Some(Phrase::warning(match (bytes, fin_received) {
        (0, _) => "FIN unread".into(),
        (_, true) => format!("{} B and FIN unread", thousands(bytes)),
        (_, false) => format!("{} B unread", thousands(bytes)),
    }))
}

/// Describes the receive queue for a row's note. Says of a FIN alone in CLOSE-WAIT what it means:
/// that is how a leaked connection begins.
pub(crate) fn unread_note(socket: &Socket) -> Option<Phrase> {
    let phrase = describe_unread(socket)?;
    let is_fin_alone = socket.queues.is_some_and(|queues| queues.recv == 1);
    match socket.tcp_state() {
        Some(TcpState::CloseWait) if is_fin_alone => {
            Some(Phrase::warning("peer closed, program hasn't"))
        }
        _ => Some(phrase),
    }
}

/// Describes what was sent and not acknowledged; `None` if that is nothing.
pub(crate) fn describe_unacknowledged(socket: &Socket) -> Option<Phrase> {
    let Queues { send, .. } = socket.queues?;
    if send == 0 {
        return None;
    }
    let Some(state) = socket.tcp_state() else {
        return Some(Phrase::fact(format!(
            "{} B of memory unsent",
            thousands(send as usize)
        )));
    };
    let fin_queued = matches!(
        state,
        TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing
    );
    let syn_queued = matches!(state, TcpState::SynSent | TcpState::SynReceived);
    let bytes = send as usize - usize::from(fin_queued || syn_queued);
    match (bytes, fin_queued) {
        (0, true) => Some(Phrase::fact("FIN not acknowledged")),
        // The SYN alone: the state says so already.
        (0, false) => None,
        _ => Some(Phrase::fact(format!(
            "{} B unacknowledged",
            thousands(bytes)
        ))),
    }
}

/// Describes both queues; `None` if the source does not report them.
pub(crate) fn describe_queues(socket: &Socket) -> Option<String> {
    socket.queues?;
    let text_or =
        |phrase: Option<Phrase>, nothing: &str| phrase.map_or(nothing.to_owned(), |p| p.text);
    let unread = text_or(describe_unread(socket), "nothing unread");
    Some(format!(
        "{unread}, {}",
        text_or(describe_unacknowledged(socket), "nothing unacknowledged")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::Port;
    use crate::net::socket::Transport;

    fn describe(transport: Transport, recv: u32, send: u32) -> (Option<String>, Option<String>) {
        let end = |port| Endpoint::new([127, 0, 0, 1].into(), Port(port));
        let mut socket = Socket::new(transport, end(80), Some(end(40_000)));
        socket.queues = Some(Queues { recv, send });
        (
            describe_unread(&socket).map(|p| p.text),
            describe_unacknowledged(&socket).map(|p| p.text),
        )
    }

    #[test]
    fn syn_and_fin_are_not_counted_as_data() {
        let text = |t: &str| Some(t.to_owned());
        let tcp = Transport::Tcp;
        for (transport, recv, send, expected) in [
            (tcp(TcpState::Established), 0, 0, (None, None)),
            (
                tcp(TcpState::Established),
                4096,
                1,
                (text("4,096 B unread"), text("1 B unacknowledged")),
            ),
            (tcp(TcpState::CloseWait), 1, 0, (text("FIN unread"), None)),
            (
                tcp(TcpState::CloseWait),
                8,
                0,
                (text("7 B and FIN unread"), None),
            ),
            (tcp(TcpState::CloseWait), 0, 0, (None, None)),
            (tcp(TcpState::SynSent), 0, 1, (None, None)),
            (
                tcp(TcpState::FinWait1),
                0,
                1,
                (None, text("FIN not acknowledged")),
            ),
            (
                tcp(TcpState::FinWait1),
                0,
                8193,
                (None, text("8,192 B unacknowledged")),
            ),
            (
                Transport::Udp,
                832,
                0,
                (text("832 B of memory unread"), None),
            ),
        ] {
            assert_eq!(
                describe(transport, recv, send),
                expected,
                "{transport:?} {recv} {send}"
            );
        }
    }
}
