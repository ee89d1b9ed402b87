//! The filter line.

use std::sync::Arc;

use crossterm::event::Event;
use tui_input::backend::crossterm::EventHandler;

use super::complete::Taken;
use super::{App, Effect};
use crate::query::Filter;
use crate::view::Mode;
use crate::view::keys::{Key, Motion};

impl App {
    pub(super) fn type_filter(&mut self, key: Option<Key>, event: &Event) -> Vec<Effect> {
        // What was asked for was asked for at another place, except by a Tab after a Tab.
        match (key, &self.asked) {
            (Some(Key::Tab), Some(_)) => {
                self.tabs += 1;
                return Vec::new();
            }
            _ => self.asked = None,
        }
        if let Taken::Yes(effects) = self.in_choices(key) {
            return effects;
        }
        match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Escape) => {
                self.view.mode = Mode::Browse;
                self.past.leave();
                return self.set_filter(String::new(), 0);
            }
            // What is wrong cannot be kept: one stays in the line, and the line says why.
            Some(Key::Enter) if self.view.filter.error.is_some() => {}
            Some(Key::Enter) => {
                self.view.mode = Mode::Browse;
                return self.keep_filter();
            }
            Some(Key::Tab) => return self.ask_to_complete(),
            Some(Key::Up) => {
                let found = self.past.earlier(&self.view.filter.text);
                return self.call_back(found);
            }
            Some(Key::Down) => {
                let found = self.past.later();
                return self.call_back(found);
            }
            // The rows that are left can be looked through while typing.
            Some(Key::Ctrl('n')) => self.move_cursor(Motion::Down),
            Some(Key::Ctrl('p')) => self.move_cursor(Motion::Up),
            Some(Key::PageDown) => self.move_cursor(Motion::PageDown),
            Some(Key::PageUp) => self.move_cursor(Motion::PageUp),
            _ => {
                let line = &self.view.filter;
                let (text, cursor) = edited(&line.text, line.cursor, event);
                if text != line.text {
                    self.past.leave();
                }
                return self.set_filter(text, cursor);
            }
        }
        Vec::new()
    }

    /// Puts an earlier filter into the line.
    fn call_back(&mut self, found: Option<String>) -> Vec<Effect> {
        let Some(text) = found else { return Vec::new() };
        let cursor = text.len();
        self.set_filter(text, cursor)
    }

    /// What is kept and is a filter can be called back later.
    fn keep_filter(&mut self) -> Vec<Effect> {
        self.past.leave();
        let line = &self.view.filter;
        let text = line.text.trim();
        if self.filter.is_empty() {
            return Vec::new();
        }
        self.past.keep(text);
        vec![Effect::Remember(text.to_owned())]
    }

    pub(super) fn paste(&mut self, pasted: &str) -> Vec<Effect> {
        // A filter is one line.
        let pasted: String = pasted
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let into = |text: &str, cursor: usize| {
            let mut text = text.to_owned();
            text.insert_str(cursor, &pasted);
            (text, cursor + pasted.len())
        };
        match self.view.mode {
            Mode::Filter => {
                (self.asked, self.view.menu) = (None, None);
                self.past.leave();
                let line = &self.view.filter;
                let (text, cursor) = into(&line.text, line.cursor);
                self.set_filter(text, cursor)
            }
            Mode::Palette => {
                let line = &self.view.palette;
                let (text, cursor) = into(&line.text, line.cursor);
                self.type_palette(text, cursor);
                Vec::new()
            }
            Mode::Browse
            | Mode::Help { .. }
            | Mode::Record
            | Mode::Pick(_)
            | Mode::Findings(_)
            | Mode::Explain => Vec::new(),
        }
    }

    /// Opens the line on the filter in force.
    pub(super) fn open_filter(&mut self) {
        self.view.mode = Mode::Filter;
        let line = &mut self.view.filter;
        line.cursor = line.text.len();
        line.good.clone_from(&line.text);
        self.past.open(&line.text);
    }

    /// Takes up the text. While it is no filter the last good one stays in force, and is named: it may
    /// be half a word.
    pub(super) fn set_filter(&mut self, text: String, cursor: usize) -> Vec<Effect> {
        let line = &mut self.view.filter;
        let same = line.text == text;
        (line.text, line.cursor) = (text, cursor);
        if same {
            return Vec::new();
        }
        match Filter::parse(&line.text) {
            Ok(filter) => {
                line.error = None;
                line.good.clone_from(&line.text);
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

/// A line and its cursor, after a key.
pub(super) fn edited(text: &str, cursor: usize, event: &Event) -> (String, usize) {
    let mut line = tui_input::Input::new(text.to_owned()).with_cursor(characters(text, cursor));
    line.handle_event(event);
    let cursor = bytes(line.value(), line.cursor());
    (line.value().to_owned(), cursor)
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
