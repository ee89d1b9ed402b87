//! `=` and `!`: what the row under the cursor is goes into the filter.

use super::{App, Effect};
use crate::query::filter::Field;
use crate::query::filter::tree::Condition;
use crate::query::{Filter, FilterError, Joined, Joining, aspects, joined};
use crate::view::keys::Key;
use crate::view::{Anchor, FilterLine, Item, Menu, Mode};

impl App {
    /// Opens the list of what the row is; where it is only one thing there is nothing to choose.
    pub(super) fn pick(&mut self, joining: Joining) -> Vec<Effect> {
        let here = self.answer.as_ref().and_then(|answer| {
            let place = self.lines.at(answer, self.view.cursor)?;
            Some(aspects(answer, place))
        });
        let Some(mut found) = here else {
            self.say("no row is selected");
            return Vec::new();
        };
        if found.len() <= 1 {
            match found.pop() {
                Some(only) => return self.join(only, joining),
                None => self.say("there is no word for this row in the filter's language"),
            }
            return Vec::new();
        }
        self.view.mode = Mode::Pick(joining);
        self.view.menu = Some(Menu {
            title: title(joining).into(),
            items: found.iter().zip(1..).map(item).collect(),
            chosen: Some(0),
            anchor: Anchor::Row,
            more: 0,
        });
        self.picks = found;
        Vec::new()
    }

    pub(super) fn in_pick(&mut self, key: Option<Key>, joining: Joining) -> Vec<Effect> {
        let Some(menu) = &mut self.view.menu else {
            return self.close_menu();
        };
        match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Down | Key::Tab | Key::Char('j') | Key::Ctrl('n')) => menu.next(),
            Some(Key::Up | Key::BackTab | Key::Char('k') | Key::Ctrl('p')) => menu.previous(),
            Some(Key::Home | Key::Char('g')) => menu.chosen = Some(0),
            Some(Key::End | Key::Char('G')) => menu.chosen = menu.items.len().checked_sub(1),
            Some(Key::Char('=')) => self.turn(Joining::Only),
            Some(Key::Char('!')) => self.turn(Joining::Without),
            Some(Key::Enter) => {
                let chosen = menu.chosen;
                return self.take_pick(chosen, joining);
            }
            Some(Key::Char(digit @ '1'..='9')) => {
                let index = digit.to_digit(10).map(|d| d as usize - 1);
                return self.take_pick(index, joining);
            }
            _ => return self.close_menu(),
        }
        Vec::new()
    }

    fn turn(&mut self, joining: Joining) {
        self.view.mode = Mode::Pick(joining);
        if let Some(menu) = &mut self.view.menu {
            menu.title = title(joining).into();
        }
    }

    fn take_pick(&mut self, index: Option<usize>, joining: Joining) -> Vec<Effect> {
        // A digit behind the last item chooses nothing.
        let Some(condition) = index.and_then(|index| self.picks.get(index)).cloned() else {
            return Vec::new();
        };
        self.close_menu();
        self.join(condition, joining)
    }

    pub(super) fn close_menu(&mut self) -> Vec<Effect> {
        self.view.menu = None;
        self.picks.clear();
        self.view.mode = Mode::Browse;
        Vec::new()
    }

    fn join(&mut self, condition: Condition, joining: Joining) -> Vec<Effect> {
        match joined(&self.view.filter.text, &self.filter, condition, joining) {
            Joined::Already(text) => {
                self.say(format!("{text} is in the filter already"));
                Vec::new()
            }
            Joined::Text(text) => self.replace_filter(text),
        }
    }

    /// Puts another filter in force; a text that is none changes nothing.
    pub(super) fn replace_filter(&mut self, text: String) -> Vec<Effect> {
        match Filter::parse(&text) {
            Ok(filter) => {
                self.filter = filter.into();
                self.view.filter = FilterLine {
                    cursor: text.len(),
                    text,
                    ..FilterLine::default()
                };
                self.keep_cursor_visible();
                vec![Effect::Ask]
            }
            Err(FilterError { kind, .. }) => {
                self.say(kind.to_string());
                Vec::new()
            }
        }
    }
}

const fn title(joining: Joining) -> &'static str {
    match joining {
        Joining::Only => "show only",
        Joining::Without => "leave out",
    }
}

/// A condition with the digit that takes it.
fn item((condition, number): (&Condition, usize)) -> Item {
    let field = condition.field().and_then(Field::of);
    Item {
        text: condition.to_string(),
        figure: match number {
            1..=9 => number.to_string(),
            _ => String::new(),
        },
        note: field.map_or("", |field| field.words).into(),
    }
}
