//! The cursor: a row, followed by what it is, not by where it was.

use super::{App, Effect};
use crate::query::{Answer, Grouping, Line, LineId, Lines};
use crate::view::keys::{Key, Motion};
use crate::view::{Areas, Details, Mode};

/// Where the cursor was in a view that is not shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    selected: Option<LineId>,
    cursor: usize,
    top: usize,
}

/// What a new answer keeps in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keep {
    /// The row under the cursor.
    #[default]
    Row,
    /// The first line: the order was changed.
    Top,
}

/// Which way to go on from a line that cannot be selected.
#[derive(Clone, Copy)]
enum Towards {
    Down,
    Up,
}

impl App {
    pub(super) fn move_cursor(&mut self, motion: Motion) {
        if self.view.details == Details::Full {
            return self.scroll_details(motion);
        }
        let height = self.table_height();
        let now = self.view.cursor;
        let last = self.lines.len().saturating_sub(1);
        let (line, towards) = match motion {
            Motion::Up => (now.saturating_sub(1), Towards::Up),
            Motion::Down => (now + 1, Towards::Down),
            Motion::HalfUp => (now.saturating_sub(height / 2), Towards::Up),
            Motion::HalfDown => (now + height / 2, Towards::Down),
            Motion::PageUp => (now.saturating_sub(height), Towards::Up),
            Motion::PageDown => (now + height, Towards::Down),
            Motion::First => (0, Towards::Down),
            Motion::Last => (last, Towards::Up),
        };
        self.select(line.min(last), towards);
    }

    fn scroll_details(&mut self, motion: Motion) {
        let page = usize::from(self.view.size.1) / 2;
        let scroll = &mut self.view.details_scroll;
        *scroll = match motion {
            Motion::Up => scroll.saturating_sub(1),
            Motion::Down => scroll.saturating_add(1),
            Motion::HalfUp | Motion::PageUp => scroll.saturating_sub(page),
            Motion::HalfDown | Motion::PageDown => scroll.saturating_add(page),
            Motion::First => 0,
            Motion::Last => usize::MAX,
        };
        let Some(answer) = &self.answer else { return };
        let most = crate::view::details_height(&self.view, answer, &self.lines, &self.services);
        self.view.details_scroll = self.view.details_scroll.min(most);
    }

    pub(super) fn wheel(&mut self, lines: i32) {
        let motion = if lines < 0 { Motion::Up } else { Motion::Down };
        if self.view.mode == Mode::Browse && self.wheel_in_course(motion) {
            return;
        }
        match self.view.mode {
            Mode::Help { scroll } => {
                let most = crate::view::help_overflow(&self.view);
                let scroll = scroll.saturating_add_signed(lines as isize).min(most);
                self.view.mode = Mode::Help { scroll };
            }
            Mode::Explain => {
                let by = lines as isize;
                self.scroll_explain(|at| at.saturating_add_signed(by));
            }
            Mode::Findings(chosen) => {
                let key = match motion {
                    Motion::Up => Key::Up,
                    _ => Key::Down,
                };
                self.in_findings(Some(key), chosen);
            }
            Mode::Pick(_) | Mode::Record | Mode::Palette => {
                if let Some(menu) = &mut self.view.menu {
                    match motion {
                        Motion::Up => menu.previous(),
                        _ => menu.next(),
                    }
                }
            }
            _ => (0..lines.unsigned_abs()).for_each(|_| self.move_cursor(motion)),
        }
    }

    /// A click selects a row; on a group that is selected it folds; on a column head it orders.
    pub(super) fn click(&mut self, column: u16, row: u16) -> Vec<Effect> {
        // A click beside a list leaves it, and does nothing else.
        match self.view.mode {
            Mode::Pick(_) | Mode::Record | Mode::Palette => return self.close_menu(),
            _ => self.view.menu = None,
        }
        let areas = Areas::of(&self.view);
        if !Areas::shows_table(&self.view) || areas.is_panel(column, self.view.size.0) {
            return Vec::new();
        }
        let (row, top) = (usize::from(row), areas.table_top());
        if row + 1 == top {
            return self.sort_by_head(column);
        }
        let Some(offset) = row.checked_sub(top).filter(|o| *o < areas.table) else {
            return Vec::new();
        };
        let line = self.view.top + offset;
        if line >= self.lines.len() {
            return Vec::new();
        }
        if line == self.view.cursor {
            let on_group = self.answer.as_ref().and_then(|a| self.lines.at(a, line));
            if matches!(on_group, Some(Line::Group(_) | Line::Inner(_))) {
                return self.act(crate::view::keys::Action::Fold(
                    crate::view::keys::FoldMove::Toggle,
                ));
            }
        }
        self.select(line, Towards::Down);
        Vec::new()
    }

