//! Tab in the filter line.
//!
//! The first Tab asks the model, which knows the rows; the answer comes when it comes, and is
//! dropped if the line is another by then, so no key ever waits for it. What comes is inserted
//! where it is one thing, else as far as it is the same for all; then a list is open through which
//! Tab goes round.

use std::ops::Range;
use std::sync::Arc;

use super::{App, Effect};
use crate::quantity;
use crate::query::{Candidate, Completion, Filter, Typed};
use crate::view::keys::Key;
use crate::view::{Anchor, Item, Menu, Mode};

/// The list under the filter line.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices {
    /// The line as it was typed: Esc goes back to it.
    typed: Typed,
    /// The part of it a choice takes the place of.
    replace: Range<usize>,
    /// What can be chosen.
    texts: Vec<String>,
    /// What was in force before anything was chosen, and its text.
    in_force: (Arc<Filter>, String),
}

/// Whether a key is done with.
pub(super) enum Taken {
    Yes(Vec<Effect>),
    /// It means what it means without a list.
    No,
}

impl App {
    /// Asks what may stand here.
    pub(super) fn ask_to_complete(&mut self) -> Vec<Effect> {
        (self.asked, self.tabs) = (Some(self.typed()), 0);
        vec![Effect::Ask]
    }

    fn typed(&self) -> Typed {
        Typed {
            text: self.view.filter.text.clone(),
            cursor: self.view.filter.cursor,
        }
    }

    /// Takes up what may stand here, if the line is still the one it was asked for.
    pub(super) fn completed(&mut self, completion: Completion) -> Vec<Effect> {
        if self.asked.as_ref() != Some(&completion.typed) {
            return Vec::new();
        }
        self.asked = None;
        if self.view.mode != Mode::Filter {
            return Vec::new();
        }
        let Completion {
            typed,
            replace,
            candidates,
            more,
            common,
        } = completion;
        self.choices = Choices {
            typed,
            replace,
            texts: candidates.iter().map(|c| c.text.clone()).collect(),
            in_force: (Arc::clone(&self.filter), self.view.filter.good.clone()),
        };
        match candidates.len() {
            0 => self.say("nothing to complete here"),
            1 => return self.insert_choice(0),
            _ => {
                self.view.menu = Some(Menu {
                    title: String::new(),
                    items: candidates.into_iter().map(item).collect(),
                    chosen: None,
                    anchor: Anchor::Typed(self.choices.replace.start),
                    more,
                });
                let mut effects = match common {
                    Some(common) => self.insert_common(&common),
                    None => self.choose(Menu::next),
                };
                // Fingers that know the list are faster than the answer.
                for _ in 0..std::mem::take(&mut self.tabs) {
                    effects.extend(self.choose(Menu::next));
                }
                return effects;
            }
        }
        Vec::new()
    }

    /// A key while the list is open.
    pub(super) fn in_choices(&mut self, key: Option<Key>) -> Taken {
        let Some(menu) = &self.view.menu else {
            return Taken::No;
        };
        let any_chosen = menu.chosen.is_some();
        match key {
            Some(Key::Tab | Key::Down | Key::Ctrl('n')) => Taken::Yes(self.choose(Menu::next)),
            Some(Key::BackTab | Key::Up | Key::Ctrl('p')) => {
                Taken::Yes(self.choose(Menu::previous))
            }
            Some(Key::Enter) if any_chosen => {
                self.view.menu = None;
                Taken::Yes(Vec::new())
            }
            Some(Key::Escape) => {
                self.view.menu = None;
                let Typed { text, cursor } = self.choices.typed.clone();
                let mut effects = self.set_filter(text, cursor);
                // What was typed may be no filter yet; then what was chosen must not stay in force.
                if self.view.filter.error.is_some() {
                    let (filter, good) = self.choices.in_force.clone();
                    (self.filter, self.view.filter.good) = (filter, good);
                    effects.push(Effect::Ask);
                }
                Taken::Yes(effects)
            }
            _ => {
                self.view.menu = None;
                Taken::No
            }
        }
    }

    fn choose(&mut self, go: fn(&mut Menu)) -> Vec<Effect> {
        let Some(menu) = &mut self.view.menu else {
            return Vec::new();
        };
        go(menu);
        let chosen = menu.chosen.unwrap_or(0);
        self.insert_choice(chosen)
    }

    fn insert_choice(&mut self, index: usize) -> Vec<Effect> {
        let Some(text) = self.choices.texts.get(index).cloned() else {
            return Vec::new();
        };
        let (line, cursor) = self.choices.with(&text);
        self.set_filter(line, cursor)
    }

    /// What all choices have in common is typed for the user: going back goes back to there.
    fn insert_common(&mut self, common: &str) -> Vec<Effect> {
        let (text, cursor) = self.choices.with(common);
        self.choices.replace.end = cursor;
        self.choices.typed = Typed {
            text: text.clone(),
            cursor,
        };
        self.set_filter(text, cursor)
    }
}

impl Choices {
    /// The line with a choice in it, and the cursor behind it.
    fn with(&self, choice: &str) -> (String, usize) {
        let text = &self.typed.text;
        let before = text.get(..self.replace.start).unwrap_or("");
        let after = text.get(self.replace.end..).unwrap_or("");
        let cursor = before.len() + choice.len();
        (format!("{before}{choice}{after}"), cursor)
    }
}

fn item(candidate: Candidate) -> Item {
    Item {
        text: candidate.text,
        figure: candidate.count.map_or(String::new(), quantity::thousands),
        note: candidate.what,
    }
}
