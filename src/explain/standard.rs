//! Explains a socket by the standards, with section numbers, and where Linux differs.

use super::context::ExplainContext;
use super::endpoint_meaning;
use super::explanation::Explanation;
use crate::history::TrackedSocket;
use crate::net::socket::TcpState;
use crate::text::phrase::Phrase;

/// Adds the state, its transitions, how the connection is identified, and the port.
pub(crate) fn add_standard(
    explanation: &mut Explanation,
    row: &TrackedSocket,
    context: ExplainContext<'_>,
) {
    let socket = &row.socket;
    match socket.tcp_state() {
        Some(state) => {
            explanation.push_section("The state", [Phrase::fact(state_definition(state))]);
            explanation.push_section("Transitions", transitions(state).iter().map(|text| Phrase::fact(*text)));
            explanation.push_section("Where Linux differs", linux_deviation(state).map(Phrase::fact));
            explanation.push_section("Its identity", [Phrase::fact(match socket.remote {
                Some(_) => {
                    "A connection is identified by a pair of sockets, where \"socket\" means address and port (RFC 9293 §3.4.1, §4). Here a \
                     socket is the kernel's object, and address and port are an endpoint."
                }
                None => {
                    "A passive OPEN leaves the peer open: no pair of endpoints yet, so no connection (RFC 9293 §3.9.1)."
                }
            })]);
        }
        None => explanation.push_section(
            "The protocol",
            [
                Phrase::fact(
                    "RFC 768 is three pages: source port, destination port, length, checksum. It has no states, no connections, no \
                     acknowledgements; ESTAB, which ss prints for a socket with a peer, is Linux's own term.",
                ),
                Phrase::fact("The source port is optional: 0 means that no reply is expected (RFC 768)."),
            ],
        ),
    }
    let port = row.port_key().port;
    explanation.push_section("Its shared port", [
        Phrase::fact(endpoint_meaning::port_class(port, context.moment.ephemeral)),
        Phrase::fact("The ranges are those of RFC 6335 §6; who may bind a port is each system's own rule."),
        Phrase::fact("A registered name says what a number is meant for, not what runs there (RFC 7605)."),
    ]);
}

/// Paraphrases the state's definition in RFC 9293 §3.3.2.
const fn state_definition(state: TcpState) -> &'static str {
    match state {
        TcpState::Listen => {
            "LISTEN: waiting for a connection request from any remote peer (RFC 9293 §3.3.2)."
        }
        TcpState::SynSent => {
            "SYN-SENT: having sent a connection request, waiting for one that matches it (RFC 9293 §3.3.2)."
        }
        TcpState::SynReceived => {
            "SYN-RECEIVED: having both received and sent a connection request, waiting for the acknowledgement that confirms it (RFC 9293 \
             §3.3.2)."
        }
        TcpState::Established => {
            "ESTABLISHED: an open connection; what is received can be delivered to the user. The state for the transfer of data (RFC \
             9293 §3.3.2)."
        }
        TcpState::FinWait1 => {
            "FIN-WAIT-1: waiting for the peer to ask for termination, or to acknowledge that this end did (RFC 9293 §3.3.2)."
        }
        TcpState::FinWait2 => {
            "FIN-WAIT-2: waiting for the peer to ask for termination (RFC 9293 §3.3.2)."
        }
        TcpState::CloseWait => {
            "CLOSE-WAIT: waiting for the local user to ask for termination (RFC 9293 §3.3.2)."
        }
        TcpState::LastAck => {
            "LAST-ACK: having answered a request for termination with one of its own, waiting for the acknowledgement of that (RFC 9293 \
             §3.3.2)."
        }
        TcpState::Closing => {
            "CLOSING: both ends have asked for termination, waiting for the peer's acknowledgement (RFC 9293 §3.3.2)."
        }
        TcpState::TimeWait => {
            "TIME-WAIT: waiting long enough to be sure that the peer has the last acknowledgement, and that old segments are gone \
             (RFC 9293 §3.3.2)."
        }
        TcpState::Closed => {
            "CLOSED: no connection at all; the standard calls it fictional, as there is nothing to store for it (RFC 9293 §3.3.2)."
        }
        TcpState::Other(_) => "RFC 9293 has eleven states, and this number is none of them.",
    }
}

