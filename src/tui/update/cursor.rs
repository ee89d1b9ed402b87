//! The cursor: it follows a row by its identity, not by its position.

use super::app::App;
use super::state::{CursorPolicy, SavedCursor};
use crate::query::{Grouping, LineId, QueryResult, VisibleLine, VisibleLines};
use crate::tui::effect::Effect;
use crate::tui::keys::key::Key;
use crate::tui::keys::motion::CursorMotion;
use crate::tui::state::view_state::{DetailsLevel, Mode};
use crate::tui::view::layout::ScreenLayout;

/// The direction in which to search from a line that cannot be selected.
#[derive(Clone, Copy)]
enum SearchDirection {
    Down,
    Up,
}

impl App {
    pub(crate) fn move_cursor(&mut self, motion: CursorMotion) {
        if self.view.details == DetailsLevel::Full {
            return self.scroll_details(motion);
        }
        let height = self.table_height();
        let now = self.view.cursor;
        let last = self.lines.len().saturating_sub(1);
        let (line, direction) = match motion {
            CursorMotion::Up => (now.saturating_sub(1), SearchDirection::Up),
            CursorMotion::Down => (now + 1, SearchDirection::Down),
            CursorMotion::HalfUp => (now.saturating_sub(height / 2), SearchDirection::Up),
            CursorMotion::HalfDown => (now + height / 2, SearchDirection::Down),
            CursorMotion::PageUp => (now.saturating_sub(height), SearchDirection::Up),
            CursorMotion::PageDown => (now + height, SearchDirection::Down),
            CursorMotion::First => (0, SearchDirection::Down),
            CursorMotion::Last => (last, SearchDirection::Up),
        };
        self.select_line(line.min(last), direction);
    }

    fn scroll_details(&mut self, motion: CursorMotion) {
        let page = usize::from(self.view.size.1) / 2;
        let scroll = &mut self.view.details_scroll;
        *scroll = match motion {
            CursorMotion::Up => scroll.saturating_sub(1),
            CursorMotion::Down => scroll.saturating_add(1),
            CursorMotion::HalfUp | CursorMotion::PageUp => scroll.saturating_sub(page),
            CursorMotion::HalfDown | CursorMotion::PageDown => scroll.saturating_add(page),
            CursorMotion::First => 0,
            CursorMotion::Last => usize::MAX,
        };
        let Some(result) = &self.result else { return };
        let max_scroll = crate::tui::view::details::details_max_scroll(
            &self.view,
            result,
            &self.lines,
            &self.services,
        );
        self.view.details_scroll = self.view.details_scroll.min(max_scroll);
    }

    pub(crate) fn handle_wheel(&mut self, lines: i32) {
        let motion = if lines < 0 {
            CursorMotion::Up
        } else {
            CursorMotion::Down
        };
        if self.view.mode == Mode::Browse && self.scroll_lessons(motion) {
            return;
        }
        match self.view.mode {
            Mode::Help { scroll } => {
                let max_scroll = crate::tui::view::help::help_max_scroll(&self.view);
                let scroll = scroll.saturating_add_signed(lines as isize).min(max_scroll);
                self.view.mode = Mode::Help { scroll };
            }
            Mode::Explain => {
                let by = lines as isize;
                self.scroll_explain(|at| at.saturating_add_signed(by));
            }
            Mode::Findings(selected) => {
                let key = match motion {
                    CursorMotion::Up => Key::Up,
                    _ => Key::Down,
                };
                self.handle_findings_key(Some(key), selected);
            }
            Mode::FilterMenu(_) | Mode::RecordMenu | Mode::Palette => {
                if let Some(menu) = &mut self.view.menu {
                    match motion {
                        CursorMotion::Up => menu.select_previous(),
                        _ => menu.select_next(),
                    }
                }
            }
            _ => (0..lines.unsigned_abs()).for_each(|_| self.move_cursor(motion)),
        }
    }

    /// Handles a click: on a row it selects, on the selected group it folds, on a column head it
    /// sorts.
    pub(crate) fn handle_click(&mut self, column: u16, row: u16) -> Vec<Effect> {
        // A click while a menu is open only closes it.
        match self.view.mode {
            Mode::FilterMenu(_) | Mode::RecordMenu | Mode::Palette => return self.close_menu(),
            _ => self.view.menu = None,
        }
        let layout = ScreenLayout::new(&self.view);
        if !ScreenLayout::shows_table(&self.view)
            || layout.is_in_lesson_panel(column, self.view.size.0)
        {
            return Vec::new();
        }
        let (row, top) = (usize::from(row), layout.table_top_row());
        if row + 1 == top {
            return self.sort_by_header(column);
        }
        let Some(offset) = row.checked_sub(top).filter(|o| *o < layout.table_rows) else {
            return Vec::new();
        };
        let line = self.view.top + offset;
        if line >= self.lines.len() {
            return Vec::new();
        }
        if line == self.view.cursor {
            let on_group = self.result.as_ref().and_then(|a| self.lines.at(a, line));
            if matches!(
                on_group,
                Some(VisibleLine::Group(_) | VisibleLine::Subgroup(_))
            ) {
                return self.run_action(crate::tui::keys::action::KeyAction::Fold(
                    crate::tui::keys::motion::FoldAction::Toggle,
                ));
            }
        }
        self.select_line(line, SearchDirection::Down);
        Vec::new()
    }