    fn sort_by_head(&mut self, column: u16) -> Vec<Effect> {
        let Some(sort) = crate::view::sort_at(&self.view, column) else {
            return Vec::new();
        };
        let order = &mut self.view.orders[self.view.grouping as usize];
        if order.column == sort {
            order.direction = order.direction.reversed();
        } else {
            (order.column, order.direction) = (sort, sort.usual_direction());
        }
        self.ordered()
    }

    /// Puts the cursor on the first line, whatever will stand there.
    pub(super) fn go_to_top(&mut self) {
        self.keep = Keep::Top;
        self.select(0, Towards::Down);
    }

    /// Puts the cursor on what is named as soon as this view is answered.
    pub(super) fn aim_at(&mut self, id: LineId, grouping: Grouping) {
        if self.view.grouping != grouping {
            self.places[grouping as usize].selected = Some(id);
            self.view.grouping = grouping;
            return;
        }
        let answer = self.answer.clone();
        self.view.selected = Some(id);
        if let Some(answer) = answer {
            self.lines = Lines::new(&answer, &self.view.folds);
            self.go_to(id);
        }
        // Where it is not shown yet, the next answer has it.
        self.view.selected = Some(id);
    }

    /// Goes to what is named, if it is shown.
    pub(super) fn go_to(&mut self, id: LineId) {
        let line = self
            .answer
            .as_ref()
            .and_then(|answer| self.lines.find(answer, id));
        if let Some(line) = line {
            self.select(line, Towards::Down);
        }
    }

    /// Puts the cursor on a line, or on the next one that can be selected.
    fn select(&mut self, line: usize, towards: Towards) {
        let Some(answer) = self.answer.clone() else {
            return;
        };
        let selectable =
            |line: &usize| !matches!(self.lines.at(&answer, *line), Some(Line::Section(_)) | None);
        let below = || (line..self.lines.len()).take(2).find(selectable);
        let above = || (0..=line).rev().take(2).find(selectable);
        let found = match towards {
            Towards::Down => below().or_else(above),
            Towards::Up => above().or_else(below),
        };
        if let Some(line) = found {
            self.view.cursor = line;
            self.view.selected = self.lines.id(&answer, line);
        }
        self.keep_cursor_visible();
        // Above the first row stands only its section's head: show it, too.
        if self.view.cursor == 1 && self.table_height() > 1 {
            self.view.top = 0;
        }
    }

    /// Finds the selected row in a new answer, and keeps it on the same line of the screen.
    pub(super) fn find_cursor_again(&mut self) {
        let Some(answer) = self.answer.clone() else {
            return;
        };
        if std::mem::take(&mut self.keep) == Keep::Top {
            return self.select(0, Towards::Down);
        }
        let selected = self.view.selected;
        let found = selected.and_then(|id| {
            let line = self.lines.find(&answer, id);
            line.or_else(|| self.around(&answer, id))
        });
        match found {
            Some(line) => {
                let moved = line as isize - self.view.cursor as isize;
                self.view.top = self.view.top.saturating_add_signed(moved);
                self.view.cursor = line;
                self.view.selected = self.lines.id(&answer, line);
                self.keep_cursor_visible();
            }
            None => self.select(
                self.view.cursor.min(self.lines.len().saturating_sub(1)),
                Towards::Down,
            ),
        }
    }

    /// Where something stands that is there but folded away: at the innermost group around it that
    /// shows. A row that is gone leaves the cursor where it was.
    fn around(&self, answer: &Answer, id: LineId) -> Option<usize> {
        let mut group = match id {
            LineId::Row { group, key, slot } => {
                answer.row(slot).filter(|row| row.key == key)?;
                group
            }
            LineId::Group(path) => {
                answer.group(path)?;
                path.parent()
            }
            LineId::Section(_) => None,
        };
        while let Some(path) = group {
            if let Some(line) = self.lines.find(answer, LineId::Group(path)) {
                return Some(line);
            }
            group = path.parent();
        }
        None
    }

    /// Lays the answer out again after a fold.
    pub(super) fn refold(&mut self) {
        let Some(answer) = self.answer.clone() else {
            return;
        };
        self.lines = Lines::new(&answer, &self.view.folds);
        self.find_cursor_again();
    }

    /// Scrolls just as far as needed.
    pub(super) fn keep_cursor_visible(&mut self) {
        let height = self.table_height();
        let most = self.lines.len().saturating_sub(height);
        let view = &mut self.view;
        view.cursor = view.cursor.min(self.lines.len().saturating_sub(1));
        view.top = view
            .top
            .min(view.cursor)
            .min(most)
            .max((view.cursor + 1).saturating_sub(height));
    }

    /// Leaves one view for another, where the cursor goes to where it was before.
    pub(super) fn change_place(&mut self, from: Grouping, to: Grouping) {
        let view = &mut self.view;
        self.places[from as usize] = Place {
            selected: view.selected,
            cursor: view.cursor,
            top: view.top,
        };
        let place = self.places[to as usize];
        (view.selected, view.cursor, view.top) = (place.selected, place.cursor, place.top);
    }
}
