//! Tests screens as text: a recording, keys and a size give a file with two grids, the characters
//! and the tones, one letter a cell. `UPDATE_SCREENS=1 cargo test --test screens` writes the files
//! anew; read the diff before committing them.

mod support;

#[path = "support/fake_lab.rs"]
mod fake_lab;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
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

/// Defines one test per screen: its name, which is the name of the file with `_` for `-`; the
/// recording, the size, and a script: keys by their names in the help, `next` for the next sample,
/// `type:TEXT`, `named:NAME=FILTER`, `click:COLUMN,LINE`, `resize:COLUMNSxLINES`.
macro_rules! screens {
    ($($name:ident = $recording:literal, $size:expr, $script:literal;)*) => {
        const SCREEN_NAMES: &[&str] = &[$(stringify!($name)),*];

        mod screen {
            $(
                #[test]
                fn $name() {
                    super::check_screen(stringify!($name), $recording, $size, $script);
                }
            )*
        }
    };
}

screens! {
    web_ports = "web", (120, 36), "next";
    web_ports_open = "web", (120, 36), "next z";
    web_ports_small = "web", (80, 24), "next Space";
    web_ports_wide = "web", (200, 60), "next next z";
    web_ports_narrow = "web", (40, 10), "j j j Space j j j j";
    web_processes = "web", (120, 36), "2 next";
    web_processes_open = "web", (120, 36), "2 z next G";
    web_processes_narrow = "web", (40, 20), "2 z next";
    web_hosts = "web", (120, 36), "3 next";
    web_hosts_open = "web", (80, 24), "3 z next";
    web_sockets = "web", (120, 36), "4 next";
    web_sockets_small = "web", (80, 24), "4 next G";
    web_sockets_narrow = "web", (40, 10), "4";
    web_sockets_wide = "web", (200, 60), "4 next s s s s";
    web_too_small = "web", (39, 9), "";
    web_tiny = "web", (9, 2), "";
    web_sorted_by_sockets = "web", (80, 24), "s s next";
    web_sorted_by_rate = "web", (120, 24), "s s s S next";
    web_group_details = "web", (80, 24), "next G Enter";
    web_row_details = "web", (120, 36), "next / type:10022 Esc / type:443 Enter Space j j Enter";
    web_row_full = "web", (80, 40), "/ type:5432 Enter z j j j Enter Enter";
    web_group_full = "web", (80, 24), "/ type:nginx Enter Enter Enter";
    web_listener_full = "web", (80, 24), "/ type:nginx Enter j Space j Enter Enter";
    web_help = "web", (80, 24), "?";
    web_help_end = "web", (120, 60), "? PgDn PgDn PgDn";
    web_filter_typing = "web", (80, 24), "/ type:nginx";
    web_filter_error = "web", (80, 24), "/ type:nginx Space type:prot:tcp";
    // Enter does not apply an invalid filter; the last valid one still filters, and is named.
    web_filter_error_kept = "web", (100, 24), "/ type:nginx Enter / Space type:prot:tcp Enter";
    web_filter_error_narrow = "web", (40, 10), "/ type:10.0.0.999";
    web_filter_no_match = "web", (80, 24), "/ type:nobody Enter";
    web_quick_filter_udp = "web", (80, 24), "u z";
    web_quick_filter_no_match = "web", (80, 24), "u o o / type:22 Enter";
    web_paused = "web", (120, 24), "p next next";
    web_copied = "web", (80, 24), "c";
    socket_kinds_ports = "socket-kinds", (120, 60), "z";
    socket_kinds_leak_details = "socket-kinds", (80, 24), "/ type:18085 Enter Enter";
    socket_kinds_findings = "socket-kinds", (80, 24), "f j";
    socket_kinds_findings_wide = "socket-kinds", (120, 36), "f G";
    socket_kinds_findings_narrow = "socket-kinds", (40, 10), "f";
    socket_kinds_finding_opened = "socket-kinds", (80, 24), "3 / type:nobody Enter f j Enter";
    web_findings_none = "web", (80, 24), "next f";
    explain_row = "socket-kinds", (80, 24), "/ type:18085 Enter Space j j e";
    explain_row_wide = "socket-kinds", (120, 36), "/ type:18085 Enter Space j j e";
    explain_row_calls = "socket-kinds", (80, 24), "/ type:18087 Enter Space j j e 1";
    explain_row_kernel = "socket-kinds", (120, 36), "/ type:18085 Enter Space j j e 2";
    explain_row_wire = "socket-kinds", (120, 36), "/ type:18087 Enter G Space G e Tab Tab Tab";
    explain_row_standard = "socket-kinds", (80, 24), "/ type:18086 Enter Space j j e Shift-Tab";
    explain_row_narrow = "socket-kinds", (40, 10), "Space j j e PgDn";
    explain_row_exited = "socket-kinds", (80, 24), "Space j j e 3 e e";
    explain_port = "web", (120, 36), "/ type:443 Enter e";
    explain_port_wire = "web", (80, 24), "/ type:443 Enter e 3";
    explain_process = "web", (120, 36), "2 j e";
    explain_no_process = "unprivileged", (80, 24), "2 G k k e";
    explain_host = "web", (120, 36), "3 j e";
    explain_closed = "changes", (80, 24), "next z j j j e next next";
    explain_before_it_closed = "changes", (80, 24), "next z j j j e next next next [ [";
    explain_closed_and_dropped = "changes", (80, 24), "next z j j j e next next next";
    socket_vs_port = "web", (80, 24), "next v PgDn";
    socket_vs_port_narrow = "web", (40, 16), "next v";
    socket_vs_port_wide = "web", (120, 36), "next v";
    socket_vs_port_end = "socket-kinds", (200, 60), "v G";
    socket_kinds_sockets = "socket-kinds", (200, 60), "4";
    socket_kinds_processes = "socket-kinds", (80, 60), "2 z";
    unprivileged_ports = "unprivileged", (120, 36), "z";
    unprivileged_processes = "unprivileged", (80, 24), "2";
    unprivileged_row_full = "unprivileged", (80, 24), "Space j Enter Enter";
    names_ports = "names", (80, 24), "z";
    names_processes = "names", (120, 36), "2 z";
    names_full = "names", (80, 24), "2 / type:fifteen Enter Enter Enter";
    names_details = "names", (60, 30), "2 j j j Enter";
    names_narrow = "names", (40, 20), "z";
    ipv6_ports = "ipv6", (80, 24), "z";
    ipv6_hosts = "ipv6", (120, 36), "3 z";
    ipv6_sockets = "ipv6", (200, 24), "4";
    gaps_ports = "gaps", (80, 24), "z next";
    gaps_help = "gaps", (80, 24), "next ? PgDn PgDn PgDn PgDn PgDn PgDn";
    changes_1 = "changes", (80, 24), "z next";
    changes_2 = "changes", (80, 24), "z next next";
    changes_3 = "changes", (80, 24), "z next next next";
    changes_4 = "changes", (80, 24), "z next next next next";
    changes_paused = "changes", (80, 24), "z next p next next";
    changes_resumed = "changes", (80, 24), "z next p next next p";
    changes_clicked = "changes", (80, 24), "click:4,4 resize:60x16";
    filter_menu_port = "web", (80, 24), "=";
    filter_menu_row = "web", (120, 36), "Space j j j = Down Down";
    filter_menu_row_narrow = "web", (40, 10), "Space j j !";
    filter_menu_process = "web", (80, 24), "2 j !";
    filter_menu_applied = "web", (80, 24), "/ type:tcp Enter = Enter";
    filter_menu_exclude = "web", (80, 24), "! Enter";
    filter_menu_repeated = "web", (80, 24), "= Enter = Enter";
    complete_fields = "web", (80, 24), "/ type:p Tab";
    complete_all = "web", (120, 36), "/ Tab Tab Tab";
    complete_values = "web", (80, 24), "/ type:tcp Space type:proc: Tab";
    complete_narrow = "web", (40, 10), "/ type:proc: Tab Tab";
    complete_exited = "web", (80, 24), "/ type:state: Tab Tab Esc";
    complete_one = "web", (80, 24), "/ type:proc:ngi Tab";
    complete_no_match = "web", (80, 24), "/ type:xyzzy Tab";
    complete_names = "names", (80, 24), "/ type:proc: Tab";
    filter_history = "web", (80, 24), "/ type:nginx Enter / Esc / type:22 Enter / Esc / Up Up";
    filter_history_one_match = "web", (80, 24), "/ type:22 Enter / Esc / type:nginx Enter / Up";
    complete_quoted = "names", (80, 24), "/ type:proc:\"a Tab";
    help_text_input = "web", (100, 60), "?";
    palette = "web", (80, 24), "named:leaks=state:close-wait :";
    palette_narrowed = "web", (120, 36), "named:leaks=state:close-wait;web=proc:nginx : type:fil Down";
    palette_executed = "web", (80, 24), "named:leaks=state:close-wait / type:22 Enter : type:leaks Enter";
    palette_no_match = "web", (40, 10), ": type:xyzzy";
    tuple_table = "web", (80, 24), "next / type:443 Enter n";
    state_diagram = "web", (80, 24), "next / type:443 Enter n n";
    state_diagram_flat = "socket-kinds", (120, 40), "4 n n";
    tuple_table_flat = "web", (120, 36), "4 n";
    tuple_table_exited = "web", (80, 24), "n n Esc";
    presentation_ports = "web", (60, 15), "next P";
    presentation_wide = "web", (80, 24), "next P";
    presentation_unfolded = "web", (60, 15), "next P j Space j j";
    presentation_sockets = "web", (80, 24), "4 next P";
    presentation_tuple_table = "web", (60, 15), "next / type:443 Enter P n";
    presentation_off = "web", (80, 24), "P P";
    history = "close-events", (120, 36), "next next next next H";
    history_wide = "close-events", (200, 60), "next next next next next H s s";
    history_small = "close-events", (80, 24), "next next next next H j";
    history_narrow = "close-events", (40, 10), "next H";
    history_empty = "close-events", (80, 24), "H";
    history_filtered = "close-events", (120, 36), "next next next next next H / type:closed Space type:ended<59s Space type:lport:7000 Enter";
    history_row = "close-events", (100, 40), "next next next next H j j Enter Enter";
    history_exited = "close-events", (80, 24), "2 next H H";
    port_past_listeners = "past-listeners", (100, 30), "next next next next Enter";
    lessons = "lesson", (80, 24), "L";
    lessons_in_progress = "lesson", (80, 24), "progress:lesson_1_done;lesson_2_done;lesson_3_begun;quiz_4_3 L";
    lessons_small = "lesson", (40, 10), "L j j j j";
    lessons_save_failed = "lesson", (60, 15), "lesson:2 save-failed:progress_cannot_be_saved:_/home/ann/.local/state/portolan/lessons:_Permission_denied Esc";
    lessons_save_recovered = "lesson", (60, 15), "lesson:2 save-failed:progress_cannot_be_saved:_full save-failed: Esc";
    lesson_help = "lesson", (80, 24), "lesson:2 Enter ?";
    help_end = "lesson", (80, 24), "? G k";
    lesson_one_view = "lesson", (80, 24), "lesson:2 Enter Enter next 1 2 Tab H";
    lesson_idea = "lesson", (80, 24), "lesson:2";
    lesson_idea_wide = "lesson", (120, 36), "lesson:2";
    lesson_why = "lesson", (80, 24), "lesson:2 w";
    lesson_calls = "lesson", (80, 24), "lesson:2 Enter";
    lesson_calls_running = "lesson", (80, 24), "lesson:2 Enter Enter";
    lesson_listens = "lesson", (80, 24), "lesson:2 Enter Enter next";
    lesson_question = "lesson", (80, 24), "lesson:2 Enter Enter next Enter Enter i i";
    lesson_wrong = "lesson", (80, 24), "lesson:2 Enter Enter next Enter 4 Enter Enter next";
    lesson_right = "lesson", (120, 36), "lesson:2 Enter Enter next Enter 7 Enter Enter next";
    lesson_two_wrong_answers = "lesson", (80, 24), "lesson:2 Enter Enter next Enter 7 Enter Enter next Enter Enter 1 Enter 2 Enter Enter";
    // The expected result does not happen: the server never accepts.
    lesson_expectation_timeout = "lesson-without-accept", (80, 24), "lesson:2 Enter Enter next Enter 7 Enter Enter next Enter Enter 1 Enter 2 Enter Enter next:40";
    lesson_accepted = "lesson", (80, 24), "lesson:2 Enter Enter next Enter 7 Enter Enter next Enter Enter 4 Enter 1 Enter Enter next";
    lesson_tuple_table = "lesson", (80, 24), "lesson:2 Enter Enter next Enter 7 Enter Enter next n";
    lesson_state_diagram = "lesson", (120, 36), "lesson:2 Enter Enter next Enter 7 Enter Enter next n n";
    lesson_small = "lesson", (40, 10), "lesson:2 Enter Enter next Enter 4 Enter Enter next";
    lesson_presentation_mode = "lesson", (60, 15), "P lesson:2 Enter Enter next Enter 4 Enter Enter next";
    lesson_exited = "lesson", (80, 24), "/ type:22 Enter lesson:2 Enter Esc Esc";
    time_travel_back = "changes", (80, 24), "z next next next [ [";
    time_travel_forward = "changes", (80, 24), "z next next next [ [ [ next ]";
    time_travel_oldest = "web", (120, 36), "next next p Home j Enter";
    time_travel_newest = "changes", (60, 16), "next next { [ End ]";
    time_travel_to_live = "changes", (80, 24), "z next [ next next p";
    time_travel_history = "close-events", (100, 24), "next next next H [ [";
    time_travel_narrow = "changes", (40, 10), "next [ [";
    record = "web", (120, 36), "/ type:nginx Enter R Down";
    record_narrow = "web", (40, 10), "R";
    empty_ports = "empty", (80, 24), "";
    empty_sockets = "empty", (40, 10), "4 Enter";
}

