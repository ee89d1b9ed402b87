//! Handles keys while lessons are open.

use crossterm::event::Event;

use crate::lessons::AnswerFormat;
use crate::lessons::entries::lesson_entries;
use crate::lessons::lab_messages::LabRequest;
use crate::tui::effect::Effect;
use crate::tui::keys::action::KeyAction;
use crate::tui::keys::bindings::action_for_key;
use crate::tui::keys::key::Key;
use crate::tui::keys::lesson::{LessonKeyAction, lesson_action_for_key};
use crate::tui::keys::motion::CursorMotion;
use crate::tui::state::lessons::{
    LabStatus, LessonsPage, LessonsState, MAX_WAIT_SAMPLES, Session, SessionKind, SessionPhase,
};
use crate::tui::state::pane_mode::PaneMode;
use crate::tui::update::app::App;
use crate::tui::update::filter_line::edit_line;
use crate::tui::view::lessons::body::panel_max_scroll;

/// The maximum length of a typed number: more digits than any count has.
const MAX_DIGITS: usize = 6;

/// The maximum number of hints of a question.
const MAX_HINTS: usize = 3;

impl App {
    /// Handles a key while lessons are open; `None` if it has its usual action.
    pub(crate) fn handle_lessons_key(
        &mut self,
        key: Option<Key>,
        event: &Event,
    ) -> Option<Vec<Effect>> {
        match &self.view.lessons.as_ref()?.page {
            LessonsPage::List => self.handle_lesson_list_key(key),
            LessonsPage::Session(_) => self.handle_session_key(key, event),
        }
    }

    fn handle_lesson_list_key(&mut self, key: Option<Key>) -> Option<Vec<Effect>> {
        if is_global_key(key) {
            return None;
        }
        let last = lesson_entries().count().saturating_sub(1);
        let lessons = self.view.lessons.as_mut()?;
        match key? {
            Key::Up | Key::Char('k') | Key::BackTab => {
                lessons.selected = lessons.selected.saturating_sub(1);
            }
            Key::Down | Key::Char('j') | Key::Tab => {
                lessons.selected = (lessons.selected + 1).min(last);
            }
            Key::Home | Key::Char('g') | Key::PageUp => lessons.selected = 0,
            Key::End | Key::Char('G') | Key::PageDown => lessons.selected = last,
            Key::Enter | Key::Char('n' | ' ') | Key::Right => {
                let entry = lesson_entries().nth(lessons.selected)?;
                return Some(self.start_session(entry));
            }
            Key::Escape | Key::Char('L') => {
                self.view.lessons = None;
                return Some(vec![Effect::SendRequest]);
            }
            _ => {}
        }
        Some(Vec::new())
    }

