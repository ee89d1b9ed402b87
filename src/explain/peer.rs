//! Describes the peer of a row, according to this machine's socket table.
//!
//! If the remote address is this machine's own, the peer is searched among its sockets, listeners
//! included.

use std::sync::Arc;

use super::endpoint_meaning;
use super::relative_time::format_ago;
use super::row_text::format_local;
use crate::history::{Moment, TrackedSocket};
use crate::net::endpoint::Endpoint;
use crate::net::port::Protocol;
use crate::net::socket::{AcceptQueue, TcpState};
use crate::query::listener_lookup::{find_listener, is_local_address};
use crate::query::owner_display::{describe_owner, format_holders};
use crate::text::phrase::Phrase;

/// Describes the remote address and the peer's socket.
pub(crate) fn describe_peer(row: &TrackedSocket, moment: &Moment) -> Vec<Phrase> {
    let Some(remote) = row.socket.remote else {
        return vec![Phrase::fact(match row.socket.protocol() {
            Protocol::Tcp => {
                "None: a listener has no peer. Each connection it accepts becomes a socket of its own."
            }
            Protocol::Udp => "None in particular: each datagram has its own sender.",
        })];
    };
    let mut phrases = vec![Phrase::fact(endpoint_meaning::address_meaning(remote))];
    match moment.peer_of(row) {
        Some(peer) if peer.key == row.key => phrases.push(Phrase::fact(
            "It is connected to itself: one socket is both ends of the connection.",
        )),
        Some(peer) if peer.is_closed() => phrases.push(describe_closed_peer(peer, moment)),
        Some(peer) => {
            let state = peer
                .socket
                .tcp_state()
                .map_or(String::new(), |s| format!(", in {}", s.name()));
            phrases.push(Phrase::fact(format!(
                "The peer is on this machine, too, a row of its own{state}: {}. One connection is two rows here.",
                owner_text(peer, moment)
            )));
        }
        None if is_local_address(remote, &row.socket) => phrases.push(describe_local_target(row, remote, moment)),
        None => phrases.push(Phrase::inference(
            "No visible socket of this machine is the peer: it is on another machine, in another network namespace, or gone.",
        )),
    }
    phrases
}

/// Returns the peer's row if that socket is still open: a closed one keeps its row for a while.
pub(crate) fn open_peer<'a>(
    row: &TrackedSocket,
    moment: &'a Moment,
) -> Option<&'a Arc<TrackedSocket>> {
    moment.peer_of(row).filter(|peer| !peer.is_closed())
}

/// Describes a peer on this machine that has closed.
fn describe_closed_peer(peer: &TrackedSocket, moment: &Moment) -> Phrase {
    let ended = format_ago(
        moment
            .elapsed
            .saturating_sub(peer.closed_at().unwrap_or_default()),
    );
    let last = peer
        .socket
        .tcp_state()
        .map_or(String::new(), |s| format!(", last in {}", s.name()));
    let last_owner = peer
        .ownership
        .holders()
        .map_or(String::new(), |holder_set| {
            format!(" {} had it.", format_holders(holder_set, &moment.directory))
        });
    Phrase::fact(format!(
        "The peer was on this machine, too, a row of its own. It is gone: it ended {ended}{last}.{last_owner}"
    ))
}

/// Returns whether this is an unanswered SYN to a listener of this machine whose accept queue is
/// full.
pub(crate) fn is_blocked_by_full_backlog(row: &TrackedSocket, moment: &Moment) -> bool {
    let is_syn_sent = row.socket.tcp_state() == Some(TcpState::SynSent);
    let Some(remote) = row
        .socket
        .remote
        .filter(|_| is_syn_sent && !row.is_closed())
    else {
        return false;
    };
    is_local_address(remote, &row.socket)
        && find_listener(remote, Protocol::Tcp, moment)
            .and_then(|listener| listener.socket.accept_queue)
            .is_some_and(AcceptQueue::is_full)
}

/// Describes a remote address that is this machine's own, where no connected socket is the peer.
fn describe_local_target(row: &TrackedSocket, remote: Endpoint, moment: &Moment) -> Phrase {
    let Some(listener) = find_listener(remote, row.socket.protocol(), moment) else {
        return Phrase::fact(
            "The address is this machine's own, and no socket here is the peer: it is gone, or never existed.",
        );
    };
    let (who, place) = (owner_text(listener, moment), format_local(listener, moment));
    match (row.socket.tcp_state(), listener.socket.accept_queue) {
        (None, _) => Phrase::fact(format!(
            "Datagrams go to the socket at {place} on this machine: {who}. That socket has no fixed peer."
        )),
        (Some(TcpState::SynSent), Some(backlog)) if backlog.is_full() => Phrase::warning(format!(
            "A listener is at {place} on this machine: {who}. Its accept queue is full, so no answer comes."
        )),
        (Some(TcpState::SynSent), _) => Phrase::fact(format!(
            "A listener is at {place} on this machine: {who}. It has not answered yet."
        )),
        _ => Phrase::fact(format!(
            "The address is this machine's own. The peer's socket is gone; the listener at {place} is still there: {who}."
        )),
    }
}

fn owner_text(row: &TrackedSocket, moment: &Moment) -> String {
    match row.ownership.holders() {
        Some(holder_set) => format!("{} has it", format_holders(holder_set, &moment.directory)),
        None => describe_owner(row, moment).text,
    }
}
