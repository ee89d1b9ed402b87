//! Measures the CPU time of the calling thread repeatedly and returns the median. For work spread
//! over several threads, wall-clock time.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Repeats until this much time was measured, within these numbers of rounds.
const MIN_TOTAL: Duration = Duration::from_millis(800);
const MIN_LAPS: usize = 7;
const MAX_LAPS: usize = 2_000;

/// The measured times, round by round.
#[derive(Default)]
pub(crate) struct Laps {
    times: Vec<Duration>,
    walls: Vec<Duration>,
}

impl Laps {
    /// Measures one round.
    pub(crate) fn lap<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (began, begun) = (Instant::now(), thread_time());
        let result = work();
        self.times.push(thread_time().saturating_sub(begun));
        self.walls.push(began.elapsed());
        result
    }

    /// Returns whether more rounds would not improve the result.
    pub(crate) fn is_enough(&self) -> bool {
        self.times.len() >= MAX_LAPS || (self.times.len() >= MIN_LAPS && self.total() >= MIN_TOTAL)
    }

    /// Returns the sum of all rounds.
    pub(crate) fn total(&self) -> Duration {
        self.times.iter().sum()
    }

    /// Measures the same work until [`Laps::is_enough`].
    pub(crate) fn measure<T>(mut work: impl FnMut() -> T) -> Self {
        let mut laps = Self::default();
        while !laps.is_enough() {
            laps.lap(&mut work);
        }
        laps
    }

    /// Returns the median, and half the interquartile range as a share of it.
    pub(crate) fn median(&self) -> (Duration, f64) {
        median_and_spread(self.times.clone())
    }

    /// Returns the same for wall-clock time.
    pub(crate) fn median_wall(&self) -> (Duration, f64) {
        median_and_spread(self.walls.clone())
    }
}

fn median_and_spread(mut times: Vec<Duration>) -> (Duration, f64) {
    times.sort_unstable();
    let at = |quarter: usize| {
        let last = times.len().saturating_sub(1);
        times.get(last * quarter / 4).copied().unwrap_or_default()
    };
    let spread = (at(3) - at(1)).as_secs_f64() / 2.0;
    (at(2), spread / at(2).as_secs_f64().max(1e-9))
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
