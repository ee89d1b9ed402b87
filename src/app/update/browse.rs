//! Actions on the table.

use std::time::Duration;

use super::{App, Effect, Pace};
use crate::app::cli::{LONGEST, SHORTEST};
use crate::port::Protocol;
use crate::query::{GroupKey, Grouping, Line, LineId};
use crate::teach::{self, Subject};
use crate::view::keys::{Action, FoldMove};
use crate::view::{Details, Look, Mode};

/// The steps of `<` and `>`.
const INTERVALS_MS: [u64; 10] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000,
];

impl App {
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Help => self.view.mode = Mode::Help { scroll: 0 },
            Action::Move(motion) => self.move_cursor(motion),
            Action::Fold(fold) => self.fold(fold),
            // The questions are on the sockets, one a row: another view would have other rows.
            Action::View(_) | Action::History | Action::NextView | Action::PreviousView
                if self.is_sitting() => {}
            Action::View(grouping) => return self.show(grouping),
            Action::History => return self.history(),
            Action::NextView => return self.show(self.neighbour(1)),
            Action::PreviousView => return self.show(self.neighbour(Grouping::ALL.len() - 1)),
            Action::Details => self.more_details(),
            Action::Learn => return self.learn(None),
            Action::NextLook => self.next_look(),
            Action::Present => {
                self.view.manner = self.view.manner.other();
                self.keep_cursor_visible();
            }
            Action::Filter => self.open_filter(),
            Action::Pick(joining) => return self.pick(joining),
            Action::Palette => self.open_palette(),
            Action::Findings => self.open_findings(),
            Action::Explain => return self.explain_selected(),
            Action::Difference => return self.open_explain(Subject::Difference),
            Action::Back => return self.back(),
            Action::NextSort => return self.next_sort(),
            Action::ReverseSort => {
                let order = &mut self.view.orders[self.view.grouping as usize];
                order.direction = order.direction.reversed();
                return self.ordered();
            }
            Action::Pause => return self.pause(),
            Action::Travel(to) => return self.travel(to),
            Action::Record => return self.record(),
            Action::Refresh => return vec![Effect::LookNow],
            Action::Faster if self.view.playback.is_some() => {
                return self.change_speed(Pace::Slower);
            }
            Action::Slower if self.view.playback.is_some() => {
                return self.change_speed(Pace::Faster);
            }
            Action::Faster => return self.set_interval(faster(self.view.interval)),
            Action::Slower => return self.set_interval(slower(self.view.interval)),
            Action::OnlyTcp => return self.only(Protocol::Tcp),
            Action::OnlyUdp => return self.only(Protocol::Udp),
            Action::NextPhase => {
                self.view.narrow.phase = self.view.narrow.phase.next();
                return vec![Effect::Ask];
            }
            Action::Copy => return self.copied(),
        }
        Vec::new()
    }

    fn only(&mut self, protocol: Protocol) -> Vec<Effect> {
        let now = &mut self.view.narrow.protocol;
        *now = if *now == Some(protocol) {
            None
        } else {
            Some(protocol)
        };
        vec![Effect::Ask]
    }

    fn neighbour(&self, steps: usize) -> Grouping {
        // The history stands beside the others: from there one goes on where one came from.
        let here = match self.view.grouping {
            Grouping::History => self.view.before_history,
            here => here,
        };
        Grouping::ALL[(here as usize + steps) % Grouping::ALL.len()]
    }

    /// Goes to the history, or back to where one came from.
    pub(super) fn history(&mut self) -> Vec<Effect> {
        match self.view.grouping {
            Grouping::History => self.show(self.view.before_history),
            now => {
                self.view.before_history = now;
                self.show(Grouping::History)
            }
        }
    }

    fn show(&mut self, grouping: Grouping) -> Vec<Effect> {
        if grouping == self.view.grouping {
            return Vec::new();
        }
        // The cursor stays in what is shown until the new view is answered.
        self.view.grouping = grouping;
        vec![Effect::Ask]
    }

    fn next_sort(&mut self) -> Vec<Effect> {
        let columns = crate::view::shown_sorts(&self.view);
        let order = &mut self.view.orders[self.view.grouping as usize];
        let now = columns.iter().position(|c| *c == order.column);
        // A column that went out of sight when the terminal shrank is followed by the first.
        let next = now.map_or(0, |now| now + 1);
        let Some(column) = columns.get(next).or(columns.first()) else {
            return Vec::new();
        };
        order.column = *column;
        order.direction = order.column.usual_direction();
        self.ordered()
    }

    /// Asks in the new order, and goes to the top: what is most, or first, is what was asked for.
    pub(super) fn ordered(&mut self) -> Vec<Effect> {
        self.go_to_top();
        vec![Effect::Ask]
    }

    fn set_interval(&mut self, interval: Duration) -> Vec<Effect> {
        self.view.interval = interval;
        self.view.stretched = None;
        vec![Effect::SetInterval(interval)]
    }

    fn more_details(&mut self) {
        self.view.details = match self.view.details {
            Details::Brief => Details::Pane,
            Details::Pane => Details::Full,
            Details::Full => Details::Brief,
        };
        self.view.look = Look::Words;
        self.view.details_scroll = 0;
        self.keep_cursor_visible();
    }

    fn fold(&mut self, fold: FoldMove) {
        let Some(answer) = self.answer.clone() else {
            return;
        };
        if fold == FoldMove::All {
            self.view.folds.toggle_all();
            return self.refold();
        }
        let group = match self.lines.at(&answer, self.view.cursor) {
            Some(Line::Group(index)) => answer.groups.get(index).map(|g| g.path),
            Some(Line::Inner(index)) => answer.inner.get(index).map(|g| g.path),
            Some(Line::Row { group, .. }) => group,
            Some(Line::Section(_)) | None => None,
        };
        let Some(path) = group else { return };
        let on_row = matches!(
            self.lines.at(&answer, self.view.cursor),
            Some(Line::Row { .. })
        );
        match fold {
            FoldMove::Open => self.view.folds.open(path),
            FoldMove::Toggle if !on_row => self.view.folds.toggle(path),
            // From a socket, or from an inner group that is folded already, one goes outwards.
            FoldMove::Close if !on_row && self.view.folds.is_open(path) => {
                self.view.folds.close(path);
            }
            FoldMove::Close => {
                return self.go_to(LineId::Group(if on_row {
                    path
                } else {
                    path.parent().unwrap_or(path)
                }));
            }
            FoldMove::Toggle | FoldMove::All => {
                self.view.folds.close(path);
                self.view.selected = Some(LineId::Group(path));
            }
        }
        self.refold();
    }

    /// The endpoint of a socket, the number of a port, the pid of a process.
    fn copied(&mut self) -> Vec<Effect> {
        let Some(answer) = &self.answer else {
            return Vec::new();
        };
        let text = match self.lines.id(answer, self.view.cursor) {
            Some(LineId::Row { slot, .. }) => answer.row(slot).map(|row| {
                let moment = &answer.moment;
                teach::remote(row, moment).unwrap_or_else(|| teach::local(row, moment))
            }),
            Some(LineId::Group(path)) => match path.key() {
                GroupKey::Port(key) => Some(key.port.to_string()),
                GroupKey::Process(key) => Some(key.pid.to_string()),
                GroupKey::Host(address) => Some(address.to_string()),
                GroupKey::NoProcess(_) | GroupKey::NoHost => None,
            },
            _ => None,
        };
        let Some(text) = text else { return Vec::new() };
        self.say(format!("copied {text}"));
        vec![Effect::Copy(text)]
    }
}

fn faster(now: Duration) -> Duration {
    let steps = INTERVALS_MS
        .iter()
        .rev()
        .map(|ms| Duration::from_millis(*ms));
    steps
        .into_iter()
        .find(|step| *step < now)
        .unwrap_or(SHORTEST)
}

fn slower(now: Duration) -> Duration {
    let mut steps = INTERVALS_MS.iter().map(|ms| Duration::from_millis(*ms));
    steps.find(|step| *step > now).unwrap_or(now).min(LONGEST)
}
