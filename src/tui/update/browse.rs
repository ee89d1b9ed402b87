//! Runs the actions of keys on the table.

use std::time::Duration;

use super::app::App;
use crate::collect::interval::{MAX_INTERVAL, MIN_INTERVAL};
use crate::explain::row_text;
use crate::explain::subject::ExplainSubject;
use crate::net::port::Protocol;
use crate::query::{GroupKey, Grouping, LineId, VisibleLine};
use crate::tui::effect::{Effect, PlaybackCommand};
use crate::tui::keys::action::KeyAction;
use crate::tui::keys::motion::FoldAction;
use crate::tui::state::pane_mode::PaneMode;
use crate::tui::state::view_state::{DetailsLevel, Mode};

/// The intervals that `<` and `>` step through, in milliseconds.
const INTERVALS_MS: [u64; 10] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000,
];

impl App {
    pub(crate) fn run_action(&mut self, action: KeyAction) -> Vec<Effect> {
        match action {
            KeyAction::Quit => return vec![Effect::Quit],
            KeyAction::Suspend => return vec![Effect::Suspend],
            KeyAction::Redraw => return vec![Effect::Redraw],
            KeyAction::Help => self.view.mode = Mode::Help { scroll: 0 },
            KeyAction::Move(motion) => self.move_cursor(motion),
            KeyAction::Fold(fold) => self.apply_fold(fold),
            // The questions are about the sockets view: another view would have other rows.
            KeyAction::SetView(_)
            | KeyAction::History
            | KeyAction::NextView
            | KeyAction::PreviousView
                if self.is_session_open() => {}
            KeyAction::SetView(grouping) => return self.set_grouping(grouping),
            KeyAction::History => return self.toggle_history(),
            KeyAction::NextView => return self.set_grouping(self.adjacent_grouping(1)),
            KeyAction::PreviousView => {
                return self.set_grouping(self.adjacent_grouping(Grouping::LIVE.len() - 1));
            }
            KeyAction::Details => self.cycle_details(),
            KeyAction::OpenLessons => return self.open_lessons(None),
            KeyAction::NextPaneMode => self.next_pane_mode(),
            KeyAction::TogglePresentation => {
                self.view.display_mode = self.view.display_mode.toggled();
                self.keep_cursor_visible();
            }
            KeyAction::Filter => self.open_filter(),
            KeyAction::OpenFilterMenu(edit) => return self.open_filter_menu(edit),
            KeyAction::Palette => self.open_palette(),
            KeyAction::Findings => self.open_findings(),
            KeyAction::Explain => return self.explain_selected(),
            KeyAction::SocketVsPort => return self.open_explain(ExplainSubject::SocketVsPort),
            KeyAction::Back => return self.go_back(),
            KeyAction::NextSort => return self.next_sort(),
            KeyAction::ReverseSort => {
                let order = &mut self.view.sort_orders[self.view.grouping as usize];
                order.direction = order.direction.reversed();
                return self.apply_sort();
            }
            KeyAction::Pause => return self.toggle_pause(),
            KeyAction::TimeTravel(to) => return self.travel_in_time(to),
            KeyAction::Record => return self.toggle_recording(),
            KeyAction::Refresh => return vec![Effect::SampleNow],
            KeyAction::Faster if self.view.playback.is_some() => {
                return self.change_playback_speed(PlaybackCommand::Slower);
            }
            KeyAction::Slower if self.view.playback.is_some() => {
                return self.change_playback_speed(PlaybackCommand::Faster);
            }
            KeyAction::Faster => return self.set_interval(shorter_interval(self.view.interval)),
            KeyAction::Slower => return self.set_interval(longer_interval(self.view.interval)),
            KeyAction::OnlyTcp => return self.toggle_protocol(Protocol::Tcp),
            KeyAction::OnlyUdp => return self.toggle_protocol(Protocol::Udp),
            KeyAction::NextStateFilter => {
                self.view.quick_filter.state = self.view.quick_filter.state.next();
                return vec![Effect::SendRequest];
            }
            KeyAction::Copy => return self.copy_selected(),
        }
        Vec::new()
    }

    fn toggle_protocol(&mut self, protocol: Protocol) -> Vec<Effect> {
        let now = &mut self.view.quick_filter.protocol;
        *now = if *now == Some(protocol) {
            None
        } else {
            Some(protocol)
        };
        vec![Effect::SendRequest]
    }

    fn adjacent_grouping(&self, steps: usize) -> Grouping {
        // The history is not in the cycle: from there it continues at the view before.
        let here = match self.view.grouping {
            Grouping::History => self.view.previous_grouping,
            here => here,
        };
        Grouping::LIVE[(here as usize + steps) % Grouping::LIVE.len()]
    }

    /// Opens the history, or returns to the view before.
    pub(crate) fn toggle_history(&mut self) -> Vec<Effect> {
        match self.view.grouping {
            Grouping::History => self.set_grouping(self.view.previous_grouping),
            now => {
                self.view.previous_grouping = now;
                self.set_grouping(Grouping::History)
            }
        }
    }

