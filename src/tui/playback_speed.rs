//! The speed of a replay.

use std::time::Duration;

/// The factor of a replay's speed: 2.0 plays twice as fast as recorded. Positive and finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PlaybackSpeed(pub(crate) f64);

impl PlaybackSpeed {
    pub(crate) const fn factor(self) -> f64 {
        self.0
    }

    pub(crate) const fn new(factor: f64) -> Self {
        Self(factor)
    }

    /// Returns twice this speed, at most 1024.
    pub(crate) fn doubled(self) -> Self {
        Self((self.0 * 2.0).min(1024.0))
    }

    /// Returns half this speed, at least 1/64.
    pub(crate) fn halved(self) -> Self {
        Self((self.0 / 2.0).max(1.0 / 64.0))
    }

    /// Returns how long a recorded interval lasts at this speed. At most an hour: a slow replay
    /// must not seem to hang.
    pub(crate) fn scale_interval(self, time: Duration) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3600);
        let seconds = time.as_secs_f64() / self.0;
        Duration::try_from_secs_f64(seconds).map_or(LONGEST, |time| time.min(LONGEST))
    }
}
