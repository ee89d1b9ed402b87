//! Counts the sockets of each port over the last minute, for the sparklines.
//!
//! Time is divided into buckets, so the sparkline does not depend on the sampling interval. A
//! bucket keeps the maximum of its samples, so that a short burst stays visible.

use std::time::Duration;

use hashbrown::HashMap;

use crate::net::port::PortKey;

/// Number of buckets of a [`Series`].
pub const BUCKET_COUNT: usize = 12;

/// The time covered by one bucket.
pub const BUCKET_DURATION: Duration = Duration::from_secs(5);

/// Socket counts of one port, oldest bucket first; the last bucket is still filling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// Maximum count per bucket; `None` before the first sample.
    pub buckets: [Option<u32>; BUCKET_COUNT],
}

#[derive(Clone, Copy, Debug, Default)]
struct PortCounter {
    count: u32,
    series: Series,
}

/// The series of all ports.
#[derive(Debug, Default)]
pub(crate) struct PortSeries {
    ports: HashMap<PortKey, PortCounter>,
    bucket: u64,
    started: bool,
}

impl PortSeries {
    pub(crate) fn increment(&mut self, port: PortKey) {
        self.ports.entry(port).or_default().count += 1;
    }

    pub(crate) fn decrement(&mut self, port: PortKey) {
        if let Some(counter) = self.ports.get_mut(&port) {
            counter.count = counter.count.saturating_sub(1);
        }
    }

    /// Records the counts of this sample. Drops ports without sockets for a whole minute.
    pub(crate) fn record_sample(&mut self, now: Duration) {
        let bucket = now.as_millis() as u64 / BUCKET_DURATION.as_millis() as u64;
        let steps = if self.started {
            bucket.saturating_sub(self.bucket)
        } else {
            0
        };
        let steps = usize::try_from(steps)
            .unwrap_or(BUCKET_COUNT)
            .min(BUCKET_COUNT);
        (self.bucket, self.started) = (bucket, true);
        self.ports.retain(|_, counter| {
            counter.advance(steps);
            counter.count > 0
                || counter
                    .series
                    .buckets
                    .iter()
                    .any(|b| b.is_some_and(|n| n > 0))
        });
    }

    /// Returns the number of ports that have a socket now.
    pub(crate) fn active_ports(&self) -> usize {
        self.ports
            .values()
            .filter(|counter| counter.count > 0)
            .count()
    }

    /// Copies the series for a moment.
    pub(crate) fn to_map(&self) -> HashMap<PortKey, Series> {
        self.ports
            .iter()
            .map(|(port, counter)| (*port, counter.series))
            .collect()
    }
}

impl PortCounter {
    fn advance(&mut self, steps: usize) {
        let buckets = &mut self.series.buckets;
        let before = buckets[BUCKET_COUNT - 1];
        buckets.rotate_left(steps);
        // Buckets without a sample repeat the last count seen.
        for bucket in &mut buckets[BUCKET_COUNT - steps..] {
            *bucket = before;
        }
        if steps > 0 {
            buckets[BUCKET_COUNT - 1] = None;
        }
        let last = &mut buckets[BUCKET_COUNT - 1];
        *last = Some(last.unwrap_or(0).max(self.count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::port::{Port, PortSide, Protocol};

    const PORT: PortKey = PortKey {
        side: PortSide::Local,
        port: Port(80),
        protocol: Protocol::Tcp,
    };

    fn last_buckets(all: &PortSeries) -> Vec<Option<u32>> {
        all.to_map()[&PORT].buckets[BUCKET_COUNT - 4..].to_vec()
    }

    #[test]
    fn bucket_keeps_its_maximum() {
        let mut all = PortSeries::default();
        all.increment(PORT);
        all.increment(PORT);
        all.record_sample(Duration::from_secs(0));
        all.decrement(PORT);
        all.record_sample(Duration::from_secs(1));
        assert_eq!(last_buckets(&all), [None, None, None, Some(2)]);
        all.record_sample(Duration::from_secs(5));
        assert_eq!(last_buckets(&all), [None, None, Some(2), Some(1)]);
    }

    #[test]
    fn buckets_without_samples_repeat_the_last_count() {
        let mut all = PortSeries::default();
        all.increment(PORT);
        all.record_sample(Duration::from_secs(0));
        all.increment(PORT);
        all.record_sample(Duration::from_secs(12));
        assert_eq!(last_buckets(&all), [None, Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn unused_port_is_dropped() {
        let mut all = PortSeries::default();
        all.increment(PORT);
        all.record_sample(Duration::ZERO);
        all.decrement(PORT);
        all.record_sample(Duration::from_secs(30));
        assert!(all.to_map().contains_key(&PORT));
        all.record_sample(Duration::from_secs(120));
        assert!(all.to_map().is_empty());
    }
}
