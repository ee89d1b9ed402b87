//! What the standards say of a socket as it is, with the section; and where Linux does otherwise.

use super::context::ExplainContext;
use super::endpoint_meaning;
use super::explanation::Explanation;
use crate::history::TrackedSocket;
use crate::net::socket::TcpState;
use crate::text::phrase::Phrase;

/// The state, what leads out of it, the name of the thing, the number.
pub(crate) fn add_standard(
    explanation: &mut Explanation,
    row: &TrackedSocket,
    context: ExplainContext<'_>,
) {
    let socket = &row.socket;
    match socket.tcp_state() {
        Some(state) => {
            explanation.push_section("The state", [Phrase::fact(state_definition(state))]);
            explanation.push_section("What leads out of it", transitions(state).iter().map(|text| Phrase::fact(*text)));
            explanation.push_section("Where Linux differs", linux_deviation(state).map(Phrase::fact));
            explanation.push_section("Its name", [Phrase::fact(match socket.remote {
                Some(_) => {
                    "A connection is named by a pair of sockets, and \"socket\" means address and port there (RFC 9293 §3.4.1, §4). Here the \
                     kernel's object is called socket, and address and port an endpoint."
                }
                None => {
                    "A passive OPEN leaves the other end open: no pair of endpoints yet, so no connection (RFC 9293 §3.9.1)."
                }
            })]);
        }
        None => explanation.push_section(
            "The protocol",
            [
                Phrase::fact(
                    "RFC 768 is three pages: source port, destination port, length, checksum. It knows no state, no connection, no \
                     acknowledgement; the word ESTAB that ss prints for a socket with a peer is Linux's own.",
                ),
                Phrase::fact("The source port is optional there: 0 says that no answer is expected (RFC 768)."),
            ],
        ),
    }
    let port = row.port_key().port;
    explanation.push_section("Its shared port", [
        Phrase::fact(endpoint_meaning::port_class(port, context.moment.ephemeral)),
        Phrase::fact("The ranges are those of RFC 6335 §6; who may bind a number is each system's own rule."),
        Phrase::fact("A registered name tells what a number is meant for, not what runs there (RFC 7605)."),
    ]);
}

/// RFC 9293 §3.3.2, in other words.
const fn state_definition(state: TcpState) -> &'static str {
    match state {
        TcpState::Listen => {
            "LISTEN: waiting for a connection request from any remote end (RFC 9293 §3.3.2)."
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
            "FIN-WAIT-1: waiting for the other end to ask for termination, or to acknowledge that this end did (RFC 9293 §3.3.2)."
        }
        TcpState::FinWait2 => {
            "FIN-WAIT-2: waiting for the other end to ask for termination (RFC 9293 §3.3.2)."
        }
        TcpState::CloseWait => {
            "CLOSE-WAIT: waiting for the local user to ask for termination (RFC 9293 §3.3.2)."
        }
        TcpState::LastAck => {
            "LAST-ACK: having answered a request for termination with one of its own, waiting for the acknowledgement of that (RFC 9293 \
             §3.3.2)."
        }
        TcpState::Closing => {
            "CLOSING: both ends have asked for termination, waiting for the other end's acknowledgement (RFC 9293 §3.3.2)."
        }
        TcpState::TimeWait => {
            "TIME-WAIT: waiting long enough to be sure that the other end has the last acknowledgement, and that old segments are gone \
             (RFC 9293 §3.3.2)."
        }
        TcpState::Closed => {
            "CLOSED: no connection at all; the standard calls it fictional, for there is nothing to keep of it (RFC 9293 §3.3.2)."
        }
        TcpState::Other(_) => "RFC 9293 has eleven states, and this number is none of them.",
    }
}

/// The arrows of RFC 9293, Figure 5, that leave the state.
const fn transitions(state: TcpState) -> &'static [&'static str] {
    match state {
        TcpState::Listen => &[
            "SYN received: a connection in SYN-RECEIVED; on Linux a new object, while the listener stays (RFC 9293 §3.5).",
            "CLOSE by the user: the listener is gone (RFC 9293 §3.10.4).",
        ],
        TcpState::SynSent => &[
            "SYN and ACK received: ESTABLISHED (RFC 9293 §3.5).",
            "SYN received without ACK: SYN-RECEIVED, both ends dialled at once (RFC 9293 §3.5, Figure 7).",
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
        TcpState::Other(_) => &["None is known."],
    }
}

/// What Linux does otherwise, or besides.
const fn linux_deviation(state: TcpState) -> Option<&'static str> {
    match state {
        TcpState::TimeWait => Some(
            "The standard takes 2 minutes for a segment's lifetime, 4 for the wait; Linux waits 60 seconds, and tcp_fin_timeout does not \
             change that.",
        ),
        TcpState::FinWait2 => Some(
            "The standard waits without end. Where no process has it any more, Linux gives up after tcp_fin_timeout, 60 seconds; tcp(7) \
             itself calls that a violation of the standard.",
        ),
        TcpState::SynReceived => Some(
            "Linux keeps it as a smaller object beside the listener, and under a flood of SYNs keeps nothing at all (SYN cookies, RFC 4987).",
        ),
        TcpState::Listen => Some(
            "Linux lets listen() without bind(): then the kernel chooses the port, on every address.",
        ),
        TcpState::Established => Some(
            "Keepalives are up to the program: the standard wants them off unless asked for, at two hours or more (RFC 9293 §3.8.4).",
        ),
        _ => None,
    }
}
