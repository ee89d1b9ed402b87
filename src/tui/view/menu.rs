//! Draws a menu over the screen: completions, conditions of a row, what to record, the palette.
//!
//! In: a [`Menu`] and the lines drawn so far. Out: the same lines with a box over some of them.
//! The selected item has a sign before it, so that no colour is needed.

use unicode_segmentation::UnicodeSegmentation;

use super::cells::{align_left, align_right};
use super::screen::{StyledLine, StyledSpan, Tone};
use crate::text::width::{truncate, width};
use crate::tui::state::menu::{Menu, MenuAnchor, MenuItem};
use crate::tui::state::view_state::ViewState;

/// The maximum number of items shown at a time.
const MAX_VISIBLE_ITEMS: usize = 12;

/// The maximum width of descriptions.
const MAX_DESCRIPTION_WIDTH: usize = 44;

/// The first line below the filter line.
const INPUT_MENU_ROW: usize = 2;

/// Draws the open menu over the lines; `table` is the line of the first table row.
pub(crate) fn draw_menu(state: &ViewState, lines: &mut [StyledLine], table: usize, total: usize) {
    let Some(menu) = &state.menu else { return };
    let room = lines
        .len()
        .saturating_sub(INPUT_MENU_ROW + 2)
        .clamp(1, MAX_VISIBLE_ITEMS);
    let shown = menu.items.len().min(room);
    let selected = menu.selected.unwrap_or(0);
    let first = (selected + 1)
        .saturating_sub(shown)
        .min(menu.items.len() - shown);
    let items = menu.items.get(first..first + shown).unwrap_or_default();

    let widest =
        |text_of: fn(&MenuItem) -> &str| items.iter().map(|item| width(text_of(item))).max();
    let count_or_key = widest(|item| &item.count_or_key).unwrap_or(0);
    let gap = |cells: usize| if cells > 0 { cells + 2 } else { 0 };
    let border_width = 5;
    let shows_title = menu.anchor == MenuAnchor::Row || items.is_empty();
    let title = if shows_title { width(&menu.title) } else { 0 };
    let text = widest(|item| &item.text)
        .unwrap_or(0)
        .max(title)
        .min(total.saturating_sub(border_width + gap(count_or_key)));
    let left_over = total.saturating_sub(border_width + text + gap(count_or_key) + 2);
    let description = widest(|item| &item.description)
        .unwrap_or(0)
        .min(MAX_DESCRIPTION_WIDTH);
    // A description of a few letters is useless.
    let description = if left_over < description.min(12) {
        0
    } else {
        description.min(left_over)
    };
    let inner = text + gap(count_or_key) + gap(description) + 3;

    let mut menu_lines = Vec::new();
    if menu.anchor == MenuAnchor::Row {
        menu_lines.push(border_line("┌", &menu.title, "┐", inner));
    }
    for (index, item) in items.iter().enumerate() {
        let here = menu.selected == Some(first + index);
        let tone = if here { Tone::Accent } else { Tone::Plain };
        let mut line = StyledLine::new("│", Tone::Dim);
        line.push(if here { "›" } else { " " }, Tone::Accent);
        line.push(align_left(&item.text, text), tone);
        if count_or_key > 0 {
            line.push(
                format!("  {}", align_right(&item.count_or_key, count_or_key)),
                Tone::Strong,
            );
        }
        if description > 0 {
            line.push(
                format!("  {}", align_left(&item.description, description)),
                Tone::Dim,
            );
        }
        line.push("  │", Tone::Dim);
        menu_lines.push(line);
    }
    if items.is_empty() {
        let words = align_left(&menu.title, inner);
        menu_lines.push(StyledLine::new(format!("│{words}│"), Tone::Dim));
    }
    let all = menu.items.len() + menu.hidden_count;
    let words = if all > shown {
        let place = menu
            .selected
            .map_or(String::new(), |c| format!("{} ", c + 1));
        format!("{place}of {all}")
    } else {
        String::new()
    };
    menu_lines.push(border_line("└", &words, "┘", inner));

    let (column, line) = menu_position(state, menu, table, menu_lines.len(), lines.len());
    let column = column.min(total.saturating_sub(inner + 2));
    for (under, patch) in lines.iter_mut().skip(line).zip(menu_lines) {
        overlay(under, column, patch);
    }
}

