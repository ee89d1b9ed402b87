//! The result of a query: sections, groups, rows.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;

use super::dual_stack::DualStackPairs;
use super::group::{GroupKey, GroupPath, Grouping};
use super::sort_order::SortOrder;
use super::summary::GroupSummary;
use crate::history::{Moment, Slot, TrackedSocket};
use crate::net::port::PortSide;

/// The sections of a result, in display order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SectionKind {
    /// Ports of this machine.
    ListeningHere,
    /// Ports of peers.
    Outgoing,
    Processes,
    /// Sockets without a process.
    NoProcess,
    /// Remote addresses.
    Hosts,
    /// Sockets without a remote endpoint.
    NoHost,
}

impl SectionKind {
    pub(super) const fn for_group(key: GroupKey) -> Self {
        match key {
            GroupKey::Port(port) => match port.side {
                PortSide::Local => Self::ListeningHere,
                PortSide::Remote => Self::Outgoing,
            },
            GroupKey::Process(_) => Self::Processes,
            GroupKey::Unowned(_) => Self::NoProcess,
            GroupKey::Host(_) => Self::Hosts,
            GroupKey::NoHost => Self::NoHost,
        }
    }
}

/// A section of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultSection {
    pub kind: SectionKind,
    /// Indices of its groups in [`QueryResult::groups`].
    pub groups: Range<usize>,
    /// Number of open sockets, each counted once.
    pub sockets: u32,
    /// Number of groups with an open socket.
    pub active_groups: usize,
}

/// A group of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What it groups by.
    pub path: GroupPath,
    /// Its run of [`QueryResult::rows`].
    pub rows: Range<usize>,
    /// Its inner groups in [`QueryResult::subgroups`]; empty if it has none.
    pub subgroups: Range<usize>,
    /// Counts and common properties of its rows.
    pub summary: GroupSummary,
}

impl Group {
    /// Returns the innermost key of its path.
    pub fn key(&self) -> GroupKey {
        self.path.key()
    }
}

/// The result of a query.
#[derive(Debug)]
pub struct QueryResult {
    /// The moment the query was run on.
    pub moment: Arc<Moment>,
    pub grouping: Grouping,
    pub sort_order: SortOrder,
    /// The sections; none in flat views.
    pub sections: Vec<ResultSection>,
    /// The groups in display order.
    pub groups: Vec<Group>,
    /// The inner groups in display order.
    pub subgroups: Vec<Group>,
    /// The rows in display order.
    pub rows: Vec<Slot>,
    /// Number of matching open sockets; in the history view, of closed ones.
    pub matched: usize,
    pub(super) dual_stack_pairs: DualStackPairs,
    pub(super) group_indexes: HashMap<GroupPath, usize>,
    pub(super) positions: Vec<u32>,
}

/// Marks a slot that is not in the result.
pub(super) const NO_POSITION: u32 = u32::MAX;

impl QueryResult {
    /// Returns the row at a slot of the moment.
    pub fn row(&self, slot: Slot) -> Option<&Arc<TrackedSocket>> {
        self.moment.row(slot)
    }

    /// Returns the other socket of a listener with an IPv4 and an IPv6 wildcard socket.
    pub fn dual_stack_twin(&self, slot: Slot) -> Option<&Arc<TrackedSocket>> {
        self.moment.row(*self.dual_stack_pairs.get(&slot)?)
    }

    /// Returns the group at a path.
    pub fn group(&self, path: GroupPath) -> Option<&Group> {
        self.groups_at_depth(path).get(self.group_index(path)?)
    }

    /// Returns the index of a group in [`QueryResult::groups`] or [`QueryResult::subgroups`].
    pub(crate) fn group_index(&self, path: GroupPath) -> Option<usize> {
        self.group_indexes.get(&path).copied()
    }

    fn groups_at_depth(&self, path: GroupPath) -> &[Group] {
        if path.sub.is_some() {
            &self.subgroups
        } else {
            &self.groups
        }
    }

    /// Returns the position of a row in [`QueryResult::rows`], within one run of them: a socket
    /// held by several processes is in several runs.
    pub fn position(&self, slot: Slot, within: &Range<usize>) -> Option<usize> {
        let first = *self
            .positions
            .get(slot.index())
            .filter(|p| **p != NO_POSITION)? as usize;
        if within.contains(&first) {
            return Some(first);
        }
        let run = self.rows.get(within.clone())?;
        run.iter()
            .position(|s| *s == slot)
            .map(|p| within.start + p)
    }
}
