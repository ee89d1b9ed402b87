//! The speed of a replay.

use std::time::Duration;

/// How many times as fast; more than nothing and finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PlaybackSpeed(pub(crate) f64);
impl PlaybackSpeed {
    /// How many times as fast.
    pub(crate) const fn factor(self) -> f64 {
        self.0
    }

    /// So many times as fast.
    pub(crate) const fn new(factor: f64) -> Self {
        Self(factor)
    }

    /// Twice as fast, up to a thousand times.
    pub(crate) fn doubled(self) -> Self {
        Self((self.0 * 2.0).min(1024.0))
    }

    /// Half as fast.
    pub(crate) fn halved(self) -> Self {
        Self((self.0 / 2.0).max(1.0 / 64.0))
    }

    /// How long something takes that took so long; an hour at most, because nobody waits longer.
    pub(crate) fn scale_interval(self, time: Duration) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3600);
        let seconds = time.as_secs_f64() / self.0;
        Duration::try_from_secs_f64(seconds).map_or(LONGEST, |time| time.min(LONGEST))
    }
}
