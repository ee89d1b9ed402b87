//! The filter line.

use std::sync::Arc;

use crossterm::event::Event;
use tui_input::backend::crossterm::EventHandler;

use super::{App, Effect};
use crate::query::Filter;
use crate::view::Mode;
use crate::view::keys::{Key, Motion};

impl App {
    pub(super) fn type_filter(&mut self, key: Option<Key>, event: &Event) -> Vec<Effect> {
        match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Escape) => {
                self.view.mode = Mode::Browse;
                return self.set_filter(String::new(), 0);
            }
            Some(Key::Enter) => {
                self.view.mode = Mode::Browse;
                return Vec::new();
            }
            // The rows that are left can be looked through while typing.
            Some(Key::Down) => self.move_cursor(Motion::Down),
            Some(Key::Up) => self.move_cursor(Motion::Up),
            _ => {
                let mut line = tui_input::Input::new(self.view.filter.text.clone())
                    .with_cursor(characters(&self.view.filter.text, self.view.filter.cursor));
                line.handle_event(event);
                let cursor = bytes(line.value(), line.cursor());
                return self.set_filter(line.value().to_owned(), cursor);
            }
        }
        Vec::new()
    }

    pub(super) fn paste(&mut self, pasted: &str) -> Vec<Effect> {
        let mut text = self.view.filter.text.clone();
        // A filter is one line.
        let pasted: String = pasted
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let cursor = self.view.filter.cursor;
        text.insert_str(cursor, &pasted);
        self.set_filter(text, cursor + pasted.len())
    }

    /// Takes up the text. While it is no filter the last good one stays in force.
    fn set_filter(&mut self, text: String, cursor: usize) -> Vec<Effect> {
        let line = &mut self.view.filter;
        let same = line.text == text;
        (line.text, line.cursor) = (text, cursor);
        if same {
            return Vec::new();
        }
        match Filter::parse(&line.text) {
            Ok(filter) => {
                line.error = None;
                self.filter = Arc::new(filter);
                vec![Effect::Ask]
            }
            Err(error) => {
                line.error = Some(error);
                Vec::new()
            }
        }
    }
}

/// From bytes to characters.
fn characters(text: &str, bytes: usize) -> usize {
    text.get(..bytes).unwrap_or(text).chars().count()
}

/// From characters to bytes.
fn bytes(text: &str, characters: usize) -> usize {
    text.char_indices()
        .nth(characters)
        .map_or(text.len(), |(at, _)| at)
}
