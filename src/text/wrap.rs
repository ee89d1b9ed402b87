//! Wraps text at words to a width in terminal cells.

use unicode_segmentation::UnicodeSegmentation;

use super::width::{truncate, width};

/// Breaks text into lines of at most `cells` cells, between words where possible. A word wider than
/// a line is split, never truncated; a text without words gives one empty line.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let space = usize::from(!line.is_empty());
        if width(&line) + space + width(word) <= cells {
            line.push_str(&" "[..space]);
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for grapheme in word.graphemes(true) {
            if width(&line) + width(grapheme) > cells && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(&truncate(grapheme, cells));
        }
    }
    lines.push(line);
    lines
}
