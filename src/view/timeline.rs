//! The line of time: how many sockets were open when, and which moment is shown.
//!
//! In: a [`Track`]. Out: one line, from the oldest moment that is kept to now.

use std::time::Duration;

use crate::history::Track;
use crate::quantity;
use crate::view::cells::width;
use crate::view::screen::{Line, Tone};

/// Where one is.
const HERE: char = '◆';

/// The line.
pub(super) fn timeline(track: &Track, total: usize) -> Line {
    let span = track.newest.saturating_sub(track.oldest);
    let why = match track.is_short {
        true => " (no room for more)",
        false => "",
    };
    let left = format!(" −{}{why} ", quantity::age(span));
    let right = " now ";
    let mut line = Line::of(left.as_str(), Tone::Dim);
    let cells = total.saturating_sub(width(&left) + width(right));
    if cells < 2 {
        return line;
    }
    let counts = resampled(&track.counts, cells);
    let most = counts.iter().flatten().max().copied().unwrap_or(0);
    let here = place(track.at.saturating_sub(track.oldest), span, cells);
    let bars: Vec<char> = counts
        .iter()
        .map(|count| count.map_or(' ', |count| level(count, most)))
        .collect();
    let (before, after) = bars.split_at(here.min(bars.len()));
    line.push(before.iter().collect::<String>(), Tone::Plain);
    line.push(HERE.to_string(), Tone::Accent);
    line.push(after.iter().skip(1).collect::<String>(), Tone::Dim);
    line.push(right, Tone::Dim);
    line
}

/// A bar as high as the count is of the most.
fn level(count: usize, most: usize) -> char {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let level = count.saturating_mul(LEVELS.len() - 1) / most.max(1);
    LEVELS.get(level).copied().unwrap_or(' ')
}

/// The cell of a time.
fn place(since: Duration, span: Duration, cells: usize) -> usize {
    if span.is_zero() {
        return cells - 1;
    }
    let share = since.as_secs_f64() / span.as_secs_f64();
    ((share * (cells - 1) as f64).round() as usize).min(cells - 1)
}

/// The most of each cell; a cell into which no sample fell has what was true before it.
fn resampled(counts: &[Option<usize>], cells: usize) -> Vec<Option<usize>> {
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

    fn track(counts: &[Option<usize>], at: u64) -> Track {
        Track {
            oldest: Duration::from_secs(10),
            newest: Duration::from_secs(70),
            at: Duration::from_secs(at),
            counts: counts.to_vec(),
            is_short: false,
        }
    }

    #[test]
    fn one_sees_where_one_is_and_how_the_count_went() {
        let counts = [Some(1), None, Some(8), Some(4)];
        let text = |at| timeline(&track(&counts, at), 17).text();
        assert_eq!(text(10), " −1m00s ◆▁█▄ now ");
        assert_eq!(text(30), " −1m00s ▁◆█▄ now ");
        assert_eq!(text(70), " −1m00s ▁▁█◆ now ");
        let wide = timeline(&track(&counts, 40), 29);
        assert_eq!(wide.text(), " −1m00s ▁▁▁▁▁▁▁▁◆███▄▄▄▄ now ");
        assert_eq!(wide.width(), 29);
    }

    #[test]
    fn a_line_that_is_too_narrow_says_what_fits() {
        assert_eq!(timeline(&track(&[], 10), 10).text(), " −1m00s ");
        assert_eq!(timeline(&Track::default(), 16).text(), " −0s      ◆ now ");
    }
}
