//! Converts terminal events (crossterm) to [`Input`].

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::tui::keys::key::Key;

/// An input event from the terminal.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key, `None` if it has no name here, and the original event, for the line editor.
    Key(Option<Key>, Event),
    /// The text of a bracketed paste.
    Paste(String),
    /// A left click: column and line, from 0.
    Click(u16, u16),
    /// Lines to scroll with the wheel; negative is up.
    Wheel(i32),
    /// The new size: columns and lines.
    Resize(u16, u16),
}

/// Lines that one step of the wheel scrolls.
const WHEEL_LINES: i32 = 3;

impl Input {
    /// Converts an event; `None` for events the dashboard ignores, such as key releases.
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
