//! The filter menu (`=` and `!`): adds a condition of the selected row to the filter.

use super::app::App;
use crate::filter::ast::{Condition, Filter};
use crate::filter::edit::{EditedFilter, FilterEdit, edit_filter};
use crate::filter::{Field, FilterError};
use crate::query::row_conditions;
use crate::tui::effect::Effect;
use crate::tui::keys::key::Key;
use crate::tui::state::menu::{Menu, MenuAnchor, MenuItem};
use crate::tui::state::view_state::{FilterInput, Mode};

impl App {
    /// Opens the menu of the row's conditions; a single condition is applied at once.
    pub(crate) fn open_filter_menu(&mut self, edit: FilterEdit) -> Vec<Effect> {
        let conditions = self.result.as_ref().and_then(|result| {
            let line = self.lines.at(result, self.view.cursor)?;
            Some(row_conditions(result, line))
        });
        let Some(mut found) = conditions else {
            self.set_status("no row is selected");
            return Vec::new();
        };
        if found.len() <= 1 {
            match found.pop() {
                Some(only) => return self.apply_filter_edit(only, edit),
                None => self.set_status("no filter matches this row"),
            }
            return Vec::new();
        }
        self.view.mode = Mode::FilterMenu(edit);
        self.view.menu = Some(Menu {
            title: menu_title(edit).into(),
            items: found.iter().zip(1..).map(menu_item).collect(),
            selected: Some(0),
            anchor: MenuAnchor::Row,
            hidden_count: 0,
        });
        self.row_conditions = found;
        Vec::new()
    }

    pub(crate) fn handle_filter_menu_key(
        &mut self,
        key: Option<Key>,
        edit: FilterEdit,
    ) -> Vec<Effect> {
        let Some(menu) = &mut self.view.menu else {
            return self.close_menu();
        };
        match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Down | Key::Tab | Key::Char('j') | Key::Ctrl('n')) => menu.select_next(),
            Some(Key::Up | Key::BackTab | Key::Char('k') | Key::Ctrl('p')) => {
                menu.select_previous();
            }
            Some(Key::Home | Key::Char('g')) => menu.selected = Some(0),
            Some(Key::End | Key::Char('G')) => menu.selected = menu.items.len().checked_sub(1),
            Some(Key::Char('=')) => self.set_filter_edit(FilterEdit::Include),
            Some(Key::Char('!')) => self.set_filter_edit(FilterEdit::Exclude),
            Some(Key::Enter) => {
                let chosen = menu.selected;
                return self.apply_menu_item(chosen, edit);
            }
            Some(Key::Char(digit @ '1'..='9')) => {
                let index = digit.to_digit(10).map(|d| d as usize - 1);
                return self.apply_menu_item(index, edit);
            }
            _ => return self.close_menu(),
        }
        Vec::new()
    }

    fn set_filter_edit(&mut self, edit: FilterEdit) {
        self.view.mode = Mode::FilterMenu(edit);
        if let Some(menu) = &mut self.view.menu {
            menu.title = menu_title(edit).into();
        }
    }

    fn apply_menu_item(&mut self, index: Option<usize>, edit: FilterEdit) -> Vec<Effect> {
        // A digit beyond the last item chooses nothing.
        let Some(condition) = index
            .and_then(|index| self.row_conditions.get(index))
            .cloned()
        else {
            return Vec::new();
        };
        self.close_menu();
        self.apply_filter_edit(condition, edit)
    }

    pub(crate) fn close_menu(&mut self) -> Vec<Effect> {
        self.view.menu = None;
        self.row_conditions.clear();
        self.view.mode = Mode::Browse;
        Vec::new()
    }

    fn apply_filter_edit(&mut self, condition: Condition, edit: FilterEdit) -> Vec<Effect> {
        match edit_filter(&self.view.filter.text, &self.filter, condition, edit) {
            EditedFilter::Unchanged(text) => {
                self.set_status(format!("{text} is in the filter already"));
                Vec::new()
            }
            EditedFilter::Text(text) => self.replace_filter(text),
        }
    }

    /// Replaces the filter; a text that does not parse changes nothing and shows the error.
    pub(crate) fn replace_filter(&mut self, text: String) -> Vec<Effect> {
        match Filter::parse(&text) {
            Ok(filter) => {
                self.filter = filter.into();
                self.view.filter = FilterInput {
                    cursor: text.len(),
                    text,
                    ..FilterInput::default()
                };
                self.keep_cursor_visible();
                vec![Effect::SendRequest]
            }
            Err(FilterError { kind, .. }) => {
                self.set_status(kind.to_string());
                Vec::new()
            }
        }
    }
}

const fn menu_title(edit: FilterEdit) -> &'static str {
    match edit {
        FilterEdit::Include => "show only",
        FilterEdit::Exclude => "exclude",
    }
}

/// Returns the item of a condition, with the digit that chooses it.
fn menu_item((condition, number): (&Condition, usize)) -> MenuItem {
    let field = condition.field().and_then(Field::for_kind);
    MenuItem {
        text: condition.to_string(),
        count_or_key: match number {
            1..=9 => number.to_string(),
            _ => String::new(),
        },
        description: field.map_or("", |field| field.description).into(),
    }
}
