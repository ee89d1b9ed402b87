//! Follows sockets from sample to sample: what changed, since when, which process held it, which
//! side it is.
//!
//! [`History::apply`] takes one [`Snapshot`](crate::net::snapshot::Snapshot) after another and
//! returns one [`Moment`] after another. From this layer on nothing reads a clock and nothing
//! fails: time is the snapshot's own, and what could not be observed is a gap.

mod close_events;
mod close_matching;
mod closed_log;
mod cookie_merge;
mod first_close;
mod listeners;
mod moment;
mod ownership;
mod past_listeners;
mod peers;
mod row_store;
mod rows;
mod series;
mod side;
mod side_inference;
mod slot;
mod socket_index;
mod stall;
pub mod state;
mod timeline;
mod tracked_socket;
mod tracker;
mod unsampled;

pub use crate::history::state::History;

pub use crate::history::closed_log::{ClosedLogStats, RetentionLimits};
pub use crate::history::first_close::{ClosedBy, closed_by};
pub use crate::history::moment::{Moment, SelfCost, Totals};
pub use crate::history::ownership::{HolderSet, Ownership};
pub use crate::history::past_listeners::{PastListener, PastListeners};
pub use crate::history::rows::SocketRows;
pub use crate::history::series::{BUCKET_COUNT, BUCKET_DURATION, Series};
pub use crate::history::side::{Evidence, Side};
pub use crate::history::slot::Slot;
pub use crate::history::stall::Stall;
pub use crate::history::timeline::{TimePoint, Timeline, TimelineInfo};
pub use crate::history::tracked_socket::TRANSITION_TTL;
pub use crate::history::tracked_socket::{
    ObservedSince, Rates, Throughput, TrackedSocket, Transition,
};
