//! Pads and truncates text to an exact width in terminal cells.

use unicode_segmentation::UnicodeSegmentation;

pub(crate) use crate::text::width::{truncate, width};

/// Truncates to `cells` in the middle, with a `…` after two thirds: the end of the text, as a port,
/// is kept.
pub(crate) fn truncate_middle(text: &str, cells: usize) -> String {
    let tail = cells / 3 + 1;
    if width(text) <= cells || tail + 2 > cells {
        return truncate(text, cells);
    }
    let mut end = String::new();
    for grapheme in text.graphemes(true).rev() {
        if width(&end) + width(grapheme) > tail {
            break;
        }
        end.insert_str(0, grapheme);
    }
    truncate(text, cells - width(&end)) + &end
}

/// Pads or truncates to exactly `cells`, aligned left.
pub(crate) fn align_left(text: &str, cells: usize) -> String {
    let mut out = truncate(text, cells);
    out.extend(std::iter::repeat_n(' ', cells.saturating_sub(width(&out))));
    out
}

/// Pads or truncates to exactly `cells`, aligned right.
pub(crate) fn align_right(text: &str, cells: usize) -> String {
    let text = truncate(text, cells);
    let mut out = " ".repeat(cells.saturating_sub(width(&text)));
    out.push_str(&text);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::wrap;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(align_left("日本語", 5), "日本…");
        assert_eq!(align_left("日本語", 4), "日… ");
        assert_eq!(align_right("12", 4), "  12");
        assert_eq!(truncate("abc", 0), "");
    }

    #[test]
    fn truncate_middle_keeps_the_port() {
        assert_eq!(
            truncate_middle("[2001:db8:1:2:3:4:5:6]:443", 20),
            "[2001:db8:1:…:6]:443"
        );
        assert_eq!(truncate_middle("[::1]:443", 20), "[::1]:443");
        assert_eq!(truncate_middle("[::1]:443", 2), "[…");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("a very-long-word", 6), ["a", "very-l", "ong-wo", "rd"]);
    }

    proptest! {
        #[test]
        fn cells_are_exactly_as_wide_as_asked(text in "\\PC{0,30}", cells in 0usize..40) {
            prop_assert_eq!(width(&align_left(&text, cells)), cells);
            prop_assert_eq!(width(&align_right(&text, cells)), cells);
            prop_assert!(width(&truncate_middle(&text, cells)) <= cells);
            prop_assert!(wrap(&text, cells.max(1)).iter().all(|l| width(l) <= cells.max(1)));
        }
    }
}
