//! The filter history (↑ and ↓ in the filter line): filters kept earlier, the latest first.

/// The maximum number of filters kept.
pub(crate) const MAX_FILTERS: usize = 100;

/// The filters kept with Enter, in this run and in earlier ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterHistory {
    /// The latest first, each once.
    filters: Vec<String>,
    /// The index of the filter in the line; `None` before the first ↑.
    index: Option<usize>,
    /// The text of the line before the first ↑.
    typed: String,
    /// Only filters with this prefix are offered.
    prefix: String,
    /// The text the line was opened with, until it is edited: it was not typed as a prefix to
    /// search.
    opened_with: Option<String>,
}

impl FilterHistory {
    /// Appends the filters of earlier runs; those of this run are newer.
    pub(crate) fn extend_older(&mut self, filters: Vec<String>) {
        for filter in filters {
            if !self.filters.contains(&filter) {
                self.filters.push(filter);
            }
        }
        self.filters.truncate(MAX_FILTERS);
        self.index = None;
    }

    /// Adds a filter as the newest.
    pub(crate) fn push(&mut self, filter: &str) {
        push_front_unique(&mut self.filters, filter);
        self.stop_browsing();
    }

    /// Notes the text the line is opened with.
    pub(crate) fn start_editing(&mut self, line: &str) {
        self.stop_browsing();
        self.opened_with = Some(line.to_owned());
    }

    /// Resets the position after an edit: the next ↑ starts at the newest filter.
    pub(crate) fn stop_browsing(&mut self) {
        (self.index, self.opened_with) = (None, None);
    }

    /// Returns the next older filter; `line` is the current text.
    pub(crate) fn older(&mut self, line: &str) -> Option<String> {
        if self.index.is_none() {
            line.clone_into(&mut self.typed);
            let untouched = self.opened_with.as_deref() == Some(line);
            self.prefix = if untouched { "" } else { line }.to_owned();
        }
        let first = self.index.map_or(0, |at| at + 1);
        let mut older = self.filters.iter().enumerate().skip(first);
        let (at, found) =
            older.find(|(_, filter)| filter.starts_with(&self.prefix) && *filter != line)?;
        self.index = Some(at);
        Some(found.clone())
    }

    /// Returns the next newer filter; after the newest, the typed text.
    pub(crate) fn newer(&mut self) -> Option<String> {
        let at = self.index?;
        let newer = self.filters.iter().enumerate().take(at).rev();
        let found = newer
            .into_iter()
            .find(|(_, filter)| filter.starts_with(&self.prefix));
        self.index = found.map(|(at, _)| at);
        Some(found.map_or_else(|| self.typed.clone(), |(_, filter)| filter.clone()))
    }
}

/// Moves or inserts a filter at the front of a list without duplicates.
pub(crate) fn push_front_unique(filters: &mut Vec<String>, filter: &str) {
    filters.retain(|kept| kept != filter);
    filters.insert(0, filter.to_owned());
    filters.truncate(MAX_FILTERS);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(filters: &[&str]) -> FilterHistory {
        let mut past = FilterHistory::default();
        past.extend_older(filters.iter().map(ToString::to_string).collect());
        past
    }

    #[test]
    fn older_and_newer_move_through_the_history() {
        let mut past = history(&["c", "b", "a"]);
        past.push("b");
        let mut line = String::from("");
        for (step, expected) in [("up", "b"), ("up", "c"), ("up", "a")] {
            line = past.older(&line).unwrap();
            assert_eq!(line, expected, "{step}");
        }
        assert_eq!(past.older(&line), None);
        assert_eq!(past.newer().as_deref(), Some("c"));
        assert_eq!(past.newer().as_deref(), Some("b"));
        assert_eq!(past.newer().as_deref(), Some(""));
        assert_eq!(past.newer(), None);
    }

    #[test]
    fn typed_prefix_limits_the_history() {
        let mut past = history(&["port:80", "nginx", "port:443"]);
        assert_eq!(past.older("po").as_deref(), Some("port:80"));
        assert_eq!(past.older("port:80").as_deref(), Some("port:443"));
        assert_eq!(past.newer().as_deref(), Some("port:80"));
        assert_eq!(past.newer().as_deref(), Some("po"));
    }

    #[test]
    fn an_unchanged_filter_is_no_prefix() {
        let mut past = history(&["nginx", "port:443"]);
        past.start_editing("nginx");
        assert_eq!(past.older("nginx").as_deref(), Some("port:443"));
        assert_eq!(past.newer().as_deref(), Some("nginx"));
        past.stop_browsing();
        assert_eq!(past.older("nginx"), None);
    }

    #[test]
    fn the_history_is_bounded() {
        let mut past = FilterHistory::default();
        (0..2 * MAX_FILTERS).for_each(|n| past.push(&n.to_string()));
        past.extend_older(vec!["x".into()]);
        assert_eq!(past.filters.len(), MAX_FILTERS);
        assert_eq!(past.filters.first().unwrap(), "199");
    }
}
