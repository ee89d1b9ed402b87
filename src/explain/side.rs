//! Which of the two ends a row is, and how that is known.
//!
//! In: a row and what was judged of it. Out: sentences; only what a socket proved of itself, or its
//! other end of itself, is said as known.

use super::row_text::evidence_text;
use crate::history::{Evidence, Moment, Side, TrackedSocket};
use crate::net::port::Protocol;
use crate::net::services::Services;
use crate::text::phrase::Phrase;

/// The sentences.
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
                "It waits at port {local}; all that is accepted from it has the same local port {local}."
            )
        }
        (Side::Listening, Protocol::Udp) => {
            format!(
                "It waits at port {local}; whatever comes, from whomever, comes through this one socket."
            )
        }
        (Side::Serving, Protocol::Tcp) => format!(
            "This is the serving end: the caller dialled port {local} here, from its own port {remote}. {how}"
        ),
        (Side::Outgoing, Protocol::Tcp) => format!(
            "This is the dialling end: it called port {remote} there, and {local} is its own number. No other call from this \
             address to that endpoint has it; calls elsewhere may. {how}"
        ),
        (Side::Serving, Protocol::Udp) => {
            format!(
                "Probably it serves on port {local}, and its peer's {remote} is that one's own number ({how})."
            )
        }
        (Side::Outgoing, Protocol::Udp) => {
            format!(
                "Probably it uses a service on port {remote} there, and {local} is its own number ({how})."
            )
        }
    };
    // UDP knows neither calls nor listeners: its side is always a conclusion.
    let concluded = row.side != Side::Listening && socket.protocol() == Protocol::Udp;
    // A listener at the port makes it very likely, at either end; the rest a socket proved of itself.
    let proof = match row.evidence {
        Evidence::Peer => moment.peer_of(row).map(|peer| peer.evidence),
        own => Some(own),
    };
    let likely = !matches!(proof, Some(Evidence::State | Evidence::Counters));
    let mut out = vec![if row.evidence.is_guess() && row.side != Side::Listening {
        Phrase::inference(format!("This is only a guess. {out}"))
    } else if concluded || (likely && row.side != Side::Listening) {
        Phrase::inference(out)
    } else {
        Phrase::fact(out)
    }];
    let key = row.port_key();
    if let Some(name) = services.shared_port_name(key, moment.ephemeral) {
        out.push(Phrase::inference(format!(
            "Port {key} is registered as {name}; that is a convention, and nothing forces a program to keep to it."
        )));
    }
    out
}

/// How the side of an end of a TCP connection is known.
fn evidence_sentence(row: &TrackedSocket, moment: &Moment) -> String {
    match row.evidence {
        Evidence::Listener => "Very likely, because a listener here has its local port.".into(),
        Evidence::PastListener => {
            "Very likely, because a listener here had its local port a while ago.".into()
        }
        Evidence::Peer => peer_evidence_sentence(row, moment),
        Evidence::PortRange => "All that speaks for it are the port numbers.".into(),
        Evidence::State | Evidence::Counters => format!("We know because {}.", evidence_text(row)),
    }
}

/// What was seen at the other end.
fn peer_evidence_sentence(row: &TrackedSocket, moment: &Moment) -> String {
    let seen = match moment.peer_of(row).map(|peer| peer.evidence) {
        Some(Evidence::Listener) => "and a listener here has its port",
        Some(Evidence::PastListener) => "and a listener here had its port a while ago",
        Some(Evidence::Counters) => "and TCP counted there which side sent the SYN that opened it",
        Some(Evidence::State) => "and its state leaves no choice",
        _ if row.side == Side::Outgoing => {
            return "Concluded from its other end, which is an address of this machine where somebody waits or waited.".into();
        }
        _ => return "Concluded from its other end, which was a socket of this machine.".into(),
    };
    format!("Concluded from its other end: that is a socket of this machine, {seen}.")
}
