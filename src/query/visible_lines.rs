//! Maps line numbers to groups and rows.
//!
//! [`VisibleLines`] maps a line number to what is on it and back, by binary search. Building it
//! costs one step per *group* and a lookup almost nothing, so a frame costs the same for ten
//! sockets and for a hundred thousand.

use hashbrown::HashSet;

use super::group::GroupPath;
use super::result::{Group, QueryResult, SectionKind};
use crate::history::Slot;
use crate::net::socket::SocketKey;

/// Which groups are expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    open_by_default: bool,
    exceptions: HashSet<GroupPath>,
}

impl Folds {
    /// Returns whether the group is expanded.
    pub fn is_open(&self, path: GroupPath) -> bool {
        self.open_by_default != self.exceptions.contains(&path)
    }

    /// Expands the group.
    pub fn open(&mut self, path: GroupPath) {
        if !self.is_open(path) {
            self.toggle(path);
        }
    }

    /// Collapses the group.
    pub fn close(&mut self, path: GroupPath) {
        if self.is_open(path) {
            self.toggle(path);
        }
    }

    pub fn toggle(&mut self, path: GroupPath) {
        if !self.exceptions.remove(&path) {
            self.exceptions.insert(path);
        }
    }

    /// Expands all groups; collapses all if all are expanded.
    pub fn toggle_all(&mut self) {
        self.open_by_default = !self.open_by_default || !self.exceptions.is_empty();
        self.exceptions.clear();
    }

    /// Creates folds with all groups expanded.
    pub fn all_open() -> Self {
        Self {
            open_by_default: true,
            exceptions: HashSet::new(),
        }
    }
}

/// Identifies a line independently of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineId {
    /// A section heading.
    Section(SectionKind),
    Group(GroupPath),
    Row {
        /// The group it is in; `None` in flat views.
        group: Option<GroupPath>,
        key: SocketKey,
        /// The slot to try first.
        slot: Slot,
    },
}

/// What is on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisibleLine {
    /// A section heading, by index in [`QueryResult::sections`].
    Section(usize),
    /// A group, by index in [`QueryResult::groups`].
    Group(usize),
    /// An inner group, by index in [`QueryResult::subgroups`].
    Subgroup(usize),
    /// A row, by position in [`QueryResult::rows`].
    Row {
        group: Option<GroupPath>,
        position: usize,
        /// Whether it is the last row of its group.
        is_last: bool,
    },
}

/// The lines of a result.
#[derive(Clone, Debug, Default)]
pub struct VisibleLines {
    total: usize,
    /// The line of each group.
    group_lines: Vec<usize>,
    /// The line of each inner group; meaningless while its outer group is collapsed.
    subgroups: Vec<usize>,
    folds: Folds,
}

impl VisibleLines {
    /// Computes the lines of a result.
    pub fn new(result: &QueryResult, folds: &Folds) -> Self {
        let mut lines = Self {
            folds: folds.clone(),
            ..Self::default()
        };
        lines.subgroups = vec![0; result.subgroups.len()];
        let mut at = 0;
        for section in &result.sections {
            at += 1;
            for group in result
                .groups
                .get(section.groups.clone())
                .into_iter()
                .flatten()
            {
                lines.group_lines.push(at);
                at += 1;
                if folds.is_open(group.path) {
                    at = lines.layout_members(result, group, at);
                }
            }
        }
        lines.total = if result.sections.is_empty() {
            result.rows.len()
        } else {
            at
        };
        lines
    }

    fn layout_members(&mut self, result: &QueryResult, group: &Group, mut at: usize) -> usize {
        if group.subgroups.is_empty() {
            return at + group.rows.len();
        }
        for index in group.subgroups.clone() {
            self.subgroups[index] = at;
            at += 1;
            let inner = &result.subgroups[index];
            if self.folds.is_open(inner.path) {
                at += inner.rows.len();
            }
        }
        at
    }

    /// Returns the number of lines.
    pub const fn len(&self) -> usize {
        self.total
    }

