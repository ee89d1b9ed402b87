//! The thread that looks: it keeps the pace, survives what goes wrong, and sends what it saw.
//!
//! In: a [`Collector`] and the user's wishes. Out: [`Sampled`], one after another. Sampling never
//! takes more than a quarter of the time: when a sample takes long, the next one waits longer than
//! wished, and the snapshot says so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::collect::Collector;
use crate::snapshot::{Gap, Snapshot, SourceKind};
use crate::socket::Socket;

/// Sampling may take one part in this many of the time.
const SHARE: u32 = 4;

/// What came of a look.
#[derive(Clone, Debug)]
pub enum Sampled {
    /// A snapshot.
    Snapshot(Box<Snapshot>),
    /// Nothing could be read; what was known before still stands.
    Failed(Gap),
}

/// What can be told to the thread.
#[derive(Debug)]
enum Wish {
    Interval(Duration),
    Now,
}

/// How to start it.
#[derive(Debug, Clone)]
pub struct Start {
    /// The source asked for.
    pub choice: Option<SourceKind>,
    /// The time between two samples.
    pub interval: Duration,
    /// A sample in which to panic, to prove that the program outlives it.
    pub panic_at: Option<u32>,
}

/// The thread, from outside. Dropping it ends the thread after its present sample.
#[derive(Debug, Clone)]
pub struct Sampler {
    wishes: Sender<Wish>,
}

impl Sampler {
    /// Starts the thread. `send` is called with every sample and returns whether to go on; lists
    /// that come back through `spares` are filled again.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        collector: Collector,
        start: Start,
        spares: Receiver<Vec<Socket>>,
        send: impl FnMut(Sampled) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        let (wishes, receiver) = channel();
        let pacer = Pacer {
            collector,
            start,
            wishes: receiver,
            spares,
            taken: 0,
        };
        thread::Builder::new()
            .name("sampler".into())
            .spawn(move || pacer.run(send))?;
        Ok(Self { wishes })
    }

    /// Sets the time between two samples.
    pub fn set_interval(&self, interval: Duration) {
        // A thread that has ended needs no wishes; the same below.
        let _ = self.wishes.send(Wish::Interval(interval));
    }

    /// Takes a sample now.
    pub fn look_now(&self) {
        let _ = self.wishes.send(Wish::Now);
    }
}

struct Pacer {
    collector: Collector,
    start: Start,
    wishes: Receiver<Wish>,
    spares: Receiver<Vec<Socket>>,
    taken: u32,
}

impl Pacer {
    fn run(mut self, mut send: impl FnMut(Sampled) -> bool) {
        loop {
            let begun = Instant::now();
            let sampled = self.look();
            let took = begun.elapsed();
            let due = match &sampled {
                // Owners are on their way, and the sooner the better: half of the time.
                Sampled::Snapshot(snapshot) if snapshot.sight.unvisited > 0 => Due::After(took),
                _ => Due::Usual,
            };
            if !send(sampled) || !self.wait(begun, took, due) {
                return;
            }
        }
    }

    /// One sample. A panic in it costs this sample, not the program.
    fn look(&mut self) -> Sampled {
        let spare = self.spares.try_iter().last().unwrap_or_default();
        let interval = self.start.interval;
        let taken = self.taken;
        self.taken = taken.saturating_add(1);
        let collector = &mut self.collector;
        let panic_at = self.start.panic_at;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            assert!(panic_at != Some(taken), "asked to fail in sample {taken}");
            collector.sample(spare, interval)
        }));
        match outcome {
            Ok(Ok(mut snapshot)) => {
                snapshot.interval = pace(interval, snapshot.cost.wall);
                Sampled::Snapshot(Box::new(snapshot))
            }
            Ok(Err(error)) => Sampled::Failed(Collector::gap(&error)),
            Err(_) => {
                // What the panic left half done is thrown away with the collector.
                if let Ok(new) = Collector::open(self.start.choice, self.collector.started()) {
                    let demand = self.collector.demand().clone();
                    self.collector = new.demanding(demand);
                }
                Sampled::Failed(Gap::Sampler(
                    "the sampler failed and was started again".into(),
                ))
            }
        }
    }

    /// Waits for the next sample; tells whether anybody still wants one.
    fn wait(&mut self, begun: Instant, took: Duration, due: Due) -> bool {
        loop {
            let due = begun
                + match due {
                    Due::Usual => pace(self.start.interval, took),
                    Due::After(rest) => self.start.interval.min(took + rest),
                };
            let left = due.saturating_duration_since(Instant::now());
            match self.wishes.recv_timeout(left) {
                Ok(Wish::Interval(interval)) => self.start.interval = interval,
                Ok(Wish::Now) | Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

/// When the next sample is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// As wished, unless that would be too much work.
    Usual,
    /// After so much rest, if that is sooner.
    After(Duration),
}

/// The time from one sample to the next: the wish, unless samples take too long for it.
pub fn pace(wish: Duration, took: Duration) -> Duration {
    wish.max(took * SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_takes_at_most_a_quarter_of_the_time() {
        let ms = Duration::from_millis;
        assert_eq!(pace(ms(1000), ms(3)), ms(1000));
        assert_eq!(pace(ms(1000), ms(250)), ms(1000));
        assert_eq!(pace(ms(1000), ms(400)), ms(1600));
    }
}
