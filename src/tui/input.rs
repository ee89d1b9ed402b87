//! The thread that blocks on the terminal, and what its keys are called here.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::tui::keys::key::Key;

/// What came from the terminal.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key, and the event it came as, for the line editor.
    Key(Option<Key>, Event),
    /// Pasted text.
    Paste(String),
    /// A click: column and line.
    Click(u16, u16),
    /// The wheel: lines, negative upwards.
    Wheel(i32),
    /// The terminal has another size.
    Resize(u16, u16),
}

/// Lines one turn of the wheel moves.
const WHEEL_LINES: i32 = 3;

impl Input {
    /// What an event of the terminal comes to; `None` where it means nothing here.
    pub fn from_event(event: Event) -> Option<Self> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                Some(Self::Key(key_from_event(key), event))
            }
            Event::Mouse(mouse) => from_mouse(mouse),
            Event::Paste(text) => Some(Self::Paste(text)),
            Event::Resize(columns, rows) => Some(Self::Resize(columns, rows)),
            Event::Key(_) | Event::FocusGained | Event::FocusLost => None,
        }
    }
}

fn from_mouse(mouse: MouseEvent) -> Option<Input> {
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Input::Click(mouse.column, mouse.row)),
        MouseEventKind::ScrollUp => Some(Input::Wheel(-WHEEL_LINES)),
        MouseEventKind::ScrollDown => Some(Input::Wheel(WHEEL_LINES)),
        _ => None,
    }
}

fn key_from_event(key: KeyEvent) -> Option<Key> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char(c) if ctrl => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(n) => Key::F(n),
        _ => return None,
    })
}
