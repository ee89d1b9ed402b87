//! Tests screens as text: a recording, keys and a size give a file with two grids, the characters
//! and the tones, one letter a cell. `UPDATE_SCREENS=1 cargo test --test screens` writes the files
//! anew; read the diff before committing them.

mod support;

#[path = "support/fake_lab.rs"]
mod fake_lab;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use fake_lab::FakeLab;
use portolan::collect::{SampleOutcome, SourceReason};
use portolan::lessons::catalog::lesson_by_number;
use portolan::lessons::progress::LessonProgress;
use portolan::net::services::Services;
use portolan::net::snapshot::{Snapshot, SourceKind};
use portolan::runtime::engine::Engine;
use portolan::tui::effect::{Effect, StateFile};
use portolan::tui::input::Input;
use portolan::tui::state::view_state::{SourceInfo, ViewState};
use portolan::tui::update::NamedFilter;
use portolan::tui::update::app::App;
use portolan::tui::view::{Screen, StyledLine, Tone, draw};
use support::text_recording::load_recording;
use unicode_width::UnicodeWidthStr;

/// File, recording, size, and what happens: keys by their names in the help, `next` for the next
/// sample, `type:TEXT`, `named:NAME=FILTER`, `click:COLUMN,LINE`, `resize:COLUMNSxLINES`.
type Case = (&'static str, &'static str, (u16, u16), &'static str);

const CASES: &[Case] = &[
    ("web-ports", "web", (120, 36), "next"),
    ("web-ports-open", "web", (120, 36), "next z"),
    ("web-ports-small", "web", (80, 24), "next Space"),
    ("web-ports-wide", "web", (200, 60), "next next z"),
    ("web-ports-narrow", "web", (40, 10), "j j j Space j j j j"),
    ("web-processes", "web", (120, 36), "2 next"),
    ("web-processes-open", "web", (120, 36), "2 z next G"),
    ("web-processes-narrow", "web", (40, 20), "2 z next"),
    ("web-hosts", "web", (120, 36), "3 next"),
    ("web-hosts-open", "web", (80, 24), "3 z next"),
    ("web-sockets", "web", (120, 36), "4 next"),
    ("web-sockets-small", "web", (80, 24), "4 next G"),
    ("web-sockets-narrow", "web", (40, 10), "4"),
    ("web-sockets-wide", "web", (200, 60), "4 next s s s s"),
    ("web-too-small", "web", (39, 9), ""),
    ("web-tiny", "web", (9, 2), ""),
    ("web-sorted-by-sockets", "web", (80, 24), "s s next"),
    ("web-sorted-by-rate", "web", (120, 24), "s s s S next"),
    ("web-group-details", "web", (80, 24), "next G Enter"),
    (
        "web-row-details",
        "web",
        (120, 36),
        "next / type:10022 Esc / type:443 Enter Space j j Enter",
    ),
    (
        "web-row-full",
        "web",
        (80, 40),
        "/ type:5432 Enter z j j j Enter Enter",
    ),
    (
        "web-group-full",
        "web",
        (80, 24),
        "/ type:nginx Enter Enter Enter",
    ),
    (
        "web-listener-full",
        "web",
        (80, 24),
        "/ type:nginx Enter j Space j Enter Enter",
    ),
    ("web-help", "web", (80, 24), "?"),
    ("web-help-end", "web", (120, 60), "? PgDn PgDn PgDn"),
    ("web-filter-typing", "web", (80, 24), "/ type:nginx"),
    (
        "web-filter-error",
        "web",
        (80, 24),
        "/ type:nginx Space type:prot:tcp",
    ),
    // Enter does not apply an invalid filter; the last valid one still filters, and is named.
    (
        "web-filter-error-kept",
        "web",
        (100, 24),
        "/ type:nginx Enter / Space type:prot:tcp Enter",
    ),
    (
        "web-filter-error-narrow",
        "web",
        (40, 10),
        "/ type:10.0.0.999",
    ),
    (
        "web-filter-no-match",
        "web",
        (80, 24),
        "/ type:nobody Enter",
    ),
    ("web-quick-filter-udp", "web", (80, 24), "u z"),
    (
        "web-quick-filter-no-match",
        "web",
        (80, 24),
        "u o o / type:22 Enter",
    ),
    ("web-paused", "web", (120, 24), "p next next"),
    ("web-copied", "web", (80, 24), "c"),
    ("socket-kinds-ports", "socket-kinds", (120, 60), "z"),
    (
        "socket-kinds-leak-details",
        "socket-kinds",
        (80, 24),
        "/ type:18085 Enter Enter",
    ),
    ("socket-kinds-findings", "socket-kinds", (80, 24), "f j"),
    (
        "socket-kinds-findings-wide",
        "socket-kinds",
        (120, 36),
        "f G",
    ),
    (
        "socket-kinds-findings-narrow",
        "socket-kinds",
        (40, 10),
        "f",
    ),
    (
        "socket-kinds-finding-opened",
        "socket-kinds",
        (80, 24),
        "3 / type:nobody Enter f j Enter",
    ),
    ("web-findings-none", "web", (80, 24), "next f"),
    (
        "explain-row",
        "socket-kinds",
        (80, 24),
        "/ type:18085 Enter Space j j e",
    ),
    (
        "explain-row-wide",
        "socket-kinds",
        (120, 36),
        "/ type:18085 Enter Space j j e",
    ),
    (
        "explain-row-calls",
        "socket-kinds",
        (80, 24),
        "/ type:18087 Enter Space j j e 1",
    ),
    (
        "explain-row-kernel",
        "socket-kinds",
        (120, 36),
        "/ type:18085 Enter Space j j e 2",
    ),
    (
        "explain-row-wire",
        "socket-kinds",
        (120, 36),
        "/ type:18087 Enter G Space G e Tab Tab Tab",
    ),
    (
        "explain-row-standard",
        "socket-kinds",
        (80, 24),
        "/ type:18086 Enter Space j j e Shift-Tab",
    ),
    (
        "explain-row-narrow",
        "socket-kinds",
        (40, 10),
        "Space j j e PgDn",
    ),
    (
        "explain-row-exited",
        "socket-kinds",
        (80, 24),
        "Space j j e 3 e e",
    ),
    ("explain-port", "web", (120, 36), "/ type:443 Enter e"),
    ("explain-port-wire", "web", (80, 24), "/ type:443 Enter e 3"),
    ("explain-process", "web", (120, 36), "2 j e"),
    ("explain-no-process", "unprivileged", (80, 24), "2 G k k e"),
    ("explain-host", "web", (120, 36), "3 j e"),
    (
        "explain-closed",
        "changes",
        (80, 24),
        "next z j j j e next next",
    ),
    (
        "explain-before-it-closed",
        "changes",
        (80, 24),
        "next z j j j e next next next [ [",
    ),
    (
        "explain-closed-and-dropped",
        "changes",
        (80, 24),
        "next z j j j e next next next",
    ),
    ("socket-vs-port", "web", (80, 24), "next v PgDn"),
    ("socket-vs-port-narrow", "web", (40, 16), "next v"),
    ("socket-vs-port-wide", "web", (120, 36), "next v"),
    ("socket-vs-port-end", "socket-kinds", (200, 60), "v G"),
    ("socket-kinds-sockets", "socket-kinds", (200, 60), "4"),
    ("socket-kinds-processes", "socket-kinds", (80, 60), "2 z"),
    ("unprivileged-ports", "unprivileged", (120, 36), "z"),
    ("unprivileged-processes", "unprivileged", (80, 24), "2"),
    (
        "unprivileged-row-full",
        "unprivileged",
        (80, 24),
        "Space j Enter Enter",
    ),
    ("names-ports", "names", (80, 24), "z"),
    ("names-processes", "names", (120, 36), "2 z"),
    (
        "names-full",
        "names",
        (80, 24),
        "2 / type:fifteen Enter Enter Enter",
    ),
    ("names-details", "names", (60, 30), "2 j j j Enter"),
    ("names-narrow", "names", (40, 20), "z"),
    ("ipv6-ports", "ipv6", (80, 24), "z"),
    ("ipv6-hosts", "ipv6", (120, 36), "3 z"),
    ("ipv6-sockets", "ipv6", (200, 24), "4"),
    ("gaps-ports", "gaps", (80, 24), "z next"),
    (
        "gaps-help",
        "gaps",
        (80, 24),
        "next ? PgDn PgDn PgDn PgDn PgDn PgDn",
    ),
    ("changes-1", "changes", (80, 24), "z next"),
    ("changes-2", "changes", (80, 24), "z next next"),
    ("changes-3", "changes", (80, 24), "z next next next"),
    ("changes-4", "changes", (80, 24), "z next next next next"),
    ("changes-paused", "changes", (80, 24), "z next p next next"),
    (
        "changes-resumed",
        "changes",
        (80, 24),
        "z next p next next p",
    ),
    (
        "changes-clicked",
        "changes",
        (80, 24),
        "click:4,4 resize:60x16",
    ),
    ("filter-menu-port", "web", (80, 24), "="),
    (
        "filter-menu-row",
        "web",
        (120, 36),
        "Space j j j = Down Down",
    ),
    ("filter-menu-row-narrow", "web", (40, 10), "Space j j !"),
    ("filter-menu-process", "web", (80, 24), "2 j !"),
    (
        "filter-menu-applied",
        "web",
        (80, 24),
        "/ type:tcp Enter = Enter",
    ),
    ("filter-menu-exclude", "web", (80, 24), "! Enter"),
    ("filter-menu-repeated", "web", (80, 24), "= Enter = Enter"),
    ("complete-fields", "web", (80, 24), "/ type:p Tab"),
    ("complete-all", "web", (120, 36), "/ Tab Tab Tab"),
    (
        "complete-values",
        "web",
        (80, 24),
        "/ type:tcp Space type:proc: Tab",
    ),
    ("complete-narrow", "web", (40, 10), "/ type:proc: Tab Tab"),
    (
        "complete-exited",
        "web",
        (80, 24),
        "/ type:state: Tab Tab Esc",
    ),
    ("complete-one", "web", (80, 24), "/ type:proc:ngi Tab"),
    ("complete-no-match", "web", (80, 24), "/ type:xyzzy Tab"),
    ("complete-names", "names", (80, 24), "/ type:proc: Tab"),
    (
        "filter-history",
        "web",
        (80, 24),
        "/ type:nginx Enter / Esc / type:22 Enter / Esc / Up Up",
    ),
    (
        "filter-history-one-match",
        "web",
        (80, 24),
        "/ type:22 Enter / Esc / type:nginx Enter / Up",
    ),
    ("complete-quoted", "names", (80, 24), "/ type:proc:\"a Tab"),
    ("help-text-input", "web", (100, 60), "?"),
    ("palette", "web", (80, 24), "named:leaks=state:close-wait :"),
    (
        "palette-narrowed",
        "web",
        (120, 36),
        "named:leaks=state:close-wait;web=proc:nginx : type:fil Down",
    ),
    (
        "palette-executed",
        "web",
        (80, 24),
        "named:leaks=state:close-wait / type:22 Enter : type:leaks Enter",
    ),
    ("palette-no-match", "web", (40, 10), ": type:xyzzy"),
    ("tuple-table", "web", (80, 24), "next / type:443 Enter n"),
    (
        "state-diagram",
        "web",
        (80, 24),
        "next / type:443 Enter n n",
    ),
    ("state-diagram-flat", "socket-kinds", (120, 40), "4 n n"),
    ("tuple-table-flat", "web", (120, 36), "4 n"),
    ("tuple-table-exited", "web", (80, 24), "n n Esc"),
    ("presentation-ports", "web", (60, 15), "next P"),
    ("presentation-wide", "web", (80, 24), "next P"),
    (
        "presentation-unfolded",
        "web",
        (60, 15),
        "next P j Space j j",
    ),
    ("presentation-sockets", "web", (80, 24), "4 next P"),
    (
        "presentation-tuple-table",
        "web",
        (60, 15),
        "next / type:443 Enter P n",
    ),
    ("presentation-off", "web", (80, 24), "P P"),
    (
        "history",
        "close-events",
        (120, 36),
        "next next next next H",
    ),
    (
        "history-wide",
        "close-events",
        (200, 60),
        "next next next next next H s s",
    ),
    (
        "history-small",
        "close-events",
        (80, 24),
        "next next next next H j",
    ),
    ("history-narrow", "close-events", (40, 10), "next H"),
    ("history-empty", "close-events", (80, 24), "H"),
    (
        "history-filtered",
        "close-events",
        (120, 36),
        "next next next next next H / type:closed Space type:ended<59s Space type:lport:7000 Enter",
    ),
    (
        "history-row",
        "close-events",
        (100, 40),
        "next next next next H j j Enter Enter",
    ),
    ("history-exited", "close-events", (80, 24), "2 next H H"),
    (
        "port-past-listeners",
        "past-listeners",
        (100, 30),
        "next next next next Enter",
    ),
    ("lessons", "lesson", (80, 24), "L"),
    (
        "lessons-in-progress",
        "lesson",
        (80, 24),
        "progress:lesson_1_done;lesson_2_done;lesson_3_begun;quiz_4_3 L",
    ),
    ("lessons-small", "lesson", (40, 10), "L j j j j"),
    (
        "lessons-save-failed",
        "lesson",
        (60, 15),
        "lesson:2 save-failed:progress_cannot_be_saved:_/home/ann/.local/state/portolan/lessons:_Permission_denied Esc",
    ),
    (
        "lessons-save-recovered",
        "lesson",
        (60, 15),
        "lesson:2 save-failed:progress_cannot_be_saved:_full save-failed: Esc",
    ),
    ("lesson-help", "lesson", (80, 24), "lesson:2 Enter ?"),
    ("help-end", "lesson", (80, 24), "? G k"),
    (
        "lesson-one-view",
        "lesson",
        (80, 24),
        "lesson:2 Enter Enter next 1 2 Tab H",
    ),
    ("lesson-idea", "lesson", (80, 24), "lesson:2"),
    ("lesson-idea-wide", "lesson", (120, 36), "lesson:2"),
    ("lesson-why", "lesson", (80, 24), "lesson:2 w"),
    ("lesson-calls", "lesson", (80, 24), "lesson:2 Enter"),
    (
        "lesson-calls-running",
        "lesson",
        (80, 24),
        "lesson:2 Enter Enter",
    ),
    (
        "lesson-listens",
        "lesson",
        (80, 24),
        "lesson:2 Enter Enter next",
    ),
    (
        "lesson-question",
        "lesson",
        (80, 24),
        "lesson:2 Enter Enter next Enter Enter i i",
    ),
    (
        "lesson-wrong",
        "lesson",
        (80, 24),
        "lesson:2 Enter Enter next Enter 4 Enter Enter next",
    ),
    (
        "lesson-right",
        "lesson",
        (120, 36),
        "lesson:2 Enter Enter next Enter 7 Enter Enter next",
    ),
    (
        "lesson-two-wrong-answers",
        "lesson",
        (80, 24),
        "lesson:2 Enter Enter next Enter 7 Enter Enter next Enter Enter 1 Enter 2 Enter Enter",
    ),
    // The expected result does not happen: the server never accepts.
    (
        "lesson-expectation-timeout",
        "lesson-without-accept",
        (80, 24),
        "lesson:2 Enter Enter next Enter 7 Enter Enter next Enter Enter 1 Enter 2 Enter Enter next:40",
    ),
    (
        "lesson-accepted",
        "lesson",
        (80, 24),
        "lesson:2 Enter Enter next Enter 7 Enter Enter next Enter Enter 4 Enter 1 Enter Enter next",
    ),
    (
        "lesson-tuple-table",
        "lesson",
        (80, 24),
        "lesson:2 Enter Enter next Enter 7 Enter Enter next n",
    ),
    (
        "lesson-state-diagram",
        "lesson",
        (120, 36),
        "lesson:2 Enter Enter next Enter 7 Enter Enter next n n",
    ),
    (
        "lesson-small",
        "lesson",
        (40, 10),
        "lesson:2 Enter Enter next Enter 4 Enter Enter next",
    ),
    (
        "lesson-presentation-mode",
        "lesson",
        (60, 15),
        "P lesson:2 Enter Enter next Enter 4 Enter Enter next",
    ),
    (
        "lesson-exited",
        "lesson",
        (80, 24),
        "/ type:22 Enter lesson:2 Enter Esc Esc",
    ),
    (
        "time-travel-back",
        "changes",
        (80, 24),
        "z next next next [ [",
    ),
    (
        "time-travel-forward",
        "changes",
        (80, 24),
        "z next next next [ [ [ next ]",
    ),
    (
        "time-travel-oldest",
        "web",
        (120, 36),
        "next next p Home j Enter",
    ),
    (
        "time-travel-newest",
        "changes",
        (60, 16),
        "next next { [ End ]",
    ),
    (
        "time-travel-to-live",
        "changes",
        (80, 24),
        "z next [ next next p",
    ),
    (
        "time-travel-history",
        "close-events",
        (100, 24),
        "next next next H [ [",
    ),
    ("time-travel-narrow", "changes", (40, 10), "next [ ["),
    ("record", "web", (120, 36), "/ type:nginx Enter R Down"),
    ("record-narrow", "web", (40, 10), "R"),
    ("empty-ports", "empty", (80, 24), ""),
    ("empty-sockets", "empty", (40, 10), "4 Enter"),
];

#[test]
fn screens_match_the_expected_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    let update = env::var_os("UPDATE_SCREENS").is_some();
    let mut differences = String::new();
    for case in CASES {
        let path = folder.join(case.0).with_extension("txt");
        let drawn = render_case(case);
        if update {
            fs::write(&path, drawn).expect("tests/screens can be written");
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if drawn != expected {
            differences.push_str(&diff_lines(case.0, &expected, &drawn));
        }
    }
    assert!(
        differences.is_empty(),
        "{differences}\nUPDATE_SCREENS=1 keeps these."
    );
}

#[test]
fn every_screen_file_has_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    for entry in fs::read_dir(folder).expect("tests/screens").flatten() {
        let path = entry.path();
        let name = path.file_stem().and_then(|n| n.to_str()).expect("a name");
        assert!(CASES.iter().any(|c| c.0 == name), "{name} is left over");
    }
}

