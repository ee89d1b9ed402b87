//! The switches beside the filter: state, protocol, family.

use crate::history::TrackedSocket;
use crate::net::endpoint::Family;
use crate::net::port::Protocol;
use crate::net::socket::{Socket, TcpState};

/// Which part of the life of a socket is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateFilter {
    /// All of it.
    #[default]
    All,
    /// Only sockets that wait for others.
    Listening,
    /// Only ESTABLISHED connections, and UDP with a peer.
    Established,
    /// Both of these.
    ListeningOrEstablished,
}
impl StateFilter {
    /// The next one of the cycle.
    pub const fn next(self) -> Self {
        match self {
            Self::All => Self::Listening,
            Self::Listening => Self::Established,
            Self::Established | Self::ListeningOrEstablished => Self::All,
        }
    }

    /// Whether the socket is in this part of its life.
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
/// The switches known from ss and netstat: -t -u -l -e -4 -6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuickFilter {
    /// Only this protocol.
    pub protocol: Option<Protocol>,
    /// Only this family of socket.
    pub family: Option<Family>,
    /// Only this phase.
    pub state: StateFilter,
}
impl QuickFilter {
    /// Whether the row passes all switches.
    pub fn matches(self, row: &TrackedSocket) -> bool {
        let socket = &row.socket;
        self.state.matches(socket)
            && self.protocol.is_none_or(|p| p == socket.protocol())
            && self.family.is_none_or(|f| f == socket.family())
    }
}
