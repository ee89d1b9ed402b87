//! The command palette (`:`): all commands and named filters, by name.

use crossterm::event::Event;

use super::app::App;
use super::filter_line::edit_line;
use super::state::PaletteCommand;
use crate::tui::effect::Effect;
use crate::tui::keys::action::KeyAction;
use crate::tui::keys::bindings::KEY_BINDINGS;
use crate::tui::keys::key::Key;
use crate::tui::state::menu::{Menu, MenuAnchor, MenuItem};
use crate::tui::state::view_state::{FilterInput, Mode};

impl App {
    pub(crate) fn open_palette(&mut self) {
        self.view.mode = Mode::Palette;
        self.view.palette = FilterInput::default();
        self.update_palette_menu();
    }

    pub(crate) fn handle_palette_key(&mut self, key: Option<Key>, event: &Event) -> Vec<Effect> {
        let menu = self.view.menu.get_or_insert_default();
        match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Escape) => return self.close_menu(),
            Some(Key::Down | Key::Tab | Key::Ctrl('n')) => menu.select_next(),
            Some(Key::Up | Key::BackTab | Key::Ctrl('p')) => menu.select_previous(),
            Some(Key::Enter) => {
                let selected = menu.selected;
                return self.run_selected_command(selected);
            }
            _ => {
                let line = &self.view.palette;
                let (text, cursor) = edit_line(&line.text, line.cursor, event);
                self.set_palette_text(text, cursor);
            }
        }
        Vec::new()
    }

    pub(crate) fn set_palette_text(&mut self, text: String, cursor: usize) {
        let line = &mut self.view.palette;
        let unchanged = line.text == text;
        (line.text, line.cursor) = (text, cursor);
        if !unchanged {
            self.update_palette_menu();
        }
    }

    fn run_selected_command(&mut self, selected: Option<usize>) -> Vec<Effect> {
        let command = selected
            .and_then(|selected| self.palette_commands.get(selected))
            .cloned();
        self.close_menu();
        match command {
            Some(PaletteCommand::Run(action)) => self.run_action(action),
            Some(PaletteCommand::Filter(text)) => self.replace_filter(text),
            None => Vec::new(),
        }
    }

    /// Lists the commands that match the typed text, the best first.
    fn update_palette_menu(&mut self) {
        let filters = self.named_filters.iter().map(|named| {
            let item = MenuItem {
                text: format!("filter: {}", named.name),
                count_or_key: String::new(),
                description: named.text.clone(),
            };
            (item, PaletteCommand::Filter(named.text.clone()))
        });
        let typed = self.view.palette.text.to_lowercase();
        let mut found: Vec<(PaletteMatch, MenuItem, PaletteCommand)> = filters
            .chain(all_commands())
            .filter_map(|(item, command)| Some((match_item(&item, typed.trim())?, item, command)))
            .collect();
        // A stable sort: among equals the user's filters come first, then the order of the key
        // table.
        found.sort_by_key(|(fit, ..)| *fit);
        // Scattered letters match most sentences: they count only if nothing matches better.
        if found
            .first()
            .is_some_and(|(best, ..)| *best < PaletteMatch::Subsequence)
        {
            found.retain(|(fit, ..)| *fit < PaletteMatch::Subsequence);
        }
        let (items, commands): (Vec<MenuItem>, Vec<PaletteCommand>) = found
            .into_iter()
            .map(|(_, item, command)| (item, command))
            .unzip();
        self.palette_commands = commands;
        self.view.menu = Some(Menu {
            title: "no such command".into(),
            selected: (!items.is_empty()).then_some(0),
            items,
            anchor: MenuAnchor::Input(0),
            hidden_count: 0,
        });
    }
}

/// Returns all commands that have a key; quit comes last, so that Enter alone does not quit.
fn all_commands() -> impl Iterator<Item = (MenuItem, PaletteCommand)> {
    let all = || {
        KEY_BINDINGS
            .iter()
            .filter(|b| b.action != KeyAction::Palette)
    };
    let quit_actions = all().filter(|b| b.action == KeyAction::Quit);
    let other_actions = all().filter(|b| b.action != KeyAction::Quit);
    other_actions.chain(quit_actions).map(|binding| {
        let text = match binding.action {
            KeyAction::SetView(view) => format!("{}: {}", view.title(), binding.help_text),
            _ => binding.help_text.to_owned(),
        };
        let key = binding.keys.first();
        let item = MenuItem {
            text,
            count_or_key: key.map_or(String::new(), ToString::to_string),
            description: binding.footer_label.into(),
        };
        (item, PaletteCommand::Run(binding.action))
    })
}

/// How well a command matches the typed text, best first: the key itself, the start of the text,
/// the start of a word, any substring, the letters in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PaletteMatch {
    Key,
    Prefix,
    WordPrefix,
    Substring,
    Subsequence,
}

fn match_item(item: &MenuItem, typed: &str) -> Option<PaletteMatch> {
    if item.count_or_key.to_lowercase() == typed && !typed.is_empty() {
        return Some(PaletteMatch::Key);
    }
    let texts = [item.text.to_lowercase(), item.description.to_lowercase()];
    let best = texts.iter().filter_map(|text| {
        if text.starts_with(typed) {
            return Some(PaletteMatch::Prefix);
        }
        if text.contains(&format!(" {typed}")) {
            return Some(PaletteMatch::WordPrefix);
        }
        text.contains(typed).then_some(PaletteMatch::Substring)
    });
    best.min().or_else(|| {
        let mut letters = texts[0].chars();
        let all = typed.chars().all(|wanted| letters.any(|c| c == wanted));
        all.then_some(PaletteMatch::Subsequence)
    })
}