/// The program without its threads: requests to the engine are processed at once.
struct ScreenHarness {
    app: App,
    engine: Engine,
    samples: std::vec::IntoIter<Snapshot>,
    lab: FakeLab,
}

fn render_case(&(name, recording_name, size, script): &Case) -> String {
    let mut view = ViewState::new(size, Duration::from_secs(1));
    let samples = load_recording(recording_name);
    let source = samples.first().expect("a sample").source;
    let reason = match source {
        SourceKind::SockDiag => SourceReason::Best,
        _ => SourceReason::Fallback("sock_diag was refused by the system: no permission".into()),
    };
    view.source = Some(SourceInfo::new(source, &reason));
    let mut play = ScreenHarness {
        app: App::new(view, Arc::default(), Arc::new(Services::registry())),
        engine: Engine::default(),
        samples: samples.into_iter(),
        lab: FakeLab::default(),
    };
    play.next_sample();
    for word in script.split_whitespace() {
        play.apply(word)
            .unwrap_or_else(|| panic!("{name}: what is {word}?"));
    }
    let app = &play.app;
    let screen = draw(&app.view, app.result.as_deref(), &app.lines, &app.services);
    let (columns, rows) = app.view.size;
    let title = format!("{recording_name}, {columns}x{rows}: {script}\n");
    title + &grids(&screen)
}

