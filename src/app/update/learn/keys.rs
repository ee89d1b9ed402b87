//! Keys while lessons are open.

use crossterm::event::Event;

use super::super::typing::edited;
use super::{App, Effect};
use crate::app::tutor::Order;
use crate::teach::lessons::Form;
use crate::view::Look;
use crate::view::course::panel_overflow;
use crate::view::course::{Course, Kind, LabStage, Opened, PATIENCE, Sitting, Stage, entries};
use crate::view::keys::{Action, Key, LessonAction, Motion, action_of, lesson_action_of};

/// More digits than any count has.
const DIGITS: usize = 6;
/// There are no more.
const HINTS: usize = 3;

impl App {
    /// A key while lessons are open; `None` where it does what it always does.
    pub(in crate::app::update) fn in_course(
        &mut self,
        key: Option<Key>,
        event: &Event,
    ) -> Option<Vec<Effect>> {
        match &self.view.course.as_ref()?.opened {
            Opened::List => self.in_list(key),
            Opened::Sitting(_) => self.in_sitting(key, event),
        }
    }

    fn in_list(&mut self, key: Option<Key>) -> Option<Vec<Effect>> {
        if passes(key) {
            return None;
        }
        let last = entries().count().saturating_sub(1);
        let course = self.view.course.as_mut()?;
        match key? {
            Key::Up | Key::Char('k') | Key::BackTab => {
                course.chosen = course.chosen.saturating_sub(1);
            }
            Key::Down | Key::Char('j') | Key::Tab => course.chosen = (course.chosen + 1).min(last),
            Key::Home | Key::Char('g') | Key::PageUp => course.chosen = 0,
            Key::End | Key::Char('G') | Key::PageDown => course.chosen = last,
            Key::Enter | Key::Char('n' | ' ') | Key::Right => {
                let entry = entries().nth(course.chosen)?;
                return Some(self.sit(entry));
            }
            Key::Escape | Key::Char('L') => {
                self.view.course = None;
                return Some(vec![Effect::Ask]);
            }
            _ => {}
        }
        Some(Vec::new())
    }

