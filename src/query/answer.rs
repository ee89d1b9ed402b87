//! The answer to a query: sections of groups of rows.
//!
//! In: a moment and a query. Out: [`Answer`]. Every group owns one run of `rows`; an inner group
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

use crate::history::{Moment, Slot, Tracked};
use crate::port::PortSide;
use crate::query::filter::Context;
use crate::query::group::{self, GroupKey, GroupPath, Grouping};
use crate::query::listeners::{self, Twins};
use crate::query::order;
use crate::query::summary::{Summary, Summer};
use crate::query::{Order, Query};

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
    const fn of(key: GroupKey) -> Self {
        match key {
            GroupKey::Port(port) => match port.side {
                PortSide::Here => Self::ListeningHere,
                PortSide::There => Self::Outgoing,
            },
            GroupKey::Process(_) => Self::Processes,
            GroupKey::NoProcess(_) => Self::NoProcess,
            GroupKey::Host(_) => Self::Hosts,
            GroupKey::NoHost => Self::NoHost,
        }
    }
}

/// A part of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Which.
    pub kind: SectionKind,
    /// Its groups.
    pub groups: Range<usize>,
    /// Open sockets in it, each counted once.
    pub sockets: u32,
    /// Groups in it that have an open socket.
    pub live: usize,
}

/// A group of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What it is about.
    pub path: GroupPath,
    /// Its rows.
    pub rows: Range<usize>,
    /// Its inner groups, an empty range where it has none.
    pub inner: Range<usize>,
    /// What it says of its members.
    pub summary: Summary,
}

impl Group {
    /// What it is about.
    pub fn key(&self) -> GroupKey {
        self.path.key()
    }
}

/// The answer.
#[derive(Debug)]
pub struct Answer {
    /// What was asked about.
    pub moment: Arc<Moment>,
    /// By what it is grouped.
    pub grouping: Grouping,
    /// In what order.
    pub order: Order,
    /// The parts; none in the flat view.
    pub sections: Vec<Section>,
    /// The groups in the order of the screen.
    pub groups: Vec<Group>,
    /// The inner groups in the order of the screen.
    pub inner: Vec<Group>,
    /// The rows in the order of the screen.
    pub rows: Vec<Slot>,
    /// Open sockets that match; in the history, those that ended.
    pub matched: usize,
    twins: Twins,
    paths: HashMap<GroupPath, usize>,
    positions: Vec<u32>,
}

/// No position.
const NOWHERE: u32 = u32::MAX;

/// Answers a query.
pub fn answer(moment: Arc<Moment>, query: &Query) -> Answer {
    let context = Context {
        moment: &moment,
        services: &query.services,
    };
    let mut sieve = query.filter.sieve(context);
    let matches = |row: &&Arc<Tracked>| query.narrow.lets_through(row) && sieve.passes(row);
    let matched: Vec<&Arc<Tracked>> = moment.rows().filter(matches).collect();
    let open = matched.iter().filter(|r| !r.is_closed()).count();
    let matching = matched.len();
    let build = match query.grouping {
        Grouping::Sockets | Grouping::History => Build::flat(&matched, query.order, &moment),
        _ => Build::grouped(&matched, query, &moment),
    };
    let mut positions = vec![NOWHERE; moment.rows.slots()];
    for (position, slot) in build.rows.iter().enumerate().rev() {
        positions[slot.index()] = position as u32;
    }
    let paths = build.groups.iter().chain(&build.inner);
    let paths = paths
        .map(|g| g.path)
        .zip((0..build.groups.len()).chain(0..build.inner.len()));
    Answer {
        grouping: query.grouping,
        order: query.order,
        sections: build.sections,
        paths: paths.collect(),
        groups: build.groups,
        inner: build.inner,
        rows: build.rows,
        twins: build.twins,
        matched: match query.grouping {
            Grouping::History => matching,
            _ => open,
        },
        positions,
        moment,
    }
}

impl Answer {
    /// The row at a slot.
    pub fn row(&self, slot: Slot) -> Option<&Arc<Tracked>> {
        self.moment.row(slot)
    }

    /// The second socket of a listener that has two addresses.
    pub fn twin(&self, slot: Slot) -> Option<&Arc<Tracked>> {
        self.moment.row(*self.twins.get(&slot)?)
    }

    /// The group at a path.
    pub fn group(&self, path: GroupPath) -> Option<&Group> {
        self.list(path).get(self.index(path)?)
    }

    /// Where the group stands in [`Answer::groups`] or [`Answer::inner`].
    pub(super) fn index(&self, path: GroupPath) -> Option<usize> {
        self.paths.get(&path).copied()
    }

    fn list(&self, path: GroupPath) -> &[Group] {
        if path.sub.is_some() {
            &self.inner
        } else {
            &self.groups
        }
    }

