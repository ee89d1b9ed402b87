//! Explains which segments led to a socket's state (RFC 9293 §3.5, §3.6).
//!
//! Nothing is captured: the state of an end implies most of what it has sent and received. `→` is
//! sent from here, `←` is received.

use super::explanation::Explanation;
use super::tcp_state::FinStatus;
use crate::history::{Moment, Side, TrackedSocket};
use crate::net::socket::{TcpState, TimerKind};
use crate::text::phrase::Phrase;
use crate::text::units::{pluralize, thousands};

/// Adds the ports, the handshake, the data and the close, in the order of the segments.
pub(crate) fn add_wire(out: &mut Explanation, row: &TrackedSocket, moment: &Moment) {
    out.push_section("Ports in every header", header_ports(row));
    match row.socket.tcp_state() {
        Some(state) => {
            out.push_section("Terms", [Phrase::fact(
                "A SYN asks for a connection, an ACK acknowledges what arrived, a FIN says that its sender sends no more data. Each is one bit in the \
                 TCP header.",
            )]);
            out.push_section("The handshake", handshake_segments(row, state));
            out.push_section("Data", data_segments(row, state));
            out.push_section("The close", fin_segments(row, state, moment));
            out.push_section("What is missing", missing_segments(row, state));
        }
        None => out.push_section("What went over the wire", describe_datagrams(row)),
    }
    out.push_section(
        "How this is known",
        [Phrase::unknown(
            "Portolan captures nothing. These segments follow from the state and the kernel's counters; how often each was sent, and in \
             which order where both ends did the same at once, does not.",
        )],
    );
}

/// Lists the ports in both directions: the same two numbers, swapped.
fn header_ports(row: &TrackedSocket) -> Vec<Phrase> {
    let local = row.socket.local.port;
    match row.socket.remote {
        Some(remote) => {
            let remote = remote.port;
            vec![
                Phrase::fact(format!(
                    "→ source port {local}, destination port {remote}: what is sent from here."
                )),
                Phrase::fact(format!(
                    "← source port {remote}, destination port {local}: what is received."
                )),
                Phrase::fact(
                    "They are the same two numbers, swapped: a port has no direction of its own.",
                ),
            ]
        }
        None => vec![Phrase::fact(format!(
            "What arrives for it has destination port {local}; the source port is the sender's, and varies."
        ))],
    }
}