    fn in_sitting(&mut self, key: Option<Key>, event: &Event) -> Option<Vec<Effect>> {
        if passes(key) {
            return None;
        }
        let overflow = panel_overflow(&self.view);
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut)?;
        let page = match key {
            Some(Key::PageDown) => 1,
            Some(Key::PageUp) => -1,
            _ => 0,
        };
        if page != 0 && overflow > 0 {
            let room = isize::try_from(sitting.scroll).unwrap_or(0) + page * 5;
            sitting.scroll = usize::try_from(room).unwrap_or(0).min(overflow);
            return Some(Vec::new());
        }
        if sitting.why.is_none() && sitting.stage == Stage::Ask && sitting.typed_into(key, event) {
            return Some(Vec::new());
        }
        let action = key.and_then(lesson_action_of);
        if let Some(action) = action {
            return Some(self.do_in_lesson(action));
        }
        if key == Some(Key::Char('L')) {
            return Some(self.leave_sitting());
        }
        // Where there is no table its keys would act unseen.
        let shown = sitting.shows_table();
        (!shown).then(Vec::new)
    }

    fn do_in_lesson(&mut self, action: LessonAction) -> Vec<Effect> {
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        match action {
            LessonAction::Why if sitting.why.is_some() => close_why(sitting),
            LessonAction::GoOn | LessonAction::Leave if sitting.why.is_some() => close_why(sitting),
            LessonAction::Why => sitting.open_why(),
            LessonAction::Hint => {
                if sitting.stage == Stage::Ask {
                    sitting.hints = (sitting.hints + 1).min(HINTS);
                }
            }
            LessonAction::Again => return self.again(),
            LessonAction::Leave if self.view.look != Look::Words => self.view.look = Look::Words,
            LessonAction::Leave => return self.leave_sitting(),
            LessonAction::GoOn => return self.go_on(),
        }
        Vec::new()
    }

    /// What Enter does on this page.
    fn go_on(&mut self) -> Vec<Effect> {
        self.view.look = Look::Words;
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        let is_ready = sitting.lab == LabStage::Ready;
        match sitting.stage {
            Stage::Idea if !is_ready => Vec::new(),
            Stage::Idea => match sitting.kind {
                Kind::Lesson => {
                    sitting.enter_turn();
                    Vec::new()
                }
                Kind::Quiz { after, .. } => self.set_up_quiz(after),
            },
            Stage::Ask => self.answer_question(),
            Stage::Ready if !is_ready => Vec::new(),
            Stage::Ready => self.perform(),
            Stage::Watching if sitting.waited < PATIENCE => Vec::new(),
            Stage::Watching => {
                self.learner.exam = None;
                self.show_verdict();
                vec![Effect::Ask]
            }
            Stage::Verdict => match sitting.kind {
                Kind::Quiz { .. } => self.next_question(),
                Kind::Lesson if sitting.marked.as_ref().is_none_or(|m| m.meaning.is_empty()) => {
                    self.next_turn()
                }
                Kind::Lesson => {
                    (sitting.stage, sitting.scroll) = (Stage::Meaning, 0);
                    Vec::new()
                }
            },
            Stage::Meaning | Stage::Lacking => self.next_turn(),
            Stage::End if sitting.is_quiz() => self.leave_sitting(),
            Stage::End => self.next_lesson(),
        }
    }

    fn answer_question(&mut self) -> Vec<Effect> {
        let samples = self.answer.as_ref().map_or(0, |a| a.moment.number);
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        match sitting.answer() {
            Err(wrong) => {
                sitting.wrong = Some(wrong);
                return Vec::new();
            }
            Ok(given) => sitting.given.push(given),
        }
        sitting.typed.clear();
        (sitting.wrong, sitting.hints, sitting.scroll) = (None, 0, 0);
        if sitting.is_quiz() {
            // The sample that is shown will do: nothing was done since.
            return self.examine(samples.saturating_sub(1));
        }
        if sitting.question + 1 < sitting.questions.len() {
            sitting.question += 1;
        } else {
            sitting.stage = Stage::Ready;
        }
        Vec::new()
    }

    fn perform(&mut self) -> Vec<Effect> {
        self.view.feed = crate::view::Feed::Live;
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        let Some(step) = sitting.step() else {
            return Vec::new();
        };
        (sitting.lab, sitting.stage, sitting.waited) = (LabStage::Busy, Stage::Watching, 0);
        let order = Order::Perform(vec![step]);
        vec![Effect::Lab(sitting.number, order), Effect::Ask]
    }

    /// The wheel, where there is a list or a page and no table.
    pub(in crate::app::update) fn wheel_in_course(&mut self, motion: Motion) -> bool {
        let overflow = panel_overflow(&self.view);
        let last = entries().count().saturating_sub(1);
        let Some(course) = &mut self.view.course else {
            return false;
        };
        let down = motion == Motion::Down;
        let moved = |at: usize, most: usize| match down {
            true => (at + 1).min(most),
            false => at.saturating_sub(1),
        };
        match &mut course.opened {
            Opened::List => course.chosen = moved(course.chosen, last),
            Opened::Sitting(sitting) if !sitting.shows_table() => {
                sitting.scroll = moved(sitting.scroll, overflow);
            }
            Opened::Sitting(_) => return false,
        }
        true
    }
}

impl Sitting {
    /// Takes a digit, or what edits the number; tells whether it was one.
    fn typed_into(&mut self, key: Option<Key>, event: &Event) -> bool {
        let Some(question) = self.asked() else {
            return false;
        };
        match (question.form, key) {
            (Form::Choices(choices), Some(Key::Char(digit @ '1'..='9'))) => {
                let place = digit.to_digit(10).map_or(0, |digit| digit as usize);
                if place <= choices.len() {
                    (self.typed, self.wrong) = (digit.to_string(), None);
                }
                true
            }
            (Form::Number { .. }, Some(Key::Char('0'..='9')) | None) => {
                let (text, _) = edited(&self.typed, self.typed.len(), event);
                if text.len() <= DIGITS && text.chars().all(|c| c.is_ascii_digit()) {
                    (self.typed, self.wrong) = (text, None);
                }
                true
            }
            _ => false,
        }
    }
}

fn close_why(sitting: &mut Sitting) {
    (sitting.why, sitting.scroll) = (None, 0);
}

/// What a key does everywhere, it does here, too.
fn passes(key: Option<Key>) -> bool {
    matches!(
        key.and_then(action_of),
        Some(Action::Quit | Action::Suspend | Action::Help | Action::Present | Action::Redraw)
    )
}
