//! Who is at the other end, as far as this machine's table tells.
//!
//! Where the address is this machine's own, its sockets are looked through: also those that only
//! wait there.

use std::sync::Arc;

use super::{ago, place};
use crate::endpoint::{Endpoint, Scope};
use crate::history::{Moment, Tracked};
use crate::port::Protocol;
use crate::socket::{Backlog, Socket, TcpState};
use crate::teach::{Phrase, holders, local, owner};

/// The sentences.
pub(super) fn other_end(row: &Tracked, moment: &Moment) -> Vec<Phrase> {
    let Some(remote) = row.socket.remote else {
        return vec![Phrase::fact(match row.socket.protocol() {
            Protocol::Tcp => {
                "None: a listener has no other end. Each call it takes becomes a socket of its own."
            }
            Protocol::Udp => "None in particular: each datagram has its own sender.",
        })];
    };
    let mut said = vec![Phrase::fact(place::address(remote))];
    match moment.peer_of(row) {
        Some(peer) if peer.key == row.key => said.push(Phrase::fact(
            "It is connected to itself: one socket, both ends of one connection.",
        )),
        Some(peer) if peer.is_closed() => said.push(gone(peer, moment)),
        Some(peer) => {
            let state = peer
                .socket
                .tcp_state()
                .map_or(String::new(), |s| format!(", in {}", s.name()));
            said.push(Phrase::fact(format!(
                "That end is on this machine, too, a row of its own{state}: {}. One connection is two rows then.",
                whose(peer, moment)
            )));
        }
        None if is_own(remote, &row.socket) => said.push(at_home(row, remote, moment)),
        None => said.push(Phrase::inference(
            "No socket of this machine that we see is that end: it is another machine's, in another network namespace, or gone.",
        )),
    }
    said
}

/// The row of the other end, where that socket is there still: what is gone keeps its row a while.
pub(super) fn live_peer<'a>(row: &Tracked, moment: &'a Moment) -> Option<&'a Arc<Tracked>> {
    moment.peer_of(row).filter(|peer| !peer.is_closed())
}

/// That end was seen, and has ended.
fn gone(peer: &Tracked, moment: &Moment) -> Phrase {
    let ended = ago(moment
        .elapsed
        .saturating_sub(peer.ended().unwrap_or_default()));
    let last = peer
        .socket
        .tcp_state()
        .map_or(String::new(), |s| format!(", last in {}", s.name()));
    let whose = peer.ownership.holders().map_or(String::new(), |held| {
        format!(" {} had it.", holders(held, &moment.directory))
    });
    Phrase::fact(format!(
        "That end was on this machine, too, a row of its own. It is gone: it ended {ended}{last}.{whose}"
    ))
}

/// Whether this is a call to a listener of this machine whose queue is full.
pub(super) fn is_turned_away(row: &Tracked, moment: &Moment) -> bool {
    let calling = row.socket.tcp_state() == Some(TcpState::SynSent);
    let Some(remote) = row.socket.remote.filter(|_| calling && !row.is_closed()) else {
        return false;
    };
    is_own(remote, &row.socket)
        && waiting_at(remote, Protocol::Tcp, moment)
            .and_then(|waiting| waiting.socket.backlog)
            .is_some_and(Backlog::is_full)
}

/// Whether the address of the other end is surely this machine's.
pub(super) fn is_own(remote: Endpoint, socket: &Socket) -> bool {
    remote.scope() == Scope::Loopback || remote.plain() == socket.local.plain()
}

/// Who waits at an endpoint of this machine: bound to the very address before bound to every one.
pub(in crate::teach) fn waiting_at(
    end: Endpoint,
    protocol: Protocol,
    moment: &Moment,
) -> Option<&Arc<Tracked>> {
    let waits = |row: &&Arc<Tracked>| {
        let socket = &row.socket;
        socket.is_listening()
            && !row.is_closed()
            && socket.protocol() == protocol
            && socket.local.port == end.port
    };
    let at_all = |row: &&Arc<Tracked>| row.socket.local.address.is_unspecified();
    let exactly = |row: &&Arc<Tracked>| row.socket.local.plain() == end.plain();
    let rows = || moment.rows().filter(waits);
    rows().find(exactly).or_else(|| rows().find(at_all))
}

/// The other end is this machine's, and no connected socket of it.
fn at_home(row: &Tracked, remote: Endpoint, moment: &Moment) -> Phrase {
    let Some(waiting) = waiting_at(remote, row.socket.protocol(), moment) else {
        return Phrase::fact(
            "The address is this machine's own, and no socket here is that end: it is gone, or was never there.",
        );
    };
    let (who, place) = (whose(waiting, moment), local(waiting, moment));
    match (row.socket.tcp_state(), waiting.socket.backlog) {
        (None, _) => Phrase::fact(format!(
            "What is sent goes to the socket that waits at {place} on this machine: {who}. To that one it is a sender among others."
        )),
        (Some(TcpState::SynSent), Some(backlog)) if backlog.is_full() => Phrase::warning(format!(
            "A listener waits at {place} on this machine: {who}. Its accept queue is full, and that is why no answer comes."
        )),
        (Some(TcpState::SynSent), _) => Phrase::fact(format!(
            "A listener waits at {place} on this machine: {who}. It has not answered yet."
        )),
        _ => Phrase::fact(format!(
            "The address is this machine's own. The socket at that end is gone; the listener at {place} is still there: {who}."
        )),
    }
}

fn whose(row: &Tracked, moment: &Moment) -> String {
    match row.ownership.holders() {
        Some(held) => format!("{} has it", holders(held, &moment.directory)),
        None => owner(row, moment).text,
    }
}
