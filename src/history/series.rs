//! How many sockets shared each port over the last minute: the numbers behind the sparklines.
//!
//! In: rows as they come, move and go. Out: [`Series`], one per port. Time is cut into buckets, so
//! the picture is the same whatever the sampling interval; a bucket keeps the most that was seen
//! in it, so that a short burst stays visible.

use std::time::Duration;

use hashbrown::HashMap;

use crate::port::PortKey;

/// Buckets of a series.
pub const BUCKETS: usize = 12;

/// The time one bucket covers.
pub const BUCKET: Duration = Duration::from_secs(5);

/// The counts of one port, oldest bucket first; the last one is still filling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// `None` before anybody looked.
    pub buckets: [Option<u32>; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Live {
    count: u32,
    series: Series,
}

/// The series of every port.
#[derive(Debug, Default)]
pub(super) struct AllSeries {
    ports: HashMap<PortKey, Live>,
    bucket: u64,
    started: bool,
}

impl AllSeries {
    pub(super) fn opened(&mut self, port: PortKey) {
        self.ports.entry(port).or_default().count += 1;
    }

    pub(super) fn closed(&mut self, port: PortKey) {
        if let Some(live) = self.ports.get_mut(&port) {
            live.count = live.count.saturating_sub(1);
        }
    }

    /// Notes the counts of this sample. A port that had none for a whole minute is forgotten.
    pub(super) fn sample(&mut self, now: Duration) {
        let bucket = now.as_millis() as u64 / BUCKET.as_millis() as u64;
        let steps = if self.started {
            bucket.saturating_sub(self.bucket)
        } else {
            0
        };
        let steps = usize::try_from(steps).unwrap_or(BUCKETS).min(BUCKETS);
        (self.bucket, self.started) = (bucket, true);
        self.ports.retain(|_, live| {
            live.advance(steps);
            live.count > 0 || live.series.buckets.iter().any(|b| b.is_some_and(|n| n > 0))
        });
    }

    /// How many ports have a socket now.
    pub(super) fn ports(&self) -> usize {
        self.ports.values().filter(|live| live.count > 0).count()
    }

    /// A copy for the screen.
    pub(super) fn all(&self) -> HashMap<PortKey, Series> {
        self.ports
            .iter()
            .map(|(port, live)| (*port, live.series))
            .collect()
    }
}

impl Live {
    fn advance(&mut self, steps: usize) {
        let buckets = &mut self.series.buckets;
        let before = buckets[BUCKETS - 1];
        buckets.rotate_left(steps);
        // Buckets that no sample fell into hold what was true at their time: the last count seen.
        for bucket in &mut buckets[BUCKETS - steps..] {
            *bucket = before;
        }
        if steps > 0 {
            buckets[BUCKETS - 1] = None;
        }
        let last = &mut buckets[BUCKETS - 1];
        *last = Some(last.unwrap_or(0).max(self.count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{Port, PortSide, Protocol};

    const PORT: PortKey = PortKey {
        side: PortSide::Here,
        port: Port(80),
        protocol: Protocol::Tcp,
    };

    fn tail(all: &AllSeries) -> Vec<Option<u32>> {
        all.all()[&PORT].buckets[BUCKETS - 4..].to_vec()
    }

    #[test]
    fn a_bucket_keeps_the_most_that_was_seen_in_it() {
        let mut all = AllSeries::default();
        all.opened(PORT);
        all.opened(PORT);
        all.sample(Duration::from_secs(0));
        all.closed(PORT);
        all.sample(Duration::from_secs(1));
        assert_eq!(tail(&all), [None, None, None, Some(2)]);
        all.sample(Duration::from_secs(5));
        assert_eq!(tail(&all), [None, None, Some(2), Some(1)]);
    }

    #[test]
    fn a_slow_interval_leaves_no_holes() {
        let mut all = AllSeries::default();
        all.opened(PORT);
        all.sample(Duration::from_secs(0));
        all.opened(PORT);
        all.sample(Duration::from_secs(12));
        assert_eq!(tail(&all), [None, Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn a_port_nobody_uses_is_forgotten() {
        let mut all = AllSeries::default();
        all.opened(PORT);
        all.sample(Duration::ZERO);
        all.closed(PORT);
        all.sample(Duration::from_secs(30));
        assert!(all.all().contains_key(&PORT));
        all.sample(Duration::from_secs(120));
        assert!(all.all().is_empty());
    }
}
