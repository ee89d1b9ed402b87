//! A page of a panel in the making: sentences, signs, calls, each broken between words.

use crate::teach::Told;
use crate::view::cells::{cut, width, wrap};
use crate::view::screen::{Line, Tone};
use crate::view::state::Manner;

/// Lines in the making.
pub(super) struct Page {
    pub(super) lines: Vec<Line>,
    pub(super) total: usize,
    pub(super) manner: Manner,
}

impl Page {
    pub(super) fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::default());
        }
    }

    pub(super) fn say(&mut self, text: &str, tone: Tone) {
        for line in wrap(text, self.total.saturating_sub(2)) {
            self.lines.push(Line::of(format!(" {line}"), tone));
        }
    }

    /// A sign, and the text beside it, also on its later lines.
    pub(super) fn hanging(&mut self, sign: &str, text: &str, after: &str, tone: Tone) {
        let indent = width(sign);
        let room = self.total.saturating_sub(indent + 3).max(8);
        for (index, line) in wrap(&format!("{text}{after}"), room)
            .into_iter()
            .enumerate()
        {
            let mut out = Line::of(" ", Tone::Plain);
            match index {
                0 => out.push(format!(" {sign}"), tone),
                _ => out.push(" ".repeat(indent + 1), Tone::Plain),
            }
            out.push(line, tone);
            self.lines.push(out);
        }
    }

    pub(super) fn press(&mut self, key: &str, words: &str) {
        let mut line = Line::of(" ", Tone::Plain);
        line.push(key, Tone::Accent);
        line.push(
            format!(" {}", cut(words, self.total.saturating_sub(width(key) + 3))),
            Tone::Dim,
        );
        self.lines.push(line);
    }

    /// Sentences, each with its source.
    pub(super) fn told(&mut self, facts: &[Told]) {
        for (index, fact) in facts.iter().enumerate() {
            if index > 0 {
                self.gap();
            }
            self.say(&fact.text, Tone::Plain);
            // Where it is written is for one who reads alone; the page that tells why has it, too.
            if self.manner == Manner::Presenter {
                continue;
            }
            let room = self.total.saturating_sub(2);
            let source = format!("({})", fact.source);
            let fits = self
                .lines
                .last()
                .is_some_and(|line| line.width() + 1 + width(&source) <= room);
            match self.lines.last_mut().filter(|_| fits) {
                Some(line) => line.push(format!(" {source}"), Tone::Dim),
                None => self.say(&source, Tone::Dim),
            }
        }
    }

    /// Who made which call, and what came of it: on one line where it fits.
    pub(super) fn call(&mut self, actor: &str, call: &str, outcome: &str, tone: Tone) {
        let sign = format!("{actor}  ");
        let room = self.total.saturating_sub(width(&sign) + 6 + width(outcome));
        if width(call) <= room {
            let mut line = Line::of(format!(" {sign}"), Tone::Dim);
            line.push(call, Tone::Plain);
            line.push(format!(" → {outcome}"), tone);
            self.lines.push(line);
            return;
        }
        self.say(&format!("{sign}{call}"), Tone::Plain);
        let wrapped = wrap(&format!("→ {outcome}"), self.total.saturating_sub(6));
        let lines = wrapped.into_iter();
        self.lines
            .extend(lines.map(|text| Line::of(format!("    {text}"), tone)));
    }
}
