//! Pause and time travel.

use std::time::Duration;

use super::app::App;
use super::state::LATEST;
use crate::history::{TimePoint, TimelineInfo, Totals};
use crate::text::units;
use crate::text::units::pluralize;
use crate::tui::effect::{Effect, PlaybackCommand};
use crate::tui::engine_request::MomentSelector;
use crate::tui::keys::motion::{CursorMotion, TimeTravel};
use crate::tui::playback_speed::PlaybackSpeed;
use crate::tui::state::view_state::{DetailsLevel, PlaybackStatus, TimeMode};

const MINUTE: Duration = Duration::from_secs(60);

impl App {
    pub(crate) fn toggle_pause(&mut self) -> Vec<Effect> {
        let (time_mode, command) = match self.view.time_mode {
            // Without a result there is nothing to pause.
            TimeMode::Live if self.result.is_none() => return Vec::new(),
            TimeMode::Live => {
                let newest = self.view.latest;
                let time_mode = TimeMode::Paused {
                    totals: newest.totals,
                    at: newest.elapsed,
                };
                (time_mode, PlaybackCommand::Pause)
            }
            TimeMode::Paused { .. } | TimeMode::Past(_) => {
                self.report_changes();
                (TimeMode::Live, self.resume_command())
            }
        };
        self.view.time_mode = time_mode;
        self.request_moment(command)
    }

    /// Returns the command that resumes a replay at the moment that is shown.
    fn resume_command(&mut self) -> PlaybackCommand {
        let shown = self.result.as_ref().map(|result| result.moment.elapsed);
        let shown_before_newest = shown.filter(|shown| *shown < self.view.latest.elapsed);
        match (shown_before_newest, &mut self.view.playback) {
            (Some(at), Some(playback)) => {
                playback.status = PlaybackStatus::Playing;
                PlaybackCommand::ReplayFrom(at)
            }
            _ => PlaybackCommand::Play,
        }
    }

    /// Requests the moment; in a replay, also sends the command to the player.
    fn request_moment(&self, command: PlaybackCommand) -> Vec<Effect> {
        match self.view.playback {
            Some(_) => vec![Effect::Playback(command), Effect::SendRequest],
            None => vec![Effect::SendRequest],
        }
    }

    fn report_changes(&mut self) {
        let Some(result) = &self.result else { return };
        if self.view.playback.is_some() {
            return;
        }
        let (moment, newest) = (&result.moment, self.view.latest);
        let Totals {
            opened,
            closed,
            changed,
        } = newest.totals.since(moment.totals);
        let clock =
            crate::explain::closed::format_clock(moment.elapsed, moment, &self.view.time_zone);
        let ago = units::age(newest.elapsed.saturating_sub(moment.elapsed));
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        self.set_status(format!(
            "since {clock}, {ago} ago: {} opened, {} closed, {}",
            pluralize(number(opened), "socket", "sockets"),
            units::thousands(number(closed)),
            pluralize(number(changed), "state change", "state changes"),
        ));
    }

    pub(crate) fn travel_in_time(&mut self, to: TimeTravel) -> Vec<Effect> {
        let Some(result) = &self.result else {
            return Vec::new();
        };
        let motion = match to {
            TimeTravel::Oldest => Some(CursorMotion::First),
            TimeTravel::Newest => Some(CursorMotion::Last),
            _ => None,
        };
        let is_reading =
            self.view.time_mode == TimeMode::Live || self.view.details == DetailsLevel::Full;
        if let Some(motion) = motion.filter(|_| is_reading) {
            self.move_cursor(motion);
            return Vec::new();
        }
        let newest = self.view.latest.elapsed;
        let current = match self.view.time_mode {
            TimeMode::Past(LATEST) => TimePoint {
                at: newest,
                sample_offset: 0,
            },
            TimeMode::Past(point) => point,
            TimeMode::Live | TimeMode::Paused { .. } => TimePoint {
                at: result.moment.elapsed,
                sample_offset: 0,
            },
        };
        let is_last = current.sample_offset >= 0 && current.at >= newest;
        let point = match to {
            TimeTravel::PreviousSample => TimePoint {
                sample_offset: current.sample_offset.saturating_sub(1),
                ..current
            },
            TimeTravel::NextSample => TimePoint {
                sample_offset: current.sample_offset.saturating_add(1),
                ..current
            },
            TimeTravel::MinuteBack => TimePoint {
                at: current.at.saturating_sub(MINUTE),
                ..current
            },
            TimeTravel::MinuteForward => TimePoint {
                at: current.at.saturating_add(MINUTE),
                ..current
            },
            TimeTravel::Oldest => TimePoint {
                at: Duration::ZERO,
                sample_offset: 0,
            },
            TimeTravel::Newest => LATEST,
        };
        // A replay may have samples after the newest that was played.
        let (point, command) = match (to, self.view.playback) {
            (TimeTravel::NextSample, Some(_)) if is_last => (LATEST, PlaybackCommand::Step),
            (TimeTravel::MinuteForward, Some(_)) if point.at > newest => {
                (LATEST, PlaybackCommand::FastForwardTo(point.at))
            }
            _ => (point, PlaybackCommand::Pause),
        };
        self.report_timeline_end(to, current, is_last);
        self.view.time_mode = TimeMode::Past(point);
        self.request_moment(command)
    }

    fn report_timeline_end(&mut self, to: TimeTravel, current: TimePoint, is_last: bool) {
        let is_first = current.sample_offset <= 0 && current.at <= self.view.timeline.oldest;
        let back = matches!(
            to,
            TimeTravel::PreviousSample | TimeTravel::MinuteBack | TimeTravel::Oldest
        );
        match (back, self.view.playback) {
            (true, _) if is_first => self.set_status(match self.view.timeline.is_truncated {
                true => "this is the oldest moment that fits in memory ([history] moments-memory)",
                false => "this is the oldest moment kept",
            }),
            (false, None) if is_last => {
                self.set_status("this is the newest moment; p returns to live");
            }
            _ => {}
        }
    }

    /// Sets the moment that was reached, unless another one was requested since.
    pub(crate) fn set_timeline_position(
        &mut self,
        selector: MomentSelector,
        at: Duration,
        timeline: TimelineInfo,
    ) {
        self.view.timeline = timeline;
        if let (TimeMode::Past(point), MomentSelector::At(responded)) =
            (self.view.time_mode, selector)
            && point == responded
        {
            self.view.time_mode = TimeMode::Past(TimePoint {
                at,
                sample_offset: 0,
            });
        }
    }

    pub(crate) fn change_playback_speed(&mut self, command: PlaybackCommand) -> Vec<Effect> {
        if let Some(playback) = &mut self.view.playback {
            let speed = PlaybackSpeed::new(playback.speed);
            let speed = match command {
                PlaybackCommand::Faster => speed.doubled(),
                _ => speed.halved(),
            };
            let speed = speed.factor();
            playback.speed = speed;
            self.set_status(format!("playback speed ×{speed}"));
        }
        vec![Effect::Playback(command)]
    }
}
