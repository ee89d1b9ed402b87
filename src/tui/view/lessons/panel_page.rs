//! Builds a page of the panel from sentences, items and calls, wrapped between words.

use crate::lessons::grading::SourcedText;
use crate::text::width::{truncate, width};
use crate::text::wrap::wrap;
use crate::tui::state::view_state::DisplayMode;
use crate::tui::view::screen::{StyledLine, Tone};

/// The lines of a page so far.
pub(crate) struct PanelPage {
    pub(crate) lines: Vec<StyledLine>,
    pub(crate) width_limit: usize,
    pub(crate) display_mode: DisplayMode,
}

impl PanelPage {
    pub(crate) fn push_blank(&mut self) {
        if self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(StyledLine::default());
        }
    }

    pub(crate) fn push_text(&mut self, text: &str, tone: Tone) {
        for line in wrap(text, self.width_limit.saturating_sub(2)) {
            self.lines.push(StyledLine::new(format!(" {line}"), tone));
        }
    }

    /// Appends a sign and text with a hanging indent.
    pub(crate) fn push_hanging(&mut self, sign: &str, text: &str, after: &str, tone: Tone) {
        let indent = width(sign);
        let room = self.width_limit.saturating_sub(indent + 3).max(8);
        for (index, line) in wrap(&format!("{text}{after}"), room)
            .into_iter()
            .enumerate()
        {
            let mut out = StyledLine::new(" ", Tone::Plain);
            match index {
                0 => out.push(format!(" {sign}"), tone),
                _ => out.push(" ".repeat(indent + 1), Tone::Plain),
            }
            out.push(line, tone);
            self.lines.push(out);
        }
    }

    pub(crate) fn push_key_hint(&mut self, key: &str, words: &str) {
        let mut line = StyledLine::new(" ", Tone::Plain);
        line.push(key, Tone::Accent);
        line.push(
            format!(
                " {}",
                truncate(words, self.width_limit.saturating_sub(width(key) + 3))
            ),
            Tone::Dim,
        );
        self.lines.push(line);
    }

    /// Appends sentences, each with its source.
    pub(crate) fn push_facts(&mut self, facts: &[SourcedText]) {
        for (index, fact) in facts.iter().enumerate() {
            if index > 0 {
                self.push_blank();
            }
            self.push_text(&fact.text, Tone::Plain);
            // Sources are for a single reader; the background page has them, too.
            if self.display_mode == DisplayMode::Presentation {
                continue;
            }
            let room = self.width_limit.saturating_sub(2);
            let source = format!("({})", fact.source);
            let fits = self
                .lines
                .last()
                .is_some_and(|line| line.width() + 1 + width(&source) <= room);
            match self.lines.last_mut().filter(|_| fits) {
                Some(line) => line.push(format!(" {source}"), Tone::Dim),
                None => self.push_text(&source, Tone::Dim),
            }
        }
    }

    /// Appends process, call and result: on one line if they fit.
    pub(crate) fn push_call(&mut self, actor: &str, call: &str, outcome: &str, tone: Tone) {
        let sign = format!("{actor}  ");
        let room = self
            .width_limit
            .saturating_sub(width(&sign) + 6 + width(outcome));
        if width(call) <= room {
            let mut line = StyledLine::new(format!(" {sign}"), Tone::Dim);
            line.push(call, Tone::Plain);
            line.push(format!(" → {outcome}"), tone);
            self.lines.push(line);
            return;
        }
        self.push_text(&format!("{sign}{call}"), Tone::Plain);
        let wrapped = wrap(&format!("→ {outcome}"), self.width_limit.saturating_sub(6));
        let lines = wrapped.into_iter();
        self.lines
            .extend(lines.map(|text| StyledLine::new(format!("    {text}"), tone)));
    }
}
