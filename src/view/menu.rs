//! A list to choose from, laid over the chart: candidates, what a row is, the palette.
//!
//! In: a [`Menu`] and the lines drawn so far. Out: the same lines with a box over some of them.
//! What is chosen has a sign in front, so it is seen without colours, too.

use unicode_segmentation::UnicodeSegmentation;

use crate::view::cells::{cut, left, right, width};
use crate::view::screen::{Line, Span, Tone};
use crate::view::state::ViewState;

/// Something to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What is chosen.
    pub text: String,
    /// How many there are, or the key.
    pub figure: String,
    /// What it is, in words.
    pub note: String,
}

/// Where the box stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// Under the line that is typed, at this byte of the filter.
    Typed(usize),
    /// Beside the row under the cursor.
    #[default]
    Row,
}

/// A list with one of its items chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    /// What it is for; under the line that is typed it is only said where nothing is left.
    pub title: String,
    /// What there is to choose.
    pub items: Vec<Item>,
    /// Which one is chosen.
    pub chosen: Option<usize>,
    /// Where it stands.
    pub anchor: Anchor,
    /// How many there are besides those of the list.
    pub more: usize,
}

impl Menu {
    /// Chooses the next one; after the last comes the first.
    pub fn next(&mut self) {
        let count = self.items.len().max(1);
        self.chosen = Some(self.chosen.map_or(0, |chosen| (chosen + 1) % count));
    }

    /// Chooses the one before; before the first comes the last.
    pub fn previous(&mut self) {
        let count = self.items.len().max(1);
        let before = self
            .chosen
            .map_or(count - 1, |chosen| (chosen + count - 1) % count);
        self.chosen = Some(before);
    }
}

/// The most items shown at a time.
const MOST: usize = 12;
/// The widest note.
const NOTE: usize = 44;
/// The first line under the filter.
const TOP: usize = 2;

/// Lays the open menu over the lines; `table` is the line on which the table begins.
pub(super) fn lay(state: &ViewState, lines: &mut [Line], table: usize, total: usize) {
    let Some(menu) = &state.menu else { return };
    let room = lines.len().saturating_sub(TOP + 2).clamp(1, MOST);
    let shown = menu.items.len().min(room);
    let chosen = menu.chosen.unwrap_or(0);
    let first = (chosen + 1)
        .saturating_sub(shown)
        .min(menu.items.len() - shown);
    let items = menu.items.get(first..first + shown).unwrap_or_default();

    let widest = |of: fn(&Item) -> &str| items.iter().map(|item| width(of(item))).max();
    let figure = widest(|item| &item.figure).unwrap_or(0);
    let gap = |cells: usize| if cells > 0 { cells + 2 } else { 0 };
    let edges = 5;
    let titled = menu.anchor == Anchor::Row || items.is_empty();
    let title = if titled { width(&menu.title) } else { 0 };
    let text = widest(|item| &item.text)
        .unwrap_or(0)
        .max(title)
        .min(total.saturating_sub(edges + gap(figure)));
    let left_over = total.saturating_sub(edges + text + gap(figure) + 2);
    let note = widest(|item| &item.note).unwrap_or(0).min(NOTE);
    // A note of a few letters says nothing.
    let note = if left_over < note.min(12) {
        0
    } else {
        note.min(left_over)
    };
    let inner = text + gap(figure) + gap(note) + 3;

    let mut boxed = Vec::new();
    if menu.anchor == Anchor::Row {
        boxed.push(rule("┌", &menu.title, "┐", inner));
    }
    for (index, item) in items.iter().enumerate() {
        let here = menu.chosen == Some(first + index);
        let tone = if here { Tone::Accent } else { Tone::Plain };
        let mut line = Line::of("│", Tone::Dim);
        line.push(if here { "›" } else { " " }, Tone::Accent);
        line.push(left(&item.text, text), tone);
        if figure > 0 {
            line.push(format!("  {}", right(&item.figure, figure)), Tone::Strong);
        }
        if note > 0 {
            line.push(format!("  {}", left(&item.note, note)), Tone::Dim);
        }
        line.push("  │", Tone::Dim);
        boxed.push(line);
    }
    if items.is_empty() {
        let words = left(&menu.title, inner);
        boxed.push(Line::of(format!("│{words}│"), Tone::Dim));
    }
    let all = menu.items.len() + menu.more;
    let words = if all > shown {
        let place = menu.chosen.map_or(String::new(), |c| format!("{} ", c + 1));
        format!("{place}of {all}")
    } else {
        String::new()
    };
    boxed.push(rule("└", &words, "┘", inner));

    let (column, line) = place(state, menu, table, boxed.len(), lines.len());
    let column = column.min(total.saturating_sub(inner + 2));
    for (under, patch) in lines.iter_mut().skip(line).zip(boxed) {
        lay_over(under, column, patch);
    }
}

