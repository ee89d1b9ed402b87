//! The explanation page (`e` and `v`).

use super::app::App;
use crate::explain::Perspective;
use crate::explain::subject::ExplainSubject;
use crate::query::{LineId, VisibleLine};
use crate::tui::effect::Effect;
use crate::tui::engine_request::ExplainResult;
use crate::tui::keys::action::KeyAction;
use crate::tui::keys::bindings::action_for_key;
use crate::tui::keys::key::Key;
use crate::tui::state::explain_page::{ExplainPage, ExplainStatus};
use crate::tui::state::view_state::Mode;
use crate::tui::view::explain_page::explain_max_scroll;

impl App {
    /// Opens the explanation of the line under the cursor.
    pub(crate) fn explain_selected(&mut self) -> Vec<Effect> {
        match self.selected_subject() {
            Some(subject) => self.open_explain(subject),
            None => {
                self.set_status("no row is selected");
                Vec::new()
            }
        }
    }

    fn selected_subject(&self) -> Option<ExplainSubject> {
        let result = self.result.as_ref()?;
        if let VisibleLine::Section(_) = self.lines.at(result, self.view.cursor)? {
            return None;
        }
        match self.lines.id(result, self.view.cursor)? {
            LineId::Section(_) => None,
            LineId::Group(path) => Some(ExplainSubject::from_group(path.key())),
            LineId::Row { key, slot, .. } => Some(ExplainSubject::Socket(key, slot)),
        }
    }

    pub(crate) fn open_explain(&mut self, subject: ExplainSubject) -> Vec<Effect> {
        self.view.mode = Mode::Explain;
        self.view.explain = Some(ExplainPage::new(subject));
        vec![Effect::SendRequest]
    }

    /// Handles an explanation from the engine. If the subject no longer exists, the last
    /// explanation stays.
    pub(crate) fn handle_explanation(&mut self, result: ExplainResult) {
        let Some(page) = &mut self.view.explain else {
            return;
        };
        // A response to an earlier request does not belong to this page.
        if (page.subject, page.perspective) != (result.subject, result.perspective) {
            return;
        }
        match result.explanation {
            Some(explanation) => {
                page.explanation = Some(explanation);
                page.status = ExplainStatus::Present;
            }
            None => page.status = ExplainStatus::Gone,
        }
        self.scroll_explain(|scroll| scroll);
    }

    pub(crate) fn handle_explain_key(&mut self, key: Option<Key>) -> Vec<Effect> {
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
                return self.set_perspective(Perspective::ALL[index]);
            }
            Some(Key::Tab) => return self.cycle_perspective(Perspective::next),
            Some(Key::BackTab) => return self.cycle_perspective(Perspective::previous),
            // In the first perspective the key that opened the page closes it.
            Some(Key::Char('e' | '0')) if self.current_perspective() != Perspective::Plain => {
                return self.set_perspective(Perspective::Plain);
            }
            Some(Key::Escape | Key::Char('e' | 'v') | Key::Enter) => {
                self.view.mode = Mode::Browse;
                self.view.explain = None;
                return vec![Effect::SendRequest];
            }
            _ => return self.handle_time_key(key),
        }
        Vec::new()
    }

    /// Handles pause, time travel and refresh, which work on this page as in the table.
    fn handle_time_key(&mut self, key: Option<Key>) -> Vec<Effect> {
        match key.and_then(action_for_key) {
            Some(action @ (KeyAction::Pause | KeyAction::TimeTravel(_) | KeyAction::Refresh)) => {
                self.run_action(action)
            }
            _ => Vec::new(),
        }
    }

    fn current_perspective(&self) -> Perspective {
        let page = self.view.explain.as_ref();
        page.map_or(Perspective::Plain, |page| page.perspective)
    }

    fn cycle_perspective(&mut self, step: fn(Perspective) -> Perspective) -> Vec<Effect> {
        self.set_perspective(step(self.current_perspective()))
    }

    /// Changes the perspective; the text stays until the new explanation comes.
    fn set_perspective(&mut self, perspective: Perspective) -> Vec<Effect> {
        match &mut self.view.explain {
            Some(page) if page.subject.has_perspectives() && page.perspective != perspective => {
                page.perspective = perspective;
                page.scroll = 0;
                // No further explanation of it can come.
                if page.status == ExplainStatus::Gone {
                    page.explanation = None;
                }
                vec![Effect::SendRequest]
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn scroll_explain(&mut self, scroll_to: impl Fn(usize) -> usize) {
        let max_scroll = explain_max_scroll(&self.view);
        if let Some(page) = &mut self.view.explain {
            page.scroll = scroll_to(page.scroll).min(max_scroll);
        }
    }
}
