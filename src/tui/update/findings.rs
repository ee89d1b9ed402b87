//! The list of findings (`f`).

use std::sync::Arc;

use super::app::App;
use crate::filter::quick_filter::QuickFilter;
use crate::findings::finding::FindingId;
use crate::query::{GroupKey, GroupPath, Grouping, LineId};
use crate::tui::effect::Effect;
use crate::tui::keys::key::Key;
use crate::tui::state::view_state::{DetailsLevel, FilterInput, Mode};

impl App {
    pub(crate) fn open_findings(&mut self) {
        let first = self.view.findings.all().first();
        self.view.mode = Mode::Findings(first.map(|finding| finding.id));
    }

    pub(crate) fn handle_findings_key(
        &mut self,
        key: Option<Key>,
        selected: Option<FindingId>,
    ) -> Vec<Effect> {
        let all = self.view.findings.all();
        let at = selected.and_then(|id| self.view.findings.position(id));
        let last = all.len().saturating_sub(1);
        // The selected finding may have ended; then the first is next.
        let next = match key {
            Some(Key::Down | Key::Char('j') | Key::Tab | Key::Ctrl('n')) => {
                at.map_or(0, |at| (at + 1).min(last))
            }
            Some(Key::Up | Key::Char('k') | Key::BackTab | Key::Ctrl('p')) => {
                at.map_or(0, |at| at.saturating_sub(1))
            }
            Some(Key::Home | Key::Char('g')) => 0,
            Some(Key::End | Key::Char('G') | Key::PageDown) => last,
            Some(Key::Char('q') | Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Enter) => {
                self.view.mode = Mode::Browse;
                return match at.and_then(|at| self.view.findings.all().get(at)) {
                    Some(finding) => {
                        self.go_to_port(GroupPath::top(GroupKey::Port(finding.id.port)))
                    }
                    None => Vec::new(),
                };
            }
            _ => {
                self.view.mode = Mode::Browse;
                return Vec::new();
            }
        };
        self.view.mode = Mode::Findings(all.get(next).map(|finding| finding.id));
        Vec::new()
    }

    /// Selects the group in the ports view, unfolded; a filter that may hide it is cleared.
    pub(crate) fn go_to_port(&mut self, path: GroupPath) -> Vec<Effect> {
        let shown = self.result.as_ref().is_some_and(|result| {
            result.grouping != Grouping::Ports || result.group(path).is_some()
        });
        let unfiltered = self.filter.is_empty() && self.view.quick_filter == QuickFilter::default();
        if !unfiltered && (!shown || self.view.grouping != Grouping::Ports) {
            self.view.filter = FilterInput::default();
            self.filter = Arc::default();
            self.view.quick_filter = QuickFilter::default();
            self.set_status("filter cleared to show it");
        }
        self.view.details = DetailsLevel::Brief;
        self.view.folds.open(path);
        self.select_in_view(LineId::Group(path), Grouping::Ports);
        vec![Effect::SendRequest]
    }
}
