//! Which of a socket's two ports is the one that many sockets share?
//!
//! In: a socket, the listeners known, its mirror row. Out: a [`Side`] and the [`Evidence`] for it,
//! strongest first: its own state · a listener on its local port · what TCP counted · the row of
//! the other end · port ranges, which is a guess and is labelled as one.

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
