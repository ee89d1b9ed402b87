//! The quick filter: protocol, address family and state, set by options and single keys.

use crate::history::TrackedSocket;
use crate::net::endpoint::Family;
use crate::net::port::Protocol;
use crate::net::socket::{Socket, TcpState};

/// Selects sockets by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateFilter {
    /// Every state.
    #[default]
    All,
    /// TCP in LISTEN, and UDP without a peer.
    Listening,
    /// TCP in ESTABLISHED, and UDP with a peer.
    Established,
    /// `Listening` or `Established`: `-l -e` on the command line.
    ListeningOrEstablished,
}

impl StateFilter {
    /// Returns the next value of the cycle all, listening, established.
    pub const fn next(self) -> Self {
        match self {
            Self::All => Self::Listening,
            Self::Listening => Self::Established,
            Self::Established | Self::ListeningOrEstablished => Self::All,
        }
    }

    /// Returns whether the socket matches.
    pub const fn matches(self, socket: &Socket) -> bool {
        match self {
            Self::All => true,
            Self::Listening => socket.is_listening(),
            Self::ListeningOrEstablished => {
                Self::Listening.matches(socket) || Self::Established.matches(socket)
            }
            Self::Established => match socket.tcp_state() {
                Some(state) => matches!(state, TcpState::Established),
                None => socket.remote.is_some(),
            },
        }
    }
}

/// The options known from ss and netstat: -t -u -l -e -4 -6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuickFilter {
    /// The protocol to show; `None` for all.
    pub protocol: Option<Protocol>,
    /// The address family of the socket to show; `None` for all.
    pub family: Option<Family>,
    /// The states to show.
    pub state: StateFilter,
}

impl QuickFilter {
    /// Returns whether the row passes protocol, family and state.
    pub fn matches(self, row: &TrackedSocket) -> bool {
        let socket = &row.socket;
        self.state.matches(socket)
            && self.protocol.is_none_or(|p| p == socket.protocol())
            && self.family.is_none_or(|f| f == socket.family())
    }
}
