//! Keys, clicks, resizes and responses in any order: the cursor stays on a line, stays visible, and
//! the screen keeps the size of the terminal.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use portolan::collect::SampleOutcome;
use portolan::lessons::catalog::lesson_by_number;
use portolan::lessons::lab_messages::LabRequest;
use portolan::net::services::Services;
use portolan::net::snapshot::{Gap, Snapshot};
use portolan::query::VisibleLine;
use portolan::runtime::engine::Engine;
use portolan::tui::effect::Effect;
use portolan::tui::engine_request::EngineRequest;
use portolan::tui::input::Input;
use portolan::tui::state::view_state::{Mode, ViewState};
use portolan::tui::update::app::App;
use portolan::tui::view::{ScreenLayout, draw};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::fake_lab::FakeLab;
use crate::scenario::scenario;

/// An event.
#[derive(Clone, Debug)]
enum AppEvent {
    Terminal(Event),
    /// The next sample is applied.
    Sample,
    /// A sample fails.
    SampleFailed,
    /// The engine answers the latest request.
    LatestResult,
    /// The engine answers the oldest unanswered request.
    StaleResult,
    /// The lab of a lesson carries out its request.
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

fn app_event() -> impl Strategy<Value = AppEvent> {
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
        12 => key().prop_map(AppEvent::Terminal),
        2 => mouse.prop_map(AppEvent::Terminal),
        1 => size().prop_map(|(c, r)| AppEvent::Terminal(Event::Resize(c, r))),
        1 => "[a-z0-9:\n日]{0,60}".prop_map(|t| AppEvent::Terminal(Event::Paste(t))),
        2 => Just(AppEvent::Sample),
        1 => Just(AppEvent::SampleFailed),
        5 => Just(AppEvent::LatestResult),
        1 => Just(AppEvent::StaleResult),
        2 => Just(AppEvent::Lab),
    ]
}

struct AppHarness {
    app: App,
    engine: Engine,
    samples: std::vec::IntoIter<Snapshot>,
    pending_queries: Vec<EngineRequest>,
    lab: FakeLab,
    lab_commands: Vec<(u64, LabRequest)>,
}

impl AppHarness {
    fn new(size: (u16, u16), samples: Vec<Snapshot>) -> Self {
        let view = ViewState::new(size, Duration::from_secs(1));
        let app = App::new(view, Arc::default(), Arc::new(Services::registry()));
        Self {
            pending_queries: vec![app.engine_request()],
            app,
            engine: Engine::default(),
            samples: samples.into_iter(),
            lab: FakeLab::default(),
            lab_commands: Vec::new(),
        }
    }

    fn apply(&mut self, app_event: AppEvent) {
        match app_event {
            AppEvent::Terminal(event) => {
                let effects = Input::from_event(event)
                    .map(|i| self.app.handle_input(i))
                    .unwrap_or_default();
                self.queue_effects(effects);
            }
            AppEvent::Lab => {
                let ordered = std::mem::take(&mut self.lab_commands);
                for (number, command) in ordered {
                    if let Some(news) = self.lab.execute(command) {
                        let effects = self.app.handle_lab_event(number, news);
                        self.queue_effects(effects);
                    }
                }
            }
            AppEvent::Sample => {
                if let Some(snapshot) = self.samples.next() {
                    self.engine
                        .apply_sample(SampleOutcome::Snapshot(Box::new(snapshot)));
                }
            }
            AppEvent::SampleFailed => {
                self.engine
                    .apply_sample(SampleOutcome::Failed(Gap::Sampler("for a test".into())));
            }
            AppEvent::LatestResult => {
                let latest = self.pending_queries.pop();
                self.pending_queries = latest.into_iter().collect();
                self.answer_first_query();
            }
            AppEvent::StaleResult => self.answer_first_query(),
        }
    }

    fn answer_first_query(&mut self) {
        let published = self
            .pending_queries
            .first()
            .and_then(|q| self.engine.respond(q));
        if let Some(published) = published {
            let effects = self.app.handle_response(published);
            self.queue_effects(effects);
        }
    }

    fn queue_effects(&mut self, effects: Vec<Effect>) {
        if effects.contains(&Effect::SendRequest) {
            self.pending_queries.push(self.app.engine_request());
        }
        self.lab_commands
            .extend(effects.into_iter().filter_map(|effect| match effect {
                Effect::Lab(number, command) => Some((number, command)),
                _ => None,
            }));
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let view = &self.app.view;
        if let Some(result) = &self.app.result {
            let line = self.app.lines.at(result, view.cursor);
            if self.app.lines.is_empty() {
                prop_assert_eq!((view.cursor, view.top), (0, 0));
            } else {
                prop_assert!(line.is_some(), "the cursor is below the last line");
                prop_assert!(
                    !matches!(line, Some(VisibleLine::Section(_))),
                    "the cursor is on a heading"
                );
                prop_assert_eq!(self.app.lines.id(result, view.cursor), view.selected);
            }
            let height = ScreenLayout::new(view).table_rows.max(1);
            prop_assert!(
                view.top <= view.cursor && view.cursor < view.top + height,
                "top {} cursor {} height {}",
                view.top,
                view.cursor,
                height
            );
        }
        let drawn = draw(
            view,
            self.app.result.as_deref(),
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
        let table_shows = ScreenLayout::shows_table(view)
            && !at_help
            && drawn.lines.len() >= 10
            && view.size.0 >= 40;
        if table_shows && self.app.result.is_some() && !self.app.lines.is_empty() {
            let selected = drawn.lines.iter().filter(|l| l.selected).count();
            // A menu may cover it.
            let least = usize::from(view.menu.is_none() && view.lessons.is_none());
            prop_assert!(
                (least..=1).contains(&selected),
                "{selected} lines are selected"
            );
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(crate::scenario::config_with_cases(192))]

    #[test]
    fn screen_invariants_hold_for_any_input_in_a_lesson(
        scenario in scenario(14, 6),
        size in size(),
        number in 1u8..=14,
        events in proptest::collection::vec(
            prop_oneof![
                3 => proptest::sample::select(vec![
                    KeyCode::Enter,
                    KeyCode::Char('1'),
                    KeyCode::Char('n'),
                    KeyCode::Char('i'),
                ])
                .prop_map(|code| AppEvent::Terminal(Event::Key(code.into()))),
                2 => Just(AppEvent::Lab),
                2 => app_event(),
            ],
            1..60,
        ),
    ) {
        let mut harness = AppHarness::new(size, scenario.snapshots());
        harness.apply(AppEvent::Sample);
        harness.apply(AppEvent::LatestResult);
        let effects = harness.app.open_lessons(lesson_by_number(number));
        harness.queue_effects(effects);
        for app_event in events {
            harness.apply(app_event.clone());
            if let Err(error) = harness.check() {
                return Err(TestCaseError::fail(format!("after {app_event:?}: {error}")));
            }
        }
    }

    #[test]
    fn screen_invariants_hold_for_any_input(
        scenario in scenario(14, 6),
        size in size(),
        events in proptest::collection::vec(app_event(), 1..60),
    ) {
        let mut harness = AppHarness::new(size, scenario.snapshots());
        harness.check()?;
        harness.apply(AppEvent::Sample);
        for app_event in events {
            harness.apply(app_event.clone());
            if let Err(error) = harness.check() {
                return Err(TestCaseError::fail(format!("after {app_event:?}: {error}")));
            }
        }
    }
}
