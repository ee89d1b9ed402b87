//! [`Screen`] → cells of a terminal.
//!
//! In: toned text. Out: ratatui's buffer. The only place, with `app`, that knows ratatui; it
//! decides how a meaning looks and nothing else.

mod theme;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

pub use theme::{Colours, Theme};

use crate::view::Screen;

/// Paints a screen.
#[derive(Clone, Copy, Debug)]
pub struct Chart<'a> {
    /// What is painted.
    pub screen: &'a Screen,
    /// How meanings look.
    pub theme: Theme,
}

impl Widget for Chart<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        for (line, y) in self.screen.lines.iter().zip(area.top()..area.bottom()) {
            let mut x = area.left();
            for span in &line.spans {
                let room = usize::from(area.right().saturating_sub(x));
                let style = self.theme.style(span.tone, line.selected);
                // set_stringn drops control characters: nothing a process is called can act.
                (x, _) = buffer.set_stringn(x, y, &span.text, room, style);
            }
            if line.selected && x < area.right() {
                let style = self.theme.style(crate::view::Tone::Plain, true);
                buffer.set_style(Rect::new(x, y, area.right() - x, 1), style);
            }
        }
    }
}
