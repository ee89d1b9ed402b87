//! Moment → which sockets, under which port, in what order.
//!
//! In: a [`Moment`](crate::history::Moment) and a [`Query`]. Out: an [`QueryResult`]: groups and rows,
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

pub use answer::{Group, QueryResult, ResultSection, SectionKind, run};
pub use berths::{Availability, PortUsers, alternatives};
pub use complete::{Candidate, Completion, CompletionInput, complete};
pub use filter::{Filter, FilterError};
pub use group::{GroupKey, GroupPath, Grouping, UnownedReason, unowned_reason};
pub use lines::{Folds, LineId, VisibleLine, VisibleLines};
pub use order::{SortColumn, SortDirection, SortOrder};
pub use place::EndpointDisplay;
pub use reach::{Reach, WildcardFamilies};
pub use refine::{EditedFilter, FilterEdit, edit_filter, row_conditions};
pub use summary::{GroupSummary, HolderStatus, ProcessNameCount, StateCounts};
pub use survey::{EndCounts, ShownEnd, TupleDiff, TupleDiffScope, TupleField};
pub use watch::{MatchEvent, MatchEventKind, MatchTracker};

use crate::endpoint::Family;
use crate::history::TrackedSocket;
use crate::port::Protocol;
use crate::services::Services;
use crate::socket::{Socket, TcpState};

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

/// What is asked of a moment.
#[derive(Clone, Debug)]
pub struct Query {
    /// The words.
    pub filter: Arc<Filter>,
    /// The switches.
    pub quick_filter: QuickFilter,
    /// By what the sockets are grouped.
    pub grouping: Grouping,
    /// In what order.
    pub sort_order: SortOrder,
    /// Names of ports; [`Services::none`] to see numbers only.
    pub services: Arc<Services>,
}

impl Query {
    /// Everything, grouped by port, in the usual order.
    pub fn unfiltered(services: Arc<Services>) -> Self {
        let grouping = Grouping::Ports;
        Self {
            filter: Arc::default(),
            quick_filter: QuickFilter::default(),
            grouping,
            sort_order: grouping.default_order(),
            services,
        }
    }
}
