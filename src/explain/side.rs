//! Explains which side of a connection a row is, and how that is known.
//!
//! In: a row with its [`Side`] and [`Evidence`]. Out: sentences. A side is a fact only if the
//! socket itself proves it, or its peer proves its own; otherwise it is an inference.

use super::row_text::evidence_text;
use crate::history::{Evidence, Moment, Side, TrackedSocket};
use crate::net::port::Protocol;
use crate::net::services::Services;
use crate::text::phrase::Phrase;

/// Describes the side of a row and the registered name of its shared port.
pub(crate) fn describe_side(
    row: &TrackedSocket,
    moment: &Moment,
    services: &Services,
) -> Vec<Phrase> {
    let socket = &row.socket;
    let (local, remote) = (socket.local.port, socket.remote_port());
    let how = match socket.protocol() {
        Protocol::Tcp => evidence_sentence(row, moment),
        Protocol::Udp => evidence_text(row).to_owned(),
    };
    let out = match (row.side, socket.protocol()) {
        (Side::Listening, Protocol::Tcp) => {
            format!(
                "It listens on port {local}; every connection it accepts has the same local port {local}."
            )
        }
        (Side::Listening, Protocol::Udp) => {
            format!(
                "It receives on port {local}; datagrams from all senders arrive on this one socket."
            )
        }
        (Side::Serving, Protocol::Tcp) => format!(
            "This is the server end: the client connected to port {local} here, from its own port {remote}. {how}"
        ),
        (Side::Outgoing, Protocol::Tcp) => format!(
            "This is the client end: it connects to port {remote} there, and {local} is its own port. No other connection from this \
             address to that endpoint has it; connections to other endpoints may. {how}"
        ),
        (Side::Serving, Protocol::Udp) => {
            format!(
                "Probably it serves on port {local}, and {remote} is its peer's own port ({how})."
            )
        }
        (Side::Outgoing, Protocol::Udp) => {
            format!(
                "Probably it uses a service on port {remote} there, and {local} is its own port ({how})."
            )
        }
    };
    // UDP has neither connections nor listeners: its side is always inferred.
    let inferred = row.side != Side::Listening && socket.protocol() == Protocol::Udp;
    // A listener on the port, at either end, makes the side very likely. State and counters prove it.
    let proof = match row.evidence {
        Evidence::Peer => moment.peer_of(row).map(|peer| peer.evidence),
        own => Some(own),
    };
    let likely = !matches!(proof, Some(Evidence::State | Evidence::Counters));
    let mut out = vec![if row.evidence.is_guess() && row.side != Side::Listening {
        Phrase::inference(format!("This is only a guess. {out}"))
    } else if inferred || (likely && row.side != Side::Listening) {
        Phrase::inference(out)
    } else {
        Phrase::fact(out)
    }];
    let key = row.port_key();
    if let Some(name) = services.shared_port_name(key, moment.ephemeral) {
        out.push(Phrase::inference(format!(
            "Port {key} is registered as {name}; that is a convention, and nothing forces a program to follow it."
        )));
    }
    out
}

/// Says how the side of a TCP row is known.
fn evidence_sentence(row: &TrackedSocket, moment: &Moment) -> String {
    match row.evidence {
        Evidence::Listener => "Very likely, because a listener here has its local port.".into(),
        Evidence::PastListener => {
            "Very likely, because a listener here had its local port a while ago.".into()
        }
        Evidence::Peer => peer_evidence_sentence(row, moment),
        Evidence::PortRange => "The only evidence is the port numbers.".into(),
        Evidence::State | Evidence::Counters => format!("We know because {}.", evidence_text(row)),
    }
}

/// Says what the peer's row proves about this row's side.
fn peer_evidence_sentence(row: &TrackedSocket, moment: &Moment) -> String {
    let proof = match moment.peer_of(row).map(|peer| peer.evidence) {
        Some(Evidence::Listener) => "and a listener here has its port",
        Some(Evidence::PastListener) => "and a listener here had its port a while ago",
        Some(Evidence::Counters) => "and TCP's counters there show which end sent the SYN",
        Some(Evidence::State) => "and its state allows only one side",
        _ if row.side == Side::Outgoing => {
            return "Inferred from its peer: an address of this machine where a program listens or listened.".into();
        }
        _ => return "Inferred from its peer, which was a socket on this machine.".into(),
    };
    format!("Inferred from its peer: that is a socket on this machine, {proof}.")
}