    fn sort_by_header(&mut self, column: u16) -> Vec<Effect> {
        let Some(sort) = crate::tui::view::table::sort_column_at(&self.view, column) else {
            return Vec::new();
        };
        let order = &mut self.view.sort_orders[self.view.grouping as usize];
        if order.column == sort {
            order.direction = order.direction.reversed();
        } else {
            (order.column, order.direction) = (sort, sort.default_direction());
        }
        self.apply_sort()
    }

    /// Moves the cursor to the first line of this result and of the next.
    pub(crate) fn go_to_top(&mut self) {
        self.cursor_policy = CursorPolicy::GoToTop;
        self.select_line(0, SearchDirection::Down);
    }

    /// Switches to a view and selects the line with this id as soon as its result is there.
    pub(crate) fn select_in_view(&mut self, id: LineId, grouping: Grouping) {
        if self.view.grouping != grouping {
            self.saved_cursors[grouping as usize].selected = Some(id);
            self.view.grouping = grouping;
            return;
        }
        let result = self.result.clone();
        self.view.selected = Some(id);
        if let Some(result) = result {
            self.lines = VisibleLines::new(&result, &self.view.folds);
            self.select_id(id);
        }
        // If it is not shown yet, the next result has it.
        self.view.selected = Some(id);
    }

    /// Selects the line with this id, if it is shown.
    pub(crate) fn select_id(&mut self, id: LineId) {
        let line = self
            .result
            .as_ref()
            .and_then(|result| self.lines.find(result, id));
        if let Some(line) = line {
            self.select_line(line, SearchDirection::Down);
        }
    }

    /// Moves the cursor to a line, or to the next one that can be selected.
    fn select_line(&mut self, line: usize, direction: SearchDirection) {
        let Some(result) = self.result.clone() else {
            return;
        };
        let selectable = |line: &usize| {
            !matches!(
                self.lines.at(&result, *line),
                Some(VisibleLine::Section(_)) | None
            )
        };
        let below = || (line..self.lines.len()).take(2).find(selectable);
        let above = || (0..=line).rev().take(2).find(selectable);
        let found = match direction {
            SearchDirection::Down => below().or_else(above),
            SearchDirection::Up => above().or_else(below),
        };
        if let Some(line) = found {
            self.view.cursor = line;
            self.view.selected = self.lines.id(&result, line);
        }
        self.keep_cursor_visible();
        // Above the first row is only its section's head: show it, too.
        if self.view.cursor == 1 && self.table_height() > 1 {
            self.view.top = 0;
        }
    }

    /// Finds the selected row in a new result, and keeps it on the same line of the screen.
    pub(crate) fn restore_cursor(&mut self) {
        let Some(result) = self.result.clone() else {
            return;
        };
        if std::mem::take(&mut self.cursor_policy) == CursorPolicy::GoToTop {
            return self.select_line(0, SearchDirection::Down);
        }
        let selected = self.view.selected;
        let found = selected.and_then(|id| {
            let line = self.lines.find(&result, id);
            line.or_else(|| self.enclosing_group_line(&result, id))
        });
        match found {
            Some(line) => {
                let moved = line as isize - self.view.cursor as isize;
                self.view.top = self.view.top.saturating_add_signed(moved);
                self.view.cursor = line;
                self.view.selected = self.lines.id(&result, line);
                self.keep_cursor_visible();
            }
            None => self.select_line(
                self.view.cursor.min(self.lines.len().saturating_sub(1)),
                SearchDirection::Down,
            ),
        }
    }

    /// Returns the line of the innermost visible group around a row or group that exists but is
    /// folded away; `None` if it does not exist, then the cursor keeps its line.
    fn enclosing_group_line(&self, result: &QueryResult, id: LineId) -> Option<usize> {
        let mut group = match id {
            LineId::Row { group, key, slot } => {
                result.row(slot).filter(|row| row.key == key)?;
                group
            }
            LineId::Group(path) => {
                result.group(path)?;
                path.parent()
            }
            LineId::Section(_) => None,
        };
        while let Some(path) = group {
            if let Some(line) = self.lines.find(result, LineId::Group(path)) {
                return Some(line);
            }
            group = path.parent();
        }
        None
    }

    /// Rebuilds the lines after a change of the folds.
    pub(crate) fn rebuild_lines(&mut self) {
        let Some(result) = self.result.clone() else {
            return;
        };
        self.lines = VisibleLines::new(&result, &self.view.folds);
        self.restore_cursor();
    }

    /// Scrolls just as far as needed to show the cursor.
    pub(crate) fn keep_cursor_visible(&mut self) {
        let height = self.table_height();
        let max_scroll = self.lines.len().saturating_sub(height);
        let view = &mut self.view;
        view.cursor = view.cursor.min(self.lines.len().saturating_sub(1));
        view.top = view
            .top
            .min(view.cursor)
            .min(max_scroll)
            .max((view.cursor + 1).saturating_sub(height));
    }

    /// Saves the cursor of the view `from` and restores that of `to`.
    pub(crate) fn switch_cursor(&mut self, from: Grouping, to: Grouping) {
        let view = &mut self.view;
        self.saved_cursors[from as usize] = SavedCursor {
            selected: view.selected,
            cursor: view.cursor,
            top: view.top,
        };
        let saved = self.saved_cursors[to as usize];
        (view.selected, view.cursor, view.top) = (saved.selected, saved.cursor, saved.top);
    }
}
