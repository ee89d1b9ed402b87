//! In what order. Every order is total: where the column does not decide, identity does, so that
//! rows never change places without a reason that can be seen.

use std::cmp::{Ordering, Reverse};

use crate::history::{Moment, Rates, Tracked};
use crate::query::answer::Group;
use crate::query::group::GroupKey;

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
}

impl SortColumn {
    /// The direction one wants first: the biggest of what is counted, the first of what is named.
    pub const fn usual_direction(self) -> Direction {
        match self {
            Self::Sockets | Self::Rate | Self::Age | Self::Queues => Direction::Descending,
            _ => Direction::Ascending,
        }
    }
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

impl Direction {
    /// The other one.
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

    const fn apply(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

/// A column and a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// The column.
    pub column: SortColumn,
    /// The direction.
    pub direction: Direction,
}

/// Orders the groups of one section.
pub(super) fn groups(order: Order, a: &Group, b: &Group, moment: &Moment) -> Ordering {
    let by_column = match order.column {
        SortColumn::Sockets => a.summary.sockets.cmp(&b.summary.sockets),
        SortColumn::Rate => rate_of(a).total_cmp(&rate_of(b)),
        SortColumn::Process => name_of(a, moment).cmp(&name_of(b, moment)),
        _ => Ordering::Equal,
    };
    let by_key = a.key().cmp(&b.key());
    match by_column {
        // Among equals the usual order holds, whichever way the column is turned.
        Ordering::Equal if order.column.decides_groups() => by_key,
        Ordering::Equal => order.direction.apply(by_key),
        decided => order.direction.apply(decided),
    }
}

impl SortColumn {
    const fn decides_groups(self) -> bool {
        matches!(self, Self::Sockets | Self::Rate | Self::Process)
    }
}

fn rate_of(group: &Group) -> f64 {
    group.summary.rates.map_or(-1.0, Rates::total)
}

/// Names compare without case; a group without a process comes last.
fn name_of(group: &Group, moment: &Moment) -> (bool, String) {
    let name = match group.key() {
        GroupKey::Process(key) => moment
            .directory
            .processes
            .get(&key)
            .map(|p| p.name.to_lowercase()),
        _ => group
            .summary
            .processes
            .first()
            .map(|p| p.name.to_lowercase()),
    };
    (name.is_none(), name.unwrap_or_default())
}

/// Orders the rows within a group: listeners, then connections by their other end, which never
/// changes while they live. A row that is gone and its successor may have the same endpoints,
/// but never came at the same time.
pub(super) fn members(a: &Tracked, b: &Tracked) -> Ordering {
    let rank = |row: &Tracked| {
        let remote = row.socket.remote.map(|r| (r.plain(), r.port));
        let local = (row.socket.local.port, row.socket.local.plain());
        let listens = row.socket.is_listening();
        (!listens, remote, local, row.key, row.first_seen.at())
    };
    rank(a).cmp(&rank(b))
}

/// Orders the rows of the flat view.
pub(super) fn rows(order: Order, a: &Tracked, b: &Tracked, moment: &Moment) -> Ordering {
    let by_column = match order.column {
        SortColumn::State => a.socket.transport.cmp(&b.socket.transport),
        SortColumn::Remote | SortColumn::Host => {
            let end = |row: &Tracked| row.socket.remote.map(|r| (r.plain(), r.port));
            end(a).cmp(&end(b))
        }
        SortColumn::Process => owner_name(a, moment).cmp(&owner_name(b, moment)),
        SortColumn::Pid => owner_pid(a).cmp(&owner_pid(b)),
        // The older, the bigger the age.
        SortColumn::Age => Reverse(a.first_seen.at()).cmp(&Reverse(b.first_seen.at())),
        SortColumn::Queues => {
            let bytes = |row: &Tracked| {
                row.socket
                    .queues
                    .map(|q| u64::from(q.recv) + u64::from(q.send))
            };
            bytes(a).cmp(&bytes(b))
        }
        SortColumn::Rate => {
            let rate = |row: &Tracked| row.rates.map_or(-1.0, Rates::total);
            rate(a).total_cmp(&rate(b))
        }
        SortColumn::Local | SortColumn::Port | SortColumn::Sockets => {
            let end = |row: &Tracked| {
                (
                    row.socket.local.port,
                    row.socket.protocol(),
                    row.socket.local.plain(),
                )
            };
            end(a).cmp(&end(b))
        }
    };
    match by_column {
        Ordering::Equal => members_after_local(a, b),
        decided => order.direction.apply(decided),
    }
}

fn members_after_local(a: &Tracked, b: &Tracked) -> Ordering {
    a.socket
        .local
        .port
        .cmp(&b.socket.local.port)
        .then_with(|| members(a, b))
}

fn owner_name(row: &Tracked, moment: &Moment) -> (bool, Option<String>) {
    let first = row.ownership.last_holders().and_then(|h| h.first());
    let name = first.and_then(|h| moment.directory.processes.get(&h.process));
    (name.is_none(), name.map(|p| p.name.to_lowercase()))
}

fn owner_pid(row: &Tracked) -> (bool, Option<crate::process::Pid>) {
    let first = row.ownership.last_holders().and_then(|h| h.first());
    (first.is_none(), first.map(|h| h.process.pid))
}
