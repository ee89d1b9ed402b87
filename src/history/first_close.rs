//! Determines which side of a connection closed first, and how certain that is.
//!
//! Only the side that closes first passes through FIN-WAIT-1 and TIME-WAIT, only the other through
//! CLOSE-WAIT and LAST-ACK (RFC 9293, section 3.6).

use super::close_events::acked_beyond_sent;
use super::moment::Moment;
use super::side::Side;
use super::tracked_socket::TrackedSocket;
use crate::net::socket::TcpState;

/// Which side closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// The local side closed first: the socket was seen in a state that implies it.
    Local,
    /// The peer closed first: the socket was seen in a state that implies it.
    Remote,
    /// The peer closed first: both sides sent a FIN, and no TIME-WAIT row was left here.
    RemoteInferred,
    /// The connection was refused or never answered.
    NeverEstablished,
}

/// Returns which side closed first; `None` if unknown, or if the socket is not a connection.
pub fn closed_by(row: &TrackedSocket, moment: &Moment) -> Option<ClosedBy> {
    row.socket.tcp_state()?;
    row.socket.remote?;
    if let Some(seen) = closed_by_states(row) {
        return Some(seen);
    }
    match moment.peer_of(row).and_then(|peer| closed_by_states(peer)) {
        Some(ClosedBy::Local) => return Some(ClosedBy::Remote),
        Some(ClosedBy::Remote) => return Some(ClosedBy::Local),
        _ => {}
    }
    if row.states.iter().all(|state| *state == TcpState::SynSent) && !row.states.is_empty() {
        return Some(ClosedBy::NeverEstablished);
    }
    // The FIN of this side was acknowledged, and it was not the first, or a TIME-WAIT row would
    // have been left.
    let expected = 1 + u64::from(row.side == Side::Outgoing);
    let both = row.is_closed() && acked_beyond_sent(row.socket.tcp.as_ref()?) == Some(expected);
    both.then_some(ClosedBy::RemoteInferred)
}

/// Infers it from the states the socket was seen in.
fn closed_by_states(row: &TrackedSocket) -> Option<ClosedBy> {
    row.states.iter().find_map(|state| match state {
        TcpState::FinWait1 | TcpState::FinWait2 | TcpState::TimeWait => Some(ClosedBy::Local),
        TcpState::CloseWait | TcpState::LastAck => Some(ClosedBy::Remote),
        _ => None,
    })
}
