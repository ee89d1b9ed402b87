//! Names the columns and directions to sort by.

use std::cmp::Ordering;

use crate::fields::{EndSelector, Field, FieldKind, NumberField, SortUse, TextField, Unit};

/// A column to sort groups or rows by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortColumn {
    /// The shared port.
    Port,
    /// The process name.
    Process,
    /// The process id.
    Pid,
    /// The remote address.
    Host,
    /// The number of sockets.
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
    /// The lifetime.
    Duration,
    /// All bytes, both ways.
    Bytes,
    /// Any other field of a socket.
    Field(&'static Field),
}

impl SortColumn {
    /// Finds the column that sorts sockets by a field; `None` where they cannot be sorted by it.
    pub const fn for_field(field: &'static Field) -> Option<Self> {
        if matches!(field.sort, SortUse::No(_)) {
            return None;
        }
        Some(match field.kind {
            FieldKind::Port(EndSelector::Either) => Self::Port,
            FieldKind::Endpoint(EndSelector::Remote) => Self::Remote,
            FieldKind::Endpoint(_) => Self::Local,
            FieldKind::Host => Self::Host,
            FieldKind::State => Self::State,
            FieldKind::Text(text) if text.is(TextField::PROCESS) => Self::Process,
            FieldKind::Number(number) if number.is(NumberField::PID) => Self::Pid,
            FieldKind::Number(number) if number.is(NumberField::AGE) => Self::Age,
            FieldKind::Number(number) if number.is(NumberField::ENDED) => Self::Ended,
            FieldKind::Number(number) if number.is(NumberField::RATE) => Self::Rate,
            _ => Self::Field(field),
        })
    }

    /// Returns the default direction: largest first for counts, alphabetical for names.
    pub const fn default_direction(self) -> SortDirection {
        match self {
            Self::Sockets
            | Self::Rate
            | Self::Age
            | Self::Queues
            | Self::Ended
            | Self::Duration
            | Self::Bytes => SortDirection::Descending,
            Self::Field(field) => match field.kind {
                FieldKind::Number(NumberField { unit: Unit::Id, .. }) => SortDirection::Ascending,
                FieldKind::Number(_) => SortDirection::Descending,
                _ => SortDirection::Ascending,
            },
            _ => SortDirection::Ascending,
        }
    }
}

/// The direction of a sort order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortDirection {
    Ascending,
    Descending,
}

impl SortDirection {
    /// Returns the opposite direction.
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
    pub column: SortColumn,
    pub direction: SortDirection,
}

impl SortColumn {
    pub(super) const fn applies_to_groups(self) -> bool {
        matches!(self, Self::Sockets | Self::Rate | Self::Process)
    }
}
