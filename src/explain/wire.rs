//! Which segments went over the wire to come to this state (RFC 9293 §3.5, §3.6).
//!
//! Nothing is captured: the state of an end implies most of what it has sent and received. `→` goes
//! out from here, `←` comes in.

use super::explanation::Explanation;
use super::tcp_state::FinStatus;
use crate::history::{Moment, Side, TrackedSocket};
use crate::net::socket::{TcpState, TimerKind};
use crate::text::phrase::Phrase;
use crate::text::units::{pluralize, thousands};

/// The segments, in their order.
pub(crate) fn add_wire(out: &mut Explanation, row: &TrackedSocket, moment: &Moment) {
    out.push_section("The numbers in every header", header_ports(row));
    match row.socket.tcp_state() {
        Some(state) => {
            out.push_section("The words", [Phrase::fact(
                "A SYN asks for a connection, an ACK confirms what came, a FIN says that its sender sends no more data. Each is one bit in the \
                 TCP header.",
            )]);
            out.push_section("The handshake", handshake_segments(row, state));
            out.push_section("Data", data_segments(row, state));
            out.push_section("The goodbyes", fin_segments(row, state, moment));
            out.push_section("What is missing", missing_segments(row, state));
        }
        None => out.push_section("What went over the wire", describe_datagrams(row)),
    }
    out.push_section(
        "How this is known",
        [Phrase::unknown(
            "Portolan captures nothing. These segments follow from the state and the kernel's counters; how often each was sent, and in \
             which order where two ends did the same at once, does not.",
        )],
    );
}

/// A port has no direction: the same numbers stand in both, changed over.
fn header_ports(row: &TrackedSocket) -> Vec<Phrase> {
    let local = row.socket.local.port;
    match row.socket.remote {
        Some(remote) => {
            let remote = remote.port;
            vec![
                Phrase::fact(format!(
                    "→ source port {local}, destination port {remote}: what goes out from here."
                )),
                Phrase::fact(format!(
                    "← source port {remote}, destination port {local}: what comes in."
                )),
                Phrase::fact(
                    "They are the same two numbers, changed over: a port has no direction of its own.",
                ),
            ]
        }
        None => vec![Phrase::fact(format!(
            "Whatever comes for it has the destination port {local}; the source port is the sender's, and differs from one to the next."
        ))],
    }
}

/// In its own words where the side is known, as a conclusion where it is guessed.
fn fact_unless_guessed(row: &TrackedSocket, text: &str) -> Phrase {
    match row.evidence.is_guess() && row.side != Side::Listening {
        true => Phrase::inference(text),
        false => Phrase::fact(text),
    }
}

fn handshake_segments(row: &TrackedSocket, state: TcpState) -> Vec<Phrase> {
    let serving = row.side != Side::Outgoing;
    match state {
        TcpState::Listen => vec![Phrase::fact(
            "None: listen() sends nothing, and nobody else hears of it. A SYN that comes begins a handshake, for a socket of its own.",
        )],
        TcpState::SynSent => {
            let again = row.socket.timer.filter(|t| t.kind == TimerKind::Retransmit);
            let again = again.map_or(0, |timer| usize::from(timer.retransmits));
            let mut out = vec![Phrase::fact("→ SYN: this end has dialled.")];
            if again > 0 {
                out.push(Phrase::fact(format!(
                    "→ SYN: the same once more, {} so far.",
                    pluralize(again, "time", "times")
                )));
            }
            out
        }
        TcpState::SynReceived => vec![
            Phrase::fact("← SYN: the other end has dialled."),
            Phrase::fact("→ SYN+ACK: the kernel here has answered by itself."),
        ],
        TcpState::Closed | TcpState::Other(_) => {
            vec![Phrase::unknown("This state does not tell of a handshake.")]
        }
        _ if serving => vec![
            fact_unless_guessed(row, "← SYN: the other end has dialled."),
            fact_unless_guessed(
                row,
                "→ SYN+ACK: the kernel here has answered, before any program knew of it.",
            ),
            fact_unless_guessed(row, "← ACK: the connection stood."),
        ],
        _ => vec![
            fact_unless_guessed(row, "→ SYN: this end has dialled."),
            fact_unless_guessed(row, "← SYN+ACK: the other end's kernel has answered."),
            fact_unless_guessed(row, "→ ACK: the connection stood."),
        ],
    }
}

fn data_segments(row: &TrackedSocket, state: TcpState) -> Vec<Phrase> {
    if matches!(
        state,
        TcpState::Listen
            | TcpState::SynSent
            | TcpState::SynReceived
            | TcpState::Closed
            | TcpState::Other(_)
    ) {
        return Vec::new();
    }
    let Some(tcp) = row.socket.tcp else {
        return vec![Phrase::unknown(
            "How much went each way is not told for this row.",
        )];
    };
    let mut out = Vec::new();
    if let Some(sent) = tcp.sent {
        let once = thousands(sent.bytes.saturating_sub(sent.retransmitted) as usize);
        out.push(Phrase::fact(match sent.retransmitted {
            0 => format!("→ {once} B, none of it twice."),
            again => format!(
                "→ {once} B, and {} B of them once more.",
                thousands(again as usize)
            ),
        }));
    }
    if let Some(delivered) = tcp.delivered {
        out.push(Phrase::fact(format!(
            "← {} B.",
            thousands(delivered.received as usize)
        )));
    }
    if out.is_empty() {
        out.push(Phrase::unknown(
            "How much went each way is not told by this kernel.",
        ));
    }
    out
}