    fn set_grouping(&mut self, grouping: Grouping) -> Vec<Effect> {
        if grouping == self.view.grouping {
            return Vec::new();
        }
        // The cursor stays in the old view until the result of the new one comes.
        self.view.grouping = grouping;
        vec![Effect::SendRequest]
    }

    fn next_sort(&mut self) -> Vec<Effect> {
        let columns = crate::tui::view::table::sortable_columns(&self.view);
        let order = &mut self.view.sort_orders[self.view.grouping as usize];
        let now = columns.iter().position(|c| *c == order.column);
        // A column hidden since the terminal shrank is followed by the first.
        let next = now.map_or(0, |now| now + 1);
        let Some(column) = columns.get(next).or(columns.first()) else {
            return Vec::new();
        };
        order.column = *column;
        order.direction = order.column.default_direction();
        self.apply_sort()
    }

    /// Requests the new order and moves the cursor to the top, where the extremes are.
    pub(crate) fn apply_sort(&mut self) -> Vec<Effect> {
        self.go_to_top();
        vec![Effect::SendRequest]
    }

    fn set_interval(&mut self, interval: Duration) -> Vec<Effect> {
        self.view.interval = interval;
        self.view.actual_interval = None;
        vec![Effect::SetInterval(interval)]
    }

    fn cycle_details(&mut self) {
        self.view.details = match self.view.details {
            DetailsLevel::Brief => DetailsLevel::Pane,
            DetailsLevel::Pane => DetailsLevel::Full,
            DetailsLevel::Full => DetailsLevel::Brief,
        };
        self.view.pane_mode = PaneMode::Text;
        self.view.details_scroll = 0;
        self.keep_cursor_visible();
    }

    fn apply_fold(&mut self, fold: FoldAction) {
        let Some(result) = self.result.clone() else {
            return;
        };
        if fold == FoldAction::All {
            self.view.folds.toggle_all();
            return self.rebuild_lines();
        }
        let group = match self.lines.at(&result, self.view.cursor) {
            Some(VisibleLine::Group(index)) => result.groups.get(index).map(|g| g.path),
            Some(VisibleLine::Subgroup(index)) => result.subgroups.get(index).map(|g| g.path),
            Some(VisibleLine::Row { group, .. }) => group,
            Some(VisibleLine::Section(_)) | None => None,
        };
        let Some(path) = group else { return };
        let on_row = matches!(
            self.lines.at(&result, self.view.cursor),
            Some(VisibleLine::Row { .. })
        );
        match fold {
            FoldAction::Open => self.view.folds.open(path),
            FoldAction::Toggle if !on_row => self.view.folds.toggle(path),
            // On a socket or a folded inner group, the cursor moves to the enclosing group.
            FoldAction::Close if !on_row && self.view.folds.is_open(path) => {
                self.view.folds.close(path);
            }
            FoldAction::Close => {
                return self.select_id(LineId::Group(if on_row {
                    path
                } else {
                    path.parent().unwrap_or(path)
                }));
            }
            FoldAction::Toggle | FoldAction::All => {
                self.view.folds.close(path);
                self.view.selected = Some(LineId::Group(path));
            }
        }
        self.rebuild_lines();
    }

    /// Copies the endpoint of a socket, the number of a port, the pid of a process or the address
    /// of a host.
    fn copy_selected(&mut self) -> Vec<Effect> {
        let Some(result) = &self.result else {
            return Vec::new();
        };
        let text = match self.lines.id(result, self.view.cursor) {
            Some(LineId::Row { slot, .. }) => result.row(slot).map(|row| {
                let moment = &result.moment;
                row_text::format_remote(row, moment)
                    .unwrap_or_else(|| row_text::format_local(row, moment))
            }),
            Some(LineId::Group(path)) => match path.key() {
                GroupKey::Port(key) => Some(key.port.to_string()),
                GroupKey::Process(key) => Some(key.pid.to_string()),
                GroupKey::Host(address) => Some(address.to_string()),
                GroupKey::Unowned(_) | GroupKey::NoHost => None,
            },
            _ => None,
        };
        let Some(text) = text else { return Vec::new() };
        self.set_status(format!("copied {text}"));
        vec![Effect::Copy(text)]
    }
}

fn shorter_interval(now: Duration) -> Duration {
    let steps = INTERVALS_MS
        .iter()
        .rev()
        .map(|ms| Duration::from_millis(*ms));
    steps
        .into_iter()
        .find(|step| *step < now)
        .unwrap_or(MIN_INTERVAL)
}

fn longer_interval(now: Duration) -> Duration {
    let mut steps = INTERVALS_MS.iter().map(|ms| Duration::from_millis(*ms));
    steps
        .find(|step| *step > now)
        .unwrap_or(now)
        .min(MAX_INTERVAL)
}