/// Returns the text as a fact, or as an inference if the row's side is a guess.
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
            "None: listen() sends nothing. A SYN that arrives begins a handshake, for a socket of its own.",
        )],
        TcpState::SynSent => {
            let again = row.socket.timer.filter(|t| t.kind == TimerKind::Retransmit);
            let again = again.map_or(0, |timer| usize::from(timer.retransmits));
            let mut out = vec![Phrase::fact("→ SYN: this end is connecting.")];
            if again > 0 {
                out.push(Phrase::fact(format!(
                    "→ SYN: retransmitted {} so far.",
                    pluralize(again, "time", "times")
                )));
            }
            out
        }
        TcpState::SynReceived => vec![
            Phrase::fact("← SYN: the peer is connecting."),
            Phrase::fact("→ SYN+ACK: the kernel here has answered by itself."),
        ],
        TcpState::Closed | TcpState::Other(_) => {
            vec![Phrase::unknown("This state does not imply a handshake.")]
        }
        _ if serving => vec![
            fact_unless_guessed(row, "← SYN: the peer connected."),
            fact_unless_guessed(
                row,
                "→ SYN+ACK: the kernel here has answered, before any program knew of it.",
            ),
            fact_unless_guessed(row, "← ACK: the connection was established."),
        ],
        _ => vec![
            fact_unless_guessed(row, "→ SYN: this end connected."),
            fact_unless_guessed(row, "← SYN+ACK: the peer's kernel has answered."),
            fact_unless_guessed(row, "→ ACK: the connection was established."),
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
            "How much went each way is not reported for this row.",
        )];
    };
    let mut out = Vec::new();
    if let Some(sent) = tcp.sent {
        let once = thousands(sent.bytes.saturating_sub(sent.retransmitted) as usize);
        out.push(Phrase::fact(match sent.retransmitted {
            0 => format!("→ {once} B, none of it retransmitted."),
            again => format!(
                "→ {once} B, and {} B of that retransmitted.",
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
            "This kernel does not report how much went each way.",
        ));
    }
    out
}

fn fin_segments(row: &TrackedSocket, state: TcpState, moment: &Moment) -> Vec<Phrase> {
    let sent = FinStatus::from_row(row) == FinStatus::Sent;
    let fact = |text: &str| Phrase::fact(text);
    match state {
        TcpState::FinWait1 if sent => vec![fact("→ FIN: this end has closed.")],
        TcpState::FinWait1 => vec![fact(
            "→ FIN: this end has closed; the FIN may not be sent yet.",
        )],
        TcpState::FinWait2 => vec![
            fact("→ FIN: this end has closed."),
            fact("← ACK: the peer has acknowledged it."),
        ],
        TcpState::CloseWait => vec![
            fact("← FIN: the peer has closed."),
            fact("→ ACK: the kernel here has acknowledged it; the program was not asked."),
        ],
        TcpState::Closing => vec![
            fact(match sent {
                true => "→ FIN: this end has closed.",
                false => "→ FIN: this end has closed; the FIN may not be sent yet.",
            }),
            fact("← FIN: the peer closed before it received that."),
            fact("→ ACK: this end has acknowledged it."),
        ],
        TcpState::LastAck => vec![
            fact("← FIN: the peer has closed first."),
            fact("→ ACK: this end has acknowledged it."),
            fact(match sent {
                true => "→ FIN: this end has closed, too.",
                false => "→ FIN: this end has closed, too; the FIN may not be sent yet.",
            }),
        ],
        TcpState::TimeWait => vec![
            fact("→ FIN: this end has closed."),
            fact("← ACK: the peer has acknowledged it."),
            fact("← FIN: the peer has closed, too."),
            fact(
                "→ ACK: this end has acknowledged it; if that is lost, this row is there to send it again.",
            ),
        ],
        TcpState::Established if row.socket.remote.is_some() => {
            vec![no_fin_yet(row, moment)]
        }
        _ => Vec::new(),
    }
}

/// Says that no FIN was seen on an open connection, and what the peer's row shows if there is one.
fn no_fin_yet(row: &TrackedSocket, moment: &Moment) -> Phrase {
    if row.is_closed() {
        return Phrase::unknown(
            "None were seen: it was still open in the last sample, and how it ended is not known.",
        );
    }
    let peer = moment.peer_of(row).filter(|peer| peer.key != row.key);
    let peer_state = peer.map(|peer| (peer.is_closed(), peer.socket.tcp_state()));
    match peer_state {
        Some((true, _)) => Phrase::fact(
            "None from here, and none has come. The peer, which was a row of this machine, is gone all the same.",
        ),
        Some((false, Some(state @ (TcpState::FinWait1 | TcpState::FinWait2)))) => {
            Phrase::fact(format!(
                "None from here. The peer, a row of this machine, is in {}: its FIN is on the way, or has just come.",
                state.name()
            ))
        }
        _ => Phrase::fact(
            "None: this end has sent none, and none has come. While no program sends data and no keepalive is due, nothing at all is on the wire.",
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
        TcpState::SynReceived => "← ACK: it establishes the connection.",
        TcpState::FinWait1 if probing => {
            "← a window update: the peer has no room, so data and the FIN behind it wait; this end probes now and then."
        }
        TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing
            if FinStatus::from_row(row) == FinStatus::BehindData =>
        {
            "← ACK of the data before the FIN, and then of the FIN."
        }
        TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing => "← ACK of this end's FIN.",
        TcpState::FinWait2 => "← FIN: the peer's own.",
        TcpState::CloseWait => "→ FIN: it is sent when the program here closes, and not before.",
        _ if probing => {
            "← a window update: the peer has no room; this end probes now and then (zero-window probe)."
        }
        _ => return None,
    }))
}

fn describe_datagrams(row: &TrackedSocket) -> Vec<Phrase> {
    let mut out = vec![match row.socket.remote {
        None => Phrase::fact(
            "Nothing by itself: bind() sends nothing. Every datagram stands alone, without a handshake or a close.",
        ),
        Some(_) => Phrase::fact(
            "Nothing by itself: connect() sends nothing for UDP, so this row proves nothing about the peer.",
        ),
    }];
    out.push(Phrase::unknown(
        "How many datagrams came and went is not known: the kernel counts none for a UDP socket.",
    ));
    if row.socket.remote.is_some() {
        out.push(Phrase::fact(
            "If no socket has that port, the answer to a datagram is an ICMP message, and the next system call here fails (ECONNREFUSED).",
        ));
    }
    out
}
