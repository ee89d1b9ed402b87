//! Runs a [`Query`] on a [`Moment`](crate::history::Moment): filters, groups and sorts rows.
//!
//! [`run()`] returns a [`QueryResult`]; [`VisibleLines`] maps it to the lines of a screen or page.
//! Everything that iterates over rows is in this module, outside the thread that draws.

mod availability;
mod dual_stack;
pub(crate) mod filter_from_row;
mod group;
pub(crate) mod listener_lookup;
mod match_events;
pub(crate) mod owner_display;
mod reach;
mod result;
pub mod run;
mod sort;
mod sort_order;
mod summary;
mod tuple_diff;
mod visible_lines;

pub use crate::query::run::Query;

pub use crate::fields::EndpointDisplay;
pub use crate::query::availability::{Availability, PortUsers, alternatives};
pub use crate::query::filter_from_row::row_conditions;
pub use crate::query::group::{GroupKey, GroupPath, Grouping, UnownedReason, unowned_reason};
pub use crate::query::match_events::{MatchEvent, MatchEventKind, MatchTracker};
pub use crate::query::reach::{Reach, WildcardFamilies};
pub use crate::query::result::{Group, QueryResult, ResultSection, SectionKind};
pub use crate::query::run::run;
pub use crate::query::sort_order::{SortColumn, SortDirection, SortOrder};
pub use crate::query::summary::{GroupSummary, HolderStatus, ProcessNameCount, StateCounts};
pub use crate::query::tuple_diff::{EndCounts, ShownEnd, TupleDiff, TupleDiffScope, TupleField};
pub use crate::query::visible_lines::{Folds, LineId, VisibleLine, VisibleLines};
