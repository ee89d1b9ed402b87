//! Runs a query: returns sections of groups of rows.
//!
//! Every group owns one run of `rows`; an inner group owns a part of its parent's run:
//!
//! ```text
//! sections  [LISTENING HERE        | OUTGOING ]
//! groups    [ 22/tcp   443/tcp     | 443/tcp  ]
//! rows      [ · ·      · · · · · · | · · ·    ]     slots of the moment
//! ```

use std::sync::Arc;

use hashbrown::HashMap;

use super::dual_stack::DualStackPairs;
use super::group::{GroupKey, GroupPath, Grouping};
use super::result::{Group, NO_POSITION, QueryResult, ResultSection, SectionKind};
use super::sort_order::SortOrder;
use super::summary::{GroupSummary, SummaryBuilder};
use super::{dual_stack, group, sort};
use crate::filter::FilterContext;
use crate::filter::ast::Filter;
use crate::filter::quick_filter::QuickFilter;
use crate::history::{Moment, Slot, TrackedSocket};
use crate::net::services::Services;

/// Filters, groups and sorts the rows of a moment.
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
            ResultBuilder::flat(&matched, query.sort_order, context)
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

/// A result under construction.
#[derive(Default)]
struct ResultBuilder {
    sections: Vec<ResultSection>,
    groups: Vec<Group>,
    subgroups: Vec<Group>,
    rows: Vec<Slot>,
    dual_stack_pairs: DualStackPairs,
}

/// The rows of one outer group, by inner group.
type GroupMembers = HashMap<Option<GroupKey>, Vec<Slot>>;

impl ResultBuilder {
    fn flat(matched: &[&Arc<TrackedSocket>], order: SortOrder, context: FilterContext<'_>) -> Self {
        let mut rows = matched.to_vec();
        sort::sort_rows(&mut rows, order, context);
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
            let groups = sort::compare_groups(query.sort_order, &a.group, &b.group, moment);
            section(a).cmp(&section(b)).then(groups)
        });
        for draft in group_drafts {
            build.push_group(draft, &counts);
        }
        build
    }

    /// Appends a group and its rows to the result.
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

/// A group before its position is known.
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
            sort::sort_members(slots, moment);
        }
        // Rates are added in row order: the floating-point sum depends on it.
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
                dual_stack::merge_dual_stack_pairs(&mut slots, moment, pairs);
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
            super::sort_order::SortColumn::Sockets | super::sort_order::SortColumn::Rate => {
                sort::compare_groups(query.sort_order, a, b, moment)
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

/// What to select from a moment, and how to arrange it.
#[derive(Clone, Debug)]
pub struct Query {
    /// The filter expression.
    pub filter: Arc<Filter>,
    /// The filters that single keys switch.
    pub quick_filter: QuickFilter,
    pub grouping: Grouping,
    pub sort_order: SortOrder,
    /// Names of ports; an empty table for numbers only.
    pub services: Arc<Services>,
}

impl Query {
    /// Creates a query for all sockets, grouped by port in the default order.
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