/// Lists the transitions out of a state (RFC 9293, Figure 5).
const fn transitions(state: TcpState) -> &'static [&'static str] {
    match state {
        TcpState::Listen => &[
            "SYN received: a connection in SYN-RECEIVED; on Linux a new object, while the listener stays (RFC 9293 §3.5).",
            "CLOSE by the user: the listener is gone (RFC 9293 §3.10.4).",
        ],
        TcpState::SynSent => &[
            "SYN and ACK received: ESTABLISHED (RFC 9293 §3.5).",
            "SYN received without ACK: SYN-RECEIVED, both ends connected at once (RFC 9293 §3.5, Figure 7).",
            "RST received: refused, CLOSED (RFC 9293 §3.5.2).",
        ],
        TcpState::SynReceived => &[
            "ACK of the SYN received: ESTABLISHED (RFC 9293 §3.5).",
            "RST received: back to LISTEN, or CLOSED (RFC 9293 §3.5.3).",
        ],
        TcpState::Established => &[
            "CLOSE by the user: FIN-WAIT-1 (RFC 9293 §3.6).",
            "FIN received: CLOSE-WAIT (RFC 9293 §3.6).",
            "RST received: CLOSED, at once (RFC 9293 §3.5.3).",
        ],
        TcpState::FinWait1 => &[
            "ACK of the FIN received: FIN-WAIT-2 (RFC 9293 §3.6).",
            "FIN received before that: CLOSING (RFC 9293 §3.6).",
            "FIN received with that: TIME-WAIT (RFC 9293 §3.10.7).",
        ],
        TcpState::FinWait2 => &["FIN received: TIME-WAIT (RFC 9293 §3.6)."],
        TcpState::CloseWait => {
            &["CLOSE by the user: LAST-ACK. Nothing else, and no timer (RFC 9293 §3.6)."]
        }
        TcpState::LastAck => &["ACK of the FIN received: CLOSED (RFC 9293 §3.6)."],
        TcpState::Closing => &["ACK of the FIN received: TIME-WAIT (RFC 9293 §3.6)."],
        TcpState::TimeWait => {
            &["Twice the maximum segment lifetime passes: CLOSED (RFC 9293 §3.4.3, §3.6)."]
        }
        TcpState::Closed => {
            &["OPEN by the user: LISTEN if passive, SYN-SENT if active (RFC 9293 §3.5)."]
        }
        TcpState::Other(_) => &["Not known."],
    }
}

/// Says where Linux deviates from the standard or extends it.
const fn linux_deviation(state: TcpState) -> Option<&'static str> {
    match state {
        TcpState::TimeWait => Some(
            "The standard assumes a segment lifetime of 2 minutes and so waits 4; Linux waits 60 seconds, and tcp_fin_timeout does not \
             change that.",
        ),
        TcpState::FinWait2 => Some(
            "The standard waits without limit. If no process has it any more, Linux gives up after tcp_fin_timeout, 60 seconds; tcp(7) \
             itself calls that a violation of the standard.",
        ),
        TcpState::SynReceived => Some(
            "Linux keeps it as a smaller object beside the listener, and in a SYN flood stores nothing at all (SYN cookies, RFC 4987).",
        ),
        TcpState::Listen => Some(
            "Linux allows listen() without bind(): the kernel then chooses the port, on every address.",
        ),
        TcpState::Established => Some(
            "Keepalives are up to the program: the standard wants them off by default, and at intervals of two hours or more (RFC 9293 §3.8.4).",
        ),
        _ => None,
    }
}
