//! Columns and directions to sort by.

use std::cmp::Ordering;

/// By what groups or rows can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortColumn {
    /// The shared port.
    Port,
    /// The process's name.
    Process,
    /// The process id.
    Pid,
    /// The remote address.
    Host,
    /// How many sockets.
    Sockets,
    /// Bytes per second, both ways.
    Rate,
    /// The TCP state.
    State,
    /// The local endpoint, port first.
    Local,
    /// The remote endpoint, address first.
    Remote,
    /// First seen.
    Age,
    /// Unread and unacknowledged bytes.
    Queues,
    /// When it closed.
    Ended,
    /// How long it was there.
    Duration,
    /// All bytes it carried, both ways.
    Bytes,
}

impl SortColumn {
    /// The direction one wants first: the biggest of what is counted, the first of what is named.
    pub const fn default_direction(self) -> SortDirection {
        match self {
            Self::Sockets
            | Self::Rate
            | Self::Age
            | Self::Queues
            | Self::Ended
            | Self::Duration
            | Self::Bytes => SortDirection::Descending,
            _ => SortDirection::Ascending,
        }
    }
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortDirection {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

impl SortDirection {
    /// The other one.
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

    pub(super) const fn apply(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

/// A column and a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortOrder {
    /// The column.
    pub column: SortColumn,
    /// The direction.
    pub direction: SortDirection,
}

impl SortColumn {
    pub(super) const fn applies_to_groups(self) -> bool {
        matches!(self, Self::Sockets | Self::Rate | Self::Process)
    }
}
