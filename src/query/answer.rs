//! The answer to a query: sections of groups of rows.
//!
//! In: a moment and a query. Out: [`QueryResult`]. Every group owns one run of `rows`; an inner group
//! owns a part of its parent's run. The picture:
//!
//! ```text
//! sections  [LISTENING HERE        | OUTGOING ]
//! groups    [ 22/tcp   443/tcp     | 443/tcp  ]
//! rows      [ · ·      · · · · · · | · · ·    ]     slots of the moment
//! ```

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::history::{Moment, Slot, TrackedSocket};
use crate::port::PortSide;
use crate::query::filter::FilterContext;
use crate::query::group::{self, GroupKey, GroupPath, Grouping};
use crate::query::listeners::{self, DualStackPairs};
use crate::query::order;
use crate::query::summary::{GroupSummary, SummaryBuilder};
use crate::query::{Query, SortOrder};

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
    const fn for_group(key: GroupKey) -> Self {
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
    dual_stack_pairs: DualStackPairs,
    group_indexes: HashMap<GroupPath, usize>,
    positions: Vec<u32>,
}

/// No position.
const NO_POSITION: u32 = u32::MAX;

/// Answers a query.
pub fn run(moment: Arc<Moment>, query: &Query) -> QueryResult {
    let context = FilterContext {
        moment: &moment,
        services: &query.services,
    };
    let mut matcher = query.filter.matcher(context);
    let matches =
        |row: &&Arc<TrackedSocket>| query.quick_filter.matches(row) && matcher.matches(row);
    let matched: Vec<&Arc<TrackedSocket>> = moment.rows().filter(matches).collect();
    let open = matched.iter().filter(|r| !r.is_closed()).count();
    let matching = matched.len();
    let build = match query.grouping {
        Grouping::Sockets | Grouping::History => {
            ResultBuilder::flat(&matched, query.sort_order, &moment)
        }
        _ => ResultBuilder::grouped(&matched, query, &moment),
    };
    let mut positions = vec![NO_POSITION; moment.rows.slot_count()];
    for (position, slot) in build.rows.iter().enumerate().rev() {
        positions[slot.index()] = position as u32;
    }
    let paths = build.groups.iter().chain(&build.subgroups);
    let paths = paths
        .map(|g| g.path)
        .zip((0..build.groups.len()).chain(0..build.subgroups.len()));
    QueryResult {
        grouping: query.grouping,
        sort_order: query.sort_order,
        sections: build.sections,
        group_indexes: paths.collect(),
        groups: build.groups,
        subgroups: build.subgroups,
        rows: build.rows,
        dual_stack_pairs: build.dual_stack_pairs,
        matched: match query.grouping {
            Grouping::History => matching,
            _ => open,
        },
        positions,
        moment,
    }
}

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
    pub(super) fn group_index(&self, path: GroupPath) -> Option<usize> {
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

/// An answer in the making.
#[derive(Default)]
struct ResultBuilder {
    sections: Vec<ResultSection>,
    groups: Vec<Group>,
    subgroups: Vec<Group>,
    rows: Vec<Slot>,
    dual_stack_pairs: DualStackPairs,
}

/// The members of one outer group, by inner group.
type GroupMembers = HashMap<Option<GroupKey>, Vec<Slot>>;

impl ResultBuilder {
    fn flat(matched: &[&Arc<TrackedSocket>], order: SortOrder, moment: &Moment) -> Self {
        let mut rows = matched.to_vec();
        order::sort_rows(&mut rows, order, moment);
        Self {
            rows: rows.iter().map(|r| r.slot).collect(),
            ..Self::default()
        }
    }

    fn grouped(matched: &[&Arc<TrackedSocket>], query: &Query, moment: &Moment) -> Self {
        let mut tops: HashMap<GroupKey, GroupMembers> = HashMap::new();
        let mut counts: HashMap<SectionKind, u32> = HashMap::new();
        for row in matched {
            let mut counted = None;
            group::for_each_group(query.grouping, row, |path| {
                let members = tops.entry(path.top).or_default();
                members.entry(path.sub).or_default().push(row.slot);
                counted = Some(SectionKind::for_group(path.top));
            });
            if let Some(section) = counted.filter(|_| !row.is_closed()) {
                *counts.entry(section).or_default() += 1;
            }
        }
        let mut build = Self::default();
        let mut summary_builder = SummaryBuilder::new(moment);
        let mut group_drafts: Vec<GroupDraft> = tops
            .into_iter()
            .map(|(top, m)| {
                GroupDraft::new(
                    top,
                    m,
                    moment,
                    query,
                    &mut build.dual_stack_pairs,
                    &mut summary_builder,
                )
            })
            .collect();
        group_drafts.sort_unstable_by(|a, b| {
            let section = |d: &GroupDraft| SectionKind::for_group(d.group.path.top);
            let groups = order::compare_groups(query.sort_order, &a.group, &b.group, moment);
            section(a).cmp(&section(b)).then(groups)
        });
        for draft in group_drafts {
            build.push_group(draft, &counts);
        }
        build
    }

    /// Appends a finished group to the runs.
    fn push_group(&mut self, draft: GroupDraft, counts: &HashMap<SectionKind, u32>) {
        let kind = SectionKind::for_group(draft.group.path.top);
        let index = self.groups.len();
        let live = usize::from(draft.group.summary.sockets > 0);
        match self.sections.last_mut() {
            Some(section) if section.kind == kind => {
                section.groups.end = index + 1;
                section.active_groups += live;
            }
            _ => {
                let sockets = counts.get(&kind).copied().unwrap_or(0);
                self.sections.push(ResultSection {
                    kind,
                    groups: index..index + 1,
                    sockets,
                    active_groups: live,
                });
            }
        }
        let (rows, inner) = (self.rows.len(), self.subgroups.len());
        for (mut group, slots) in draft.subgroups {
            group.rows = self.rows.len()..self.rows.len() + slots.len();
            self.rows.extend(slots);
            if group.path.sub.is_some() {
                self.subgroups.push(group);
            }
        }
        let mut group = draft.group;
        group.rows = rows..self.rows.len();
        group.subgroups = inner..self.subgroups.len();
        self.groups.push(group);
    }
}

/// A group before its place is known.
struct GroupDraft {
    group: Group,
    subgroups: Vec<(Group, Vec<Slot>)>,
}

impl GroupDraft {
    fn new(
        top: GroupKey,
        members: GroupMembers,
        moment: &Moment,
        query: &Query,
        pairs: &mut DualStackPairs,
        summary_builder: &mut SummaryBuilder,
    ) -> Self {
        let mut members: Vec<(Option<GroupKey>, Vec<Slot>)> = members.into_iter().collect();
        members.sort_unstable_by_key(|(sub, _)| *sub);
        for (_, slots) in &mut members {
            order::sort_members(slots, moment);
        }
        // Rates are added up in the order of the rows: the sum of fractions depends on it.
        let slots = members.iter().flat_map(|(_, slots)| slots);
        let summary = summary_builder.summarize(top, slots.filter_map(|s| moment.row(*s)), moment);
        let mut inner: Vec<(Group, Vec<Slot>)> = members
            .into_iter()
            .map(|(sub, mut slots)| {
                let summary = match sub {
                    Some(key) => summary_builder.summarize(
                        key,
                        slots.iter().filter_map(|s| moment.row(*s)),
                        moment,
                    ),
                    None => GroupSummary::default(),
                };
                listeners::merge_dual_stack_pairs(&mut slots, moment, pairs);
                (
                    Group {
                        path: GroupPath { top, sub },
                        rows: 0..0,
                        subgroups: 0..0,
                        summary,
                    },
                    slots,
                )
            })
            .collect();
        inner.sort_unstable_by(|(a, _), (b, _)| match query.sort_order.column {
            crate::query::SortColumn::Sockets | crate::query::SortColumn::Rate => {
                order::compare_groups(query.sort_order, a, b, moment)
            }
            _ => a.key().cmp(&b.key()),
        });
        Self {
            group: Group {
                path: GroupPath::top(top),
                rows: 0..0,
                subgroups: 0..0,
                summary,
            },
            subgroups: inner,
        }
    }
}
