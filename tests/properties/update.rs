//! Keys, clicks, resizes and answers in any order: the cursor stays on something, it stays in
//! sight, and the screen stays as large as the terminal.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use portolan::app::{App, Effect, Input, LabOrder, Memory, Question};
use portolan::collect::Sampled;
use portolan::query::Line;
use portolan::services::Services;
use portolan::snapshot::{Gap, Snapshot};
use portolan::teach::lessons::lesson;
use portolan::view::{Areas, Mode, ViewState, screen};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::paper_lab::PaperLab;
use crate::world::world;

/// What may happen.
#[derive(Clone, Debug)]
enum Happening {
    Terminal(Event),
    /// The next sample is taken up.
    Sample,
    /// A sample is lost.
    Lost,
    /// The model answers what it was asked last.
    Answer,
    /// The model answers what it was asked first and not answered since.
    LateAnswer,
    /// The lab of a lesson does what it was told to.
    Lab,
}

fn key() -> impl Strategy<Value = Event> {
    let plain = "q?/ lhzjkgG1234sSptuor<>cy=!:H[]{}fevnPLLiwa"
        .chars()
        .collect::<Vec<_>>();
    let typed = "8043nginx:日é\u{301}^".chars().collect::<Vec<_>>();
    let named = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
        KeyCode::Insert,
    ];
    let of = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
    prop_oneof![
        4 => proptest::sample::select(plain).prop_map(move |c| of(KeyCode::Char(c), KeyModifiers::NONE)),
        1 => proptest::sample::select(typed).prop_map(move |c| of(KeyCode::Char(c), KeyModifiers::NONE)),
        4 => proptest::sample::select(named.to_vec()).prop_map(move |k| of(k, KeyModifiers::NONE)),
        1 => proptest::sample::select("dufblwaeknp".chars().collect::<Vec<_>>())
            .prop_map(move |c| of(KeyCode::Char(c), KeyModifiers::CONTROL)),
    ]
}

fn size() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![
        (1u16..=200, 1u16..=60),
        (38u16..=44, 8u16..=18),
        Just((80, 24)),
        Just((120, 36)),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let mouse = (0u16..200, 0u16..60, 0usize..4).prop_map(|(column, row, kind)| {
        let kind = match kind {
            0 => MouseEventKind::ScrollUp,
            1 => MouseEventKind::ScrollDown,
            _ => MouseEventKind::Down(MouseButton::Left),
        };
        Event::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        })
    });
    prop_oneof![
        12 => key().prop_map(Happening::Terminal),
        2 => mouse.prop_map(Happening::Terminal),
        1 => size().prop_map(|(c, r)| Happening::Terminal(Event::Resize(c, r))),
        1 => "[a-z0-9:\n日]{0,60}".prop_map(|t| Happening::Terminal(Event::Paste(t))),
        2 => Just(Happening::Sample),
        1 => Just(Happening::Lost),
        5 => Just(Happening::Answer),
        1 => Just(Happening::LateAnswer),
        2 => Just(Happening::Lab),
    ]
}

struct Play {
    app: App,
    memory: Memory,
    samples: std::vec::IntoIter<Snapshot>,
    asked: Vec<Question>,
    lab: PaperLab,
    ordered: Vec<(u64, LabOrder)>,
}

impl Play {
    fn new(size: (u16, u16), samples: Vec<Snapshot>) -> Self {
        let view = ViewState::new(size, Duration::from_secs(1));
        let app = App::new(view, Arc::default(), Arc::new(Services::registry()));
        Self {
            asked: vec![app.question()],
            app,
            memory: Memory::default(),
            samples: samples.into_iter(),
            lab: PaperLab::default(),
            ordered: Vec::new(),
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Terminal(event) => {
                let effects = Input::of(event)
                    .map(|i| self.app.input(i))
                    .unwrap_or_default();
                self.take(effects);
            }
            Happening::Lab => {
                let ordered = std::mem::take(&mut self.ordered);
                for (number, order) in ordered {
                    if let Some(news) = self.lab.carry_out(order) {
                        let effects = self.app.lab_told(number, news);
                        self.take(effects);
                    }
                }
            }
            Happening::Sample => {
                if let Some(snapshot) = self.samples.next() {
                    self.memory.take_up(Sampled::Snapshot(Box::new(snapshot)));
                }
            }
            Happening::Lost => {
                self.memory
                    .take_up(Sampled::Failed(Gap::Sampler("for a test".into())));
            }
            Happening::Answer => {
                let latest = self.asked.pop();
                self.asked = latest.into_iter().collect();
                self.answer();
            }
            Happening::LateAnswer => self.answer(),
        }
    }

