//! Runs the sampler thread: keeps the interval, survives panics, and sends each sample.
//!
//! Takes a [`Collector`] and a [`SamplerConfig`]; sends one [`SampleOutcome`] after another.
//! Sampling takes at most a quarter of the time, except while some processes are not scanned yet:
//! when a sample takes long, the next one is delayed, and the snapshot's interval says so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::collector::Collector;
use crate::net::snapshot::{Gap, Snapshot, SourceKind};
use crate::net::socket::Socket;

/// Sampling may take one part in this many of the time.
const DUTY_CYCLE_DIVISOR: u32 = 4;

/// The outcome of taking a sample.
#[derive(Clone, Debug)]
pub enum SampleOutcome {
    /// The sample succeeded.
    Snapshot(Box<Snapshot>),
    /// Nothing could be read; the previous snapshot remains the newest.
    Failed(Gap),
}

/// A command to the sampler thread.
#[derive(Debug)]
enum SamplerCommand {
    SetInterval(Duration),
    SampleNow,
}

/// How to start the sampler.
#[derive(Debug, Clone)]
pub struct SamplerConfig {
    /// The requested source; `None` for the most detailed one that works.
    pub source: Option<SourceKind>,
    /// The time between two samples.
    pub interval: Duration,
    /// The number of the sample in which to panic (from 0), to test that the program survives it.
    pub panic_at_sample: Option<u32>,
}

/// A handle to the sampler thread. Dropping the last clone ends the thread after its current
/// sample.
#[derive(Debug, Clone)]
pub struct Sampler {
    commands: Sender<SamplerCommand>,
}

impl Sampler {
    /// Starts the thread. `send` is called with every sample and returns whether to continue;
    /// socket lists that come back through `recycled` are reused.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(
        collector: Collector,
        config: SamplerConfig,
        recycled: Receiver<Vec<Socket>>,
        send: impl FnMut(SampleOutcome) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        let (commands, receiver) = channel();
        let worker = SamplerThread {
            collector,
            config,
            commands: receiver,
            recycled,
            taken: 0,
        };
        thread::Builder::new()
            .name("sampler".into())
            .spawn(move || worker.run(send))?;
        Ok(Self { commands })
    }

    /// Sets the time between two samples.
    pub fn set_interval(&self, interval: Duration) {
        // A thread that has ended needs no commands; likewise below.
        let _ = self.commands.send(SamplerCommand::SetInterval(interval));
    }

    /// Takes a sample now, without waiting for the interval.
    pub fn sample_now(&self) {
        let _ = self.commands.send(SamplerCommand::SampleNow);
    }
}

struct SamplerThread {
    collector: Collector,
    config: SamplerConfig,
    commands: Receiver<SamplerCommand>,
    recycled: Receiver<Vec<Socket>>,
    taken: u32,
}

impl SamplerThread {
    fn run(mut self, mut send: impl FnMut(SampleOutcome) -> bool) {
        loop {
            let started_at = Instant::now();
            let outcome = self.take_sample();
            let took = started_at.elapsed();
            let due = match &outcome {
                // Some processes are not scanned yet; go on soon, using up to half of the time.
                SampleOutcome::Snapshot(snapshot) if snapshot.owner_coverage.unscanned > 0 => {
                    NextSample::After(took)
                }
                _ => NextSample::AtInterval,
            };
            if !send(outcome) || !self.wait_until_due(started_at, took, due) {
                return;
            }
        }
    }

    /// Takes one sample. A panic loses this sample, not the program.
    fn take_sample(&mut self) -> SampleOutcome {
        let buffer = self.recycled.try_iter().last().unwrap_or_default();
        let interval = self.config.interval;
        let taken = self.taken;
        self.taken = taken.saturating_add(1);
        let collector = &mut self.collector;
        let panic_at_sample = self.config.panic_at_sample;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            assert!(
                panic_at_sample != Some(taken),
                "asked to fail in sample {taken}"
            );
            collector.sample(buffer, interval)
        }));
        match outcome {
            Ok(Ok(mut snapshot)) => {
                snapshot.interval = effective_interval(interval, snapshot.cost.wall);
                SampleOutcome::Snapshot(Box::new(snapshot))
            }
            Ok(Err(error)) => SampleOutcome::Failed(Collector::gap_from_error(&error)),
            Err(_) => {
                // The panic may have left the collector half updated, so it is replaced.
                if let Ok(new) = Collector::open(self.config.source, self.collector.started()) {
                    let scope = self.collector.scope().clone();
                    self.collector = new.with_scope(scope);
                }
                SampleOutcome::Failed(Gap::Sampler("the sampler failed and was restarted".into()))
            }
        }
    }

    /// Waits for the next sample. Returns whether the handle still exists.
    fn wait_until_due(&mut self, started_at: Instant, took: Duration, due: NextSample) -> bool {
        loop {
            let due = started_at
                + match due {
                    NextSample::AtInterval => effective_interval(self.config.interval, took),
                    NextSample::After(delay) => self.config.interval.min(took + delay),
                };
            let left = due.saturating_duration_since(Instant::now());
            match self.commands.recv_timeout(left) {
                Ok(SamplerCommand::SetInterval(interval)) => self.config.interval = interval,
                Ok(SamplerCommand::SampleNow) | Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

/// When the next sample is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextSample {
    /// At the requested interval, or later where samples take long.
    AtInterval,
    /// After this pause, if that is sooner.
    After(Duration),
}

/// Returns the time from one sample to the next: the requested interval, or four times the duration
/// of a sample if that is longer.
pub fn effective_interval(requested: Duration, took: Duration) -> Duration {
    requested.max(took * DUTY_CYCLE_DIVISOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_uses_at_most_a_quarter_of_the_time() {
        let ms = Duration::from_millis;
        assert_eq!(effective_interval(ms(1000), ms(3)), ms(1000));
        assert_eq!(effective_interval(ms(1000), ms(250)), ms(1000));
        assert_eq!(effective_interval(ms(1000), ms(400)), ms(1600));
    }
}
