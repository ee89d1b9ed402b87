//! Which of a socket's two ports is the one that many sockets share?
//!
//! In: a socket, the listeners known, its mirror row. Out: a [`Side`] and the [`Evidence`] for it,
//! strongest first: its own state · a listener on its local port · what TCP counted · the row of
//! the other end · port ranges, which is a guess and is labelled as one.

use std::cmp::Ordering;

use crate::history::listeners::{ListenerIndex, ListenerPresence};
use crate::port::PortRange;
use crate::socket::{Socket, TcpState, Transport};

/// On which side of the connection this socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// It waits for whoever comes.
    Listening,
    /// It was accepted from a listener here: the shared port is the local one.
    Serving,
    /// It was dialled from here: the shared port is the remote one.
    Outgoing,
}

impl Side {
    /// The word used in filters and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listening => "listening",
            Self::Serving => "serving",
            Self::Outgoing => "outgoing",
        }
    }

    /// The side of the other end of the same connection.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Outgoing => Self::Serving,
            Self::Listening | Self::Serving => Self::Outgoing,
        }
    }
}

/// How a side is known. Ordered: weaker evidence is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// LISTEN, SYN-SENT and SYN-RECEIVED can only be one.
    State,
    /// A listener has the local port now.
    Listener,
    /// A listener had the local port when the row was first seen, or a little earlier.
    PastListener,
    /// TCP counts the SYN of the side that dialled among the acknowledged bytes.
    Counters,
    /// The other end is a socket of this machine whose side is known.
    Peer,
    /// One port lies in the ephemeral range and the other does not, or more connections have it, or
    /// it is simply the lower. A guess.
    PortRange,
}

impl Evidence {
    /// Whether it is no more than a guess.
    pub const fn is_guess(self) -> bool {
        matches!(self, Self::PortRange)
    }
}

/// What the socket and its surroundings prove, without looking at the other end's row.
pub(super) fn infer_side(socket: &Socket, listeners: &ListenerIndex) -> Option<(Side, Evidence)> {
    if socket.is_listening() {
        return Some((Side::Listening, Evidence::State));
    }
    match socket.transport {
        Transport::Tcp(TcpState::SynSent) => return Some((Side::Outgoing, Evidence::State)),
        Transport::Tcp(TcpState::SynReceived) => return Some((Side::Serving, Evidence::State)),
        _ => {}
    }
    let from_counters = side_from_counters(socket);
    // What the socket itself did says more than who else has its port: a peer-to-peer program dials
    // from the very port it listens on.
    if from_counters == Some(Side::Outgoing) {
        return Some((Side::Outgoing, Evidence::Counters));
    }
    match listeners.presence(socket.protocol(), socket.local) {
        Some(ListenerPresence::Current) => return Some((Side::Serving, Evidence::Listener)),
        Some(ListenerPresence::Past) => return Some((Side::Serving, Evidence::PastListener)),
        None => {}
    }
    from_counters.map(|side| (side, Evidence::Counters))
}

/// What is left when nothing proves anything: the ephemeral range, then the port that more
/// connections have at that end, then the lower number.
pub(super) fn guess_side(
    socket: &Socket,
    ephemeral: PortRange,
    more_shared: Ordering,
) -> (Side, Evidence) {
    let (local, remote) = (socket.local.port, socket.remote_port());
    let side = match (
        ephemeral.contains(local),
        ephemeral.contains(remote),
        more_shared,
    ) {
        (true, false, _) => Side::Outgoing,
        (false, true, _) => Side::Serving,
        (_, _, Ordering::Greater) => Side::Serving,
        (_, _, Ordering::Less) => Side::Outgoing,
        _ if local < remote => Side::Serving,
        _ => Side::Outgoing,
    };
    (side, Evidence::PortRange)
}

/// Whether the socket dialled, from its own counters: `bytes_acked` includes the SYN of the side
/// that sent one first, `bytes_sent` never does. Only exact while nothing is on its way and no FIN
/// was sent, which would be counted too.
fn side_from_counters(socket: &Socket) -> Option<Side> {
    let no_fin_sent = matches!(
        socket.transport,
        Transport::Tcp(TcpState::Established | TcpState::CloseWait)
    );
    let nothing_in_flight = socket.queues.is_some_and(|q| q.send == 0);
    if !no_fin_sent || !nothing_in_flight {
        return None;
    }
    let tcp = socket.tcp?;
    let (delivered, sent) = (tcp.delivered?, tcp.sent?);
    match delivered
        .acknowledged
        .checked_sub(sent.bytes.checked_sub(sent.retransmitted)?)?
    {
        0 => Some(Side::Serving),
        1 => Some(Side::Outgoing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::history::tracked::Slot;
    use crate::port::Port;
    use crate::socket::{DeliveredBytes, Queues, SentBytes, TcpInfo};

    fn connection(acknowledged: u64) -> Socket {
        let end = |port| Endpoint::new([127, 0, 0, 1].into(), Port(port));
        let state = Transport::Tcp(TcpState::Established);
        let mut socket = Socket::new(state, end(30_005), Some(end(30_006)));
        socket.queues = Some(Queues { recv: 0, send: 0 });
        socket.tcp = Some(TcpInfo {
            rtt_us: None,
            rtt_variation_us: 0,
            min_rtt_us: None,
            congestion_window: 10,
            send_mss: 1460,
            total_retransmits: 0,
            delivered: Some(DeliveredBytes {
                acknowledged,
                received: 0,
            }),
            sent: Some(SentBytes {
                bytes: 100,
                retransmitted: 0,
            }),
        });
        socket
    }

    #[test]
    fn connection_initiated_from_a_listening_port_is_outgoing() {
        let mut listeners = ListenerIndex::default();
        let accepted = Some((Side::Serving, Evidence::Counters));
        assert_eq!(infer_side(&connection(100), &listeners), accepted);
        let waiting = Transport::Tcp(TcpState::Listen);
        listeners.insert(Slot(0), &Socket::new(waiting, connection(0).local, None));
        let accepted = Some((Side::Serving, Evidence::Listener));
        assert_eq!(infer_side(&connection(100), &listeners), accepted);
        let dialled = Some((Side::Outgoing, Evidence::Counters));
        assert_eq!(infer_side(&connection(101), &listeners), dialled);
    }
}