/// Column and line of the upper left corner.
fn place(
    state: &ViewState,
    menu: &Menu,
    table: usize,
    height: usize,
    lines: usize,
) -> (usize, usize) {
    match menu.anchor {
        Anchor::Typed(byte) => {
            // The letters stand under the letters, behind the edge and the sign.
            let before = state.filter.text.get(..byte).unwrap_or("");
            ((3 + width(before)).saturating_sub(2), TOP)
        }
        Anchor::Row => {
            let row = table + state.cursor.saturating_sub(state.top);
            let below = row + 1;
            let line = if below + height <= lines {
                below
            } else {
                row.saturating_sub(height).max(1)
            };
            (6, line)
        }
    }
}

fn rule(from: &str, words: &str, to: &str, inner: usize) -> Line {
    let mut line = Line::of(from, Tone::Dim);
    let mut rest = inner;
    if !words.is_empty() {
        let words = format!(" {} ", cut(words, inner.saturating_sub(3)));
        line.push("─", Tone::Dim);
        rest = inner.saturating_sub(width(&words) + 1);
        line.push(words, Tone::Strong);
    }
    line.push(format!("{}{to}", "─".repeat(rest)), Tone::Dim);
    line
}

/// Puts a patch over a part of a line. A wide letter that is half covered becomes a space.
fn lay_over(under: &mut Line, column: usize, patch: Line) {
    let end = column + patch.width();
    let mut before = Line::default();
    let mut after = Line::default();
    let mut at = 0;
    for span in &under.spans {
        for grapheme in span.text.graphemes(true) {
            let next = at + width(grapheme);
            if next <= column {
                append(&mut before, grapheme, span.tone);
            } else if at >= end {
                append(&mut after, grapheme, span.tone);
            } else {
                (at..column).for_each(|_| append(&mut before, " ", span.tone));
                (end..next).for_each(|_| append(&mut after, " ", span.tone));
            }
            at = next;
        }
    }
    let short = column.saturating_sub(before.width());
    before.push(" ".repeat(short), Tone::Plain);
    before.spans.extend(patch.spans);
    before.spans.extend(after.spans);
    // The bar of the cursor would go through the box.
    before.selected = false;
    *under = before;
}

fn append(line: &mut Line, text: &str, tone: Tone) {
    match line.spans.last_mut() {
        Some(Span {
            text: last,
            tone: same,
        }) if *same == tone => last.push_str(text),
        _ => line.push(text, tone),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_patch_covers_its_cells_and_no_others() {
        for (under, column, expected) in [
            ("abcdefgh", 2, "ab[xy]gh"),
            ("日本語日本", 1, " [xy] 日本"),
            ("ab", 4, "ab  [xy]"),
            ("", 0, "[xy]"),
        ] {
            let mut line = Line::of(under, Tone::Plain);
            lay_over(&mut line, column, Line::of("[xy]", Tone::Dim));
            assert_eq!(line.text(), expected, "{under}");
        }
    }

    proptest! {
        #[test]
        fn a_patched_line_is_as_wide_as_it_was(text in "[a-z日é]{0,20}", column in 0usize..20) {
            let mut line = Line::of(text, Tone::Plain);
            let expected = line.width().max(column + 3);
            lay_over(&mut line, column, Line::of("xyz", Tone::Dim));
            prop_assert_eq!(line.width(), expected);
        }
    }

    #[test]
    fn the_choice_goes_round() {
        let mut menu = Menu {
            items: vec![Item::default(); 2],
            ..Menu::default()
        };
        menu.previous();
        assert_eq!(menu.chosen, Some(1));
        menu.next();
        assert_eq!(menu.chosen, Some(0));
        menu.next();
        menu.next();
        assert_eq!(menu.chosen, Some(0));
    }
}