/// Returns column and line of the upper left corner.
fn menu_position(
    state: &ViewState,
    menu: &Menu,
    table: usize,
    height: usize,
    lines: usize,
) -> (usize, usize) {
    match menu.anchor {
        MenuAnchor::Input(byte) => {
            // The items start below the text they replace, after border and sign.
            let before = state.filter.text.get(..byte).unwrap_or("");
            ((3 + width(before)).saturating_sub(2), INPUT_MENU_ROW)
        }
        MenuAnchor::Row => {
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

fn border_line(from: &str, words: &str, to: &str, inner: usize) -> StyledLine {
    let mut line = StyledLine::new(from, Tone::Dim);
    let mut rest = inner;
    if !words.is_empty() {
        let words = format!(" {} ", truncate(words, inner.saturating_sub(3)));
        line.push("─", Tone::Dim);
        rest = inner.saturating_sub(width(&words) + 1);
        line.push(words, Tone::Strong);
    }
    line.push(format!("{}{to}", "─".repeat(rest)), Tone::Dim);
    line
}

/// Replaces a part of a line. A wide character that is half covered becomes a space.
fn overlay(under: &mut StyledLine, column: usize, patch: StyledLine) {
    let end = column + patch.width();
    let mut before = StyledLine::default();
    let mut after = StyledLine::default();
    let mut at = 0;
    for span in &under.spans {
        for grapheme in span.text.graphemes(true) {
            let next = at + width(grapheme);
            if next <= column {
                push_merged(&mut before, grapheme, span.tone);
            } else if at >= end {
                push_merged(&mut after, grapheme, span.tone);
            } else {
                (at..column).for_each(|_| push_merged(&mut before, " ", span.tone));
                (end..next).for_each(|_| push_merged(&mut after, " ", span.tone));
            }
            at = next;
        }
    }
    let short = column.saturating_sub(before.width());
    before.push(" ".repeat(short), Tone::Plain);
    before.spans.extend(patch.spans);
    before.spans.extend(after.spans);
    // The cursor bar would run through the box.
    before.selected = false;
    *under = before;
}

fn push_merged(line: &mut StyledLine, text: &str, tone: Tone) {
    match line.spans.last_mut() {
        Some(StyledSpan {
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
    fn overlay_covers_exactly_its_cells() {
        for (under, column, expected) in [
            ("abcdefgh", 2, "ab[xy]gh"),
            ("日本語日本", 1, " [xy] 日本"),
            ("ab", 4, "ab  [xy]"),
            ("", 0, "[xy]"),
        ] {
            let mut line = StyledLine::new(under, Tone::Plain);
            overlay(&mut line, column, StyledLine::new("[xy]", Tone::Dim));
            assert_eq!(line.text(), expected, "{under}");
        }
    }

    proptest! {
        #[test]
        fn a_patched_line_is_as_wide_as_it_was(text in "[a-z日é]{0,20}", column in 0usize..20) {
            let mut line = StyledLine::new(text, Tone::Plain);
            let expected = line.width().max(column + 3);
            overlay(&mut line, column, StyledLine::new("xyz", Tone::Dim));
            prop_assert_eq!(line.width(), expected);
        }
    }

    #[test]
    fn selection_wraps_around() {
        let mut menu = Menu {
            items: vec![MenuItem::default(); 2],
            ..Menu::default()
        };
        menu.select_previous();
        assert_eq!(menu.selected, Some(1));
        menu.select_next();
        assert_eq!(menu.selected, Some(0));
        menu.select_next();
        menu.select_next();
        assert_eq!(menu.selected, Some(0));
    }
}
