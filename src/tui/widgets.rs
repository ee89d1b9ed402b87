//! Paints a [`Screen`] into a ratatui buffer.
//!
//! In: text with tones. Out: styled cells. Besides [`theme`](super::theme) and the runtime the only
//! place that uses ratatui.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::theme::Theme;
use crate::tui::view::screen::Screen;

/// Paints a screen.
#[derive(Clone, Copy, Debug)]
pub struct ScreenWidget<'a> {
    pub screen: &'a Screen,
    pub theme: Theme,
}

impl Widget for ScreenWidget<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        for (line, y) in self.screen.lines.iter().zip(area.top()..area.bottom()) {
            let bar = line
                .selection_end
                .and_then(|cells| u16::try_from(cells).ok());
            let end = match (line.selected, bar) {
                (false, _) => area.left(),
                (true, Some(cells)) => area.left().saturating_add(cells).min(area.right()),
                (true, None) => area.right(),
            };
            let mut x = area.left();
            for span in &line.spans {
                let room = usize::from(area.right().saturating_sub(x));
                let style = self.theme.style(span.tone, x < end);
                // set_stringn drops control characters: a process name cannot send escape codes.
                (x, _) = buffer.set_stringn(x, y, &span.text, room, style);
            }
            if x < end {
                let style = self
                    .theme
                    .style(crate::tui::view::screen::Tone::Plain, true);
                buffer.set_style(Rect::new(x, y, end - x, 1), style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier};

    use super::*;
    use crate::tui::theme::ColorMode;
    use crate::tui::view::screen::{StyledLine, Tone};

    fn render_lines(lines: Vec<StyledLine>, color_mode: ColorMode, size: (u16, u16)) -> Buffer {
        let screen = Screen {
            lines,
            cursor: None,
        };
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        let theme = Theme { color_mode };
        ScreenWidget {
            screen: &screen,
            theme,
        }
        .render(buffer.area, &mut buffer);
        buffer
    }

    fn symbols(buffer: &Buffer, y: u16) -> String {
        (0..buffer.area.width)
            .map(|x| buffer[(x, y)].symbol())
            .collect()
    }

    fn line(spans: &[(&str, Tone)]) -> StyledLine {
        let mut line = StyledLine::default();
        spans
            .iter()
            .for_each(|(text, tone)| line.push(*text, *tone));
        line
    }

    #[test]
    fn a_tone_becomes_a_style() {
        let lines = vec![line(&[("+ ", Tone::Opened), ("new", Tone::Error)])];
        let buffer = render_lines(lines, ColorMode::Ansi16, (8, 1));
        assert_eq!(symbols(&buffer, 0), "+ new   ");
        assert_eq!(buffer[(0, 0)].fg, Color::Green);
        assert_eq!(buffer[(2, 0)].fg, Color::Red);
        assert_eq!(buffer[(2, 0)].modifier, Modifier::BOLD);
        assert_eq!(buffer[(7, 0)].fg, Color::Reset);
    }

    #[test]
    fn without_colours_only_attributes_are_left() {
        let tones = [Tone::Opened, Tone::Warning, Tone::Dim, Tone::Unknown];
        let spans: Vec<(&str, Tone)> = tones.map(|tone| ("x", tone)).to_vec();
        let buffer = render_lines(vec![line(&spans)], ColorMode::Monochrome, (4, 1));
        assert!((0..4).all(|x| buffer[(x, 0)].fg == Color::Reset));
        assert_eq!(buffer[(2, 0)].modifier, Modifier::DIM);
        assert_eq!(buffer[(3, 0)].modifier, Modifier::ITALIC);
    }

    #[test]
    fn selection_bar_is_uniform_and_spans_the_line() {
        let mut selected = line(&[("a", Tone::Opened), ("b", Tone::Dim), ("c", Tone::Warning)]);
        selected.selected = true;
        let buffer = render_lines(
            vec![StyledLine::default(), selected],
            ColorMode::Ansi16,
            (6, 2),
        );
        let bar = |x| &buffer[(x, 1)];
        assert!((0..6).all(|x| bar(x).modifier.contains(Modifier::REVERSED)));
        assert!((0..6).all(|x| bar(x).fg == Color::Reset));
        assert!(!bar(1).modifier.contains(Modifier::DIM));
        assert!((0..6).all(|x| buffer[(x, 0)].modifier.is_empty()));
    }

    #[test]
    fn wide_characters_take_two_cells_and_never_half() {
        let buffer = render_lines(
            vec![line(&[("日本x", Tone::Plain)])],
            ColorMode::Monochrome,
            (5, 1),
        );
        assert_eq!(buffer[(0, 0)].symbol(), "日");
        assert_eq!(buffer[(2, 0)].symbol(), "本");
        assert_eq!(buffer[(4, 0)].symbol(), "x");
        let cut = render_lines(
            vec![line(&[("日本", Tone::Plain)])],
            ColorMode::Monochrome,
            (3, 1),
        );
        assert_eq!(cut[(0, 0)].symbol(), "日");
        assert_eq!(cut[(2, 0)].symbol(), " ");
    }

    #[test]
    fn control_characters_are_not_rendered() {
        let hostile = "a\u{1b}[31mb\u{7}\u{8}\n\tc\u{9b}d";
        let buffer = render_lines(
            vec![line(&[(hostile, Tone::Plain)])],
            ColorMode::Monochrome,
            (20, 2),
        );
        assert_eq!(symbols(&buffer, 0).trim_end(), "a[31mbcd");
        let all = buffer.content.iter().flat_map(|cell| cell.symbol().chars());
        assert!(!all.into_iter().any(char::is_control));
        assert_eq!(symbols(&buffer, 1).trim_end(), "");
    }

    #[test]
    fn a_screen_larger_than_the_area_is_cut() {
        let lines = vec![line(&[("abcdef", Tone::Plain)]); 4];
        let buffer = render_lines(lines, ColorMode::Monochrome, (3, 2));
        assert_eq!(
            (symbols(&buffer, 0), symbols(&buffer, 1)),
            ("abc".into(), "abc".into())
        );
    }
}
