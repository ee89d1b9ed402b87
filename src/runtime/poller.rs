//! Looking without a dashboard, once or again and again: what `list`, `watch` and `wait` share.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::console::print_stderr;
use super::exit::Failure;
use crate::collect::source::SourceError;
use crate::collect::{Collector, SampleScope, effective_interval};
use crate::history::Moment;
use crate::history::state::History;
use crate::net::snapshot::{Gap, SourceKind};
use crate::net::socket::Socket;

/// A collector, what it saw so far, and the pace.
pub(crate) struct Poller {
    collector: Collector,
    history: History,
    interval: Duration,
    /// The socket list of the look before, for its memory.
    buffer: Vec<Socket>,
    /// When the last look began, and how long it took.
    last_sample: Option<(Instant, Duration)>,
    /// What was said already: the same sentence every second would hide everything else.
    reported: Vec<Gap>,
}

/// What ended a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    /// The time for the next look has come.
    Due,
    /// Nobody reads the output any more.
    OutputClosed,
}

impl Poller {
    /// Opens the source asked for, or the best, and looks for the first time: at the sockets
    /// demanded, or, where what they are is guessed from others, at all.
    ///
    /// # Errors
    /// When the source cannot be used.
    pub(crate) fn open(
        source: Option<SourceKind>,
        interval: Duration,
        demand: SampleScope,
    ) -> Result<(Self, Arc<Moment>), Failure> {
        let collector = Collector::open(source, Instant::now())?.with_scope(demand);
        tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
        let mut poller = Self {
            collector,
            history: History::default(),
            interval,
            buffer: Vec::new(),
            last_sample: None,
            reported: Vec::new(),
        };
        let mut moment = poller.sample()?;
        let demand = poller.collector.scope();
        if demand.ports.is_some() && moment.needs_full_sample_for_sides() {
            let demand = SampleScope {
                ports: None,
                ..*demand
            };
            poller.collector = poller.collector.with_scope(demand);
            poller.history = History::default();
            moment = poller.sample()?;
        }
        Ok((poller, moment))
    }

    /// Looks again. `None` where that failed; the next look may not.
    pub(crate) fn poll(&mut self) -> Option<Arc<Moment>> {
        match self.sample() {
            Ok(moment) => {
                moment.gaps.iter().for_each(|gap| self.report_once(gap));
                Some(moment)
            }
            Err(error) => {
                self.report_once(&Collector::gap_from_error(&error));
                None
            }
        }
    }

    fn sample(&mut self) -> Result<Arc<Moment>, SourceError> {
        let started = Instant::now();
        let sockets = std::mem::take(&mut self.buffer);
        let sampled = self.collector.sample(sockets, self.interval);
        self.last_sample = Some((started, started.elapsed()));
        let mut snapshot = sampled?;
        let moment = self.history.apply(&mut snapshot);
        self.buffer = snapshot.sockets;
        Ok(moment)
    }

    fn report_once(&mut self, gap: &Gap) {
        if !self.reported.contains(gap) {
            print_stderr(format_args!("{gap}"));
            self.reported.push(gap.clone());
        }
    }

    /// Rests until the next look is due, or until `at_most`.
    pub(crate) fn wait(&self, at_most: Option<Instant>) -> WaitEnd {
        let due = match self.last_sample {
            Some((started, took)) => started + effective_interval(self.interval, took),
            None => Instant::now(),
        };
        let until = at_most.map_or(due, |end| due.min(end));
        wait_until(until)
    }
}

/// Sleeps on the output: a pipe whose reader went away is noticed also while nothing is printed.
#[cfg(unix)]
fn wait_until(until: Instant) -> WaitEnd {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let output = std::io::stdout();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        // Asked for nothing, poll still tells of errors and hang-ups.
        let mut output = [PollFd::new(&output, PollFlags::empty())];
        match poll(&mut output, timeout.as_ref()) {
            Ok(0) => return WaitEnd::Due,
            Ok(_) => return WaitEnd::OutputClosed,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => {
                thread::sleep(left);
                return WaitEnd::Due;
            }
        }
    }
}

#[cfg(not(unix))]
fn rest_until(until: Instant) -> WaitEnd {
    thread::sleep(until.saturating_duration_since(Instant::now()));
    WaitEnd::Due
}