    /// Returns whether there are no lines.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Returns what is on a line.
    pub fn at(&self, result: &QueryResult, line: usize) -> Option<VisibleLine> {
        if line >= self.total {
            return None;
        }
        if result.sections.is_empty() {
            return Some(VisibleLine::Row {
                group: None,
                position: line,
                is_last: false,
            });
        }
        let after = self.group_lines.partition_point(|start| *start <= line);
        let Some(index) = after.checked_sub(1) else {
            return Some(VisibleLine::Section(0));
        };
        let group = result.groups.get(index)?;
        let offset = line - self.group_lines[index];
        if offset == 0 {
            return Some(VisibleLine::Group(index));
        }
        if offset > self.member_line_count(result, group) {
            let section = result.sections.iter().position(|s| s.groups.start == after);
            return section.map(VisibleLine::Section);
        }
        if group.subgroups.is_empty() {
            return Some(row_line(group, offset - 1));
        }
        let starts = &self.subgroups[group.subgroups.clone()];
        let inner_index = group.subgroups.start + starts.partition_point(|s| *s <= line) - 1;
        match line - self.subgroups[inner_index] {
            0 => Some(VisibleLine::Subgroup(inner_index)),
            offset => Some(row_line(&result.subgroups[inner_index], offset - 1)),
        }
    }

    /// Returns the number of lines of a group's members.
    fn member_line_count(&self, result: &QueryResult, group: &Group) -> usize {
        match (self.folds.is_open(group.path), group.subgroups.is_empty()) {
            (false, _) => 0,
            (true, true) => group.rows.len(),
            (true, false) => {
                let last = group.subgroups.end - 1;
                let inner = &result.subgroups[last];
                let rows = if self.folds.is_open(inner.path) {
                    inner.rows.len()
                } else {
                    0
                };
                let first = self.subgroups[group.subgroups.start];
                self.subgroups[last] + rows + 1 - first
            }
        }
    }

    /// Returns the line of a group or row, if it is visible.
    pub fn find(&self, result: &QueryResult, id: LineId) -> Option<usize> {
        match id {
            LineId::Section(kind) => {
                let section = result.sections.iter().find(|s| s.kind == kind)?;
                Some(self.group_lines.get(section.groups.start)? - 1)
            }
            LineId::Group(path) => self.line_of(result, path),
            LineId::Row { group, key, slot } => {
                result.row(slot).filter(|row| row.key == key)?;
                let Some(path) = group else {
                    return result.position(slot, &(0..result.rows.len()));
                };
                let line = self
                    .line_of(result, path)
                    .filter(|_| self.folds.is_open(path))?;
                let rows = &result.group(path)?.rows;
                Some(line + 1 + result.position(slot, rows)? - rows.start)
            }
        }
    }

    fn line_of(&self, result: &QueryResult, path: GroupPath) -> Option<usize> {
        let index = result.group_index(path)?;
        match path.parent() {
            None => self.group_lines.get(index).copied(),
            Some(parent) if self.folds.is_open(parent) => self.subgroups.get(index).copied(),
            Some(_) => None,
        }
    }

    /// Returns the identity of what is on a line.
    pub fn id(&self, result: &QueryResult, line: usize) -> Option<LineId> {
        Some(match self.at(result, line)? {
            VisibleLine::Section(index) => LineId::Section(result.sections.get(index)?.kind),
            VisibleLine::Group(index) => LineId::Group(result.groups.get(index)?.path),
            VisibleLine::Subgroup(index) => LineId::Group(result.subgroups.get(index)?.path),
            VisibleLine::Row {
                group, position, ..
            } => {
                let slot = *result.rows.get(position)?;
                LineId::Row {
                    group,
                    key: result.row(slot)?.key,
                    slot,
                }
            }
        })
    }

    /// Returns which groups are expanded.
    pub const fn folds(&self) -> &Folds {
        &self.folds
    }
}

fn row_line(group: &Group, offset: usize) -> VisibleLine {
    let position = group.rows.start + offset;
    VisibleLine::Row {
        group: Some(group.path),
        position,
        is_last: position + 1 == group.rows.end,
    }
}
