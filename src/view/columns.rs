//! How wide the columns are: as many as fit, the most important first, the rest shared out.

use crate::query::SortColumn;
use crate::view::cells::{left, right};

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Content {
    /// What a group is: a port, a process, a host.
    Name,
    Service,
    Reach,
    Process,
    User,
    Sockets,
    States,
    Series,
    Command,
    /// A row's state.
    State,
    Protocol,
    Local,
    Remote,
    /// The endpoint that tells a row from its neighbours.
    End,
    Owner,
    /// Recv-Q and Send-Q; of a listener, what waits and how much may.
    Queues,
    Note,
    Age,
    Down,
    Up,
    /// When a row closed.
    Closed,
    /// How long it was there.
    Lasted,
    /// All bytes received.
    Received,
    /// All bytes sent.
    Sent,
    /// Which end closed first.
    Closer,
    /// The states it went through.
    Path,
}

/// On which side the text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A column before it is known how wide the terminal is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) content: Content,
    pub(super) title: &'static str,
    least: usize,
    most: usize,
    /// Lower ones are there first.
    rank: u8,
    /// How many spare cells it gets in each turn.
    weight: usize,
    pub(super) align: Align,
    pub(super) sort: Option<SortColumn>,
    /// Words instead of signs, where there is room.
    pub(super) spelled_out: bool,
}

impl Column {
    pub(super) const fn new(
        content: Content,
        title: &'static str,
        rank: u8,
        least: usize,
        most: usize,
    ) -> Self {
        Self {
            content,
            title,
            least,
            most,
            rank,
            weight: 1,
            align: Align::Left,
            sort: None,
            spelled_out: false,
        }
    }

    pub(super) const fn right(mut self) -> Self {
        self.align = Align::Right;
        self
    }

    pub(super) const fn weight(mut self, cells: usize) -> Self {
        self.weight = cells;
        self
    }

    /// With words instead of signs, and room for more of them.
    pub(super) const fn spelled_out(mut self) -> Self {
        self.spelled_out = true;
        self.most += 20;
        self.weight = 3;
        self
    }

    pub(super) const fn sorted(mut self, by: SortColumn) -> Self {
        self.sort = Some(by);
        self
    }
}

/// What happens to a text that is wider than its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlong {
    /// It is cut: on a screen nothing may move.
    Cut,
    /// It stays whole and moves what follows: in a pipe nothing may be lost.
    Kept,
}

/// A column with its width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sized {
    pub(super) column: Column,
    pub(super) width: usize,
    pub(super) overlong: Overlong,
}

impl Sized {
    /// The text in its place: as wide as the column.
    pub(super) fn place(&self, text: &str) -> String {
        let width = match self.overlong {
            Overlong::Cut => self.width,
            Overlong::Kept => self.width.max(crate::view::cells::width(text)),
        };
        match self.column.align {
            Align::Left => left(text, width),
            Align::Right => right(text, width),
        }
    }
}

/// Cells between two columns.
pub(super) const GAP: usize = 2;

/// Chooses the columns and shares out the width among them, in the order given.
pub(super) fn fit(columns: &[Column], total: usize) -> Vec<Sized> {
    let mut by_rank: Vec<&Column> = columns.iter().collect();
    by_rank.sort_by_key(|c| c.rank);
    let mut used = 0;
    let mut last = 0;
    for column in by_rank {
        let needed = column.least + if used > 0 { GAP } else { 0 };
        if used + needed > total && used > 0 {
            break;
        }
        used += needed;
        last = column.rank;
    }
    // Columns of one rank come together or not at all.
    let complete = columns.iter().filter(|c| c.rank <= last);
    let sum = |of: &dyn Fn(&Column) -> usize| -> usize {
        complete.clone().map(of).sum::<usize>() + GAP * complete.clone().count().saturating_sub(1)
    };
    let limit = if sum(&|c| c.least) > total && last > 0 {
        last - 1
    } else {
        last
    };
    let mut chosen: Vec<Sized> = columns
        .iter()
        .filter(|c| c.rank <= limit)
        .map(|c| Sized {
            column: *c,
            width: c.least,
            overlong: Overlong::Cut,
        })
        .collect();
    let fixed: usize =
        chosen.iter().map(|s| s.width).sum::<usize>() + GAP * chosen.len().saturating_sub(1);
    // Where not even the most important fit, the last of them give up cells.
    let mut over = fixed.saturating_sub(total);
    for sized in chosen.iter_mut().rev() {
        let given = over.min(sized.width.saturating_sub(1));
        sized.width -= given;
        over -= given;
    }
    let left = share_out(&mut chosen, total.saturating_sub(fixed));
    // What nobody can use goes before the columns that end at the right edge.
    if let Some(last) = chosen.iter_mut().rfind(|s| s.column.align == Align::Left) {
        last.width += left;
    }
    chosen
}

/// Gives spare cells to those that can use them, in turns by weight; returns what is left.
fn share_out(columns: &mut [Sized], mut spare: usize) -> usize {
    while spare > 0 {
        let mut given = false;
        for sized in columns.iter_mut() {
            if spare > 0 && sized.width < sized.column.most {
                let room = sized.column.most - sized.width;
                let cells = sized.column.weight.min(room).min(spare);
                sized.width += cells;
                spare -= cells;
                given = true;
            }
        }
        if !given {
            break;
        }
    }
    spare
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column::new(Content::Name, "NAME", 0, 8, 12),
        Column::new(Content::Service, "SERVICE", 2, 6, 6),
        Column::new(Content::Sockets, "SOCKETS", 1, 7, 7).right(),
    ];

    fn widths(total: usize) -> Vec<(&'static str, usize)> {
        fit(&COLUMNS, total)
            .iter()
            .map(|s| (s.column.title, s.width))
            .collect()
    }

    #[test]
    fn the_most_important_columns_come_first() {
        assert_eq!(widths(8), [("NAME", 8)]);
        assert_eq!(widths(17), [("NAME", 8), ("SOCKETS", 7)]);
        assert_eq!(widths(21), [("NAME", 12), ("SOCKETS", 7)]);
        assert_eq!(widths(25), [("NAME", 8), ("SERVICE", 6), ("SOCKETS", 7)]);
        assert_eq!(widths(29), [("NAME", 12), ("SERVICE", 6), ("SOCKETS", 7)]);
    }
}
