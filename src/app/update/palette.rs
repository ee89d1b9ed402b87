//! `:` — everything there is to do, by name.

use crossterm::event::Event;

use super::typing::edited;
use super::{App, Effect};
use crate::view::keys::{Action, BINDINGS, Key};
use crate::view::{Anchor, FilterLine, Item, Menu, Mode};

/// A filter that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFilter {
    /// What it is called.
    pub name: String,
    /// What it asks for.
    pub text: String,
}

/// What an item of the palette does.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Do(Action),
    Filter(String),
}

impl App {
    pub(super) fn open_palette(&mut self) {
        self.view.mode = Mode::Palette;
        self.view.palette = FilterLine::default();
        self.narrow_palette();
    }

    pub(super) fn in_palette(&mut self, key: Option<Key>, event: &Event) -> Vec<Effect> {
        let menu = self.view.menu.get_or_insert_default();
        match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Escape) => return self.close_menu(),
            Some(Key::Down | Key::Tab | Key::Ctrl('n')) => menu.next(),
            Some(Key::Up | Key::BackTab | Key::Ctrl('p')) => menu.previous(),
            Some(Key::Enter) => {
                let chosen = menu.chosen;
                return self.run_chosen(chosen);
            }
            _ => {
                let line = &self.view.palette;
                let (text, cursor) = edited(&line.text, line.cursor, event);
                self.type_palette(text, cursor);
            }
        }
        Vec::new()
    }

    pub(super) fn type_palette(&mut self, text: String, cursor: usize) {
        let line = &mut self.view.palette;
        let same = line.text == text;
        (line.text, line.cursor) = (text, cursor);
        if !same {
            self.narrow_palette();
        }
    }

    fn run_chosen(&mut self, chosen: Option<usize>) -> Vec<Effect> {
        let command = chosen.and_then(|chosen| self.commands.get(chosen)).cloned();
        self.close_menu();
        match command {
            Some(Command::Do(action)) => self.act(action),
            Some(Command::Filter(text)) => self.replace_filter(text),
            None => Vec::new(),
        }
    }

    /// Lists what fits what was typed, the best first.
    fn narrow_palette(&mut self) {
        let filters = self.named.iter().map(|named| {
            let item = Item {
                text: format!("filter: {}", named.name),
                figure: String::new(),
                note: named.text.clone(),
            };
            (item, Command::Filter(named.text.clone()))
        });
        let typed = self.view.palette.text.to_lowercase();
        let mut found: Vec<(Fit, Item, Command)> = filters
            .chain(commands())
            .filter_map(|(item, command)| Some((fit(&item, typed.trim())?, item, command)))
            .collect();
        // Stable: among equals come the user's own filters, then the order of the table of keys.
        found.sort_by_key(|(fit, ..)| *fit);
        // Scattered letters are found in most sentences: only where nothing else is.
        if found.first().is_some_and(|(best, ..)| *best < Fit::Letters) {
            found.retain(|(fit, ..)| *fit < Fit::Letters);
        }
        let (items, commands): (Vec<Item>, Vec<Command>) = found
            .into_iter()
            .map(|(_, item, command)| (item, command))
            .unzip();
        self.commands = commands;
        self.view.menu = Some(Menu {
            title: "nothing here is called so".into(),
            chosen: (!items.is_empty()).then_some(0),
            items,
            anchor: Anchor::Typed(0),
            more: 0,
        });
    }
}

/// Everything that has a key; leaving is last, so that Enter alone does not.
fn commands() -> impl Iterator<Item = (Item, Command)> {
    let all = || BINDINGS.iter().filter(|b| b.action != Action::Palette);
    let leave = all().filter(|b| b.action == Action::Quit);
    let stay = all().filter(|b| b.action != Action::Quit);
    stay.chain(leave).map(|binding| {
        let text = match binding.action {
            Action::View(view) => format!("{}: {}", view.title(), binding.words),
            _ => binding.words.to_owned(),
        };
        let key = binding.keys.first();
        let item = Item {
            text,
            figure: key.map_or(String::new(), ToString::to_string),
            note: binding.short.into(),
        };
        (item, Command::Do(binding.action))
    })
}

/// How well something fits what was typed: the key itself, then the beginning of the words, then
/// the beginning of one of them, then any place, then the letters in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Key,
    Begins,
    BeginsWord,
    Contains,
    Letters,
}

fn fit(item: &Item, typed: &str) -> Option<Fit> {
    if item.figure.to_lowercase() == typed && !typed.is_empty() {
        return Some(Fit::Key);
    }
    let texts = [item.text.to_lowercase(), item.note.to_lowercase()];
    let best = texts.iter().filter_map(|text| {
        if text.starts_with(typed) {
            return Some(Fit::Begins);
        }
        if text.contains(&format!(" {typed}")) {
            return Some(Fit::BeginsWord);
        }
        text.contains(typed).then_some(Fit::Contains)
    });
    best.min().or_else(|| {
        let mut letters = texts[0].chars();
        let all = typed.chars().all(|wanted| letters.any(|c| c == wanted));
        all.then_some(Fit::Letters)
    })
}
