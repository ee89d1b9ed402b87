//! Going through time: pause, and the moments before.

use std::time::Duration;

use super::{App, Effect, Pace};
use crate::app::cli::Speed;
use crate::app::model::About;
use crate::history::{Spot, Totals, Track};
use crate::quantity::{self, count};
use crate::view::keys::{Motion, Travel};
use crate::view::{Details, Feed, Stage};

const MINUTE: Duration = Duration::from_secs(60);

/// The newest there is.
pub(super) const END: Spot = Spot {
    at: Duration::MAX,
    steps: 0,
};

impl App {
    pub(super) fn pause(&mut self) -> Vec<Effect> {
        let (feed, pace) = match self.view.feed {
            // Without a moment there is nothing to keep.
            Feed::Live if self.answer.is_none() => return Vec::new(),
            Feed::Live => {
                let newest = self.view.newest;
                let feed = Feed::Paused {
                    until: newest.totals,
                    at: newest.elapsed,
                };
                (feed, Pace::Stop)
            }
            Feed::Paused { .. } | Feed::Past(_) => {
                self.say_what_changed();
                (Feed::Live, self.going_on())
            }
        };
        self.view.feed = feed;
        self.asked_of_time(pace)
    }

    /// How a recording goes on: from the moment that is shown.
    fn going_on(&mut self) -> Pace {
        let shown = self.answer.as_ref().map(|answer| answer.moment.elapsed);
        let earlier = shown.filter(|shown| *shown < self.view.newest.elapsed);
        match (earlier, &mut self.view.playback) {
            (Some(at), Some(playback)) => {
                playback.stage = Stage::Running;
                Pace::From(at)
            }
            _ => Pace::Go,
        }
    }

    /// Asks, and tells the player where one is.
    fn asked_of_time(&self, pace: Pace) -> Vec<Effect> {
        match self.view.playback {
            Some(_) => vec![Effect::Play(pace), Effect::Ask],
            None => vec![Effect::Ask],
        }
    }

    fn say_what_changed(&mut self) {
        let Some(answer) = &self.answer else { return };
        if self.view.playback.is_some() {
            return;
        }
        let (moment, newest) = (&answer.moment, self.view.newest);
        let Totals {
            opened,
            closed,
            changed,
        } = newest.totals.since(moment.totals);
        let clock = crate::teach::clock(moment.elapsed, moment, &self.view.zone);
        let ago = quantity::age(newest.elapsed.saturating_sub(moment.elapsed));
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        self.say(format!(
            "since {clock}, {ago} ago: {} opened, {} closed, {} of state",
            count(number(opened), "socket", "sockets"),
            quantity::thousands(number(closed)),
            count(number(changed), "change", "changes"),
        ));
    }

    pub(super) fn travel(&mut self, to: Travel) -> Vec<Effect> {
        let Some(answer) = &self.answer else {
            return Vec::new();
        };
        let motion = match to {
            Travel::Oldest => Some(Motion::First),
            Travel::Newest => Some(Motion::Last),
            _ => None,
        };
        let is_reading = self.view.feed == Feed::Live || self.view.details == Details::Full;
        if let Some(motion) = motion.filter(|_| is_reading) {
            self.move_cursor(motion);
            return Vec::new();
        }
        let newest = self.view.newest.elapsed;
        let here = match self.view.feed {
            Feed::Past(END) => Spot {
                at: newest,
                steps: 0,
            },
            Feed::Past(spot) => spot,
            Feed::Live | Feed::Paused { .. } => Spot {
                at: answer.moment.elapsed,
                steps: 0,
            },
        };
        let is_last = here.steps >= 0 && here.at >= newest;
        let spot = match to {
            Travel::Back => Spot {
                steps: here.steps.saturating_sub(1),
                ..here
            },
            Travel::Forward => Spot {
                steps: here.steps.saturating_add(1),
                ..here
            },
            Travel::MinuteBack => Spot {
                at: here.at.saturating_sub(MINUTE),
                ..here
            },
            Travel::MinuteForward => Spot {
                at: here.at.saturating_add(MINUTE),
                ..here
            },
            Travel::Oldest => Spot {
                at: Duration::ZERO,
                steps: 0,
            },
            Travel::Newest => END,
        };
        // A recording has more to show than what was shown so far.
        let (spot, pace) = match (to, self.view.playback) {
            (Travel::Forward, Some(_)) if is_last => (END, Pace::Next),
            (Travel::MinuteForward, Some(_)) if spot.at > newest => (END, Pace::To(spot.at)),
            _ => (spot, Pace::Stop),
        };
        self.say_at_an_end(to, here, is_last);
        self.view.feed = Feed::Past(spot);
        self.asked_of_time(pace)
    }

    fn say_at_an_end(&mut self, to: Travel, here: Spot, is_last: bool) {
        let is_first = here.steps <= 0 && here.at <= self.view.track.oldest;
        let back = matches!(to, Travel::Back | Travel::MinuteBack | Travel::Oldest);
        match (back, self.view.playback) {
            (true, _) if is_first => self.say(match self.view.track.is_short {
                true => "this is the oldest moment there was room for ([history] moments_memory)",
                false => "this is the oldest moment that is kept",
            }),
            (false, None) if is_last => {
                self.say("this is the newest moment; p goes on");
            }
            _ => {}
        }
    }

    /// Where one has come to. What was asked for since then stays what is asked for.
    pub(super) fn arrived(&mut self, about: About, at: Duration, track: Track) {
        self.view.track = track;
        if let (Feed::Past(spot), About::Past(answered)) = (self.view.feed, about)
            && spot == answered
        {
            self.view.feed = Feed::Past(Spot { at, steps: 0 });
        }
    }

    pub(super) fn change_speed(&mut self, pace: Pace) -> Vec<Effect> {
        if let Some(playback) = &mut self.view.playback {
            let speed = Speed::of(playback.speed);
            let speed = match pace {
                Pace::Faster => speed.doubled(),
                _ => speed.halved(),
            };
            let speed = speed.times();
            playback.speed = speed;
            self.say(format!("{speed} times as fast as it was"));
        }
        vec![Effect::Play(pace)]
    }
}
