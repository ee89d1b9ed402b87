//! Which line of the chart is what.
//!
//! In: an answer and what is unfolded. Out: [`Lines`]: from a line number to what stands there and
//! back, by binary search. Making them costs one step per *group*; looking up costs nothing worth
//! counting, so a frame costs the same for ten sockets and for a hundred thousand.

use hashbrown::HashSet;

use super::group::GroupPath;
use super::result::{Group, QueryResult, SectionKind};
use crate::history::Slot;
use crate::net::socket::SocketKey;

/// What is unfolded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    open_by_default: bool,
    exceptions: HashSet<GroupPath>,
}

impl Folds {
    /// Whether the group's members are shown.
    pub fn is_open(&self, path: GroupPath) -> bool {
        self.open_by_default != self.exceptions.contains(&path)
    }

    /// Shows the group's members.
    pub fn open(&mut self, path: GroupPath) {
        if !self.is_open(path) {
            self.toggle(path);
        }
    }

    /// Hides the group's members.
    pub fn close(&mut self, path: GroupPath) {
        if self.is_open(path) {
            self.toggle(path);
        }
    }

    /// Shows what is hidden, hides what is shown.
    pub fn toggle(&mut self, path: GroupPath) {
        if !self.exceptions.remove(&path) {
            self.exceptions.insert(path);
        }
    }

    /// Unfolds all; folds all if all was unfolded.
    pub fn toggle_all(&mut self) {
        self.open_by_default = !self.open_by_default || !self.exceptions.is_empty();
        self.exceptions.clear();
    }

    /// Unfolds all.
    pub fn all_open() -> Self {
        Self {
            open_by_default: true,
            exceptions: HashSet::new(),
        }
    }
}

/// What a line is, in a way that outlives the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineId {
    /// A section's heading.
    Section(SectionKind),
    /// A group.
    Group(GroupPath),
    /// A socket.
    Row {
        /// Under which group; `None` in the flat view.
        group: Option<GroupPath>,
        /// The socket.
        key: SocketKey,
        /// Where to look for it first.
        slot: Slot,
    },
}

/// What stands on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisibleLine {
    /// A section's heading, by index.
    Section(usize),
    /// A group, by index in [`QueryResult::groups`].
    Group(usize),
    /// An inner group, by index in [`QueryResult::inner`].
    Subgroup(usize),
    /// A row, by position in [`QueryResult::rows`].
    Row {
        /// Its group.
        group: Option<GroupPath>,
        /// The position.
        position: usize,
        /// Whether it is the last of its group.
        is_last: bool,
    },
}

/// The lines of an answer.
#[derive(Clone, Debug, Default)]
pub struct VisibleLines {
    total: usize,
    /// The line of each group.
    group_lines: Vec<usize>,
    /// The line of each inner group; meaningless while its outer group is folded.
    subgroups: Vec<usize>,
    folds: Folds,
}

impl VisibleLines {
    /// Lays an answer out.
    pub fn new(answer: &QueryResult, folds: &Folds) -> Self {
        let mut lines = Self {
            folds: folds.clone(),
            ..Self::default()
        };
        lines.subgroups = vec![0; answer.subgroups.len()];
        let mut at = 0;
        for section in &answer.sections {
            at += 1;
            for group in answer
                .groups
                .get(section.groups.clone())
                .into_iter()
                .flatten()
            {
                lines.group_lines.push(at);
                at += 1;
                if folds.is_open(group.path) {
                    at = lines.layout_members(answer, group, at);
                }
            }
        }
        lines.total = if answer.sections.is_empty() {
            answer.rows.len()
        } else {
            at
        };
        lines
    }

    fn layout_members(&mut self, answer: &QueryResult, group: &Group, mut at: usize) -> usize {
        if group.subgroups.is_empty() {
            return at + group.rows.len();
        }
        for index in group.subgroups.clone() {
            self.subgroups[index] = at;
            at += 1;
            let inner = &answer.subgroups[index];
            if self.folds.is_open(inner.path) {
                at += inner.rows.len();
            }
        }
        at
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.total
    }

    /// Whether there is nothing to show.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// What stands on a line.
    pub fn at(&self, answer: &QueryResult, line: usize) -> Option<VisibleLine> {
        if line >= self.total {
            return None;
        }
        if answer.sections.is_empty() {
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
        let group = answer.groups.get(index)?;
        let offset = line - self.group_lines[index];
        if offset == 0 {
            return Some(VisibleLine::Group(index));
        }
        if offset > self.member_line_count(answer, group) {
            let section = answer.sections.iter().position(|s| s.groups.start == after);
            return section.map(VisibleLine::Section);
        }
        if group.subgroups.is_empty() {
            return Some(row_line(group, offset - 1));
        }
        let starts = &self.subgroups[group.subgroups.clone()];
        let inner_index = group.subgroups.start + starts.partition_point(|s| *s <= line) - 1;
        match line - self.subgroups[inner_index] {
            0 => Some(VisibleLine::Subgroup(inner_index)),
            offset => Some(row_line(&answer.subgroups[inner_index], offset - 1)),
        }
    }

    /// How many lines a group's members take.
    fn member_line_count(&self, answer: &QueryResult, group: &Group) -> usize {
        match (self.folds.is_open(group.path), group.subgroups.is_empty()) {
            (false, _) => 0,
            (true, true) => group.rows.len(),
            (true, false) => {
                let last = group.subgroups.end - 1;
                let inner = &answer.subgroups[last];
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

    /// The line on which something stands, if it is shown.
    pub fn find(&self, answer: &QueryResult, id: LineId) -> Option<usize> {
        match id {
            LineId::Section(kind) => {
                let section = answer.sections.iter().find(|s| s.kind == kind)?;
                Some(self.group_lines.get(section.groups.start)? - 1)
            }
            LineId::Group(path) => self.line_of(answer, path),
            LineId::Row { group, key, slot } => {
                answer.row(slot).filter(|row| row.key == key)?;
                let Some(path) = group else {
                    return answer.position(slot, &(0..answer.rows.len()));
                };
                let line = self
                    .line_of(answer, path)
                    .filter(|_| self.folds.is_open(path))?;
                let rows = &answer.group(path)?.rows;
                Some(line + 1 + answer.position(slot, rows)? - rows.start)
            }
        }
    }

    fn line_of(&self, answer: &QueryResult, path: GroupPath) -> Option<usize> {
        let index = answer.group_index(path)?;
        match path.parent() {
            None => self.group_lines.get(index).copied(),
            Some(parent) if self.folds.is_open(parent) => self.subgroups.get(index).copied(),
            Some(_) => None,
        }
    }

    /// What to remember of a line.
    pub fn id(&self, answer: &QueryResult, line: usize) -> Option<LineId> {
        Some(match self.at(answer, line)? {
            VisibleLine::Section(index) => LineId::Section(answer.sections.get(index)?.kind),
            VisibleLine::Group(index) => LineId::Group(answer.groups.get(index)?.path),
            VisibleLine::Subgroup(index) => LineId::Group(answer.subgroups.get(index)?.path),
            VisibleLine::Row {
                group, position, ..
            } => {
                let slot = *answer.rows.get(position)?;
                LineId::Row {
                    group,
                    key: answer.row(slot)?.key,
                    slot,
                }
            }
        })
    }

    /// What is unfolded.
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
