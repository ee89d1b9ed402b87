//! Chooses the columns of the dashboard and their widths: as many as fit, the most important first, the rest shared out.

use super::cells::{align_left, align_right};
use crate::fields::{Field, FieldKind};
use crate::query::SortColumn;

/// The content of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ColumnContent {
    /// The group's key: a port, a process or a host.
    Name,
    Service,
    Reach,
    Process,
    User,
    Sockets,
    States,
    Sparkline,
    Command,
    State,
    Protocol,
    Local,
    Remote,
    /// The endpoint that distinguishes a row within its group.
    Endpoint,
    Owner,
    /// Recv-Q and Send-Q; of a listener, the accept queue and its limit.
    Queues,
    Notes,
    Age,
    ReceiveRate,
    SendRate,
    ClosedAt,
    /// The lifetime.
    Duration,
    BytesReceived,
    BytesSent,
    /// Which end closed first.
    ClosedFirst,
    StateHistory,
}

/// The alignment of the text in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextAlign {
    Left,
    Right,
}

/// A column before its width is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableColumn {
    pub(crate) content: ColumnContent,
    pub(crate) title: &'static str,
    min_width: usize,
    max_width: usize,
    /// The priority: columns of lower rank are shown first.
    priority: u8,
    /// The share of spare width, in cells per round.
    weight: usize,
    pub(crate) align: TextAlign,
    pub(crate) sort_column: Option<SortColumn>,
    /// Whether it shows words instead of symbols if there is room.
    pub(crate) spelled_out: bool,
}

impl TableColumn {
    pub(crate) const fn new(
        content: ColumnContent,
        title: &'static str,
        priority: u8,
        min_width: usize,
        max_width: usize,
    ) -> Self {
        Self {
            content,
            title,
            min_width,
            max_width,
            priority,
            weight: 1,
            align: TextAlign::Left,
            sort_column: None,
            spelled_out: false,
        }
    }

    /// Returns a column that shows a field of one socket, with the field's heading; numbers are aligned
    /// right.
    pub(crate) const fn for_field(
        content: ColumnContent,
        field: &'static Field,
        priority: u8,
        min_width: usize,
        max_width: usize,
    ) -> Self {
        let mut column = Self::new(content, field.heading, priority, min_width, max_width);
        if matches!(field.kind, FieldKind::Number(_)) {
            column.align = TextAlign::Right;
        }
        column
    }

    /// Returns a column for a field that rows can be sorted by.
    pub(crate) const fn sorted_by_field(
        content: ColumnContent,
        field: &'static Field,
        priority: u8,
        min_width: usize,
        max_width: usize,
    ) -> Self {
        let mut column = Self::for_field(content, field, priority, min_width, max_width);
        column.sort_column = SortColumn::for_field(field);
        column
    }

    pub(crate) const fn align_right(mut self) -> Self {
        self.align = TextAlign::Right;
        self
    }

    pub(crate) const fn weight(mut self, cells: usize) -> Self {
        self.weight = cells;
        self
    }

    /// Shows words instead of symbols, and allows more width for them.
    pub(crate) const fn spelled_out(mut self) -> Self {
        self.spelled_out = true;
        self.max_width += 20;
        self.weight = 3;
        self
    }

    pub(crate) const fn sort_by(mut self, by: SortColumn) -> Self {
        self.sort_column = Some(by);
        self
    }
}

/// The treatment of a text that is wider than its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// Truncates it: on a screen nothing may move.
    Truncate,
    /// Keeps it whole and shifts what follows: in a pipe nothing may be lost.
    Extend,
}

/// A column with its width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizedColumn {
    pub(crate) column: TableColumn,
    pub(crate) width: usize,
    pub(crate) overflow: Overflow,
}

impl SizedColumn {
    /// Returns the text padded or truncated to the column's width.
    pub(crate) fn pad(&self, text: &str) -> String {
        let width = match self.overflow {
            Overflow::Truncate => self.width,
            Overflow::Extend => self.width.max(crate::text::width::width(text)),
        };
        match self.column.align {
            TextAlign::Left => align_left(text, width),
            TextAlign::Right => align_right(text, width),
        }
    }
}