    /// Where the row stands in [`Answer::rows`], within a run of them: a socket that several
    /// processes hold stands in several runs.
    pub fn position(&self, slot: Slot, within: &Range<usize>) -> Option<usize> {
        let first = *self
            .positions
            .get(slot.index())
            .filter(|p| **p != NOWHERE)? as usize;
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
struct Build {
    sections: Vec<Section>,
    groups: Vec<Group>,
    inner: Vec<Group>,
    rows: Vec<Slot>,
    twins: Twins,
}

/// The members of one outer group, by inner group.
type Members = HashMap<Option<GroupKey>, Vec<Slot>>;

impl Build {
    fn flat(matched: &[&Arc<Tracked>], order: Order, moment: &Moment) -> Self {
        let mut rows = matched.to_vec();
        order::sort_rows(&mut rows, order, moment);
        Self {
            rows: rows.iter().map(|r| r.slot).collect(),
            ..Self::default()
        }
    }

    fn grouped(matched: &[&Arc<Tracked>], query: &Query, moment: &Moment) -> Self {
        let mut tops: HashMap<GroupKey, Members> = HashMap::new();
        let mut counts: HashMap<SectionKind, u32> = HashMap::new();
        for row in matched {
            let mut counted = None;
            group::places(query.grouping, row, |path| {
                let members = tops.entry(path.top).or_default();
                members.entry(path.sub).or_default().push(row.slot);
                counted = Some(SectionKind::of(path.top));
            });
            if let Some(section) = counted.filter(|_| !row.is_closed()) {
                *counts.entry(section).or_default() += 1;
            }
        }
        let mut build = Self::default();
        let mut summer = Summer::new(moment);
        let mut drafts: Vec<Draft> = tops
            .into_iter()
            .map(|(top, m)| Draft::new(top, m, moment, query, &mut build.twins, &mut summer))
            .collect();
        drafts.sort_unstable_by(|a, b| {
            let section = |d: &Draft| SectionKind::of(d.group.path.top);
            let groups = order::groups(query.order, &a.group, &b.group, moment);
            section(a).cmp(&section(b)).then(groups)
        });
        for draft in drafts {
            build.take(draft, &counts);
        }
        build
    }

    /// Appends a finished group to the runs.
    fn take(&mut self, draft: Draft, counts: &HashMap<SectionKind, u32>) {
        let kind = SectionKind::of(draft.group.path.top);
        let index = self.groups.len();
        let live = usize::from(draft.group.summary.sockets > 0);
        match self.sections.last_mut() {
            Some(section) if section.kind == kind => {
                section.groups.end = index + 1;
                section.live += live;
            }
            _ => {
                let sockets = counts.get(&kind).copied().unwrap_or(0);
                self.sections.push(Section {
                    kind,
                    groups: index..index + 1,
                    sockets,
                    live,
                });
            }
        }
        let (rows, inner) = (self.rows.len(), self.inner.len());
        for (mut group, slots) in draft.inner {
            group.rows = self.rows.len()..self.rows.len() + slots.len();
            self.rows.extend(slots);
            if group.path.sub.is_some() {
                self.inner.push(group);
            }
        }
        let mut group = draft.group;
        group.rows = rows..self.rows.len();
        group.inner = inner..self.inner.len();
        self.groups.push(group);
    }
}

/// A group before its place is known.
struct Draft {
    group: Group,
    inner: Vec<(Group, Vec<Slot>)>,
}

impl Draft {
    fn new(
        top: GroupKey,
        members: Members,
        moment: &Moment,
        query: &Query,
        twins: &mut Twins,
        summer: &mut Summer,
    ) -> Self {
        let mut members: Vec<(Option<GroupKey>, Vec<Slot>)> = members.into_iter().collect();
        members.sort_unstable_by_key(|(sub, _)| *sub);
        for (_, slots) in &mut members {
            order::sort_members(slots, moment);
        }
        // Rates are added up in the order of the rows: the sum of fractions depends on it.
        let slots = members.iter().flat_map(|(_, slots)| slots);
        let summary = summer.sum(top, slots.filter_map(|s| moment.row(*s)), moment);
        let mut inner: Vec<(Group, Vec<Slot>)> = members
            .into_iter()
            .map(|(sub, mut slots)| {
                let summary = match sub {
                    Some(key) => {
                        summer.sum(key, slots.iter().filter_map(|s| moment.row(*s)), moment)
                    }
                    None => Summary::default(),
                };
                listeners::join(&mut slots, moment, twins);
                (
                    Group {
                        path: GroupPath { top, sub },
                        rows: 0..0,
                        inner: 0..0,
                        summary,
                    },
                    slots,
                )
            })
            .collect();
        inner.sort_unstable_by(|(a, _), (b, _)| match query.order.column {
            crate::query::SortColumn::Sockets | crate::query::SortColumn::Rate => {
                order::groups(query.order, a, b, moment)
            }
            _ => a.key().cmp(&b.key()),
        });
        Self {
            group: Group {
                path: GroupPath::top(top),
                rows: 0..0,
                inner: 0..0,
                summary,
            },
            inner,
        }
    }
}
