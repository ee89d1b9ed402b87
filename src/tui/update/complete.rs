//! Tab in the filter line.
//!
//! The first Tab asks the model, which knows the rows; the answer comes when it comes, and is
//! dropped if the line is another by then, so no key ever waits for it. What comes is inserted
//! where it is one thing, else as far as it is the same for all; then a list is open through which
//! Tab goes round.

use std::sync::Arc;

use super::app::App;
use super::state::CompletionList;
use crate::filter::complete::{Candidate, Completion, CompletionInput};
use crate::text::units;
use crate::tui::effect::Effect;
use crate::tui::keys::key::Key;
use crate::tui::state::menu::{Menu, MenuAnchor, MenuItem};
use crate::tui::state::view_state::Mode;

/// Whether a key is done with.
pub(crate) enum KeyOutcome {
    Handled(Vec<Effect>),
    /// It means what it means without a list.
    Ignored,
}

impl App {
    /// Asks what may stand here.
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

    /// Takes up what may stand here, if the line is still the one it was asked for.
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
            omitted: more,
            common_prefix: common,
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
            0 => self.set_status("nothing to complete here"),
            1 => return self.insert_candidate(0),
            _ => {
                self.view.menu = Some(Menu {
                    title: String::new(),
                    items: candidates.into_iter().map(menu_item).collect(),
                    selected: None,
                    anchor: MenuAnchor::Input(self.completion.replace.start),
                    hidden_count: more,
                });
                let mut effects = match common {
                    Some(common) => self.insert_common_prefix(&common),
                    None => self.select_candidate(Menu::select_next),
                };
                // Fingers that know the list are faster than the answer.
                for _ in 0..std::mem::take(&mut self.pending_tabs) {
                    effects.extend(self.select_candidate(Menu::select_next));
                }
                return effects;
            }
        }
        Vec::new()
    }

    /// A key while the list is open.
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
                // What was typed may be no filter yet; then what was chosen must not stay in force.
                if self.view.filter.error.is_some() {
                    let (filter, good) = self.completion.previous_filter.clone();
                    (self.filter, self.view.filter.last_valid) = (filter, good);
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

    /// What all choices have in common is typed for the user: going back goes back to there.
    fn insert_common_prefix(&mut self, common: &str) -> Vec<Effect> {
        let (text, cursor) = self.completion.line_with(common);
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