impl ScreenHarness {
    fn next_sample(&mut self) {
        let sample = self.samples.next().expect("no further sample");
        self.engine
            .apply_sample(SampleOutcome::Snapshot(Box::new(sample)));
        self.run_query();
    }

    fn run_query(&mut self) {
        while let Some(published) = self.engine.respond(&self.app.engine_request()) {
            if !self
                .app
                .handle_response(published)
                .contains(&Effect::SendRequest)
            {
                return;
            }
        }
    }

    fn apply(&mut self, word: &str) -> Option<()> {
        if word == "next" {
            self.next_sample();
        } else if let Some(count) = word.strip_prefix("next:") {
            (0..count.parse().ok()?).for_each(|_| self.next_sample());
        } else if let Some(text) = word.strip_prefix("type:") {
            text.chars().for_each(|c| self.press(KeyCode::Char(c)));
        } else if let Some(filters) = word.strip_prefix("named:") {
            let named = filters.split(';').filter_map(|f| f.split_once('='));
            let named = named.map(|(name, text)| NamedFilter {
                name: name.into(),
                text: text.into(),
            });
            self.app.named_filters = named.collect();
        } else if let Some(place) = word.strip_prefix("click:") {
            let (column, row) = place.split_once(',')?;
            self.send_event(Event::Mouse(MouseEvent {
                kind: MouseEventKind::Down(MouseButton::Left),
                column: column.parse().ok()?,
                row: row.parse().ok()?,
                modifiers: KeyModifiers::NONE,
            }));
        } else if let Some(number) = word.strip_prefix("lesson:") {
            let lesson = lesson_by_number(number.parse().ok()?)?;
            let effects = self.app.open_lessons(Some(lesson));
            self.run_effects(effects);
        } else if let Some(lines) = word.strip_prefix("progress:") {
            let lines = lines.replace('_', " ").replace(';', "\n");
            self.app
                .set_progress(&LessonProgress::parse(lines.as_bytes()), None);
        } else if let Some(word) = word.strip_prefix("save-failed:") {
            let word = (!word.is_empty()).then(|| word.replace('_', " "));
            self.app.set_save_error(StateFile::Progress, word);
        } else if let Some(size) = word.strip_prefix("resize:") {
            let (columns, rows) = size.split_once('x')?;
            self.send_event(Event::Resize(columns.parse().ok()?, rows.parse().ok()?));
        } else {
            self.press(parse_key(word)?);
        }
        Some(())
    }

