//! `e` and `v`: the page that explains.

use super::{App, Effect};
use crate::app::model::Explained;
use crate::query::{Line, LineId};
use crate::teach::{Look, Subject};
use crate::view::keys::{Action, Key, action_of};
use crate::view::{ExplainPage, Mode, Presence, explain_height};

impl App {
    /// Explains what the cursor is on.
    pub(super) fn explain_selected(&mut self) -> Vec<Effect> {
        match self.subject() {
            Some(subject) => self.open_explain(subject),
            None => {
                self.say("no row is selected");
                Vec::new()
            }
        }
    }

    fn subject(&self) -> Option<Subject> {
        let answer = self.answer.as_ref()?;
        if let Line::Section(_) = self.lines.at(answer, self.view.cursor)? {
            return None;
        }
        match self.lines.id(answer, self.view.cursor)? {
            LineId::Section(_) => None,
            LineId::Group(path) => Some(Subject::of(path.key())),
            LineId::Row { key, slot, .. } => Some(Subject::Row(key, slot)),
        }
    }

    pub(super) fn open_explain(&mut self, subject: Subject) -> Vec<Effect> {
        self.view.mode = Mode::Explain;
        self.view.explain = Some(ExplainPage::of(subject));
        vec![Effect::Ask]
    }

    /// Takes up what the model says of it; what is gone keeps what was last said.
    pub(super) fn explained(&mut self, explained: Explained) {
        let Some(page) = &mut self.view.explain else {
            return;
        };
        // The answer to an earlier question says nothing about this one.
        if (page.subject, page.look) != (explained.subject, explained.look) {
            return;
        }
        match explained.said {
            Some(said) => {
                page.said = Some(said);
                page.presence = Presence::Here;
            }
            None => page.presence = Presence::Gone,
        }
        self.scroll_explain(|scroll| scroll);
    }

    pub(super) fn in_explain(&mut self, key: Option<Key>) -> Vec<Effect> {
        let page = usize::from(self.view.size.1) / 2;
        match key {
            Some(Key::Down | Key::Char('j')) => self.scroll_explain(|at| at.saturating_add(1)),
            Some(Key::Up | Key::Char('k')) => self.scroll_explain(|at| at.saturating_sub(1)),
            Some(Key::PageDown | Key::Char(' ') | Key::Ctrl('d' | 'f')) => {
                self.scroll_explain(|at| at.saturating_add(page));
            }
            Some(Key::PageUp | Key::Ctrl('u' | 'b')) => {
                self.scroll_explain(|at| at.saturating_sub(page));
            }
            Some(Key::Home | Key::Char('g')) => self.scroll_explain(|_| 0),
            Some(Key::End | Key::Char('G')) => self.scroll_explain(|_| usize::MAX),
            Some(Key::Char('q') | Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Char(digit @ '1'..='4')) => {
                let index = digit.to_digit(10).map_or(0, |digit| digit as usize);
                return self.look(Look::ALL[index]);
            }
            Some(Key::Tab) => return self.look_on(Look::next),
            Some(Key::BackTab) => return self.look_on(Look::previous),
            // Once more on the first look it closes what it has opened.
            Some(Key::Char('e' | '0')) if self.shown_look() != Look::Words => {
                return self.look(Look::Words);
            }
            Some(Key::Escape | Key::Char('e' | 'v') | Key::Enter) => {
                self.view.mode = Mode::Browse;
                self.view.explain = None;
                return vec![Effect::Ask];
            }
            _ => return self.at_another_time(key),
        }
        Vec::new()
    }

    /// The page can be paused and taken back and forth in time like the chart.
    fn at_another_time(&mut self, key: Option<Key>) -> Vec<Effect> {
        match key.and_then(action_of) {
            Some(action @ (Action::Pause | Action::Travel(_) | Action::Refresh)) => {
                self.act(action)
            }
            _ => Vec::new(),
        }
    }

    fn shown_look(&self) -> Look {
        let page = self.view.explain.as_ref();
        page.map_or(Look::Words, |page| page.look)
    }

    fn look_on(&mut self, turn: fn(Look) -> Look) -> Vec<Effect> {
        self.look(turn(self.shown_look()))
    }

    /// Changes the look; what is shown stays until the other is answered.
    fn look(&mut self, look: Look) -> Vec<Effect> {
        match &mut self.view.explain {
            Some(page) if page.subject.has_looks() && page.look != look => {
                page.look = look;
                page.scroll = 0;
                // What is gone has nothing more to show.
                if page.presence == Presence::Gone {
                    page.said = None;
                }
                vec![Effect::Ask]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn scroll_explain(&mut self, go: impl Fn(usize) -> usize) {
        let most = explain_height(&self.view);
        if let Some(page) = &mut self.view.explain {
            page.scroll = go(page.scroll).min(most);
        }
    }
}
