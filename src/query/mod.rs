//! Moment → which sockets, under which port, in what order.
//!
//! In: a [`Moment`](crate::history::Moment) and a [`Query`]. Out: an [`Answer`]: groups and rows,
//! filtered and ordered, and the [`Lines`] they make on a screen or a page. [`complete()`] tells what
//! may be typed next, [`aspects`] what a line is in the words of the filter. Four groupings, one
//! mechanism. All that walks over the rows runs behind the thread that draws.

mod answer;
mod berths;
mod complete;
pub mod filter;
mod group;
mod lines;
mod listeners;
mod order;
mod place;
mod reach;
mod refine;
mod summary;
mod survey;
mod watch;

use std::sync::Arc;

pub use answer::{Answer, Group, Section, SectionKind, answer};
pub use berths::{Neighbours, Verdict, spares};
pub use complete::{Candidate, Completion, Typed, complete};
pub use filter::{Filter, FilterError};
pub use group::{GroupKey, GroupPath, Grouping, NoOwner, why_unowned};
pub use lines::{Folds, Line, LineId, Lines};
pub use order::{Direction, Order, SortColumn};
pub use place::Place;
pub use reach::{Reach, Served};
pub use refine::{Joined, Joining, aspects, joined};
pub use summary::{ProcessName, StateCounts, Summary, Tense};
pub use survey::{Ends, Quarter, Scope, Shown, Survey};
pub use watch::{Event, EventKind, Watcher};

use crate::endpoint::Family;
use crate::history::Tracked;
use crate::port::Protocol;
use crate::services::Services;
use crate::socket::{Socket, TcpState};

/// Which part of the life of a socket is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
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

impl Phase {
    /// The next one of the cycle.
    pub const fn next(self) -> Self {
        match self {
            Self::All => Self::Listening,
            Self::Listening => Self::Established,
            Self::Established | Self::ListeningOrEstablished => Self::All,
        }
    }

    /// Whether the socket is in this part of its life.
    pub const fn includes(self, socket: &Socket) -> bool {
        match self {
            Self::All => true,
            Self::Listening => socket.is_listening(),
            Self::ListeningOrEstablished => {
                Self::Listening.includes(socket) || Self::Established.includes(socket)
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
pub struct Narrow {
    /// Only this protocol.
    pub protocol: Option<Protocol>,
    /// Only this family of socket.
    pub family: Option<Family>,
    /// Only this phase.
    pub phase: Phase,
}

impl Narrow {
    /// Whether the row passes all switches.
    pub fn lets_through(self, row: &Tracked) -> bool {
        let socket = &row.socket;
        self.phase.includes(socket)
            && self.protocol.is_none_or(|p| p == socket.protocol())
            && self.family.is_none_or(|f| f == socket.family())
    }
}

/// What is asked of a moment.
#[derive(Clone, Debug)]
pub struct Query {
    /// The words.
    pub filter: Arc<Filter>,
    /// The switches.
    pub narrow: Narrow,
    /// By what the sockets are grouped.
    pub grouping: Grouping,
    /// In what order.
    pub order: Order,
    /// Names of ports; [`Services::none`] to see numbers only.
    pub services: Arc<Services>,
}

impl Query {
    /// Everything, grouped by port, in the usual order.
    pub fn everything(services: Arc<Services>) -> Self {
        let grouping = Grouping::Ports;
        Self {
            filter: Arc::default(),
            narrow: Narrow::default(),
            grouping,
            order: grouping.usual_order(),
            services,
        }
    }
}