/// Returns the path of the file of a screen.
fn screen_path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    folder.join(name.replace('_', "-")).with_extension("txt")
}

/// Compares a screen with its file; with `UPDATE_SCREENS`, writes the file instead.
fn check_screen(name: &str, recording_name: &str, size: (u16, u16), script: &str) {
    let path = screen_path(name);
    let drawn = render_script(name, recording_name, size, script);
    if env::var_os("UPDATE_SCREENS").is_some() {
        fs::write(path, drawn).expect("tests/screens can be written");
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        drawn == expected,
        "{}\nUPDATE_SCREENS=1 keeps this.",
        diff_lines(name, &expected, &drawn)
    );
}

#[test]
fn every_screen_file_has_a_test() {
    let files: Vec<PathBuf> = SCREEN_NAMES.iter().map(|name| screen_path(name)).collect();
    let folder = screen_path("any").with_file_name("");
    for entry in fs::read_dir(folder).expect("tests/screens").flatten() {
        let path = entry.path();
        assert!(files.contains(&path), "{} has no test", path.display());
    }
}

/// The program without its threads: requests to the engine are processed at once.
struct ScreenHarness {
    app: App,
    engine: Engine,
    samples: std::vec::IntoIter<Snapshot>,
    lab: FakeLab,
}

fn render_script(name: &str, recording_name: &str, size: (u16, u16), script: &str) -> String {
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
