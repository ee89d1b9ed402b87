//! Draws the timeline: the number of open sockets over time, and the moment that is shown.
//!
//! In: a [`TimelineInfo`]. Out: one line, from the oldest kept moment to now.

use std::time::Duration;

use super::screen::{StyledLine, Tone};
use crate::history::TimelineInfo;
use crate::text::units;
use crate::text::width::width;

/// Marks the moment that is shown.
const POSITION_MARK: char = '◆';

/// Draws the timeline on one line of `total` cells.
pub(crate) fn draw_timeline(info: &TimelineInfo, total: usize) -> StyledLine {
    let span = info.newest.saturating_sub(info.oldest);
    let why = match info.is_truncated {
        true => " (memory limit)",
        false => "",
    };
    let left = format!(" −{}{why} ", units::age(span));
    let right = " now ";
    let mut line = StyledLine::new(left.as_str(), Tone::Dim);
    let cells = total.saturating_sub(width(&left) + width(right));
    if cells < 2 {
        return line;
    }
    let counts = resample(&info.counts, cells);
    let highest = counts.iter().flatten().max().copied().unwrap_or(0);
    let position = cell_for_time(info.shown.saturating_sub(info.oldest), span, cells);
    let bars: Vec<char> = counts
        .iter()
        .map(|count| count.map_or(' ', |count| bar_char(count, highest)))
        .collect();
    let (before, after) = bars.split_at(position.min(bars.len()));
    line.push(before.iter().collect::<String>(), Tone::Plain);
    line.push(POSITION_MARK.to_string(), Tone::Accent);
    line.push(after.iter().skip(1).collect::<String>(), Tone::Dim);
    line.push(right, Tone::Dim);
    line
}

/// Returns a bar as high as `count` in proportion to `highest`.
fn bar_char(count: usize, highest: usize) -> char {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let level = count.saturating_mul(LEVELS.len() - 1) / highest.max(1);
    LEVELS.get(level).copied().unwrap_or(' ')
}

/// Returns the cell of a time.
fn cell_for_time(since: Duration, span: Duration, cells: usize) -> usize {
    if span.is_zero() {
        return cells - 1;
    }
    let share = since.as_secs_f64() / span.as_secs_f64();
    ((share * (cells - 1) as f64).round() as usize).min(cells - 1)
}

/// Returns the highest count of each cell; a cell without a sample repeats the one before.
fn resample(counts: &[Option<usize>], cells: usize) -> Vec<Option<usize>> {
    let mut last = None;
    (0..cells)
        .map(|cell| {
            let from = cell * counts.len() / cells;
            let to = ((cell + 1) * counts.len() / cells).max(from + 1);
            let part = counts.get(from..to.min(counts.len())).unwrap_or_default();
            last = part.iter().flatten().max().copied().or(last);
            last
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(counts: &[Option<usize>], at: u64) -> TimelineInfo {
        TimelineInfo {
            oldest: Duration::from_secs(10),
            newest: Duration::from_secs(70),
            shown: Duration::from_secs(at),
            counts: counts.to_vec(),
            is_truncated: false,
        }
    }

    #[test]
    fn timeline_shows_the_position_and_the_counts() {
        let counts = [Some(1), None, Some(8), Some(4)];
        let text = |at| draw_timeline(&info(&counts, at), 17).text();
        assert_eq!(text(10), " −1m00s ◆▁█▄ now ");
        assert_eq!(text(30), " −1m00s ▁◆█▄ now ");
        assert_eq!(text(70), " −1m00s ▁▁█◆ now ");
        let wide = draw_timeline(&info(&counts, 40), 29);
        assert_eq!(wide.text(), " −1m00s ▁▁▁▁▁▁▁▁◆███▄▄▄▄ now ");
        assert_eq!(wide.width(), 29);
    }

    #[test]
    fn narrow_timeline_keeps_its_label() {
        assert_eq!(draw_timeline(&info(&[], 10), 10).text(), " −1m00s ");
        assert_eq!(
            draw_timeline(&TimelineInfo::default(), 16).text(),
            " −0s      ◆ now "
        );
    }
}
