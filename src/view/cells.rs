//! Text of an exact width, in terminal cells.

use unicode_segmentation::UnicodeSegmentation;

pub(super) use crate::text::{cut, width, wrap};

/// At most `cells` wide; what is left out is marked with `…` and lies nearer to the end than to the
/// start, but is not the end.
pub(super) fn cut_middle(text: &str, cells: usize) -> String {
    let tail = cells / 3 + 1;
    if width(text) <= cells || tail + 2 > cells {
        return cut(text, cells);
    }
    let mut end = String::new();
    for grapheme in text.graphemes(true).rev() {
        if width(&end) + width(grapheme) > tail {
            break;
        }
        end.insert_str(0, grapheme);
    }
    cut(text, cells - width(&end)) + &end
}

/// Exactly `cells` wide, starting at the left.
pub(super) fn left(text: &str, cells: usize) -> String {
    let mut out = cut(text, cells);
    out.extend(std::iter::repeat_n(' ', cells.saturating_sub(width(&out))));
    out
}

/// Exactly `cells` wide, ending at the right.
pub(super) fn right(text: &str, cells: usize) -> String {
    let text = cut(text, cells);
    let mut out = " ".repeat(cells.saturating_sub(width(&text)));
    out.push_str(&text);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(left("日本語", 5), "日本…");
        assert_eq!(left("日本語", 4), "日… ");
        assert_eq!(right("12", 4), "  12");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn the_end_of_an_endpoint_is_kept() {
        assert_eq!(
            cut_middle("[2001:db8:1:2:3:4:5:6]:443", 20),
            "[2001:db8:1:…:6]:443"
        );
        assert_eq!(cut_middle("[::1]:443", 20), "[::1]:443");
        assert_eq!(cut_middle("[::1]:443", 2), "[…");
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
            prop_assert_eq!(width(&left(&text, cells)), cells);
            prop_assert_eq!(width(&right(&text, cells)), cells);
            prop_assert!(width(&cut_middle(&text, cells)) <= cells);
            prop_assert!(wrap(&text, cells.max(1)).iter().all(|l| width(l) <= cells.max(1)));
        }
    }
}
