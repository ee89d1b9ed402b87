//! Handles keys and pasted text in the filter line.

use std::sync::Arc;

use crossterm::event::Event;
use tui_input::backend::crossterm::EventHandler;

use super::app::App;
use super::complete::KeyOutcome;
use crate::filter::ast::Filter;
use crate::tui::effect::Effect;
use crate::tui::keys::key::Key;
use crate::tui::keys::motion::CursorMotion;
use crate::tui::state::view_state::Mode;

impl App {
    pub(crate) fn handle_filter_key(&mut self, key: Option<Key>, event: &Event) -> Vec<Effect> {
        // Any key but another Tab changes the line the completions were requested for.
        match (key, &self.pending_completion) {
            (Some(Key::Tab), Some(_)) => {
                self.pending_tabs += 1;
                return Vec::new();
            }
            _ => self.pending_completion = None,
        }
        if let KeyOutcome::Handled(effects) = self.handle_completion_key(key) {
            return effects;
        }
        match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Escape) => {
                self.view.mode = Mode::Browse;
                self.filter_history.stop_browsing();
                return self.set_filter(String::new(), 0);
            }
            // A filter with an error cannot be kept: the line stays open and shows the error.
            Some(Key::Enter) if self.view.filter.error.is_some() => {}
            Some(Key::Enter) => {
                self.view.mode = Mode::Browse;
                return self.save_filter();
            }
            Some(Key::Tab) => return self.request_completion(),
            Some(Key::Up) => {
                let found = self.filter_history.older(&self.view.filter.text);
                return self.recall_filter(found);
            }
            Some(Key::Down) => {
                let found = self.filter_history.newer();
                return self.recall_filter(found);
            }
            // The matching rows can be browsed while typing.
            Some(Key::Ctrl('n')) => self.move_cursor(CursorMotion::Down),
            Some(Key::Ctrl('p')) => self.move_cursor(CursorMotion::Up),
            Some(Key::PageDown) => self.move_cursor(CursorMotion::PageDown),
            Some(Key::PageUp) => self.move_cursor(CursorMotion::PageUp),
            _ => {
                let line = &self.view.filter;
                let (text, cursor) = edit_line(&line.text, line.cursor, event);
                if text != line.text {
                    self.filter_history.stop_browsing();
                }
                return self.set_filter(text, cursor);
            }
        }
        Vec::new()
    }

    /// Puts an earlier filter into the line.
    fn recall_filter(&mut self, found: Option<String>) -> Vec<Effect> {
        let Some(text) = found else { return Vec::new() };
        let cursor = text.len();
        self.set_filter(text, cursor)
    }

    /// Adds the filter to the history, unless it is empty.
    fn save_filter(&mut self) -> Vec<Effect> {
        self.filter_history.stop_browsing();
        let line = &self.view.filter;
        let text = line.text.trim();
        if self.filter.is_empty() {
            return Vec::new();
        }
        self.filter_history.push(text);
        vec![Effect::SaveFilter(text.to_owned())]
    }

    pub(crate) fn paste(&mut self, pasted: &str) -> Vec<Effect> {
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
                (self.pending_completion, self.view.menu) = (None, None);
                self.filter_history.stop_browsing();
                let line = &self.view.filter;
                let (text, cursor) = into(&line.text, line.cursor);
                self.set_filter(text, cursor)
            }
            Mode::Palette => {
                let line = &self.view.palette;
                let (text, cursor) = into(&line.text, line.cursor);
                self.set_palette_text(text, cursor);
                Vec::new()
            }
            Mode::Browse
            | Mode::Help { .. }
            | Mode::RecordMenu
            | Mode::FilterMenu(_)
            | Mode::Findings(_)
            | Mode::Explain => Vec::new(),
        }
    }

    /// Opens the line with the current filter.
    pub(crate) fn open_filter(&mut self) {
        self.view.mode = Mode::Filter;
        let line = &mut self.view.filter;
        line.cursor = line.text.len();
        line.last_valid.clone_from(&line.text);
        self.filter_history.start_editing(&line.text);
    }

    /// Sets the text. While it does not parse, the last valid filter keeps filtering and is shown:
    /// the text may be half a word.
    pub(crate) fn set_filter(&mut self, text: String, cursor: usize) -> Vec<Effect> {
        let line = &mut self.view.filter;
        let unchanged = line.text == text;
        (line.text, line.cursor) = (text, cursor);
        if unchanged {
            return Vec::new();
        }
        match Filter::parse(&line.text) {
            Ok(filter) => {
                line.error = None;
                line.last_valid.clone_from(&line.text);
                self.filter = Arc::new(filter);
                vec![Effect::SendRequest]
            }
            Err(error) => {
                line.error = Some(error);
                Vec::new()
            }
        }
    }
}

/// Applies a key to a line; returns the text and its cursor as a byte index.
pub(crate) fn edit_line(text: &str, cursor: usize, event: &Event) -> (String, usize) {
    let mut line = tui_input::Input::new(text.to_owned()).with_cursor(char_index(text, cursor));
    line.handle_event(event);
    let cursor = byte_index(line.value(), line.cursor());
    (line.value().to_owned(), cursor)
}

/// Converts a byte index to a character index.
fn char_index(text: &str, bytes: usize) -> usize {
    text.get(..bytes).unwrap_or(text).chars().count()
}

/// Converts a character index to a byte index.
fn byte_index(text: &str, characters: usize) -> usize {
    text.char_indices()
        .nth(characters)
        .map_or(text.len(), |(at, _)| at)
}
