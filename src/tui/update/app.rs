//! The dashboard's state and the entry points of the event loop: input, samples, results.

use std::sync::Arc;

use super::state::{LATEST, NamedFilter, SavedCursor};
use super::{filter_history, learn_state, state};
use crate::collect::SourceReason;
use crate::filter::ast::{Condition, Filter};
use crate::filter::complete::CompletionInput;
use crate::findings::Thresholds;
use crate::net::services::Services;
use crate::query::run::Query;
use crate::query::{Grouping, QueryResult, TupleDiffScope, VisibleLines};
use crate::tui::effect::{Effect, RecordingRequest};
use crate::tui::engine_request::{EngineRequest, EngineResponse, MomentSelector};
use crate::tui::input::Input;
use crate::tui::keys::bindings::action_for_key;
use crate::tui::state::pane_mode::PaneMode;
use crate::tui::state::view_state::{
    DetailsLevel, LatestSample, Mode, Notice, NoticeKind, PlaybackStatus, SourceInfo, TimeMode,
    ViewState,
};
use crate::tui::view::layout::ScreenLayout;

/// The state of the dashboard: the view state, the last result, and what input handling needs.
pub struct App {
    pub view: ViewState,
    /// The last query result received.
    pub result: Option<Arc<QueryResult>>,
    /// The lines of `result`.
    pub lines: VisibleLines,
    /// The current filter: the last one that parsed.
    pub filter: Arc<Filter>,
    /// The registered names of ports.
    pub services: Arc<Services>,
    /// The named filters of the configuration file.
    pub named_filters: Vec<NamedFilter>,
    /// Thresholds above which findings are reported.
    pub thresholds: Thresholds,
    /// The conditions in the filter menu.
    pub(super) row_conditions: Vec<Condition>,
    /// The choices in the record menu.
    pub(super) recording_choices: Vec<RecordingRequest>,
    /// The commands of the items in the palette.
    pub(super) palette_commands: Vec<state::PaletteCommand>,
    /// The scope of the last requested tuple diff.
    pub(super) requested_diff_scope: Option<TupleDiffScope>,
    /// The input for which completions are requested.
    pub(super) pending_completion: Option<CompletionInput>,
    /// How often Tab was pressed since then.
    pub(super) pending_tabs: usize,
    /// The open list of completions.
    pub(super) completion: state::CompletionList,
    /// The filters kept earlier.
    pub(super) filter_history: filter_history::FilterHistory,
    /// The cursor of each view, indexed by [`Grouping`].
    pub(super) saved_cursors: [SavedCursor; 5],
    /// Where the cursor goes with the next result.
    pub(super) cursor_policy: state::CursorPolicy,
    /// Effects to perform before the first input.
    pub(crate) startup_effects: Vec<Effect>,
    /// What lessons need besides the view state.
    pub(super) learner: learn_state::LearnState,
    /// The result of the last action, shown until the next key.
    status_message: Option<String>,
    /// A failure of another thread; it stays on the screen.
    pub(super) error_message: Option<String>,
}

impl App {
    /// Returns the state at start, before the first result.
    pub fn new(view: ViewState, filter: Arc<Filter>, services: Arc<Services>) -> Self {
        Self {
            view,
            result: None,
            lines: VisibleLines::default(),
            filter,
            services,
            named_filters: Vec::new(),
            thresholds: Thresholds::DEFAULT,
            row_conditions: Vec::new(),
            recording_choices: Vec::new(),
            palette_commands: Vec::new(),
            requested_diff_scope: None,
            pending_completion: None,
            pending_tabs: 0,
            completion: state::CompletionList::default(),
            filter_history: filter_history::FilterHistory::default(),
            saved_cursors: [SavedCursor::default(); 5],
            cursor_policy: state::CursorPolicy::default(),
            startup_effects: Vec::new(),
            learner: learn_state::LearnState::default(),
            status_message: None,
            error_message: None,
        }
    }

