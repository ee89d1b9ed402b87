//! ↑ and ↓ in the filter line: the filters that were kept earlier, the latest first.

/// The most filters that are kept.
pub(crate) const MOST: usize = 100;

/// The filters kept with Enter, in this run and in earlier ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    /// The latest first, each once.
    filters: Vec<String>,
    /// Which one is in the line.
    at: Option<usize>,
    /// What was in the line before the first was called back.
    typed: String,
    /// Only what begins so is called back.
    prefix: String,
    /// What the line was opened with, until it is changed by hand: nobody typed it to look for it.
    opened: Option<String>,
}

impl Past {
    /// Takes up what earlier runs left; what this one kept is newer.
    pub(super) fn add_earlier(&mut self, filters: Vec<String>) {
        for filter in filters {
            if !self.filters.contains(&filter) {
                self.filters.push(filter);
            }
        }
        self.filters.truncate(MOST);
        self.at = None;
    }

    /// Keeps one.
    pub(super) fn keep(&mut self, filter: &str) {
        remember(&mut self.filters, filter);
        self.leave();
    }

    /// The line was opened with this in it.
    pub(super) fn open(&mut self, line: &str) {
        self.leave();
        self.opened = Some(line.to_owned());
    }

    /// The line was changed by hand: the way back begins anew.
    pub(super) fn leave(&mut self) {
        (self.at, self.opened) = (None, None);
    }

    /// The one before what is in the line.
    pub(super) fn earlier(&mut self, line: &str) -> Option<String> {
        if self.at.is_none() {
            line.clone_into(&mut self.typed);
            let untouched = self.opened.as_deref() == Some(line);
            self.prefix = if untouched { "" } else { line }.to_owned();
        }
        let first = self.at.map_or(0, |at| at + 1);
        let mut older = self.filters.iter().enumerate().skip(first);
        let (at, found) =
            older.find(|(_, filter)| filter.starts_with(&self.prefix) && *filter != line)?;
        self.at = Some(at);
        Some(found.clone())
    }

    /// The one after it; after the latest what was typed.
    pub(super) fn later(&mut self) -> Option<String> {
        let at = self.at?;
        let newer = self.filters.iter().enumerate().take(at).rev();
        let found = newer
            .into_iter()
            .find(|(_, filter)| filter.starts_with(&self.prefix));
        self.at = found.map(|(at, _)| at);
        Some(found.map_or_else(|| self.typed.clone(), |(_, filter)| filter.clone()))
    }
}

/// Puts a filter at the front of a list that has each once.
pub(crate) fn remember(filters: &mut Vec<String>, filter: &str) {
    filters.retain(|kept| kept != filter);
    filters.insert(0, filter.to_owned());
    filters.truncate(MOST);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(filters: &[&str]) -> Past {
        let mut past = Past::default();
        past.add_earlier(filters.iter().map(ToString::to_string).collect());
        past
    }

    #[test]
    fn one_walks_back_and_forth() {
        let mut past = past(&["c", "b", "a"]);
        past.keep("b");
        let mut line = String::from("");
        for (step, expected) in [("up", "b"), ("up", "c"), ("up", "a")] {
            line = past.earlier(&line).unwrap();
            assert_eq!(line, expected, "{step}");
        }
        assert_eq!(past.earlier(&line), None);
        assert_eq!(past.later().as_deref(), Some("c"));
        assert_eq!(past.later().as_deref(), Some("b"));
        assert_eq!(past.later().as_deref(), Some(""));
        assert_eq!(past.later(), None);
    }

    #[test]
    fn what_was_typed_narrows() {
        let mut past = past(&["port:80", "nginx", "port:443"]);
        assert_eq!(past.earlier("po").as_deref(), Some("port:80"));
        assert_eq!(past.earlier("port:80").as_deref(), Some("port:443"));
        assert_eq!(past.later().as_deref(), Some("port:80"));
        assert_eq!(past.later().as_deref(), Some("po"));
    }

    #[test]
    fn a_filter_that_was_in_force_already_does_not_narrow() {
        let mut past = past(&["nginx", "port:443"]);
        past.open("nginx");
        assert_eq!(past.earlier("nginx").as_deref(), Some("port:443"));
        assert_eq!(past.later().as_deref(), Some("nginx"));
        past.leave();
        assert_eq!(past.earlier("nginx"), None);
    }

    #[test]
    fn there_are_never_more_than_the_most() {
        let mut past = Past::default();
        (0..2 * MOST).for_each(|n| past.keep(&n.to_string()));
        past.add_earlier(vec!["x".into()]);
        assert_eq!(past.filters.len(), MOST);
        assert_eq!(past.filters.first().unwrap(), "199");
    }
}
