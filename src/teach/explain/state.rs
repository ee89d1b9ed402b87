//! What each TCP state means, whether it is normal, and what ends it (RFC 9293 §3.3.2; the times
//! are Linux's).

use crate::socket::TcpState;

/// A state in words.
pub(super) struct Meaning {
    /// What it is.
    pub(super) what: &'static str,
    /// Whether somebody should look at it, and what ends it.
    pub(super) normal: &'static str,
}

/// The words for a state.
pub(super) const fn meaning(state: TcpState) -> Meaning {
    let (what, normal) = match state {
        TcpState::Listen => (
            "A listener: it waits for anyone its address lets in. It is no connection and carries no data.",
            "This is how every server waits. It ends when its program closes it.",
        ),
        TcpState::SynSent => (
            "This end has dialled (sent a SYN) and has no answer yet.",
            "For a moment this is normal. For longer than a second or two the call is lost, filtered on the way, or the other \
             end's queue is full; a refusal would have come at once. It ends with an answer, or when the kernel gives up after \
             several repetitions, which takes minutes.",
        ),
        TcpState::SynReceived => (
            "The other end has dialled, the kernel here has answered, and the last word of the handshake is missing.",
            "For a moment this is normal. Many of them mean an overload or a flood. It ends with the other end's word, or when \
             the kernel has repeated its answer in vain.",
        ),
        TcpState::Established => (
            "A connection: both ends agreed once that it stands, and data can flow both ways.",
            "This is the normal state. It says what was agreed, not that the other end is still there: without data or \
             keepalives nobody would notice. It ends when one of the programs closes.",
        ),
        TcpState::FinWait1 => (
            "This end has said goodbye (sent a FIN), and that is not acknowledged yet; data sent before it may be stuck, too.",
            "It is normally over in one round trip. It ends with the acknowledgement, or when the kernel gives up.",
        ),
        TcpState::FinWait2 => (
            "This end has said goodbye and the other end has heard it, but has not said goodbye itself: half of the connection is \
             still open.",
            "With a process that has it this may last as long as both programs want. Without one the kernel drops it after a \
             minute.",
        ),
        TcpState::CloseWait => (
            "The other end has said goodbye; the program here has not closed its end.",
            "For a moment this is normal. A number that grows is a leak: the program forgets to close. No timer ends it, only \
             that program can.",
        ),
        TcpState::LastAck => (
            "Both ends have said goodbye, this one second; the acknowledgement of its goodbye is missing.",
            "It is normally over in one round trip. It ends with the acknowledgement, or when the kernel gives up.",
        ),
        TcpState::Closing => (
            "Both ends said goodbye at the same moment; the acknowledgement is missing.",
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
    };
    Meaning { what, normal }
}
