//! Which end of a connection closed first.
//!
//! In: a row that ended. Out: [`Closer`], and how sure that is. Only the end that closes first goes
//! through FIN-WAIT-1 and TIME-WAIT, only the other through CLOSE-WAIT and LAST-ACK.

use crate::history::ends::surplus;
use crate::history::moment::Moment;
use crate::history::side::Side;
use crate::history::tracked::Tracked;
use crate::socket::TcpState;

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closer {
    /// This end closed first: it was seen in a state that says so.
    Here,
    /// The other end closed first: this one was seen in a state that says so.
    There,
    /// The other end closed first: both ends were closed in order, and no TIME-WAIT was left here.
    ThereConcluded,
    /// Nobody ever answered the call, or it was refused.
    NeverOpen,
}

/// Which end closed first; `None` where that cannot be told, and for what is no connection.
pub fn closer(row: &Tracked, moment: &Moment) -> Option<Closer> {
    row.socket.tcp_state()?;
    row.socket.remote?;
    if let Some(seen) = seen(row) {
        return Some(seen);
    }
    match moment.peer_of(row).and_then(|peer| seen(peer)) {
        Some(Closer::Here) => return Some(Closer::There),
        Some(Closer::There) => return Some(Closer::Here),
        _ => {}
    }
    if row.path.iter().all(|state| *state == TcpState::SynSent) && !row.path.is_empty() {
        return Some(Closer::NeverOpen);
    }
    // The FIN of this end was acknowledged, and it was not the first, or a TIME-WAIT row would
    // have been left.
    let expected = 1 + u64::from(row.side == Side::Outgoing);
    let both = row.is_closed() && surplus(row.socket.tcp.as_ref()?) == Some(expected);
    both.then_some(Closer::ThereConcluded)
}

/// What the states say that it was seen in.
fn seen(row: &Tracked) -> Option<Closer> {
    row.path.iter().find_map(|state| match state {
        TcpState::FinWait1 | TcpState::FinWait2 | TcpState::TimeWait => Some(Closer::Here),
        TcpState::CloseWait | TcpState::LastAck => Some(Closer::There),
        _ => None,
    })
}
