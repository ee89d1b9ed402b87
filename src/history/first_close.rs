//! Which end of a connection closed first.
//!
//! In: a row that ended. Out: [`ClosedBy`], and how sure that is. Only the end that closes first goes
//! through FIN-WAIT-1 and TIME-WAIT, only the other through CLOSE-WAIT and LAST-ACK.

use super::close_events::acked_beyond_sent;
use super::moment::Moment;
use super::side::Side;
use super::tracked_socket::TrackedSocket;
use crate::net::socket::TcpState;

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// This end closed first: it was seen in a state that says so.
    Local,
    /// The other end closed first: this one was seen in a state that says so.
    Remote,
    /// The other end closed first: both ends were closed in order, and no TIME-WAIT was left here.
    RemoteInferred,
    /// Nobody ever answered the call, or it was refused.
    NeverEstablished,
}

/// Which end closed first; `None` where that cannot be told, and for what is no connection.
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
    // The FIN of this end was acknowledged, and it was not the first, or a TIME-WAIT row would
    // have been left.
    let expected = 1 + u64::from(row.side == Side::Outgoing);
    let both = row.is_closed() && acked_beyond_sent(row.socket.tcp.as_ref()?) == Some(expected);
    both.then_some(ClosedBy::RemoteInferred)
}

/// What the states say that it was seen in.
fn closed_by_states(row: &TrackedSocket) -> Option<ClosedBy> {
    row.states.iter().find_map(|state| match state {
        TcpState::FinWait1 | TcpState::FinWait2 | TcpState::TimeWait => Some(ClosedBy::Local),
        TcpState::CloseWait | TcpState::LastAck => Some(ClosedBy::Remote),
        _ => None,
    })
}