    fn answer(&mut self) {
        let published = self.asked.first().and_then(|q| self.memory.answer(q));
        if let Some(published) = published {
            let effects = self.app.answered(published);
            self.take(effects);
        }
    }

    fn take(&mut self, effects: Vec<Effect>) {
        if effects.contains(&Effect::Ask) {
            self.asked.push(self.app.question());
        }
        self.ordered
            .extend(effects.into_iter().filter_map(|effect| match effect {
                Effect::Lab(number, order) => Some((number, order)),
                _ => None,
            }));
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let view = &self.app.view;
        if let Some(answer) = &self.app.answer {
            let line = self.app.lines.at(answer, view.cursor);
            if self.app.lines.is_empty() {
                prop_assert_eq!((view.cursor, view.top), (0, 0));
            } else {
                prop_assert!(line.is_some(), "the cursor is below the last line");
                prop_assert!(
                    !matches!(line, Some(Line::Section(_))),
                    "the cursor is on a heading"
                );
                prop_assert_eq!(self.app.lines.id(answer, view.cursor), view.selected);
            }
            let height = Areas::of(view).table.max(1);
            prop_assert!(
                view.top <= view.cursor && view.cursor < view.top + height,
                "top {} cursor {} height {}",
                view.top,
                view.cursor,
                height
            );
        }
        let drawn = screen(
            view,
            self.app.answer.as_deref(),
            &self.app.lines,
            &self.app.services,
        );
        prop_assert_eq!(drawn.lines.len(), usize::from(view.size.1));
        for line in &drawn.lines {
            let width = line.text().width();
            prop_assert!(
                width <= usize::from(view.size.0),
                "{} cells: {:?}",
                width,
                line.text()
            );
        }
        if let Some((x, y)) = drawn.cursor {
            prop_assert!(x < view.size.0 && y < view.size.1);
        }
        let at_help = matches!(view.mode, Mode::Help { .. });
        let table_shows =
            Areas::shows_table(view) && !at_help && drawn.lines.len() >= 10 && view.size.0 >= 40;
        if table_shows && self.app.answer.is_some() && !self.app.lines.is_empty() {
            let selected = drawn.lines.iter().filter(|l| l.selected).count();
            // A list may lie over it.
            let least = usize::from(view.menu.is_none() && view.course.is_none());
            prop_assert!(
                (least..=1).contains(&selected),
                "{selected} lines are selected"
            );
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(crate::world::cases(192))]

    #[test]
    fn whatever_is_pressed_in_a_lesson_the_screen_holds(
        world in world(14, 6),
        size in size(),
        number in 1u8..=14,
        happenings in proptest::collection::vec(
            prop_oneof![
                3 => proptest::sample::select(vec![
                    KeyCode::Enter,
                    KeyCode::Char('1'),
                    KeyCode::Char('n'),
                    KeyCode::Char('i'),
                ])
                .prop_map(|code| Happening::Terminal(Event::Key(code.into()))),
                2 => Just(Happening::Lab),
                2 => happening(),
            ],
            1..60,
        ),
    ) {
        let mut play = Play::new(size, world.snapshots());
        play.happen(Happening::Sample);
        play.happen(Happening::Answer);
        let effects = play.app.learn(lesson(number));
        play.take(effects);
        for happening in happenings {
            play.happen(happening.clone());
            if let Err(error) = play.check() {
                return Err(TestCaseError::fail(format!("after {happening:?}: {error}")));
            }
        }
    }

    #[test]
    fn whatever_is_pressed_the_screen_holds(
        world in world(14, 6),
        size in size(),
        happenings in proptest::collection::vec(happening(), 1..60),
    ) {
        let mut play = Play::new(size, world.snapshots());
        play.check()?;
        play.happen(Happening::Sample);
        for happening in happenings {
            play.happen(happening.clone());
            if let Err(error) = play.check() {
                return Err(TestCaseError::fail(format!("after {happening:?}: {error}")));
            }
        }
    }
}