fn fin_segments(row: &TrackedSocket, state: TcpState, moment: &Moment) -> Vec<Phrase> {
    let sent = FinStatus::from_row(row) == FinStatus::Sent;
    let fact = |text: &str| Phrase::fact(text);
    match state {
        TcpState::FinWait1 if sent => vec![fact("→ FIN: this end has said goodbye.")],
        TcpState::FinWait1 => vec![fact(
            "→ FIN: this end has said goodbye, or will once it may be sent.",
        )],
        TcpState::FinWait2 => vec![
            fact("→ FIN: this end has said goodbye."),
            fact("← ACK: the other end has heard it."),
        ],
        TcpState::CloseWait => vec![
            fact("← FIN: the other end has said goodbye."),
            fact("→ ACK: the kernel here has confirmed it; the program was not asked."),
        ],
        TcpState::Closing => vec![
            fact(match sent {
                true => "→ FIN: this end has said goodbye.",
                false => "→ FIN: this end has said goodbye, or will once it may be sent.",
            }),
            fact("← FIN: the other end did so before it heard of that."),
            fact("→ ACK: this end has confirmed it."),
        ],
        TcpState::LastAck => vec![
            fact("← FIN: the other end has said goodbye first."),
            fact("→ ACK: this end has confirmed it."),
            fact(match sent {
                true => "→ FIN: this end has said goodbye, too.",
                false => "→ FIN: this end has said goodbye, too, or will once it may be sent.",
            }),
        ],
        TcpState::TimeWait => vec![
            fact("→ FIN: this end has said goodbye."),
            fact("← ACK: the other end has heard it."),
            fact("← FIN: the other end has said goodbye, too."),
            fact(
                "→ ACK: this end has confirmed it; should it be lost, this row is there to send it again.",
            ),
        ],
        TcpState::Established if row.socket.remote.is_some() => {
            vec![no_fin_yet(row, moment)]
        }
        _ => Vec::new(),
    }
}

/// Of an open connection: what this end knows, and what stands at the other end where that is seen.
fn no_fin_yet(row: &TrackedSocket, moment: &Moment) -> Phrase {
    if row.is_closed() {
        return Phrase::unknown(
            "None were seen: it was still open when it was last looked at, and how it ended is not told.",
        );
    }
    let peer = moment.peer_of(row).filter(|peer| peer.key != row.key);
    let there = peer.map(|peer| (peer.is_closed(), peer.socket.tcp_state()));
    match there {
        Some((true, _)) => Phrase::fact(
            "None from here, and none has come. The other end, which was a row of this machine, is gone all the same.",
        ),
        Some((false, Some(state @ (TcpState::FinWait1 | TcpState::FinWait2)))) => {
            Phrase::fact(format!(
                "None from here. The other end, a row of this machine, is in {}: its FIN is on the way, or has just come.",
                state.name()
            ))
        }
        _ => Phrase::fact(
            "None: this end has said none, and none has come. While nobody sends data and no keepalive is due, nothing at all is on the wire.",
        ),
    }
}

fn missing_segments(row: &TrackedSocket, state: TcpState) -> Option<Phrase> {
    let probing = row
        .socket
        .timer
        .is_some_and(|timer| timer.kind == TimerKind::ZeroWindowProbe);
    Some(Phrase::fact(match state {
        TcpState::SynSent => {
            "← SYN+ACK, which would open it, or RST, which would refuse it. Neither has come."
        }
        TcpState::SynReceived => "← ACK: with it the connection stands.",
        TcpState::FinWait1 if probing => {
            "← a window: the other end has no room, so that data and the FIN behind it wait; this end asks for room now and then."
        }
        TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing
            if FinStatus::from_row(row) == FinStatus::BehindData =>
        {
            "← ACK of the data before the FIN, and then of the FIN."
        }
        TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing => "← ACK of this end's FIN.",
        TcpState::FinWait2 => "← FIN: the other end's own goodbye.",
        TcpState::CloseWait => "→ FIN: it is sent when the program here closes, and not before.",
        _ if probing => {
            "← a window: the other end has no room; this end asks for some now and then (zero-window probe)."
        }
        _ => return None,
    }))
}

fn describe_datagrams(row: &TrackedSocket) -> Vec<Phrase> {
    let mut out = vec![match row.socket.remote {
        None => Phrase::fact(
            "Nothing by itself: bind() sends nothing. Every datagram stands alone, without a handshake before or a goodbye after it.",
        ),
        Some(_) => Phrase::fact(
            "Nothing by itself: connect() sends nothing for UDP, so that this row proves nothing about the other end.",
        ),
    }];
    out.push(Phrase::unknown(
        "How many datagrams came and went is not known: the kernel counts none for a UDP socket.",
    ));
    if row.socket.remote.is_some() {
        out.push(Phrase::fact(
            "Where nobody has that port, the answer to a datagram is an ICMP message, and the next call here fails (ECONNREFUSED).",
        ));
    }
    out
}