/// The number of cells between two columns.
pub(crate) const COLUMN_GAP: usize = 2;

/// Chooses columns by rank and distributes the width among them. Keeps the given order.
pub(crate) fn fit_columns(columns: &[TableColumn], total: usize) -> Vec<SizedColumn> {
    let mut by_priority: Vec<&TableColumn> = columns.iter().collect();
    by_priority.sort_by_key(|c| c.priority);
    let mut used = 0;
    let mut last = 0;
    for column in by_priority {
        let needed = column.min_width + if used > 0 { COLUMN_GAP } else { 0 };
        if used + needed > total && used > 0 {
            break;
        }
        used += needed;
        last = column.priority;
    }
    // Columns of one rank come together or not at all.
    let complete = columns.iter().filter(|c| c.priority <= last);
    let sum = |width_of: &dyn Fn(&TableColumn) -> usize| -> usize {
        complete.clone().map(width_of).sum::<usize>()
            + COLUMN_GAP * complete.clone().count().saturating_sub(1)
    };
    let limit = if sum(&|c| c.min_width) > total && last > 0 {
        last - 1
    } else {
        last
    };
    let mut chosen: Vec<SizedColumn> = columns
        .iter()
        .filter(|c| c.priority <= limit)
        .map(|c| SizedColumn {
            column: *c,
            width: c.min_width,
            overflow: Overflow::Truncate,
        })
        .collect();
    let min_total: usize =
        chosen.iter().map(|s| s.width).sum::<usize>() + COLUMN_GAP * chosen.len().saturating_sub(1);
    // Where not even the most important fit, the last of them give up cells.
    let mut excess = min_total.saturating_sub(total);
    for sized in chosen.iter_mut().rev() {
        let grown = excess.min(sized.width.saturating_sub(1));
        sized.width -= grown;
        excess -= grown;
    }
    let left = distribute_spare_width(&mut chosen, total.saturating_sub(min_total));
    // What nobody can use goes before the columns that end at the right edge.
    if let Some(last) = chosen
        .iter_mut()
        .rfind(|s| s.column.align == TextAlign::Left)
    {
        last.width += left;
    }
    chosen
}

/// Distributes spare cells in rounds by weight, up to each column's maximum. Returns the rest.
fn distribute_spare_width(columns: &mut [SizedColumn], mut spare: usize) -> usize {
    while spare > 0 {
        let mut grown = false;
        for sized in columns.iter_mut() {
            if spare > 0 && sized.width < sized.column.max_width {
                let room = sized.column.max_width - sized.width;
                let cells = sized.column.weight.min(room).min(spare);
                sized.width += cells;
                spare -= cells;
                grown = true;
            }
        }
        if !grown {
            break;
        }
    }
    spare
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [TableColumn; 3] = [
        TableColumn::new(ColumnContent::Name, "NAME", 0, 8, 12),
        TableColumn::new(ColumnContent::Service, "SERVICE", 2, 6, 6),
        TableColumn::new(ColumnContent::Sockets, "SOCKETS", 1, 7, 7).align_right(),
    ];

    fn widths(total: usize) -> Vec<(&'static str, usize)> {
        fit_columns(&COLUMNS, total)
            .iter()
            .map(|s| (s.column.title, s.width))
            .collect()
    }

    #[test]
    fn columns_are_dropped_by_priority() {
        assert_eq!(widths(8), [("NAME", 8)]);
        assert_eq!(widths(17), [("NAME", 8), ("SOCKETS", 7)]);
        assert_eq!(widths(21), [("NAME", 12), ("SOCKETS", 7)]);
        assert_eq!(widths(25), [("NAME", 8), ("SERVICE", 6), ("SOCKETS", 7)]);
        assert_eq!(widths(29), [("NAME", 12), ("SERVICE", 6), ("SOCKETS", 7)]);
    }
}
