//! Names which of a socket's two ports many sockets share, and how that is known.
//!
//! Evidence from strongest to weakest: the socket's own state · a listener on its local port · TCP
//! counters · the peer's row · port ranges, which is a guess and is labelled as one.

/// The side of a connection a socket is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The socket listens, or is an unconnected UDP socket.
    Listening,
    /// Accepted from a listener of this machine: the shared port is the local one.
    Serving,
    /// Connected from this machine: the shared port is the remote one.
    Outgoing,
}

impl Side {
    /// Returns the word used in filters and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listening => "listening",
            Self::Serving => "serving",
            Self::Outgoing => "outgoing",
        }
    }

    /// Returns the side of the peer of the same connection.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Outgoing => Self::Serving,
            Self::Listening | Self::Serving => Self::Outgoing,
        }
    }
}

/// How the side is known. Ordered: weaker evidence is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// LISTEN, SYN-SENT and SYN-RECEIVED each imply one side.
    State,
    /// A listener has the local port.
    Listener,
    /// A listener had the local port when the row was first seen, or shortly before.
    PastListener,
    /// TCP counts the SYN of the side that connected among the acknowledged bytes.
    Counters,
    /// The peer is a socket of this machine whose side is known.
    Peer,
    /// A guess: one port is in the ephemeral range and the other is not, or more connections share
    /// it, or it is the lower one.
    PortRange,
}

impl Evidence {
    /// Returns whether the side is only a guess.
    pub const fn is_guess(self) -> bool {
        matches!(self, Self::PortRange)
    }
}
