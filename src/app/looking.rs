//! Looking without a dashboard, once or again and again: what `list`, `watch` and `wait` share.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::app::exit::Failure;
use crate::app::print::say;
use crate::collect::{Collector, Demand, SourceError, pace};
use crate::history::{History, Moment};
use crate::snapshot::{Gap, SourceKind};
use crate::socket::Socket;

/// A collector, what it saw so far, and the pace.
pub(super) struct Looking {
    collector: Collector,
    history: History,
    interval: Duration,
    /// The socket list of the look before, for its memory.
    spare: Vec<Socket>,
    /// When the last look began, and how long it took.
    last: Option<(Instant, Duration)>,
    /// What was said already: the same sentence every second would hide everything else.
    said: Vec<Gap>,
}

/// What ended a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// The time for the next look has come.
    Over,
    /// Nobody reads the output any more.
    ReaderGone,
}

impl Looking {
    /// Opens the source asked for, or the best, and looks for the first time: at the sockets
    /// demanded, or, where what they are is guessed from others, at all.
    ///
    /// # Errors
    /// When the source cannot be used.
    pub(super) fn open(
        source: Option<SourceKind>,
        interval: Duration,
        demand: Demand,
    ) -> Result<(Self, Arc<Moment>), Failure> {
        let collector = Collector::open(source, Instant::now())?.demanding(demand);
        tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
        let mut looking = Self {
            collector,
            history: History::default(),
            interval,
            spare: Vec::new(),
            last: None,
            said: Vec::new(),
        };
        let mut moment = looking.sample()?;
        let demand = looking.collector.demand();
        if demand.ports.is_some() && moment.guesses_from_others() {
            let demand = Demand {
                ports: None,
                ..*demand
            };
            looking.collector = looking.collector.demanding(demand);
            looking.history = History::default();
            moment = looking.sample()?;
        }
        Ok((looking, moment))
    }

    /// Looks again. `None` where that failed; the next look may not.
    pub(super) fn look(&mut self) -> Option<Arc<Moment>> {
        match self.sample() {
            Ok(moment) => {
                moment.gaps.iter().for_each(|gap| self.say_once(gap));
                Some(moment)
            }
            Err(error) => {
                self.say_once(&Collector::gap(&error));
                None
            }
        }
    }

    fn sample(&mut self) -> Result<Arc<Moment>, SourceError> {
        let begun = Instant::now();
        let sockets = std::mem::take(&mut self.spare);
        let sampled = self.collector.sample(sockets, self.interval);
        self.last = Some((begun, begun.elapsed()));
        let mut snapshot = sampled?;
        let moment = self.history.apply(&mut snapshot);
        self.spare = snapshot.sockets;
        Ok(moment)
    }

    fn say_once(&mut self, gap: &Gap) {
        if !self.said.contains(gap) {
            say(format_args!("{gap}"));
            self.said.push(gap.clone());
        }
    }

    /// Rests until the next look is due, or until `at_most`.
    pub(super) fn rest(&self, at_most: Option<Instant>) -> Rest {
        let due = match self.last {
            Some((begun, took)) => begun + pace(self.interval, took),
            None => Instant::now(),
        };
        let until = at_most.map_or(due, |end| due.min(end));
        rest_until(until)
    }
}

/// Sleeps on the output: a pipe whose reader went away is noticed also while nothing is printed.
#[cfg(unix)]
fn rest_until(until: Instant) -> Rest {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let output = std::io::stdout();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        // Asked for nothing, poll still tells of errors and hang-ups.
        let mut output = [PollFd::new(&output, PollFlags::empty())];
        match poll(&mut output, timeout.as_ref()) {
            Ok(0) => return Rest::Over,
            Ok(_) => return Rest::ReaderGone,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => {
                thread::sleep(left);
                return Rest::Over;
            }
        }
    }
}

#[cfg(not(unix))]
fn rest_until(until: Instant) -> Rest {
    thread::sleep(until.saturating_duration_since(Instant::now()));
    Rest::Over
}
