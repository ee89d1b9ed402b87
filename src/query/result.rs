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

/// The parts of a screen, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SectionKind {
    /// Ports of this machine.
    ListeningHere,
    /// Ports of other ends.
    Outgoing,
    /// Processes.
    Processes,
    /// Sockets no process has.
    NoProcess,
    /// Remote addresses.
    Hosts,
    /// Sockets without a remote end.
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
/// A part of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultSection {
    /// Which.
    pub kind: SectionKind,
    /// Its groups.
    pub groups: Range<usize>,
    /// Open sockets in it, each counted once.
    pub sockets: u32,
    /// Groups in it that have an open socket.
    pub active_groups: usize,
}
/// A group of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What it is about.
    pub path: GroupPath,
    /// Its rows.
    pub rows: Range<usize>,
    /// Its inner groups, an empty range where it has none.
    pub subgroups: Range<usize>,
    /// What it says of its members.
    pub summary: GroupSummary,
}
impl Group {
    /// What it is about.
    pub fn key(&self) -> GroupKey {
        self.path.key()
    }
}
/// The answer.
#[derive(Debug)]
pub struct QueryResult {
    /// What was asked about.
    pub moment: Arc<Moment>,
    /// By what it is grouped.
    pub grouping: Grouping,
    /// In what order.
    pub sort_order: SortOrder,
    /// The parts; none in the flat view.
    pub sections: Vec<ResultSection>,
    /// The groups in the order of the screen.
    pub groups: Vec<Group>,
    /// The inner groups in the order of the screen.
    pub subgroups: Vec<Group>,
    /// The rows in the order of the screen.
    pub rows: Vec<Slot>,
    /// Open sockets that match; in the history, those that ended.
    pub matched: usize,
    pub(super) dual_stack_pairs: DualStackPairs,
    pub(super) group_indexes: HashMap<GroupPath, usize>,
    pub(super) positions: Vec<u32>,
}
/// No position.
pub(super) const NO_POSITION: u32 = u32::MAX;
impl QueryResult {
    /// The row at a slot.
    pub fn row(&self, slot: Slot) -> Option<&Arc<TrackedSocket>> {
        self.moment.row(slot)
    }

    /// The second socket of a listener that has two addresses.
    pub fn dual_stack_twin(&self, slot: Slot) -> Option<&Arc<TrackedSocket>> {
        self.moment.row(*self.dual_stack_pairs.get(&slot)?)
    }

    /// The group at a path.
    pub fn group(&self, path: GroupPath) -> Option<&Group> {
        self.groups_at_depth(path).get(self.group_index(path)?)
    }

    /// Where the group stands in [`QueryResult::groups`] or [`QueryResult::inner`].
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

    /// Where the row stands in [`QueryResult::rows`], within a run of them: a socket that several
    /// processes hold stands in several runs.
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
