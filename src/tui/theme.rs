//! Maps tones to terminal styles. Only the terminal's own sixteen colours and attributes are used,
//! so the dashboard fits light and dark backgrounds and any palette of the user; and every tone
//! comes with a sign or a word, so that the screen can be read without colour.

use ratatui::style::{Color, Modifier, Style};

use crate::tui::view::screen::Tone;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorMode {
    /// The sixteen ANSI colours of the terminal.
    #[default]
    Ansi16,
    /// Attributes only: `NO_COLOR`, `--no-color`, a dumb terminal.
    Monochrome,
}

/// Maps tones to styles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    pub color_mode: ColorMode,
}

impl Theme {
    /// Returns the style of a tone; `selected` is the line under the cursor.
    pub fn style(self, tone: Tone, selected: bool) -> Style {
        let style = Style::new().add_modifier(modifier(tone));
        let style = match (self.color_mode, color(tone)) {
            (ColorMode::Ansi16, Some(color)) if !selected => style.fg(color),
            _ => style,
        };
        // The cursor is one even bar: the tones' colours would make a patchwork of it.
        if selected {
            style
                .remove_modifier(Modifier::DIM)
                .add_modifier(Modifier::REVERSED)
        } else {
            style
        }
    }
}

const fn color(tone: Tone) -> Option<Color> {
    Some(match tone {
        Tone::Plain | Tone::Strong | Tone::Dim | Tone::Highlighted => return None,
        Tone::Heading | Tone::Accent => Color::Cyan,
        Tone::Opened | Tone::Established => Color::Green,
        Tone::Closed | Tone::Error => Color::Red,
        Tone::Changed | Tone::Warning | Tone::Handshake => Color::Yellow,
        // Plain blue is too dark to read on most dark backgrounds.
        Tone::Listening => Color::LightBlue,
        Tone::Closing | Tone::Unknown => Color::Magenta,
        Tone::Inference => return None,
    })
}

const fn modifier(tone: Tone) -> Modifier {
    match tone {
        Tone::Strong | Tone::Heading | Tone::Accent | Tone::Error => Modifier::BOLD,
        Tone::Dim => Modifier::DIM,
        Tone::Highlighted => Modifier::REVERSED.union(Modifier::BOLD),
        Tone::Inference | Tone::Unknown => Modifier::ITALIC,
        _ => Modifier::empty(),
    }
}