    fn press(&mut self, code: KeyCode) {
        self.send_event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn send_event(&mut self, event: Event) {
        let input = Input::from_event(event).expect("something the program knows");
        let effects = self.app.handle_input(input);
        self.run_effects(effects);
    }

    fn run_effects(&mut self, effects: Vec<Effect>) {
        if effects.contains(&Effect::SendRequest) {
            self.run_query();
        }
        for effect in effects {
            if let Effect::Lab(number, command) = effect
                && let Some(news) = self.lab.execute(command)
            {
                let more = self.app.handle_lab_event(number, news);
                self.run_effects(more);
            }
        }
    }
}

fn parse_key(name: &str) -> Option<KeyCode> {
    let mut characters = name.chars();
    Some(match (name, characters.next(), characters.next()) {
        ("Space", ..) => KeyCode::Char(' '),
        ("Enter", ..) => KeyCode::Enter,
        ("Esc", ..) => KeyCode::Esc,
        ("Tab", ..) => KeyCode::Tab,
        ("Shift-Tab", ..) => KeyCode::BackTab,
        ("Up", ..) => KeyCode::Up,
        ("Down", ..) => KeyCode::Down,
        ("PgDn", ..) => KeyCode::PageDown,
        ("PgUp", ..) => KeyCode::PageUp,
        ("Home", ..) => KeyCode::Home,
        ("End", ..) => KeyCode::End,
        (_, Some(c), None) => KeyCode::Char(c),
        _ => return None,
    })
}

/// Returns the characters, then the tones; `>` precedes the line under the cursor.
fn grids(screen: &Screen) -> String {
    let mut out = String::new();
    for of in [StyledLine::text, tones] {
        for line in &screen.lines {
            let edge = if line.selected { '>' } else { '|' };
            let _ = writeln!(out, "{edge}{}", of(line).trim_end());
        }
        out.push('\n');
    }
    if let Some((x, y)) = screen.cursor {
        let _ = writeln!(out, "text cursor: column {x}, line {y}");
    }
    out
}

/// Returns the tones of a line, one letter a cell; spaces stay spaces.
fn tones(line: &StyledLine) -> String {
    let mut out = String::new();
    for span in &line.spans {
        for c in span.text.split_inclusive(|_| true) {
            let letter = if c == " " {
                ' '
            } else {
                tone_letter(span.tone)
            };
            out.extend(std::iter::repeat_n(letter, c.width()));
        }
    }
    out
}

const fn tone_letter(tone: Tone) -> char {
    match tone {
        Tone::Plain => '.',
        Tone::Dim => 'd',
        Tone::Strong => 's',
        Tone::Heading => 'h',
        Tone::Accent => 'a',
        Tone::Highlighted => 'l',
        Tone::Opened => '+',
        Tone::Closed => '-',
        Tone::Changed => '~',
        Tone::Warning => 'w',
        Tone::Error => 'x',
        Tone::Inference => 'i',
        Tone::Unknown => '?',
        Tone::Established => 'E',
        Tone::Listening => 'L',
        Tone::Handshake => 'S',
        Tone::Closing => 'T',
    }
}

/// Returns the lines that differ, the expected above the drawn.
fn diff_lines(name: &str, expected: &str, drawn: &str) -> String {
    let mut out = format!("\n{name}:\n");
    let (expected, drawn): (Vec<_>, Vec<_>) = (expected.lines().collect(), drawn.lines().collect());
    for number in 0..expected.len().max(drawn.len()) {
        let (a, b) = (expected.get(number), drawn.get(number));
        if a != b {
            let _ = writeln!(out, "  - {}", a.unwrap_or(&""));
            let _ = writeln!(out, "  + {}", b.unwrap_or(&""));
        }
    }
    out
}
