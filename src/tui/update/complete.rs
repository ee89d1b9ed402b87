//! Completion with Tab in the filter line.
//!
//! The first Tab sends a request to the engine, which has the rows. The response is dropped if the
//! line has changed meanwhile, so no key waits for it. A single candidate is inserted; of several,
//! their common prefix, and a list opens that Tab cycles through.

use std::sync::Arc;

use super::app::App;
use super::state::CompletionList;
use crate::filter::complete::{Candidate, Completion, CompletionInput};
use crate::text::units;
use crate::tui::effect::Effect;
use crate::tui::keys::key::Key;
use crate::tui::state::menu::{Menu, MenuAnchor, MenuItem};
use crate::tui::state::view_state::Mode;

/// The outcome of a key while the list of completions is open.
pub(crate) enum KeyOutcome {
    Handled(Vec<Effect>),
    /// The list does not use the key: it does what it does without a list.
    Ignored,
}

impl App {
    /// Requests completions for the text at the cursor.
    pub(crate) fn request_completion(&mut self) -> Vec<Effect> {
        (self.pending_completion, self.pending_tabs) = (Some(self.completion_request()), 0);
        vec![Effect::SendRequest]
    }

    fn completion_request(&self) -> CompletionInput {
        CompletionInput {
            text: self.view.filter.text.clone(),
            cursor: self.view.filter.cursor,
        }
    }

    /// Handles completions, if the line is still the one they were requested for.
    pub(crate) fn handle_completion(&mut self, completion: Completion) -> Vec<Effect> {
        if self.pending_completion.as_ref() != Some(&completion.input) {
            return Vec::new();
        }
        self.pending_completion = None;
        if self.view.mode != Mode::Filter {
            return Vec::new();
        }
        let Completion {
            input: typed,
            replace,
            candidates,
            omitted,
            common_prefix,
        } = completion;
        self.completion = CompletionList {
            typed,
            replace,
            texts: candidates.iter().map(|c| c.text.clone()).collect(),
            previous_filter: (
                Arc::clone(&self.filter),
                self.view.filter.last_valid.clone(),
            ),
        };
        match candidates.len() {
            0 => self.set_status("no completions here"),
            1 => return self.insert_candidate(0),
            _ => {
                self.view.menu = Some(Menu {
                    title: String::new(),
                    items: candidates.into_iter().map(menu_item).collect(),
                    selected: None,
                    anchor: MenuAnchor::Input(self.completion.replace.start),
                    hidden_count: omitted,
                });
                let mut effects = match common_prefix {
                    Some(prefix) => self.insert_common_prefix(&prefix),
                    None => self.select_candidate(Menu::select_next),
                };
                // Tabs pressed before the response came.
                for _ in 0..std::mem::take(&mut self.pending_tabs) {
                    effects.extend(self.select_candidate(Menu::select_next));
                }
                return effects;
            }
        }
        Vec::new()
    }

    /// Handles a key while the list is open.
    pub(crate) fn handle_completion_key(&mut self, key: Option<Key>) -> KeyOutcome {
        let Some(menu) = &self.view.menu else {
            return KeyOutcome::Ignored;
        };
        let any_chosen = menu.selected.is_some();
        match key {
            Some(Key::Tab | Key::Down | Key::Ctrl('n')) => {
                KeyOutcome::Handled(self.select_candidate(Menu::select_next))
            }
            Some(Key::BackTab | Key::Up | Key::Ctrl('p')) => {
                KeyOutcome::Handled(self.select_candidate(Menu::select_previous))
            }
            Some(Key::Enter) if any_chosen => {
                self.view.menu = None;
                KeyOutcome::Handled(Vec::new())
            }
            Some(Key::Escape) => {
                self.view.menu = None;
                let CompletionInput { text, cursor } = self.completion.typed.clone();
                let mut effects = self.set_filter(text, cursor);
                // The typed text may not parse; then the filter of the completion must not stay.
                if self.view.filter.error.is_some() {
                    let (filter, text) = self.completion.previous_filter.clone();
                    (self.filter, self.view.filter.last_valid) = (filter, text);
                    effects.push(Effect::SendRequest);
                }
                KeyOutcome::Handled(effects)
            }
            _ => {
                self.view.menu = None;
                KeyOutcome::Ignored
            }
        }
    }

    fn select_candidate(&mut self, step: fn(&mut Menu)) -> Vec<Effect> {
        let Some(menu) = &mut self.view.menu else {
            return Vec::new();
        };
        step(menu);
        let chosen = menu.selected.unwrap_or(0);
        self.insert_candidate(chosen)
    }

    fn insert_candidate(&mut self, index: usize) -> Vec<Effect> {
        let Some(text) = self.completion.texts.get(index).cloned() else {
            return Vec::new();
        };
        let (line, cursor) = self.completion.line_with(&text);
        self.set_filter(line, cursor)
    }

    /// Inserts the common prefix of all candidates as if it was typed: Esc reverts to it.
    fn insert_common_prefix(&mut self, prefix: &str) -> Vec<Effect> {
        let (text, cursor) = self.completion.line_with(prefix);
        self.completion.replace.end = cursor;
        self.completion.typed = CompletionInput {
            text: text.clone(),
            cursor,
        };
        self.set_filter(text, cursor)
    }
}

fn menu_item(candidate: Candidate) -> MenuItem {
    MenuItem {
        text: candidate.text,
        count_or_key: candidate.count.map_or(String::new(), units::thousands),
        description: candidate.description,
    }
}
