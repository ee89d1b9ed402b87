//! Handles keys in the help.

use super::app::App;
use crate::tui::effect::Effect;
use crate::tui::keys::key::Key;
use crate::tui::state::view_state::Mode;

impl App {
    pub(crate) fn handle_help_key(&mut self, key: Option<Key>, scroll: usize) -> Vec<Effect> {
        let rows = usize::from(self.view.size.1);
        let scroll = match key {
            Some(Key::Down | Key::Char('j')) => scroll.saturating_add(1),
            Some(Key::Up | Key::Char('k')) => scroll.saturating_sub(1),
            Some(Key::PageDown | Key::Char(' ') | Key::Ctrl('d' | 'f')) => {
                scroll.saturating_add(rows / 2)
            }
            Some(Key::PageUp | Key::Ctrl('u' | 'b')) => scroll.saturating_sub(rows / 2),
            Some(Key::Home | Key::Char('g')) => 0,
            Some(Key::End | Key::Char('G')) => usize::MAX,
            Some(Key::Char('q') | Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            _ => {
                self.view.mode = Mode::Browse;
                return Vec::new();
            }
        };
        let max_scroll = crate::tui::view::help::help_max_scroll(&self.view);
        self.view.mode = Mode::Help {
            scroll: scroll.min(max_scroll),
        };
        Vec::new()
    }
}