    fn handle_session_key(&mut self, key: Option<Key>, event: &Event) -> Option<Vec<Effect>> {
        if is_global_key(key) {
            return None;
        }
        let overflow = panel_max_scroll(&self.view);
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut)?;
        let page = match key {
            Some(Key::PageDown) => 1,
            Some(Key::PageUp) => -1,
            _ => 0,
        };
        if page != 0 && overflow > 0 {
            let room = isize::try_from(session.scroll).unwrap_or(0) + page * 5;
            session.scroll = usize::try_from(room).unwrap_or(0).min(overflow);
            return Some(Vec::new());
        }
        if session.background.is_none()
            && session.phase == SessionPhase::Question
            && session.edit_answer(key, event)
        {
            return Some(Vec::new());
        }
        let action = key.and_then(lesson_action_for_key);
        if let Some(action) = action {
            return Some(self.handle_lesson_action(action));
        }
        if key == Some(Key::Char('L')) {
            return Some(self.end_session());
        }
        // Without a table, its keys would have invisible effects.
        let shown = session.shows_table();
        (!shown).then(Vec::new)
    }

    fn handle_lesson_action(&mut self, action: LessonKeyAction) -> Vec<Effect> {
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        match action {
            LessonKeyAction::ShowBackground if session.background.is_some() => {
                close_background(session);
            }
            LessonKeyAction::Continue | LessonKeyAction::Leave if session.background.is_some() => {
                close_background(session);
            }
            LessonKeyAction::ShowBackground => session.open_background(),
            LessonKeyAction::Hint => {
                if session.phase == SessionPhase::Question {
                    session.hints_shown = (session.hints_shown + 1).min(MAX_HINTS);
                }
            }
            LessonKeyAction::Restart => return self.restart_session(),
            LessonKeyAction::Leave if self.view.pane_mode != PaneMode::Text => {
                self.view.pane_mode = PaneMode::Text;
            }
            LessonKeyAction::Leave => return self.end_session(),
            LessonKeyAction::Continue => return self.continue_lesson(),
        }
        Vec::new()
    }

    /// Runs the action of Enter on the current page.
    fn continue_lesson(&mut self) -> Vec<Effect> {
        self.view.pane_mode = PaneMode::Text;
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        let is_ready = session.lab == LabStatus::Ready;
        match session.phase {
            SessionPhase::Intro if !is_ready => Vec::new(),
            SessionPhase::Intro => match session.kind {
                SessionKind::Lesson => {
                    session.enter_step();
                    Vec::new()
                }
                SessionKind::Quiz { after, .. } => self.set_up_quiz(after),
            },
            SessionPhase::Question => self.submit_answer(),
            SessionPhase::Ready if !is_ready => Vec::new(),
            SessionPhase::Ready => self.run_lesson_step(),
            SessionPhase::WaitingForRows if session.samples_waited < MAX_WAIT_SAMPLES => Vec::new(),
            SessionPhase::WaitingForRows => {
                self.learner.pending_grade = None;
                self.show_feedback();
                vec![Effect::SendRequest]
            }
            SessionPhase::Feedback => match session.kind {
                SessionKind::Quiz { .. } => self.next_quiz_question(),
                SessionKind::Lesson
                    if session
                        .grade
                        .as_ref()
                        .is_none_or(|grade| grade.step_explanation.is_empty()) =>
                {
                    self.next_step()
                }
                SessionKind::Lesson => {
                    (session.phase, session.scroll) = (SessionPhase::Explanation, 0);
                    Vec::new()
                }
            },
            SessionPhase::Explanation | SessionPhase::Unavailable => self.next_step(),
            SessionPhase::End if session.is_quiz() => self.end_session(),
            SessionPhase::End => self.start_next_entry(),
        }
    }

    fn submit_answer(&mut self) -> Vec<Effect> {
        let samples = self.result.as_ref().map_or(0, |a| a.moment.number);
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        match session.parse_answer() {
            Err(error) => {
                session.input_error = Some(error);
                return Vec::new();
            }
            Ok(answer) => session.answers.push(answer),
        }
        session.input.clear();
        (session.input_error, session.hints_shown, session.scroll) = (None, 0, 0);
        if session.is_quiz() {
            // The current sample is enough: no call was made since.
            return self.request_grade(samples.saturating_sub(1));
        }
        if session.question_index + 1 < session.questions.len() {
            session.question_index += 1;
        } else {
            session.phase = SessionPhase::Ready;
        }
        Vec::new()
    }

    fn run_lesson_step(&mut self) -> Vec<Effect> {
        self.view.time_mode = crate::tui::state::view_state::TimeMode::Live;
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        let Some(step) = session.step() else {
            return Vec::new();
        };
        (session.lab, session.phase, session.samples_waited) =
            (LabStatus::Busy, SessionPhase::WaitingForRows, 0);
        let request = LabRequest::RunSteps(vec![step]);
        vec![Effect::Lab(session.id, request), Effect::SendRequest]
    }

    /// Scrolls the list or page with the wheel; returns `false` if a table is shown instead.
    pub(crate) fn scroll_lessons(&mut self, motion: CursorMotion) -> bool {
        let overflow = panel_max_scroll(&self.view);
        let last = lesson_entries().count().saturating_sub(1);
        let Some(lessons) = &mut self.view.lessons else {
            return false;
        };
        let down = motion == CursorMotion::Down;
        let scrolled = |at: usize, max: usize| match down {
            true => (at + 1).min(max),
            false => at.saturating_sub(1),
        };
        match &mut lessons.page {
            LessonsPage::List => lessons.selected = scrolled(lessons.selected, last),
            LessonsPage::Session(session) if !session.shows_table() => {
                session.scroll = scrolled(session.scroll, overflow);
            }
            LessonsPage::Session(_) => return false,
        }
        true
    }
}

impl Session {
    /// Handles a key of the answer; returns `false` if it is not one.
    fn edit_answer(&mut self, key: Option<Key>, event: &Event) -> bool {
        let Some(question) = self.current_question() else {
            return false;
        };
        match (question.answer_format, key) {
            (AnswerFormat::Choices(choices), Some(Key::Char(digit @ '1'..='9'))) => {
                let number = digit.to_digit(10).map_or(0, |digit| digit as usize);
                if number <= choices.len() {
                    (self.input, self.input_error) = (digit.to_string(), None);
                }
                true
            }
            (AnswerFormat::Number { .. }, Some(Key::Char('0'..='9')) | None) => {
                let (text, _) = edit_line(&self.input, self.input.len(), event);
                if text.len() <= MAX_DIGITS && text.chars().all(|c| c.is_ascii_digit()) {
                    (self.input, self.input_error) = (text, None);
                }
                true
            }
            _ => false,
        }
    }
}

fn close_background(session: &mut Session) {
    (session.background, session.scroll) = (None, 0);
}

/// Returns whether a key has the same action everywhere.
fn is_global_key(key: Option<Key>) -> bool {
    matches!(
        key.and_then(action_for_key),
        Some(
            KeyAction::Quit
                | KeyAction::Suspend
                | KeyAction::Help
                | KeyAction::TogglePresentation
                | KeyAction::Redraw
        )
    )
}