    /// Returns the request for what the current state shows.
    pub fn engine_request(&self) -> EngineRequest {
        EngineRequest {
            moment: match self.view.time_mode {
                TimeMode::Live => MomentSelector::Newest,
                TimeMode::Paused { .. } => MomentSelector::Pinned,
                // In a replay stepped sample by sample, the newest sample is the one shown.
                TimeMode::Past(LATEST) if self.view.playback.is_some() => MomentSelector::Newest,
                TimeMode::Past(point) => MomentSelector::At(point),
            },
            query: Query {
                filter: Arc::clone(&self.filter),
                quick_filter: self.view.quick_filter,
                grouping: self.view.grouping,
                sort_order: self.view.sort_order(),
                services: Arc::clone(&self.services),
            },
            folds: self.view.folds.clone(),
            diff_scope: self.diff_scope(),
            grade_request: self.grade_request(),
            completion_request: self.pending_completion.clone(),
            thresholds: self.thresholds,
            explain: self
                .view
                .explain
                .as_ref()
                .map(|page| (page.subject, page.perspective)),
        }
    }

    /// Takes the effects to perform before the first input.
    pub(crate) fn take_startup_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.startup_effects)
    }

    /// Handles an input event.
    pub fn handle_input(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = self.dispatch_input(input);
        self.request_diff(&mut effects);
        effects
    }

    fn dispatch_input(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Resize(columns, rows) => {
                self.view.size = (columns, rows);
                self.keep_cursor_visible();
                vec![Effect::Redraw]
            }
            Input::Wheel(lines) => {
                self.handle_wheel(lines);
                Vec::new()
            }
            Input::Click(column, row) => self.handle_click(column, row),
            Input::Paste(text) => {
                let effects = self.paste(&text);
                self.keep_cursor_visible();
                effects
            }
            Input::Key(key, event) => {
                self.status_message = None;
                let effects = match self.view.mode {
                    Mode::Filter => self.handle_filter_key(key, &event),
                    Mode::Help { scroll } => self.handle_help_key(key, scroll),
                    Mode::FilterMenu(edit) => self.handle_filter_menu_key(key, edit),
                    Mode::RecordMenu => self.handle_record_menu_key(key),
                    Mode::Palette => self.handle_palette_key(key, &event),
                    Mode::Explain => self.handle_explain_key(key),
                    Mode::Findings(selected) => self.handle_findings_key(key, selected),
                    Mode::Browse => match self.handle_lessons_key(key, &event) {
                        Some(effects) => effects,
                        None => key
                            .and_then(action_for_key)
                            .map(|a| self.run_action(a))
                            .unwrap_or_default(),
                    },
                };
                self.update_notices();
                effects
            }
        }
    }

    /// Adds the filters of earlier runs, the latest first.
    pub fn add_saved_filters(&mut self, filters: Vec<String>) {
        self.filter_history.extend_older(filters);
    }

    /// Handles a response of the engine; the row under the cursor stays selected.
    #[must_use]
    pub fn handle_response(&mut self, response: EngineResponse) -> Vec<Effect> {
        let newest = &response.newest;
        self.view.latest = LatestSample {
            totals: newest.totals,
            elapsed: newest.elapsed,
            duration: newest.self_cost.sample,
            cpu_share: newest.self_cost.cpu,
        };
        self.view.closed_log_stats = response.closed_stats;
        self.set_timeline_position(
            response.moment,
            response.result.moment.elapsed,
            response.timeline,
        );
        self.view.actual_interval =
            Some(newest.interval).filter(|actual| *actual > self.view.interval);
        let grouping = response.result.grouping;
        if let Some(shown) = self.result.as_ref().map(|a| a.grouping)
            && shown != grouping
        {
            self.switch_cursor(shown, grouping);
        }
        let folds_changed = response.lines.folds() != &self.view.folds;
        self.lines = match folds_changed {
            true => VisibleLines::new(&response.result, &self.view.folds),
            false => response.lines,
        };
        self.result = Some(response.result);
        self.view.findings = response.findings;
        if let Some(explained) = response.explain {
            self.handle_explanation(explained);
        }
        self.restore_cursor();
        // A diff of another group's rows does not belong to this group.
        if let Some((scope, tuple_diff)) = response.tuple_diff
            && self.diff_scope() == Some(scope)
        {
            self.view.tuple_diff = Some(tuple_diff);
        }
        let mut effects = match response.completion {
            // Send a request without completions: the engine need not find them for every sample.
            Some(completion) => match self.handle_completion(completion) {
                effects if effects.is_empty() => vec![Effect::SendRequest],
                effects => effects,
            },
            None => Vec::new(),
        };
        if let Some(grade) = response.grade {
            effects.extend(self.handle_grade(grade));
        }
        self.request_diff(&mut effects);
        self.update_notices();
        effects
    }

    /// Shows the failure of another thread; it stays on the screen.
    pub(crate) fn set_error(&mut self, text: String) {
        self.error_message = Some(text);
        self.update_notices();
    }

    /// Marks playback as finished; shows `message` if given.
    pub(crate) fn playback_ended(&mut self, message: Option<String>) {
        if let Some(playback) = &mut self.view.playback {
            playback.status = PlaybackStatus::Ended;
        }
        if let Some(message) = message {
            self.set_status(message);
        }
    }

    /// Shows the result of the last action until the next key.
    pub(crate) fn set_status(&mut self, text: impl Into<String>) {
        self.status_message = Some(text.into());
        self.update_notices();
    }

    /// Collects the notices, the most important first.
    fn update_notices(&mut self) {
        let notice = |kind, text| Notice { text, kind };
        let mut notices = Vec::new();
        notices.extend(
            self.error_message
                .clone()
                .map(|t| notice(NoticeKind::Error, t)),
        );
        notices.extend(
            self.status_message
                .clone()
                .map(|t| notice(NoticeKind::Info, t)),
        );
        if let Some(SourceInfo {
            kind,
            reason: reason @ SourceReason::Fallback(_),
        }) = &self.view.source
        {
            notices.push(notice(
                NoticeKind::Limitation,
                format!("reading {kind} instead: {reason}"),
            ));
        }
        if let Some(result) = &self.result {
            let moment = &result.moment;
            notices.extend(
                moment
                    .gaps
                    .iter()
                    .map(|g| notice(NoticeKind::Limitation, g.to_string())),
            );
            if result.grouping == Grouping::History {
                let dropped = crate::explain::closed::dropped_rows_note(self.view.closed_log_stats);
                notices.extend(dropped.map(|text| notice(NoticeKind::Limitation, text)));
            }
            let hidden = crate::explain::hidden_owners::hidden_owners_warning(moment);
            notices.extend(hidden.map(|phrase| notice(NoticeKind::Limitation, phrase.text)));
        }
        self.view.notices = notices;
        self.keep_cursor_visible();
    }

    /// Returns the number of table lines on the screen, at least 1.
    pub(super) fn table_height(&self) -> usize {
        ScreenLayout::new(&self.view).table_rows.max(1)
    }

    /// Closes what is open, innermost first; then clears the filter; then leaves the history.
    pub(super) fn go_back(&mut self) -> Vec<Effect> {
        if self.view.details != DetailsLevel::Brief {
            self.view.details = DetailsLevel::Brief;
            self.keep_cursor_visible();
            return Vec::new();
        }
        if self.view.pane_mode != PaneMode::Text {
            self.view.pane_mode = PaneMode::Text;
            self.keep_cursor_visible();
            return Vec::new();
        }
        if self.view.filter.text.is_empty() {
            return match self.view.grouping {
                Grouping::History => self.toggle_history(),
                _ => Vec::new(),
            };
        }
        self.view.filter = crate::tui::state::view_state::FilterInput::default();
        self.filter = Arc::default();
        vec![Effect::SendRequest]
    }
}
