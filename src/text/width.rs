//! Measures and truncates text in terminal cells.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Returns the width of the text in terminal cells.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.width()
    }
}

/// Truncates the text to at most `cells` cells; a truncated text ends with `…`.
pub fn truncate(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.into();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let next = used + width(grapheme);
        if next + 1 > cells {
            break;
        }
        out.push_str(grapheme);
        used = next;
    }
    if cells > 0 {
        out.push('…');
    }
    out
}
